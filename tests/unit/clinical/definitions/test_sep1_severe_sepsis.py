"""SEP-1: three criteria within six hours, each limit and both sides of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streams.clinical.definitions.sep1 import SEP1, severe_sepsis
from streams.clinical.definitions.sep1_shock import septic_shock
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    CultureCollected,
    Fluid,
    Measurement,
    Medication,
    RespiratorySupport,
)
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


NOON = datetime(2150, 3, 1, 12, tzinfo=UTC)
DOCUMENTED = ("suspected_infection", 0, 1.0)
INFLAMED = (("temperature", 0, 38.4), ("heart_rate", 0, 91.0))
FAILING = ("lactate", 0, 2.1)


def fact(kind, name, hour, **content):
    at = NOON + timedelta(hours=hour)
    return kind(event_id=name, happened_at=at, known_at=at, encounter="h", **content)


def timeline_of(*told, facts=()):
    timeline = Timeline()
    for number, (concept, hour, value) in enumerate(told):
        kind = Assessment if concept == "suspected_infection" else Measurement
        event = fact(kind, f"e{number}", hour, concept=concept, value=value)
        timeline.apply(event, event.event_id)
    for event in facts:
        timeline.apply(event, event.event_id)
    return timeline


def zero(*told, policy=SEP1, facts=(), now=None):
    """Hours after noon of time zero; None where there is no severe sepsis."""
    found = severe_sepsis(timeline_of(*told, facts=facts), policy=policy, now=now)
    assert len(found) <= 1
    return (found[0].zero - NOON) / timedelta(hours=1) if found else None


def test_infection_two_signs_and_one_organ_are_severe_sepsis():
    assert zero(DOCUMENTED, *INFLAMED, FAILING) == 0
    assert zero(*INFLAMED, FAILING) is None
    assert zero(DOCUMENTED, INFLAMED[0], FAILING) is None
    assert zero(DOCUMENTED, *INFLAMED) is None


@pytest.mark.parametrize(
    ("concept", "enough", "short"),
    [
        ("temperature", 38.4, 38.3),
        ("temperature", 35.9, 36.0),
        ("resp_rate", 21, 20),
        ("wbc", 12.1, 12.0),
        ("wbc", 3.9, 4.0),
        ("bands_pct", 11, 10),
    ],
)
def test_each_sign_of_inflammation(concept, enough, short):
    rest = (DOCUMENTED, ("heart_rate", 0, 91.0), FAILING)
    assert zero(*rest, (concept, 0, float(enough))) == 0
    assert zero(*rest, (concept, 0, float(short))) is None


def test_a_heart_rate_of_90_is_no_sign():
    rest = (DOCUMENTED, ("temperature", 0, 39.0), FAILING)
    assert zero(*rest, ("heart_rate", 0, 91.0)) == 0
    assert zero(*rest, ("heart_rate", 0, 90.0)) is None


def test_white_cells_and_bands_are_one_sign():
    told = (DOCUMENTED, FAILING, ("wbc", 0, 20.0), ("bands_pct", 0, 20.0))
    assert zero(*told) is None


@pytest.mark.parametrize(
    ("concept", "enough", "short"),
    [
        ("sbp", 89, 90),
        ("map", 64, 65),
        ("creatinine", 2.1, 2.0),
        ("bilirubin_total", 2.1, 2.0),
        ("platelets", 99, 100),
        ("inr", 1.6, 1.5),
        ("aptt", 61, 60),
        ("lactate", 2.1, 2.0),
    ],
)
def test_each_organ(concept, enough, short):
    assert zero(DOCUMENTED, *INFLAMED, (concept, 0, float(enough))) == 0
    assert zero(DOCUMENTED, *INFLAMED, (concept, 0, float(short))) is None


# -- six hours -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("infection", "inflamed", "organ", "expected"),
    [
        (0, 3, 6, 6),
        (0, 3, 6.1, None),
        (6, 3, 0, 6),
        (6.1, 3, 0, None),
        (3, 0, 6, 6),
        (3, 0, 6.1, None),
        (3, 6, 0, 6),
        (0, -6, 0, 0),
        (0, -6.1, 0, None),
    ],
)
def test_all_three_lie_within_six_hours(infection, inflamed, organ, expected):
    told = (
        ("suspected_infection", infection, 1.0),
        ("temperature", inflamed, 39.0),
        ("resp_rate", inflamed, 30.0),
        ("lactate", organ, 3.0),
    )
    assert zero(*told) == expected


def test_the_earliest_of_several_presentations_counts():
    again = [(c, 20, v) for c, _, v in (DOCUMENTED, *INFLAMED, FAILING)]
    assert zero(*again) == 20
    assert zero(*again, DOCUMENTED, *INFLAMED, FAILING) == 0


def test_an_infection_ruled_out_is_none():
    assert zero(("suspected_infection", 0, 0.0), *INFLAMED, FAILING) is None


def test_an_antimicrobial_with_a_culture_may_stand_for_the_entry():
    culture = fact(CultureCollected, "c", 0, culture_id="c", specimen="BLOOD CULTURE")
    drug = fact(
        Medication, "m", 5, stage="given", sent_drug="Cefepime", antimicrobial=True
    )
    given = {"facts": (culture, drug)}
    assert zero(*INFLAMED, FAILING, **given) == 0
    documented = replace(SEP1, infection="documented")
    assert zero(*INFLAMED, FAILING, policy=documented, **given) is None
    suspicion = replace(SEP1, infection="suspicion")
    assert zero(DOCUMENTED, *INFLAMED, FAILING, policy=suspicion) is None
    (found,) = severe_sepsis(timeline_of(*INFLAMED, FAILING, **given))
    assert found.evident_at == NOON + timedelta(hours=5)
    assert found.evidence == ("m", "c", "e1", "e0", "e2")  # signs of one moment by name
    early = NOON + timedelta(hours=4)
    assert zero(*INFLAMED, FAILING, now=early, **given) is None


# -- pressure, ventilation, urine ----------------------------------------------


@pytest.mark.parametrize(
    ("policy", "before", "expected"),
    [
        ("highest_day", [(-20, 151.0), (-1, 130.0)], 0),
        ("highest_day", [(-20, 150.0)], None),
        ("highest_day", [(-25, 190.0), (-1, 130.0)], 0),  # 130 is the drop
        ("highest_day", [(-25.1, 190.0), (-1, 130.0)], None),
        ("highest_day", [(-20, 190.0), (-7, 130.0)], 0),
        ("previous", [(-20, 190.0), (-7, 130.0)], None),
        ("previous", [(-1, 151.0)], 0),
        ("not_judged", [(-1, 190.0)], None),
    ],
)
def test_a_drop_by_more_than_forty(policy, before, expected):
    told = [("sbp", hour, value) for hour, value in before]
    asked = replace(SEP1, pressure_drop=policy)
    found = zero(DOCUMENTED, *INFLAMED, *told, ("sbp", 0, 110.0), policy=asked)
    assert found == expected


@pytest.mark.parametrize(
    ("category", "before", "expected"),
    [
        ("invasive", None, 0),
        ("niv", None, 0),
        ("oxygen", None, None),
        ("invasive", -25, 0),
        ("invasive", -24, None),
    ],
)
def test_new_ventilation_is_an_organ(category, before, expected):
    support = [fact(RespiratorySupport, "r", 0, category=category)]
    if before is not None:
        support.append(fact(RespiratorySupport, "q", before, category="niv"))
    assert zero(DOCUMENTED, *INFLAMED, facts=support) == expected


def urine(*volumes):
    return [
        fact(
            Fluid,
            f"u{hour}",
            hour,
            direction="out",
            substance="urine",
            volume_ml=float(volume),
        )
        for hour, volume in volumes
    ]


@pytest.mark.parametrize(
    ("volumes", "weight", "expected"),
    [
        ([(-2, 100), (-1, 40), (0, 39)], 80.0, 0),
        ([(-2, 100), (-1, 40), (0, 40)], 80.0, None),
        ([(-1, 40), (0, 10)], 80.0, None),
        ([(-2, 100), (-1, 40), (0, 39)], None, None),
        ([(-6, 500), (0, 79)], 80.0, 0),
    ],
)
def test_little_urine_in_two_hours_that_were_seen(volumes, weight, expected):
    known = [] if weight is None else [("weight", -30, weight)]
    found = zero(DOCUMENTED, *INFLAMED, *known, facts=urine(*volumes))
    assert found == expected


# -- what time may still change ------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "hours", "status"),
    [
        (SEP1, 72, "confirmed"),
        (SEP1, 71.9, "provisional"),
        (replace(SEP1, infection="documented"), 0, "confirmed"),
    ],
)
def test_it_says_itself_from_when_on_time_changes_nothing(policy, hours, status):
    timeline = timeline_of(DOCUMENTED, *INFLAMED, FAILING)
    now = NOON + timedelta(hours=hours)
    (found,) = severe_sepsis(timeline, policy=policy, now=now)
    assert found.status == status
    assert (now >= found.final_at) is (status == "confirmed")


@pytest.mark.parametrize(
    ("lactate", "hours", "status", "final"),
    [
        (4.0, 71, "provisional", 72),
        (4.0, 72, "confirmed", 72),
        (3.9, 72, "provisional", None),
    ],
)
def test_shock_is_confirmed_where_it_is_known_and_time_zero_is_final(
    lactate, hours, status, final
):
    found = shock(("lactate", 1, lactate), now=NOON + timedelta(hours=hours))
    assert found.status == status
    assert found.final_at == (None if final is None else NOON + timedelta(hours=final))


# -- shock ---------------------------------------------------------------------

SEVERE = (DOCUMENTED, *INFLAMED, ("creatinine", 0, 3.0), ("weight", -1, 70.0))


def shock(*told, facts=(), now=None):
    timeline = timeline_of(*SEVERE, *told, facts=facts)
    (sepsis,) = severe_sepsis(timeline, now=now)
    return septic_shock(timeline, sepsis, now=now)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([("lactate", 1, 4.0)], TRUE),
        ([("lactate", 1, 3.9)], FALSE),
        ([("lactate", 1, 3.9), ("lactate", 2, 5.0)], FALSE),
        ([("lactate", -6, 4.0)], TRUE),
        ([("lactate", 3, 4.0)], TRUE),
        ([("lactate", 3.1, 4.0)], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_an_initial_lactate_of_four(told, expected):
    assert shock(*told).by_lactate is expected


def crystalloid(hour, volume):
    return fact(
        Fluid,
        f"f{hour}",
        hour,
        direction="in",
        substance="crystalloid",
        volume_ml=float(volume),
    )


@pytest.mark.parametrize(
    ("volumes", "pressures", "expected"),
    [
        ([2100], [(1.5, 80), (2, 85)], TRUE),
        ([2100], [(1.5, 80), (2, 95)], FALSE),
        ([2100], [(1.5, 80)], UNKNOWN),
        ([2099], [(1.5, 80), (2, 85)], UNKNOWN),
        ([2100], [(1.5, 80), (2.1, 80)], UNKNOWN),
        ([2100], [], UNKNOWN),
    ],
)
def test_low_pressure_in_the_hour_after_the_fluids(volumes, pressures, expected):
    fluids = [crystalloid(1, volume) for volume in volumes]
    read = [("sbp", hour, float(value)) for hour, value in pressures]
    assert shock(*read, facts=fluids).by_pressure is expected


def test_without_a_weight_the_fluids_tell_nothing():
    timeline = timeline_of(
        *SEVERE[:-1],
        ("sbp", 1.5, 80.0),
        ("sbp", 2, 80.0),
        facts=[crystalloid(1, 9000)],
    )
    (sepsis,) = severe_sepsis(timeline)
    assert septic_shock(timeline, sepsis).by_pressure is UNKNOWN


def test_shock_is_either_and_since_the_sign_that_tells_it():
    found = shock(("lactate", -2, 5.0))
    assert (found.shock, found.by_pressure) == (TRUE, UNKNOWN)
    assert found.at == NOON
    assert found.evidence == ("e5",)
