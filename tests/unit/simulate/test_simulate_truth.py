"""What was planned must show in what was charted, and only there.

The windows are those of Sepsis-3 (Seymour 2016): a culture within 24 hours after the
antimicrobial or the antimicrobial within 72 hours after the culture; two points within
48 hours before to 24 hours after the earlier of the two.
"""

from __future__ import annotations

from datetime import datetime

from streams.simulate.config import HospitalConfig
from streams.simulate.ground_truth import GroundTruth
from streams.simulate.hospital import ground_truth
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.events import (
    Assessment,
    Cancellation,
    CultureCollected,
    Event,
    Infusion,
    Measurement,
    Medication,
)


def _suspicion(events: list[Event]) -> datetime | None:
    lost = {e.cancels for e in events if isinstance(e, Cancellation)}
    cultures = [
        e.happened_at
        for e in events
        if isinstance(e, CultureCollected) and e.event_id not in lost
    ]
    doses = [
        e.happened_at
        for e in events
        if isinstance(e, Medication) and e.stage == "given" and e.antimicrobial
    ]
    pairs = [
        min(culture, dose)
        for culture in cultures
        for dose in doses
        if -24 * HOUR <= dose - culture <= 72 * HOUR
    ]
    return min(pairs, default=None)


def _abnormal(event: Event, truth: GroundTruth) -> int:
    """The points one charted value gives beyond what the chronically ill have."""
    if isinstance(event, Infusion):
        return 3 if event.phase == "started" else 0
    if isinstance(event, Assessment) and event.concept == "gcs_motor":
        return 1 if (event.value or 6) < 6 else 0
    if not isinstance(event, Measurement) or event.value is None or event.flags:
        return 0
    value, chronic = event.value, set(truth.chronic)
    points = {
        "map": value < 70,
        "creatinine": ((value >= 1.2) + (value >= 2.0))
        * ("kidney_failure" not in chronic),
        "bilirubin_total": ((value >= 1.2) + (value >= 2.0))
        * ("cirrhosis" not in chronic),
        "platelets": ((value < 150) + (value < 100))
        * ("thrombocytopenia" not in chronic),
    }
    return int(points.get(event.concept, 0))


def _points_around(events: list[Event], truth: GroundTruth, at: datetime) -> int:
    """The worst of each kind of value within the window, summed; breathing by P/F."""
    worst: dict[str, int] = {}
    gases: dict[str, dict[str, float]] = {}
    for e in events:
        if not at - 48 * HOUR <= e.happened_at <= at + 24 * HOUR:
            continue
        name = getattr(e, "concept", e.kind)
        worst[name] = max(worst.get(name, 0), _abnormal(e, truth))
        if isinstance(e, Measurement) and e.concept in {"pao2", "fio2"} and e.value:
            gases.setdefault(e.specimen_id or "", {})[e.concept] = e.value
    ratios = [
        100 * g["pao2"] / g["fio2"]
        for g in gases.values()
        if {"pao2", "fio2"} <= set(g)
    ]
    lung = min(ratios, default=500.0)
    return sum(worst.values()) + (lung < 400) + (lung < 300)


def test_the_septic_are_suspected_and_their_organs_fail_in_the_window(month) -> None:
    septic = [t for t in month.truth.values() if t.septic]
    assert len(septic) > 60
    for truth in septic:
        events = month.events[truth.patient]
        at = _suspicion(events)
        assert at is not None, truth
        assert abs(at - truth.recognised_at) <= 2 * HOUR, truth
        assert _points_around(events, truth, at) >= 2, truth


def test_the_others_mostly_show_no_sepsis(month) -> None:
    others = [t for t in month.truth.values() if not t.septic]
    false = 0
    for truth in others:
        events = month.events[truth.patient]
        at = _suspicion(events)
        false += at is not None and _points_around(events, truth, at) >= 3
    assert false < len(others) * 0.1


def test_organs_fail_within_a_day_of_recognition_or_not_at_all() -> None:
    config = HospitalConfig(
        seed=1, duration=90 * DAY, ward_beds=999, icu_beds=999, sepsis_share=0.6,
        infection_share=0.4,
    )  # fmt: skip
    for truth in ground_truth(config):
        if truth.septic:
            assert truth.dysfunction_at <= truth.recognised_at + 24 * HOUR, truth
        else:
            assert truth.peak_sofa == truth.baseline_sofa, truth


def test_the_uninfected_are_seldom_suspected(month) -> None:
    others = [t for t in month.truth.values() if t.infection == "none"]
    suspected = [t for t in others if _suspicion(month.events[t.patient]) is not None]
    assert 0 < len(suspected) < len(others) * 0.15
    assert all(t.recognised_at is not None for t in suspected)


def test_the_moments_of_the_truth_stand_in_order(month) -> None:
    for truth in month.truth.values():
        if truth.septic:
            assert truth.infection_at < truth.dysfunction_at
            assert truth.hospital_onset == (truth.infection_at > truth.admitted_at)
            assert truth.peak_sofa >= truth.baseline_sofa + 2
        else:
            assert truth.dysfunction_at is None
            assert truth.shock_at is None
        assert (truth.shock_at is not None) == (truth.infection == "septic_shock")
        assert (truth.organism is None) == (truth.infection == "none")


def test_shock_shows_as_a_vasopressor_and_a_lactate_above_two(month) -> None:
    shocked = [t for t in month.truth.values() if t.shock_at is not None]
    assert len(shocked) > 15
    shown = 0
    for truth in shocked:
        events = month.events[truth.patient]
        drips = [e.happened_at for e in events if isinstance(e, Infusion)]
        acids = [
            e.happened_at
            for e in events
            if isinstance(e, Measurement) and e.concept == "lactate" and e.value > 2
        ]
        assert drips, truth
        shown += any(abs(d - a) <= 24 * HOUR for d in drips for a in acids)
    assert shown >= 0.9 * len(shocked)


def test_death_within_days_counts_from_the_moment_named(month) -> None:
    dead = next(t for t in month.truth.values() if t.died_at is not None)
    assert dead.died_within(1, of=dead.died_at)
    assert not dead.died_within(28, of=dead.died_at - 29 * 24 * HOUR)
