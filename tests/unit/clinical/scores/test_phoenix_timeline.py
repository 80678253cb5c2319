"""What Phoenix makes of events that a small table cannot tell."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.scores.phoenix import points
from streams.clinical.scores.phoenix.age import age_at
from streams.clinical.scores.phoenix.policy import PHOENIX
from streams.clinical.scores.phoenix.score import phoenix
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Demographics,
    Infusion,
    Measurement,
    RespiratorySupport,
)


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def timeline():
    return Timeline()


@pytest.fixture
def keep(timeline):
    """Adds an event, `ago` hours before noon."""

    def add(kind, event_id, ago=1.0, **given):
        at = NOON - timedelta(hours=ago)
        event = kind(event_id=event_id, happened_at=at, known_at=at, **given)
        timeline.apply(event, event_id)

    return add


def organ(timeline, name):
    return next(c for c in phoenix(timeline, NOON).components if c.name == name)


def test_support_that_was_stopped_is_none(timeline, keep):
    keep(Measurement, "g", concept="pao2", value=50.0, specimen="arterial")
    keep(Measurement, "f", concept="fio2", value=21.0)
    keep(RespiratorySupport, "on", 2, phase="started", category="invasive")
    assert organ(timeline, "respiratory").lower == 1
    keep(RespiratorySupport, "off", 1, phase="stopped", category="invasive")
    told = organ(timeline, "respiratory")
    assert (told.points, told.upper) == (0, 0)


def test_a_word_that_is_no_category_of_support_is_passed_over(timeline, keep):
    keep(Measurement, "g", concept="pao2", value=50.0, specimen="arterial")
    keep(Measurement, "f", concept="fio2", value=100.0)
    keep(RespiratorySupport, "on", 2, category="invasive")
    keep(RespiratorySupport, "mode", 1, mode="SIMV")
    assert organ(timeline, "respiratory").points == 3


def test_what_the_laboratory_charted_of_the_specimen_decides(timeline, keep):
    keep(RespiratorySupport, "on", category="invasive")
    keep(Measurement, "f", concept="fio2", value=100.0)
    keep(
        Measurement,
        "g",
        concept="pao2",
        value=50.0,
        specimen="arterial",
        specimen_id="s",
    )
    assert organ(timeline, "respiratory").points == 3
    keep(
        Measurement,
        "s",
        concept="blood_gas_specimen",
        text="VEN.",
        specimen_id="s",
    )
    assert organ(timeline, "respiratory").points is None


@pytest.mark.parametrize(("sent_rate", "drugs"), [(0.0, 0), (3.0, 1), (None, 1)])
def test_a_rate_that_could_not_be_converted_runs_unless_sent_as_0(
    timeline, keep, sent_rate, drugs
):
    keep(
        Infusion,
        "i",
        phase="started",
        infusion_id="i",
        drug="dopamine",
        sent_rate=sent_rate,
    )
    assert organ(timeline, "cardiovascular").lower == drugs


def test_two_infusions_of_one_drug_are_one_drug(timeline, keep):
    for name in ("a", "b"):
        keep(Infusion, name, phase="started", infusion_id=name, drug="dopamine")
    assert organ(timeline, "cardiovascular").lower == 1


def test_pressures_of_different_moments_or_sources_make_no_mean(timeline, keep):
    keep(Measurement, "age", concept="age", value=30.0)
    keep(Measurement, "s", 2, concept="sbp", value=30.0)
    keep(Measurement, "d", 1, concept="dbp", value=10.0)
    keep(Measurement, "l", 1, concept="sbp", value=30.0, method="arterial_line")
    assert organ(timeline, "cardiovascular").lower == 0
    keep(Measurement, "t", 1, concept="sbp", value=30.0)
    assert organ(timeline, "cardiovascular").lower == 2


def test_parts_of_the_coma_scale_are_carried_for_twelve_hours(timeline, keep):
    keep(Assessment, "e", 11, concept="gcs_eye", value=1.0)
    keep(Assessment, "v", 11, concept="gcs_verbal", value=1.0)
    keep(Assessment, "m", 0, concept="gcs_motor", value=6.0)
    told = organ(timeline, "neurologic")
    assert told.lower == 1


def test_the_later_word_on_pupils_counts_whatever_its_name(timeline, keep):
    keep(Assessment, "a-left", 2, concept="pupil_left_fixed", value=1.0)
    keep(Assessment, "a-right", 2, concept="pupil_right_fixed", value=1.0)
    keep(Assessment, "A-both", 1, concept="pupils_fixed", value=0.0)
    assert organ(timeline, "neurologic").lower == 0


def test_a_stated_age_is_one_of_whole_years(timeline, keep):
    keep(Demographics, "d", birth_year=2149, age_precision="stated")
    age = age_at(timeline, NOON)
    assert (age.range.low, age.range.high, age.range.high_open) == (12, 24, True)
    keep(Measurement, "lactate", concept="lactate", value=1.0)
    keep(Measurement, "map", concept="map", value=31.0)
    told = organ(timeline, "cardiovascular")
    assert (told.lower, told.upper) == (1, 3)
    running = {"infusion_id": "i", "drug": "propofol"}
    keep(Infusion, "i", phase="started", rate=2.0, **running)
    told = organ(timeline, "cardiovascular")
    assert (told.lower, told.upper) == (1, 1)


def test_a_year_of_birth_allows_twelve_months(timeline, keep):
    keep(Demographics, "d", birth_year=2149)
    age = age_at(timeline, NOON)
    assert age.range.low == pytest.approx(1.95, abs=0.01)
    assert age.range.high == pytest.approx(13.95, abs=0.01)


def test_nobody_is_younger_than_newborn(timeline, keep):
    keep(Demographics, "d", birth_year=2150)
    assert age_at(timeline, NOON).range.low == 0
    keep(Measurement, "age", concept="age", value=0.1)
    before = age_at(timeline, NOON - timedelta(days=30), told_by=NOON)
    assert (before.range.low, before.range.high) == (0, 0)


def test_an_age_charted_later_is_not_known_yet(timeline, keep):
    keep(Measurement, "age", concept="age", value=5.0)
    before = NOON - timedelta(hours=2)
    assert age_at(timeline, before) is None
    assert age_at(timeline, before, told_by=NOON).evidence == ("age",)


BANDS = {
    name: bands
    for name, bands in vars(points).items()
    if isinstance(bands, tuple) and bands and isinstance(bands[0], points.Band)
}


@pytest.mark.parametrize("name", sorted(BANDS))
def test_bands_leave_no_gap_and_do_not_overlap(name):
    ordered = sorted(BANDS[name], key=lambda band: band.low)
    ends = [ordered[0].low, *(band.high for band in ordered)]
    starts = [*(band.low for band in ordered), ordered[-1].high]
    assert [e for e in ends if abs(e) != float("inf")] == pytest.approx(
        [s for s in starts if abs(s) != float("inf")]
    )


def test_the_default_policy_counts_as_long_as_the_authors_advise():
    hours = {
        name: getattr(PHOENIX, name) / timedelta(hours=1)
        for name in (
            *("vitals_within", "lactate_within", "vasoactives_within"),
            *("coagulation_within", "gcs_within", "pupils_within"),
            *("glucose_within", "chemistry_within"),
        )
    }
    assert list(hours.values()) == [6, 6, 12, 24, 12, 6, 12, 24]
