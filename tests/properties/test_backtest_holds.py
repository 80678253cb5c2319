"""What a backtest counts, whatever the patients: sums, gains, variants, and no future.

in = out + left at the first line in the way
gain of a line = who is found besides, once the protocol is without it
a moved number = the protocol with that number, judged from the beginning
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up.small_hospital import (
    TRIAL,
    came,
    comfort,
    fact,
    hours,
    lactate,
    message,
    septic,
)

from streams.app.backtest.judging import judge_history
from streams.clinical.feasibility.course import course
from streams.clinical.feasibility.numbers import STEPS, with_shift
from streams.clinical.feasibility.probe import RECRUITMENT, plan
from streams.clinical.feasibility.shape import shape_of
from streams.pipeline.alone import Alone
from streams.pipeline.patient import Rules
from streams.vocabulary.events import Encounter
from streams.vocabulary.messages import TrialScreening


pytestmark = pytest.mark.unmeasured

RULES = Rules(software_version="test")
SHAPE = shape_of(TRIAL, TRIAL.domains[0])
FEW = settings(max_examples=40, deadline=None)


@st.composite
def patients(draw, name="p"):
    """Everything told of one made-up patient, with lags and gaps."""
    facts = came(name, born=draw(st.sampled_from([1960, 2004, 2009])))
    if draw(st.integers(0, 4)):
        facts += septic(name)
    for number in range(draw(st.integers(0, 3))):
        at = draw(st.integers(-3, 20))
        value = draw(st.sampled_from([0.9, 1.7, 1.9, 2.0, 2.1, 2.3, 4.0]))
        known = hours(at + draw(st.integers(0, 6)))
        one = lactate(name, at, value, known_at=known)
        facts.append(replace(one, event_id=f"{name}-lactate-{number}"))
    if draw(st.booleans()):
        facts.append(replace(comfort(name), known_at=hours(draw(st.integers(0, 18)))))
    if draw(st.booleans()):
        gone = {"phase": "discharged", "disposition": "home"}
        facts.append(fact(Encounter, name, "left", draw(st.integers(4, 30)), **gone))
    return facts


hospitals = st.lists(st.integers(0, 10**6), min_size=1, max_size=4).flatmap(
    lambda seeds: st.tuples(*(patients(f"p{n}") for n, _ in enumerate(seeds)))
)


def told(facts):
    """As messages, in the order in which they became known."""
    name = facts[0].event_id.partition("-")[0]
    ordered = sorted(facts, key=lambda f: (f.known_at, f.event_id))
    return [message(name, one) for one in ordered]


def judged(hospital, protocol=TRIAL, steps=()):
    by = plan(protocol, steps, domains=["only"])
    return judge_history(by, [told(facts) for facts in hospital], RULES)


def flagged(hospital, protocol):
    return judged(hospital, protocol).domains["only"].flagged.stays


@FEW
@given(hospitals)
def test_who_came_in_went_out_or_was_left_somewhere(hospital):
    counts = judged(hospital).domains["only"]
    rows = counts.attrition()
    remaining = counts.screened.stays
    for row in rows:
        remaining -= row.excluded + row.unknown
        assert row.remaining == remaining >= 0
        assert row.against >= row.excluded
        assert (row.gain or 0) <= counts.screened.stays - counts.flagged.stays
    assert remaining == counts.flagged.stays
    assert rows[0].remaining == counts.in_window.stays


@FEW
@given(hospitals)
def test_the_gain_of_a_line_is_who_is_found_once_it_is_not_there(hospital):
    written = judged(hospital).domains["only"]
    for row in written.attrition():
        if row.id in {"I1", "I3", "E1", "E2"}:
            without = flagged(hospital, dropped(row.id))
            assert row.gain == without - written.flagged.stays, row.id


def dropped(line):
    (domain,) = TRIAL.domains
    kept = {
        part: tuple(c for c in getattr(domain, part) if c.id != line)
        for part in ("inclusion", "exclusion")
    }
    return TRIAL.model_copy(update={"domains": (domain.model_copy(update=kept),)})


@settings(max_examples=8, deadline=None)
@given(hospitals)
def test_a_moved_number_is_the_protocol_with_that_number(hospital):
    found = judged(hospital, steps=STEPS)
    written = found.domains["only"].flagged.stays
    for variant in found.plan.variants:
        net = found.gained[variant] - found.lost[variant]
        assert found.possible[variant] == written + net
        moved = TRIAL if variant.line == RECRUITMENT else whole_with(variant)
        if moved is not TRIAL:
            assert found.possible[variant] == flagged(hospital, moved), variant


def whole_with(variant):
    """The variant as a protocol of its own: its number at its place in the document."""
    (domain,) = TRIAL.domains
    for part in ("inclusion", "exclusion"):
        for index, criterion in enumerate(getattr(domain, part)):
            if criterion.id == variant.line:
                place = ("domains", 0, part, index, *variant.shift.number.place)
                number = replace(variant.shift.number, place=place)
                return with_shift(
                    TRIAL, replace(variant.shift, number=number), name="moved"
                )
    raise AssertionError(variant)


@FEW
@given(patients(), st.integers(-6, 40))
def test_what_became_known_later_changes_nothing_that_was_counted_before(facts, hour):
    until = hours(hour)
    before = [one for one in facts if one.known_at <= until]
    if before:
        assert looks(before, until) == looks(facts, until)


def looks(facts, until):
    """Who was possible, up to a moment."""
    return [look.at for one in courses(facts) if (look := first(one, until))]


def first(one, until):
    look = one.possible(SHAPE)
    return look if look is not None and look.at <= until else None


@FEW
@given(patients())
def test_possible_is_what_the_worker_calls_eligible_or_for_a_human(facts):
    for one in courses(facts):
        said = [
            look.at
            for look in one.open_looks
            if {(None, "eligible"), (None, "needs_human")} & {*look.statuses}
        ]
        possible = one.possible(SHAPE)
        assert said[:1] == ([] if possible is None else [possible.at])


def courses(facts):
    by_screening = {}
    rules = replace(RULES, protocols=(TRIAL,))
    for said in Alone(rules).run(told(facts)):
        if isinstance(said, TrialScreening):
            by_screening.setdefault(said.screening_id, []).append(said)
    return [course(own, onset_at=None) for own in by_screening.values()]
