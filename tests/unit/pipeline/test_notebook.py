"""What an event costs: the rules that it can touch, and no others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.app.protocols import shipped_protocol
from streams.pipeline import notebook
from streams.pipeline.plan import plan
from streams.pipeline.screen import screen
from streams.pipeline.state import PatientState
from streams.vocabulary.entry import AdmissionEntry
from streams.vocabulary.events import Cancellation, Encounter, Location, Measurement
from streams.vocabulary.protocol import Criterion


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHIPPED = shipped_protocol("ember_demo")


def after(hours):
    return NOON + timedelta(hours=hours)


def fact(kind, event_id, hours, **fields):
    told = {"happened_at": after(hours), "known_at": after(hours), "encounter": "e1"}
    return kind(event_id=event_id, **{**told, **fields})


def value(event_id, hours, concept, number):
    return fact(Measurement, event_id, hours, concept=concept, value=number)


def asking(name, *rules, anchor="entry.known_at"):
    """A protocol that opens with the admission and asks just this."""
    (domain,) = SHIPPED.domains
    asked = tuple(
        Criterion.model_validate({"id": f"C{n}", "text": "x", "rule": rule})
        for n, rule in enumerate(rules)
    )
    recruitment = domain.recruitment.model_copy(
        update={"entry": AdmissionEntry(kind="admission"), "anchor": anchor}
    )
    of = {"inclusion": asked, "exclusion": (), "strata": (), "recruitment": recruitment}
    domains = (domain.model_copy(update=of),)
    return SHIPPED.model_copy(update={"id": name, "domains": domains})


def above(concept, limit, unit):
    return {
        "kind": "value",
        "concept": concept,
        "is": f"> {limit} {unit}",
        "within": "12 h",
    }


class Ward:
    """One patient, the plan, and how many rules were judged."""

    def __init__(self, monkeypatch, *protocols):
        self.state = PatientState("s", "p", provenance="simulated")
        self.plan = plan(protocols)
        self.judged = 0
        self.due = None
        judge = notebook.judge

        def counted(*asked):
            self.judged += 1
            return judge(*asked)

        monkeypatch.setattr(notebook, "judge", counted)

    def hear(self, hours, *events):
        for event in events:
            self.state.timeline.apply(event, event.event_id)
        before = self.judged
        step = screen(self.state, after(hours), self.plan, software_version="t")
        self.due = step.due
        for message in step.messages:
            self.state.screenings[message.screening_id] = message
        self.said = step.messages
        return self.judged - before


@pytest.fixture
def came():
    return fact(Encounter, "came", 0, phase="admitted")


def test_what_no_rule_reads_costs_nothing_however_many_protocols(monkeypatch, came):
    many = [asking(f"t{n}", above("lactate", n, "mmol/L")) for n in range(20)]
    ward = Ward(monkeypatch, *many)
    ward.hear(0, came)
    assert len(ward.said) == 20
    assert ward.hear(1, value("c", 1, "creatinine", 1.0)) == 0
    assert ward.hear(1, value("l", 1, "lactate", 3.5)) > 0


def test_an_event_costs_the_rules_that_read_it(monkeypatch, came):
    others = [asking(f"t{n}", above("creatinine", n, "mg/dL")) for n in range(20)]
    ward = Ward(monkeypatch, asking("one", above("lactate", 2, "mmol/L")), *others)
    ward.hear(0, came)
    assert ward.hear(1, value("l", 1, "lactate", 3.5)) == 1
    (said,) = ward.said
    assert said.trial == "one"
    # Another value that turns nothing is looked at once, and nothing is said.
    assert ward.hear(2, value("m", 2, "lactate", 4.5)) == 1
    assert ward.said == ()


def test_a_rule_that_is_written_alike_in_many_protocols_is_judged_once(
    monkeypatch, came
):
    alike = [asking(f"t{n}", above("lactate", 2, "mmol/L")) for n in range(20)]
    ward = Ward(monkeypatch, *alike)
    ward.hear(0, came)
    assert ward.hear(1, value("m", 1, "lactate", 1.5)) == 1
    assert len(ward.said) == 20
    assert ward.hear(2, value("l", 2, "lactate", 1.6)) == 1


def test_a_part_of_many_compounds_is_judged_once(monkeypatch, came):
    part, never = above("lactate", 2, "mmol/L"), {"kind": "not"}
    many = [
        asking(f"t{n}", {"kind": "any", "of": [part, above("creatinine", n, "mg/dL")]})
        for n in range(20)
    ]
    ward = Ward(monkeypatch, asking("not", {**never, "rule": part}), *many)
    ward.hear(0, came)
    assert ward.hear(1, value("l", 1, "lactate", 3.5)) == 1 + 20
    assert len(ward.said) == 21
    assert ward.hear(2, value("m", 2, "lactate", 4.5)) == 1


def test_time_alone_wakes_the_screenings_whose_moment_it_is(monkeypatch, came):
    ward = Ward(
        monkeypatch,
        asking("short", above("lactate", 2, "mmol/L")),
        asking("long", {**above("creatinine", 1, "mg/dL"), "within": "24 h"}),
    )
    ward.hear(0, came)
    ward.hear(1, value("l", 1, "lactate", 3.0), value("c", 1, "creatinine", 2.0))
    lapse = after(13) + timedelta.resolution
    assert ward.due == lapse
    ward.hear((lapse - NOON) / timedelta(hours=1), *())
    assert [m.trial for m in ward.said] == ["short"]


def test_an_admission_that_never_was_takes_its_screening_back(monkeypatch, came):
    ward = Ward(monkeypatch, asking("t", above("lactate", 2, "mmol/L")))
    ward.hear(0, came, value("l", 0, "lactate", 3.0))
    (first,) = ward.said
    assert (first.status, first.entry, first.entry_stands) == (
        "eligible",
        "admission",
        True,
    )
    assert first.flag_id is None
    assert first.entry_evidence == ("came",)
    told = {"cancels": "came", "version": 1}
    gone = fact(Cancellation, "gone", 2, **told)
    ward.hear(2, gone)
    (then,) = ward.said
    assert (then.status, then.entry_stands) == ("ineligible", False)
    assert (then.anchor_at, then.deadline) == (first.anchor_at, first.deadline)
    assert ward.hear(3, value("m", 3, "lactate", 4.0)) == 0
    ward.hear(5, replace(came, version=2, known_at=after(5)))
    (again,) = ward.said
    assert (again.status, again.entry_known_at) == ("eligible", after(5))


def test_an_admission_that_never_was_is_told_though_the_window_is_over(
    monkeypatch, came
):
    ward = Ward(monkeypatch, asking("t", {"kind": "in_hospital"}))
    ward.hear(0, came)
    ward.hear(25)
    (over,) = ward.said
    assert (over.window_open, over.entry_stands) == (False, True)
    ward.hear(26, fact(Cancellation, "gone", 26, cancels="came", version=1))
    (gone,) = ward.said
    assert (gone.window_open, gone.entry_stands) == (False, False)


def test_a_screening_waits_for_the_anchor_of_its_window(monkeypatch, came):
    asked = asking("t", above("lactate", 2, "mmol/L"), anchor="icu.happened_at")
    ward = Ward(monkeypatch, asked)
    ward.hear(0, came, value("l", 0, "lactate", 3.0))
    assert ward.said == ()
    icu = fact(Location, "icu", 4, phase="entered", ward="M", level="icu")
    ward.hear(4, icu)
    (said,) = ward.said
    assert (said.anchor_at, said.entry_at) == (after(4), NOON)
    ward.hear(5, replace(icu, happened_at=after(3), version=1, known_at=after(5)))
    (moved,) = ward.said
    assert moved.anchor_at == after(3)


def test_a_protocol_that_comes_later_opens_no_window_of_what_is_long_known(
    monkeypatch, came
):
    ward = Ward(monkeypatch)
    assert ward.hear(0, came) == 0
    ward.plan = plan([asking("t", above("lactate", 2, "mmol/L"))])
    ward.hear(100, value("l", 100, "lactate", 3.0))
    (said,) = ward.said
    assert (said.entry_known_at, said.window_open) == (NOON, False)
    assert said.status == "ineligible"
