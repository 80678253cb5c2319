"""Looked for from the end, or kept by hours, the answer is that of reading it all."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.clinical.definitions.policies import EMBER, MIMIC
from streams.clinical.scores.bedside import BedsidePolicy, decisive, observed, picked
from streams.clinical.scores.bedside import Window as Stretch
from streams.clinical.scores.gcs_sedation import (
    SedationPolicy,
    glasgow_scale,
    last_glasgow,
)
from streams.clinical.scores.hours import hour_of
from streams.clinical.scores.pressure import mean_pressure, mean_pressures
from streams.clinical.scores.sheet import Sheet
from streams.clinical.scores.sofa_day import day_at
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Assessment, Fluid, Infusion, Measurement
from streams.vocabulary.facts import Flag


MIDNIGHT = datetime(2150, 3, 1, tzinfo=UTC)
HALF_HOURS = 2 * 48

MEASURED = ("map", "sbp", "dbp", "heart_rate", "platelets", "creatinine", "pao2")
CHARTED = ("gcs_eye", "gcs_verbal", "gcs_motor", "gcs_total", "heart_rate")

moments = st.integers(0, HALF_HOURS).map(lambda n: MIDNIGHT + n * timedelta(minutes=30))


@st.composite
def facts(draw, name):
    at = draw(moments)
    common = {"event_id": name, "happened_at": at, "known_at": at}
    match draw(st.integers(0, 9)):
        case 0:
            return Infusion(
                **common,
                drug=draw(st.sampled_from(["propofol", "norepinephrine"])),
                phase=draw(st.sampled_from(["started", "changed", "stopped"])),
                infusion_id=draw(st.sampled_from(["a", "b"])),
                rate=draw(st.sampled_from([None, 0.0, 0.2])),
            )
        case 1:
            volume = draw(st.sampled_from([0.0, 40.0, 900.0]))
            return Fluid(**common, substance="urine", direction="out", volume_ml=volume)
        case 2 | 3 | 4:
            return Assessment(
                **common,
                concept=draw(st.sampled_from(CHARTED)),
                value=draw(st.sampled_from([None, 1.0, 4.0])),
                text=draw(st.sampled_from([None, "No Response-ETT"])),
            )
    return Measurement(
        **common,
        concept=draw(st.sampled_from(MEASURED)),
        value=draw(st.sampled_from([None, 30.0, 65.0, 120.0])),
        comparator=draw(st.sampled_from([None, None, "<"])),
        specimen="arterial",
        stay=draw(st.sampled_from([None, "s"])),
        flags=draw(st.sampled_from([(), (), (Flag.IMPLAUSIBLE,)])),
    )


@st.composite
def timelines(draw):
    timeline = Timeline()
    for number in range(draw(st.integers(0, 25))):
        timeline.apply(draw(facts(f"e{number}")), "m")
    return timeline


@pytest.mark.parametrize(
    "policy",
    [
        BedsidePolicy(name="test"),
        BedsidePolicy(name="test", implausible="leave_out"),
        BedsidePolicy(name="test", per_moment="mean"),
        BedsidePolicy(name="test", pick="worst"),
    ],
)
@given(timelines(), moments, st.sampled_from([None, "s"]))
def test_what_decides_at_the_bedside_is_the_last_of_all_values(
    policy, timeline, at, stay
):
    window = Stretch(at - timedelta(hours=12), at, stay)
    for concept in ("heart_rate", "map"):
        every = observed(timeline, concept, window, policy)
        told = decisive(timeline, concept, window, policy)
        assert list(told) == list(picked(every, policy))


@pytest.mark.parametrize(
    "reading", ["pre_sedation", "assume_normal", "as_charted", "motor_only", "unknown"]
)
@given(timelines(), moments)
def test_the_last_coma_scale_is_the_last_of_all(reading, timeline, at):
    policy = SedationPolicy(gcs_sedation=reading)
    after = at - timedelta(hours=12)
    every = glasgow_scale(timeline, after, at, policy=policy)
    last = [one for one in every if one.at == every[-1].at]
    assert list(last_glasgow(timeline, after, at, policy=policy)) == last


@given(timelines(), moments)
def test_the_last_mean_pressure_is_the_last_of_all(timeline, at):
    every = mean_pressures(timeline, at - timedelta(hours=12, microseconds=1), at)
    assert mean_pressure(timeline, at) == (every[-1] if every else None)


@pytest.mark.parametrize("policy", [EMBER.sofa, MIMIC.sofa], ids=["ember", "mimic"])
@given(timelines(), moments)
def test_the_day_at_a_moment_is_that_of_its_24_rows(policy, timeline, at):
    sheet = Sheet(timeline, policy, now=at)
    assert day_at(timeline, policy, at) == sheet.day(hour_of(at), at)
