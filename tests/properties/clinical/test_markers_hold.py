"""What holds of every marker, whatever was measured and in whatever order it came."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from streams.clinical.markers.evaluation import evaluate
from streams.clinical.markers.policy import MarkerPolicy
from streams.clinical.markers.schemes import SCHEMES, enrich
from streams.clinical.markers.table import markers
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Biomarker, Correction, Demographics, Measurement
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


DAY = datetime(2150, 3, 1, tzinfo=UTC)
ROWS = sorted(markers().values(), key=lambda row: row.name)

rows = st.sampled_from(ROWS)
policies = st.builds(
    MarkerPolicy,
    which=st.sampled_from(["latest", "any_fresh"]),
    assay=st.sampled_from(["named", "any"]),
    repeat_early=st.sampled_from([timedelta(0), timedelta(hours=4)]),
)


@st.composite
def results(draw, row):
    edges = [end.value for end in (row.low, row.high) if end is not None] or [1.0]
    value = draw(st.sampled_from(edges)) * draw(st.sampled_from([0.5, 1.0, 1.5]))
    at = DAY + timedelta(hours=draw(st.integers(0, 72)))
    common = {"happened_at": at, "known_at": at, "concept": row.concept}
    comparator = draw(st.sampled_from([None, None, "<", ">", ">="]))
    if draw(st.booleans()):
        return Biomarker(
            **common,
            event_id="e",
            value=value,
            comparator=comparator,
            unit=draw(st.sampled_from([row.unit, row.unit, "furlong"])),
            assay=draw(st.sampled_from(["Quantibrite", "other"])),
            assay_version="1",
        )
    return Measurement(**common, event_id="e", value=value, comparator=comparator)


@st.composite
def records(draw):
    row = draw(rows)
    found = draw(st.lists(results(row), max_size=5))
    return row, [replace(one, event_id=f"e{n}") for n, one in enumerate(found)]


def folded(events):
    timeline = Timeline()
    for event in events:
        timeline.apply(event, event.event_id)
    return timeline


moments = st.integers(0, 120).map(lambda h: DAY + timedelta(hours=h))


@given(records(), moments, policies, st.data())
def test_neither_order_nor_duplicates_nor_mended_errors_change_it(
    record, at, policy, data
):
    row, events = record
    said = evaluate(row, folded(events), at, policy)
    mended = []
    for event in events:
        if data.draw(st.booleans()):
            wrong = replace(event, value=(event.value or 0) + 1000)
            right = Correction(
                event_id=f"{event.event_id}#",
                happened_at=event.happened_at,
                known_at=event.known_at,
                version=1,
                corrects=event.event_id,
                event=event,
            )
            mended += [wrong, right]
        else:
            mended += [event, event]
    again = data.draw(st.permutations(mended))
    assert evaluate(row, folded(again), at, policy) == said


@given(records(), moments, policies)
def test_it_is_decided_only_by_fresh_results_that_are_there(record, at, policy):
    row, events = record
    said = evaluate(row, folded(events), at, policy)
    if said.truth in (TRUE, FALSE):
        assert said.reasons == ()
        assert at - said.taken_at <= row.stale_after
        assert at <= said.stale_from
        assert set(said.evidence) <= {event.event_id for event in events}
    else:
        assert said.reasons
    assert (said.state == "stale") == ("older" in "".join(said.reasons))


@given(records(), moments, policies)
def test_what_happens_later_is_not_seen(record, at, policy):
    row, events = record
    past = [event for event in events if event.happened_at <= at]
    assert evaluate(row, folded(events), at, policy) == evaluate(
        row, folded(past), at, policy
    )


@given(records(), moments, policies, st.integers(0, 40), st.booleans())
def test_a_cut_off_says_nothing_of_who_is_not_of_its_population(
    record, at, policy, years, stated
):
    row, events = record
    person = Demographics(
        event_id="born",
        happened_at=DAY,
        known_at=DAY,
        birth_year=at.year - years,
        age_precision="stated" if stated else "year",
    )
    said = evaluate(row, folded([*events, person]), at, policy)
    nobody = evaluate(row, folded(events), at, policy)
    youngest, eldest = (years if stated else max(0, years - 1)), years
    proven = eldest < 18 if row.of_children else youngest >= 18
    if proven:
        assert said == nobody
    else:
        assert said.truth is UNKNOWN
        assert said.state in ("unknown", nobody.state)


@given(records(), moments)
def test_a_wider_interval_never_says_more(record, at):
    row, events = record
    events = [e for e in events if isinstance(e, Measurement) and not e.comparator]
    wide = [replace(e, value=e.value * 0.4, upper=e.value * 1.6) for e in events]
    narrow = evaluate(row, folded(events), at).truth
    wider = evaluate(row, folded(wide), at).truth
    assert wider in (narrow, UNKNOWN)


@given(st.lists(rows, max_size=4), moments, st.sampled_from(sorted(SCHEMES)), st.data())
def test_one_result_more_never_opens_a_stratum_that_was_closed(chosen, at, name, data):
    """Of markers measured once: what is known rules strata out, never in."""
    scheme = SCHEMES[name]
    concepts = {row.concept: row for row in chosen}
    events = [
        replace(data.draw(results(row)), event_id=concept, happened_at=at)
        for concept, row in sorted(concepts.items())
    ]
    fewer = enrich(scheme, folded(events[:-1]), at)
    more = enrich(scheme, folded(events), at)
    assert set(more.possible) <= set(fewer.possible)
    assert more.possible
    assert (more.label is None) == (len(more.possible) > 1)
