from __future__ import annotations

from datetime import timedelta

import numpy as np

from streams.simulate.afterwards import afterwards
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import ground_truth, hospital, patients
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.events import (
    Assessment,
    CultureCollected,
    CultureResult,
    Death,
    Infusion,
    Location,
    Measurement,
    Medication,
)


AFTER_DEATH = {
    "culture_result", "correction", "cancellation", "encounter", "location",
    "condition", "death",
}  # fmt: skip


def _measured(events, concept):
    return [
        e
        for e in events
        if isinstance(e, Measurement) and e.concept == concept and not e.flags
    ]


def test_the_pressure_falls_before_a_vasopressor_starts(month) -> None:
    started = 0
    for events in month.events.values():
        pressures = _measured(events, "map")
        for event in events:
            if isinstance(event, Infusion) and event.phase == "started":
                started += 1
                since = event.happened_at - HOUR
                before = [
                    p for p in pressures if since <= p.happened_at < event.happened_at
                ]
                assert min(p.value for p in before) < 65
    assert started > 10


def test_the_pressure_answers_to_the_vasopressor(month) -> None:
    held = []
    for events in month.events.values():
        drip = [e for e in events if isinstance(e, Infusion)]
        stops = [e.happened_at for e in drip if e.phase == "stopped"]
        starts = [e.happened_at for e in drip if e.phase == "started"]
        if starts and stops:
            held += [
                p.value
                for p in _measured(events, "map")
                if starts[0] + HOUR < p.happened_at < stops[0]
            ]
    assert 60 < np.median(held) < 72


def test_an_infusion_starts_once_changes_within_and_stops_once(month) -> None:
    for events in month.events.values():
        drip = sorted(
            (e for e in events if isinstance(e, Infusion)), key=lambda e: e.happened_at
        )
        if not drip:
            continue
        assert [e.phase for e in drip] == [
            "started", *["changed"] * (len(drip) - 2), "stopped",
        ]  # fmt: skip
        assert len({e.infusion_id for e in drip}) == 1
        for event in drip:
            assert event.stay is not None
            assert (event.rate is None) == (event.weight_kg is None)
            assert event.phase == "stopped" or event.rate is None or event.rate > 0


def test_some_drips_begin_before_anybody_knows_the_weight(month) -> None:
    rates = [
        e.rate
        for events in month.events.values()
        for e in events
        if isinstance(e, Infusion) and e.phase == "started"
    ]
    assert any(rate is not None for rate in rates)
    config = HospitalConfig(
        seed=4, duration=6 * DAY, sepsis_share=0.6, missing_weight_share=1.0
    )
    unweighed = [
        e.rate
        for m in hospital(config)
        for e in m.events
        if isinstance(e, Infusion) and e.phase == "started"
    ]
    assert unweighed
    assert set(unweighed) == {None}


def test_nothing_happens_to_the_dead_but_results_and_papers(month) -> None:
    deaths = 0
    for name, events in month.events.items():
        died = [e.happened_at for e in events if isinstance(e, Death)]
        assert len(died) <= 1
        for moment in died:
            deaths += 1
            late = {e.kind for e in events if e.happened_at > moment}
            assert late <= AFTER_DEATH, name
    assert deaths > 10


def test_nothing_is_done_to_who_went_home_but_results_papers_and_visits(month) -> None:
    for name, events in month.events.items():
        left = month.truth[name].discharged_at
        if left is not None:
            late = {e.kind for e in events if e.happened_at > left}
            assert late <= AFTER_DEATH | {"vital_status"}, name


def test_nothing_is_done_before_arrival(month) -> None:
    for name, events in month.events.items():
        arrival = month.truth[name].admitted_at
        assert min(e.happened_at for e in events) >= arrival


