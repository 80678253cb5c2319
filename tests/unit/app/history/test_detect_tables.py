from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from streams.app.history.detect import SEPSIS3_COLUMNS, SOFA_COLUMNS, write_detect_csv
from streams.clinical.definitions.policies import EMBER
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    CultureCollected,
    Infusion,
    Location,
    Measurement,
    Medication,
)


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)


def fact(number, kind, **told):
    at = NOON + timedelta(minutes=number)
    common = {"event_id": f"e{number}", "happened_at": at, "known_at": at}
    return kind(**common, encounter="7", **told)


@pytest.fixture
def septic():
    timeline = Timeline()
    for event in (
        fact(0, Location, phase="entered", ward="MICU", level="icu", stay="30"),
        fact(1, CultureCollected, culture_id="c", specimen="BLOOD CULTURE"),
        fact(2, Medication, stage="ordered", sent_drug="Zosyn", antimicrobial=True),
        fact(3, Measurement, concept="map", value=65.5, stay="30"),
        fact(4, Measurement, concept="platelets", value=90.0),
        fact(
            5,
            Infusion,
            phase="started",
            infusion_id="i",
            drug="norepinephrine",
            rate=0.05,
        ),
    ):
        timeline.apply(event, "m")
    return timeline


def test_an_episode_is_a_row_of_mimic_codes_columns(septic):
    out = StringIO()
    counts = write_detect_csv([("10", septic)], policy=EMBER, out=out)
    head, row = out.getvalue().splitlines()
    assert head == ",".join(SEPSIS3_COLUMNS)
    assert row == (
        "10,30,2150-03-01 12:02:00,2150-03-01 12:01:00,2150-03-01 12:01:00,"
        "2150-03-01 12:04:00,3,,2,,1,,,true"
    )
    assert (counts.patients, counts.episodes, counts.hours) == (1, 1, 0)
    assert (counts.stays, counts.without_icu_stay) == (1, 0)


def test_an_hour_is_a_row_of_mimic_codes_columns(septic):
    hourly = StringIO()
    write_detect_csv([("10", septic)], policy=EMBER, out=StringIO(), hourly=hourly)
    head, row = hourly.getvalue().splitlines()
    assert head == ",".join(SOFA_COLUMNS)
    assert row == (
        "30,0,2150-03-01 12:00:00,2150-03-01 13:00:00,,,,0.05,,,65.5,,,,,90,"
        ",2,,3,,,,2,,3,,,5"
    )


def test_without_patients_there_is_a_head_alone():
    out = StringIO()
    counts = write_detect_csv([], policy=EMBER, out=out)
    assert out.getvalue() == ",".join(SEPSIS3_COLUMNS) + "\n"
    assert counts.patients == 0
