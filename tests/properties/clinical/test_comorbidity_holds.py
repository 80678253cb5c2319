"""What holds of the comorbidity indices, whatever was coded and when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clinical.comorbidity.charlson import CHARLSON, charlson
from streams.clinical.comorbidity.code_lists import code_lists, conditions_of
from streams.clinical.comorbidity.elixhauser import (
    ELIXHAUSER,
    ELIXHAUSER_COUNT,
    elixhauser,
)
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Condition


DAY = datetime(2150, 3, 1, tzinfo=UTC)
SID = "http://hl7.org/fhir/sid"

listed = st.sampled_from(
    sorted(
        f"{SID}/{system}|{end}{more}"
        for name in ("charlson", "elixhauser")
        for lists in code_lists(name).values()
        for system, ranges in lists.items()
        for one in ranges
        for end in (one.first, one.last)
        for more in ("", "0")
    )
)
unlisted = st.sampled_from([f"{SID}/icd-10-cm|I10", f"{SID}/icd-9-cm|7999"])
unread = st.sampled_from(["http://snomed.info/sct|44054006", f"{SID}/icd-11|5A11"])
anything = st.one_of(listed, listed, unlisted, unread)
moments = st.integers(0, 10).map(lambda day: DAY + timedelta(days=day))

INDICES = {
    "charlson": lambda timeline, at, uncoded: charlson(
        timeline, at, policy=replace(CHARLSON, uncoded=uncoded, age="none")
    ),
    "elixhauser": lambda timeline, at, uncoded: elixhauser(
        timeline, at, policy=replace(ELIXHAUSER, uncoded=uncoded)
    ),
}


@st.composite
def diagnoses(draw, codes=anything, least=0):
    found = draw(st.lists(st.tuples(codes, moments), min_size=least, max_size=8))
    return [
        Condition(
            event_id=f"e{number}",
            happened_at=at,
            known_at=at,
            encounter=draw(st.sampled_from(["h", "k"])),
            code=code,
        )
        for number, (code, at) in enumerate(found)
    ]


def folded(events):
    timeline = Timeline()
    for event in events:
        timeline.apply(event, event.event_id)
    return timeline


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
@given(events=diagnoses(), at=moments, data=st.data())
def test_neither_order_nor_later_codes_change_an_index(index, events, at, data):
    told = index(folded(events), at, "absent_if_coded")
    past = [one for one in events if one.happened_at <= at]
    shuffled = data.draw(st.permutations(past))
    assert told == index(folded(shuffled), at, "absent_if_coded")


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
@given(events=diagnoses())
def test_what_is_taken_for_absent_is_within_what_is_possible(index, events):
    at = DAY + timedelta(days=20)
    possible = index(folded(events), at, "unknown")
    told = index(folded(events), at, "absent_if_coded")
    assert possible.lower <= told.lower <= told.upper <= possible.upper


@given(events=diagnoses(), code=listed)
def test_one_code_more_lowers_neither_charlsons_index_nor_a_count(events, code):
    at = DAY + timedelta(days=20)
    more = Condition(
        event_id="more", happened_at=DAY, known_at=DAY, encounter="h", code=code
    )
    for index in (
        lambda timeline: charlson(timeline, at, policy=replace(CHARLSON, age="none")),
        lambda timeline: elixhauser(timeline, at, policy=ELIXHAUSER_COUNT),
    ):
        before, after = index(folded(events)), index(folded([*events, more]))
        assert before.lower <= after.lower


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
@given(events=diagnoses(codes=unread, least=1))
def test_codes_that_no_list_is_of_say_nothing(index, events):
    at = DAY + timedelta(days=20)
    nobody = index(folded([]), at, "absent_if_coded")
    told = index(folded(events), at, "absent_if_coded")
    assert told == nobody
    assert told.missing == ("diagnoses",)


@given(listed)
def test_a_dot_in_a_code_makes_no_difference(code):
    system, value = code.split("|")
    dotted = f"{system}|{value[:3]}.{value[3:]}"
    for name in ("charlson", "elixhauser"):
        assert conditions_of(name, dotted) == conditions_of(name, code)