def test_a_patient_is_in_one_unit_at_a_time(month) -> None:
    for events in month.events.values():
        moves = sorted(
            (e for e in events if isinstance(e, Location)),
            key=lambda e: (e.happened_at, e.phase == "entered"),
        )
        phases = [e.phase for e in moves]
        assert phases == ["entered", "left"] * (len(moves) // 2)
        for come, gone in zip(moves[::2], moves[1::2], strict=True):
            assert (come.ward, come.stay) == (gone.ward, gone.stay)
            assert (come.level == "icu") == (come.stay is not None)


def test_what_happens_in_an_icu_stay_happens_within_it(month) -> None:
    for events in month.events.values():
        moves = [
            e.happened_at
            for e in events
            if isinstance(e, Location) and e.level == "icu"
        ]
        for event in events:
            if event.stay is not None:
                second = timedelta(seconds=1)
                assert min(moves) - second <= event.happened_at <= max(moves) + second


def test_the_parts_of_the_coma_scale_are_charted_together(month) -> None:
    sets = {}
    for events in month.events.values():
        for e in events:
            if isinstance(e, Assessment) and e.concept.startswith("gcs_"):
                sets.setdefault(e.event_id.partition(":")[0], {})[e.concept] = e.value
    assert all(len(parts) == 3 for parts in sets.values())
    assert {sum(parts.values()) for parts in sets.values()} >= {13.0, 14.0, 15.0}


def test_diastolic_mean_and_systolic_pressure_stand_in_order(month) -> None:
    for message in month.messages:
        found = {
            e.concept: e.value
            for e in message.events
            if isinstance(e, Measurement) and not e.flags
        }
        if "map" in found:
            assert found["dbp"] <= found["map"] <= found["sbp"]


def test_a_dose_follows_its_order(month) -> None:
    for events in month.events.values():
        ordered = {
            e.order_id: e.happened_at
            for e in events
            if isinstance(e, Medication) and e.stage == "ordered"
        }
        for e in events:
            if isinstance(e, Medication) and e.antimicrobial and e.stage == "given":
                assert ordered[e.order_id] < e.happened_at


def test_an_organism_is_named_only_by_a_final_positive_report(month) -> None:
    grown = 0
    for name, events in month.events.items():
        truth = month.truth[name]
        for e in events:
            if isinstance(e, CultureResult) and e.organism is not None:
                assert e.status == "final"
                assert e.positive
                contaminant = "COAGULASE NEGATIVE" in e.organism
                grown += not contaminant
                assert contaminant or (truth.grows and e.organism == truth.organism)
    assert grown > 20


def test_the_death_of_the_record_is_the_true_one(month) -> None:
    for name, events in month.events.items():
        truth = month.truth[name]
        died = [e for e in events if isinstance(e, Death)]
        assert [e.happened_at for e in died] == (
            [] if truth.died_at is None else [truth.died_at]
        )
        alive = [e.happened_at for e in events if e.kind == "vital_status"]
        assert truth.died_at is None or all(at < truth.died_at for at in alive)


def test_whether_most_are_alive_on_day_28_can_be_told(month) -> None:
    told = [
        (t.died_at is not None)
        or (
            t.last_alive_at is not None
            and t.last_alive_at >= t.discharged_at + 28 * DAY
        )
        for t in month.truth.values()
    ]
    assert 0.8 < sum(told) / len(told) < 0.97


def test_shares_and_mortality_are_those_asked_for() -> None:
    config = HospitalConfig(
        seed=12, duration=120 * DAY, ward_beds=2000, icu_beds=800,
        sepsis_share=0.4, infection_share=0.2, mortality_sepsis=0.2,
    )  # fmt: skip
    truth = list(ground_truth(config))
    septic = [t for t in truth if t.septic]
    assert abs(len(septic) / len(truth) - 0.4) < 0.06
    late = sum(t.hospital_onset for t in septic) / len(septic)
    assert abs(late - config.hospital_onset_share) < 0.08
    expected = 0.35 * config.mortality_shock + 0.65 * config.mortality_sepsis
    dead = sum(t.discharged_at is None for t in septic) / len(septic)
    assert abs(dead - expected) < 0.08


def test_an_organism_can_be_made_rare() -> None:
    names = ("ESCHERICHIA COLI", "KLEBSIELLA PNEUMONIAE")
    config = HospitalConfig(
        seed=1, duration=30 * DAY, organism_mix=tuple((name, 0.0) for name in names)
    )
    assert not {t.organism for t in ground_truth(config)} & set(names)


def test_the_chronically_ill_have_a_baseline_above_zero(month) -> None:
    failing = {"kidney_failure", "cirrhosis", "thrombocytopenia"}
    for truth in month.truth.values():
        assert (truth.baseline_sofa > 0) == bool(failing & set(truth.chronic))


def test_who_died_in_hospital_has_no_afterwards() -> None:
    config = HospitalConfig(seed=1, duration=20 * DAY, sepsis_share=0.6)
    for patient in patients(config):
        after = afterwards(config, patient)
        if patient.course.dies:
            assert after.contacts == ()
            assert after.died_at is None


def test_every_specimen_has_its_time_of_collection_in_the_stay(month) -> None:
    for name, events in month.events.items():
        truth = month.truth[name]
        end = truth.discharged_at or truth.died_at
        for e in events:
            if isinstance(e, CultureCollected):
                assert truth.admitted_at <= e.happened_at <= end
