"""Which numbers of a protocol are moved, by how much, and which cannot be."""

from datetime import timedelta

import pytest
from made_up.small_hospital import TRIAL
from pydantic import TypeAdapter

from streams.clinical.feasibility.numbers import STEPS, numbers, shifts, spelled
from streams.clinical.feasibility.probe import plan
from streams.vocabulary.document import Document
from streams.vocabulary.rules import Rule


RULE = TypeAdapter(Rule)


def found(**rule):
    read = RULE.validate_python(rule)
    assert isinstance(read, Document)
    return {spelled(n.place): (n.what, str(n)) for n in numbers(read)}


def moved(**rule):
    read = RULE.validate_python(rule)
    return {
        spelled(n.place): [str(shift) for shift in shifts(n, STEPS)]
        for n in numbers(read)
    }


def test_a_threshold_and_its_window_are_found_wherever_they_lie():
    inner = {"kind": "value", "concept": "lactate", "is": "> 2 mmol/L", "within": "6 h"}
    assert found(kind="any", of=[{"kind": "not", "rule": inner}]) == {
        "of[0].rule.is": ("lactate", "> 2 mmol/L"),
        "of[0].rule.within": ("lactate, within", "6 h"),
    }


def test_a_default_that_nobody_wrote_is_left_alone():
    told = found(kind="infusion", drugs=["vasopressor"], within="6 h")
    assert list(told) == ["within"]  # not `gap`, not `stale_after`


def test_a_threshold_is_moved_by_parts_of_itself():
    told = moved(kind="value", concept="lactate", **{"is": "> 2 mmol/L"}, within="10 h")
    assert told["is"] == [
        "> 1.6 mmol/L",
        "> 1.8 mmol/L",
        "> 2.2 mmol/L",
        "> 2.4 mmol/L",
    ]
    assert told["within"] == ["8 h", "9 h", "11 h", "12 h"]


def test_points_are_moved_by_whole_points_and_never_to_none():
    told = moved(kind="score", score="sofa", **{"is": ">= 2 {score}"})
    assert told["is"] == [">= 1 {score}", ">= 3 {score}", ">= 4 {score}"]


def test_an_offset_before_an_anchor_stays_before_it():
    told = moved(
        kind="value",
        concept="lactate",
        **{"is": "> 2 mmol/L", "from": "-10 h", "to": "0 h"},
        around="entry.happened_at",
    )
    assert told["from"] == ["-8 h", "-9 h", "-11 h", "-12 h"]
    assert told["to"] == []


def test_what_no_step_moves_is_told():
    (domain,) = TRIAL.domains
    at_birth = domain.inclusion[0].model_copy(
        update={"rule": RULE.validate_python({"kind": "age", "is": ">= 0 years"})}
    )
    changed = domain.model_copy(update={"inclusion": (at_birth, *domain.inclusion[1:])})
    by = plan(TRIAL.model_copy(update={"domains": (changed,)}), STEPS, domains=["only"])
    assert by.unmoved == (("only", "I1: age >= 0 a"),)


def test_a_window_that_would_not_hold_its_content_is_told_and_not_judged():
    (domain,) = TRIAL.domains
    rule = {
        "kind": "value",
        "concept": "lactate",
        "is": "> 2 mmol/L",
        "within": "6 h",
        "sustained": "6 h",
    }
    sustained = domain.inclusion[2].model_copy(
        update={"rule": RULE.validate_python(rule)}
    )
    changed = domain.model_copy(
        update={"inclusion": (*domain.inclusion[:2], sustained)}
    )
    by = plan(TRIAL.model_copy(update={"domains": (changed,)}), STEPS, domains=["only"])
    told = [what for _, what in by.unmoved]
    assert told == [
        "I3: lactate, within 6 h by -20 %, -10 %",
        "I3: lactate, sustained 6 h by +10 %, +20 %",
    ]


def test_without_steps_only_what_is_written_is_judged():
    assert plan(TRIAL, (), domains=["only"]).protocols == (TRIAL,)


def test_a_closed_domain_that_is_asked_for_is_judged_as_if_it_recruited():
    (domain,) = TRIAL.domains
    closed = TRIAL.model_copy(
        update={"domains": (domain.model_copy(update={"status": "closed"}),)}
    )
    for protocol in plan(closed, STEPS, domains=["only"]).protocols:
        assert [d.status for d in protocol.domains] == ["open"]


@pytest.mark.parametrize("step", STEPS)
def test_a_window_of_recruitment_is_judged_as_a_protocol_of_its_own(step):
    by = plan(TRIAL, (step,), domains=["only"])
    (variant,) = (v for v in by.variants if v.line == "recruitment")
    (own,) = (p for p in by.others if p.id == variant.trial)
    window = own.domains[0].recruitment.window
    assert window == timedelta(hours=12) * (1 + step / 100)
