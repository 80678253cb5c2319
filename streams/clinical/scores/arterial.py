"""Which values were measured in arterial blood."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from streams.clinical.scores.bedside import Observed
from streams.clinical.scores.chart import back
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Measurement


def arterial_values(
    timeline: Timeline,
    values: Sequence[Observed],
    *,
    arterial: Collection[str],
    beside: str | None = None,
) -> list[Observed]:
    """Those whose specimen is called so, and that stand beside a value of `beside`.

    What was charted of the specimen (`blood_gas_specimen`) goes before the fluid that
    the laboratory's catalogue names.
    """
    return [
        value
        for value in values
        if isinstance(fact := timeline.fact(value.evidence[0]), Measurement)
        and specimen_name(timeline, fact) in arterial
        and (beside is None or _has(timeline, beside, fact))
    ]


def specimen_name(timeline: Timeline, fact: Measurement) -> str | None:
    """What the specimen of a measurement is called."""
    said = [f.text for f in _companions(timeline, "blood_gas_specimen", fact) if f.text]
    return max(said, default=fact.specimen)


def _has(timeline: Timeline, concept: str, fact: Measurement) -> bool:
    companions = _companions(timeline, concept, fact)
    return any(companion.value is not None for companion in companions)


def _companions(
    timeline: Timeline, concept: str, fact: Measurement
) -> list[Measurement]:
    """What else was measured in the same specimen."""
    if fact.specimen_id is None:
        return []
    at, lane = fact.happened_at, f"measurement:{concept}"
    found = timeline.between(Measurement, lane, back(at), at)
    return [f for f in found if f.specimen_id == fact.specimen_id]
