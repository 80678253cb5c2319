"""Blood gases with the oxygen they were taken under.

mimic-code `bg.sql`: PaO2 and FiO2 of one specimen; where the laboratory gives no FiO2,
the last one charted within the hours before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.clinical.scores.chart import Chart, back
from streams.clinical.scores.inspired import LOWEST_PERCENT, oxygen_percent
from streams.vocabulary.events import Measurement


@dataclass(frozen=True, slots=True)
class Gas:
    """One arterial gas: PaO2/FiO2 in mmHg, None where FiO2 is not known."""

    at: datetime
    ratio: float | None
    evidence: tuple[str, ...]


def arterial_gases(chart: Chart, after: datetime, until: datetime) -> list[Gas]:
    """The arterial gases of the patient, whatever stay they are filed under."""
    found: dict[str, Measurement] = {}
    for fact in chart.numbers("pao2", after, until):
        specimen = fact.specimen_id or fact.event_id
        best = found.get(specimen)
        if best is None or (fact.value or 0.0) > (best.value or 0.0):
            found[specimen] = fact
    return [_gas(chart, pao2) for pao2 in found.values() if _is_arterial(chart, pao2)]


def _is_arterial(chart: Chart, pao2: Measurement) -> bool:
    said = [f.text for f in _companions(chart, "blood_gas_specimen", pao2) if f.text]
    specimen = max(said, default=pao2.specimen)
    return specimen in chart.policy.arterial


def _gas(chart: Chart, pao2: Measurement) -> Gas:
    fio2 = _fio2_of_specimen(chart, pao2) or _fio2_charted(chart, pao2.happened_at)
    if fio2 is None or pao2.value is None:
        return Gas(pao2.happened_at, None, (pao2.event_id,))
    percent, charted = fio2
    ratio = 100 * pao2.value / percent
    return Gas(pao2.happened_at, ratio, (pao2.event_id, charted.event_id))


_Oxygen = tuple[float, Measurement]
"""Per cent, and what says so."""


def _fio2_of_specimen(chart: Chart, pao2: Measurement) -> _Oxygen | None:
    """The gas's own; of exactly 20 % mimic-code takes the charted one for it."""
    found = [
        (percent, f)
        for f in _companions(chart, "fio2", pao2)
        if chart.counts(f.code)
        and (percent := _percent(f)) is not None
        and percent > LOWEST_PERCENT
    ]
    return max(found, key=lambda one: one[0], default=None)


def _fio2_charted(chart: Chart, at: datetime) -> _Oxygen | None:
    since = back(at - chart.policy.fio2_reach)
    found = [
        (percent, f)
        for f in chart.numbers("fio2", since, at)
        if f.method != "blood_gas" and (percent := _percent(f)) is not None
    ]
    return max(found, key=lambda one: (one[1].happened_at, one[0]), default=None)


def _percent(fio2: Measurement) -> float | None:
    return None if fio2.value is None else oxygen_percent(fio2.value)


def _companions(chart: Chart, concept: str, pao2: Measurement) -> list[Measurement]:
    """What else was measured in the same specimen."""
    if pao2.specimen_id is None:
        return []
    at = pao2.happened_at
    lane = f"measurement:{concept}"
    found = chart.timeline.between(Measurement, lane, back(at), at)
    return [f for f in found if f.specimen_id == pao2.specimen_id]
