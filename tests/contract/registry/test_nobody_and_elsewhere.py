"""Who may not see elsewhere does not learn from a refusal who is there."""

import pytest
from made_up.role_holders import let
from typer.testing import CliRunner

from registry.app.cli import app
from registry.domain.consent import ConsentState
from registry.usecases.record_consent import RecordConsent, record_consent


KIND = ("--kind", "other", "--no-important")
WHAT = ("--what", "late", "--happened-at", "2026-03-02T10:00Z")
ACTS = {
    "deviation": ("deviation", "record", "{}", *KIND, *WHAT),
    "misrandomisation": (
        *("misrandomisation", "record", "ineligible", "{}"),
        *("--domain", "fluids", *WHAT),
    ),
    "reveal": ("reveal", "arm", "{}", "--trial", "TIDE", "--domain", "fluids"),
    "unblind": ("unblind", "{}", "--domain", "fluids", "--reason", "other"),
}
JUDGEMENTS = {
    "adjudicate": ("--value", "1"),
    "correct": ("--value", "1"),
    "take-back": (),
}
NOBODY = ("TIDE-A-0099", "TIDE-Z-0001", "nobody")


@pytest.fixture
def answer(bedside, registry_url):
    """What somebody is answered who has every role, but at another site alone."""
    bedside.open_trial()
    bedside.admit("p1", "p2")
    bedside.randomise("p1")
    let(bedside.registry, "far", site="Z")
    let(bedside.registry, "everywhere")

    def answered(*words, who="far"):
        told = ("--actor", who, "--registry", registry_url)
        done = CliRunner().invoke(app, [*words, *told])
        return done.exit_code, done.output, str(done.exception)

    return answered


@pytest.mark.parametrize("named", ACTS)
def test_a_code_of_nobody_is_answered_as_one_of_elsewhere(answer, named, registry_url):
    if named == "unblind" and registry_url.startswith("postgresql"):
        pytest.skip("the signer answers, by the same use case")
    told = {
        code: [part.replace(code, "CODE") for part in map(str, answer(*words))]
        for code in ("TIDE-A-0001", "TIDE-A-0002", *NOBODY)
        for words in [[word.format(code) for word in ACTS[named]]]
    }
    assert told["TIDE-A-0001"][0] == "1"
    assert [one for one in told.values() if one != told["TIDE-A-0001"]] == []


@pytest.mark.parametrize("judged", JUDGEMENTS)
def test_an_outcome_there_is_none_of_is_answered_as_one_of_elsewhere(
    answer, bedside, judged
):
    there = bedside.outcome(status="final", value=0)
    bedside.hear(there)
    words = (*JUDGEMENTS[judged], "--reason", "a certificate")

    elsewhere = answer("outcome", judged, there.outcome_id, *words)

    assert "EMB-397" in elsewhere[2]
    assert answer("outcome", judged, "nothing", *words) == elsewhere
    owner = answer("outcome", judged, "nothing", *words, who="everywhere")
    assert "EMB-345" in owner[2]


def test_a_first_of_nobody_is_answered_as_one_of_elsewhere(answer, bedside):
    let(bedside.registry, "near", site="A")
    asked = RecordConsent(
        trial="TIDE",
        site="Z",
        patient="p9",
        episode="e1",
        state=ConsentState.ASKED,
        decided_at=bedside.noon,
        actor="nurse",
        at=bedside.noon,
    )
    with bedside.registry.transaction() as uow:
        there = record_consent(asked, uow).participant
    words = (
        "misrandomisation",
        "record",
        "twice_in_two_records",
        "TIDE-A-0001",
        "--domain",
    )

    def first(code):
        return answer(*words, "fluids", *WHAT, "--first", code, who="near")

    assert first(there) == first("nobody")
    assert "EMB-397" in first("nobody")[1]


def test_who_may_act_everywhere_is_told_that_there_is_none(answer):
    told = answer("deviation", "record", "nobody", *KIND, *WHAT, who="everywhere")
    assert "EMB-347" in told[2]
