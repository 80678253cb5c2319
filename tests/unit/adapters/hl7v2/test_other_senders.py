"""Messages as senders write them who keep the standard in their own way."""

from datetime import UTC, datetime

import pytest

from streams.vocabulary.events import Measurement


OBR = "OBR|1|P1|F1|PANEL^Panel^LOC|||20261128100000"
LACTATE = "OBX|1|NM|LAC^Lactate^LOC||4.2|mmol/L|||||F"


def measured(told) -> Measurement:
    (only,) = (
        event
        for one in told.told
        for event in one.events
        if isinstance(event, Measurement)
    )
    return only


def test_the_zone_of_the_message_is_that_of_its_times_that_name_none(read):
    told = read("ORU^R01", OBR, LACTATE, issued="20261128110000-0600")
    assert measured(told).happened_at == datetime(2026, 11, 28, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "kind",
    ["ORU_R01", "ORU-R01", "ORU&R01", "ORU\\S\\R01", "oru^r01", "ORU^R01~ORU^R01"],
)
def test_type_and_trigger_are_found_however_they_are_joined(read, kind):
    told = read(kind, OBR, LACTATE)
    assert (told.kind, told.outcome) == ("ORU^R01", "mapped")
    assert measured(told).value == 4.2
