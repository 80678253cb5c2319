import json

import pytest

from registry.alerts.admission import forbidden, overtaken, read_notice
from registry.domain.mode import Mode


def notice(provenance="live", kind="alert.raised"):
    data = {"alert_id": "a1", "screening_id": "s1", "provenance": provenance}
    return read_notice(json.dumps({"type": kind, "data": data, "timestamp": "x"}))


@pytest.mark.parametrize(
    ("mode", "provenance", "reason"),
    [
        (Mode.LIVE, "live", None),
        (Mode.LIVE, "history", "refused: provenance_history"),
        (Mode.LIVE, "simulated", "refused: provenance_simulated"),
        (Mode.DEMO, "simulated", None),
        (Mode.DEMO, "live", "refused: provenance_live"),
        (Mode.DEMO, "history", "refused: provenance_history"),
        (Mode.SILENT, "live", "refused: mode_silent"),
        (Mode.SILENT, "history", "refused: mode_silent"),
        (Mode.SILENT, "simulated", "refused: mode_silent"),
    ],
)
def test_only_live_facts_leave_a_live_registry_and_simulated_ones_a_demo(
    mode, provenance, reason
):
    assert forbidden(notice(provenance), mode) == reason


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "[]",
        "{}",
        '{"type": "alert.raised", "data": {"alert_id": "a1", "screening_id": "s1"}}',
        '{"data": {"alert_id": "a", "screening_id": "s", "provenance": "live"}}',
        '{"type":"t","data":{"alert_id":"a","screening_id":"s","provenance":"LIVE"}}',
    ],
)
@pytest.mark.parametrize("mode", list(Mode))
def test_what_does_not_say_where_its_facts_are_from_never_leaves(body, mode):
    assert forbidden(read_notice(body), mode) is not None


@pytest.mark.parametrize("kind", ["alert.raised", "alert.updated"])
def test_a_call_that_failed_is_not_repeated_once_its_alert_is_closed(kind):
    call = notice(kind=kind)
    assert overtaken(call, attempts=2, unclosed=set()).startswith("overtaken: ")
    assert overtaken(call, attempts=2, unclosed={"a2"}) is not None
    assert overtaken(call, attempts=2, unclosed={"a1"}) is None


def test_the_first_attempt_of_a_call_is_always_made():
    assert overtaken(notice(), attempts=1, unclosed=set()) is None


@pytest.mark.parametrize("kind", ["alert.acted", "alert.expired", "alert.retracted"])
def test_that_it_is_over_is_always_told(kind):
    assert overtaken(notice(kind=kind), attempts=9, unclosed=set()) is None
