"""Whatever hospital is asked for, its record hangs together."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import ground_truth, hospital
from streams.vocabulary.events import Cancellation, Correction
from streams.vocabulary.messages import EHR_MESSAGE, decode, encode


share = st.floats(0, 1)

hospitals = st.builds(
    HospitalConfig,
    seed=st.integers(0, 2**32),
    duration=st.integers(6, 48).map(lambda h: timedelta(hours=h)),
    ward_beds=st.integers(1, 40),
    icu_beds=st.integers(1, 10),
    admissions_per_day=st.floats(1, 12),
    sepsis_share=st.floats(0, 0.6),
    infection_share=st.floats(0, 0.4),
    hospital_onset_share=share,
    shock_share=share,
    elective_share=share,
    chronic_share=share,
    rule_out_share=share,
    mortality_other=share,
    mortality_sepsis=share,
    mortality_shock=share,
    late_mortality=share,
    lost_share=share,
    transit_share=share,
    duplicate_share=share,
    corrected_share=share,
    late_share=share,
    missing_weight_share=share,
    implausible_share=share,
    unknown_pregnancy_share=share,
    icu_vitals_every=st.integers(15, 240).map(lambda m: timedelta(minutes=m)),
)

few = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@few
@given(hospitals)
def test_the_record_is_in_order_and_looks_never_ahead(config: HospitalConfig) -> None:
    last = config.start
    for message in hospital(config):
        assert last <= message.known_at
        last = message.known_at
        assert message.events
        for event in message.events:
            assert config.start <= event.happened_at <= event.known_at
            assert event.known_at <= message.known_at


@few
@given(hospitals)
def test_what_is_revised_was_sent_and_all_of_it_can_be_written(
    config: HospitalConfig,
) -> None:
    sent: set[str] = set()
    named: set[str] = set()
    for message in hospital(config):
        assert decode(EHR_MESSAGE, encode(EHR_MESSAGE, message)) == message
        for event in message.events:
            sent.add(event.event_id)
            if isinstance(event, Correction):
                named.add(event.corrects)
            elif isinstance(event, Cancellation):
                named.add(event.cancels)
    assert named <= sent


@few
@given(hospitals)
def test_nobody_is_treated_once_dead(config: HospitalConfig) -> None:
    died = {t.patient: t.died_at for t in ground_truth(config)}
    living = {"measurement", "assessment", "medication", "infusion", "fluid",
              "respiratory_support", "procedure", "culture_collected", "code_status",
              "vital_status", "allergy", "pregnancy"}  # fmt: skip
    for message in hospital(config):
        moment = died[message.patient]
        for event in message.events:
            if moment is not None and event.kind in living:
                assert event.happened_at <= moment


@few
@given(hospitals)
def test_septic_organs_fail_whatever_the_hospital(config: HospitalConfig) -> None:
    for truth in ground_truth(config):
        assert truth.septic == (truth.dysfunction_at is not None)
        assert not truth.septic or truth.peak_sofa >= truth.baseline_sofa + 2
