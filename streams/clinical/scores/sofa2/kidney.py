"""Kidney: creatinine, urine, renal replacement and its criteria (o, p, q)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf

from streams.clinical.criteria.intervals import compare
from streams.clinical.scores.points import BandAbove
from streams.clinical.scores.score import worst_of
from streams.clinical.scores.sofa2.diuresis import Passed, Stretch, passed
from streams.clinical.scores.sofa2.window import (
    MOST,
    Device,
    Organ,
    Table,
    Window,
    certain,
    factor_of,
)
from streams.clinical.scores.values import Value
from streams.vocabulary.messages import Component
from streams.vocabulary.quantities import Operator
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of, truth


NAME = "kidney"

CREATININE = Table(
    conventional=(
        BandAbove(-inf, 1.2, 0),
        BandAbove(1.2, 2.0, 1),
        BandAbove(2.0, 3.5, 2),
        BandAbove(3.5, inf, 3),
    ),
    si=(
        BandAbove(-inf, 110, 0),
        BandAbove(110, 170, 1),
        BandAbove(170, 300, 2),
        BandAbove(300, inf, 3),
    ),
    si_units=frozenset({"umol/L"}),
    factor=factor_of("creatinine"),
)
"""mg/dL or umol/L; a cut-off belongs to the better band."""

WITHOUT_REPLACEMENT = 3
"""The most that creatinine and urine can score."""

LOW, VERY_LOW = 0.5, 0.3
"""mL/kg/h."""

POTASSIUM, PH, BICARBONATE = 6.0, 7.20, 12.0
"""mmol/L; no unit; mmol/L: what makes a failing kidney one to replace (p)."""


def kidney(window: Window) -> Organ:
    """Replacement, then its criteria; else the worse of creatinine and urine."""
    replaced = _replaced(window)
    if replaced:
        return Organ(certain(NAME, MOST, *replaced))
    values = window.results("creatinine", window.policy.kidney_reach)
    creatinine = [window.scored(NAME, value, CREATININE) for value in values]
    rows = passed(window)
    urine, untold = _urine(rows)
    met, evidence, lacking = _criteria(window, creatinine, rows)
    if met is TRUE:
        return Organ(certain(NAME, MOST, *evidence))
    missing = (() if creatinine else ("creatinine",)) + untold
    upper = MOST if met is UNKNOWN else WITHOUT_REPLACEMENT if missing else 0
    worst = worst_of(NAME, creatinine + urine, most=MOST)
    component = replace(worst, upper=max(worst.upper, upper))
    if not creatinine and not urine:
        component = replace(worst, upper=upper)
    return Organ(component, missing + tuple(n for n in lacking if n not in missing))


# -- urine ---------------------------------------------------------------------


def _urine(rows: Sequence[Passed]) -> tuple[list[Component], tuple[str, ...]]:
    """What the stretches are worth, and what is missing to tell all of them."""
    six = [row.six for row in rows if row.six is not None]
    twelve = [row.twelve for row in rows if row.twelve is not None]
    day = [row.day for row in rows if row.day is not None]
    parts = [
        *((_points(s, LOW, 1), s) for s in six),
        *((_points(s, LOW, 2), s) for s in twelve),
        *((_points(s, VERY_LOW, 3), s) for s in day),
    ]
    unweighed = any(points is None for points, _ in parts)
    parts += [(3, s) for s in twelve if s.millilitres <= 0]
    told = _worst_stretch(parts)
    if not (six and twelve and day):
        return told, ("urine",)
    return told, ("weight",) if unweighed else ()


def _points(stretch: Stretch, below: float, points: int) -> int | None:
    if stretch.per_kg_h is None:
        return None
    return points if stretch.per_kg_h < below else 0


def _worst_stretch(parts: Sequence[tuple[int | None, Stretch]]) -> list[Component]:
    """The last of those with most points: of a hundred one is worth a component."""
    most = max([points for points, _ in parts if points is not None], default=None)
    if most is None:
        return []
    decides = next(s for points, s in reversed(parts) if points == most)
    return [certain(NAME, most, *decides.evidence)]


# -- replacement ---------------------------------------------------------------


def _replaced(window: Window) -> tuple[str, ...]:
    """The events that say so: running, chronic, or on a day off (q)."""
    policy = window.policy
    running = window.running(policy.rrt)
    off = [] if running else _on_a_day_off(window)
    found = [device.evidence for device in running or off]
    chronic = window.on_record(policy.chronic_rrt)
    return tuple(found) or (() if chronic is None else (chronic,))


def _on_a_day_off(window: Window) -> list[Device]:
    policy = window.policy
    ended = [device.start for device in window.devices(policy.rrt_ended)]
    since = window.start - policy.rrt_off
    return [
        device
        for device in window.devices(policy.rrt_with_off_days)
        if device.runs_in(since, window.start)
        and not any(
            (device.end or device.start) <= moment <= window.start for moment in ended
        )
    ]


def _criteria(
    window: Window, creatinine: Sequence[Component], rows: Sequence[Passed]
) -> tuple[Truth3, tuple[str, ...], tuple[str, ...]]:
    """Whether the criteria for replacement are met (p), by what, and what lacks."""
    high = _any_meets(creatinine)
    scarce = _oliguria(window, rows)
    potassium = _reaches(window, ("potassium",), ">=", POTASSIUM)
    acid = _reaches(window, sorted(window.policy.acidosis), "<=", PH)
    base = _reaches(window, ("bicarbonate",), "<=", BICARBONATE)
    failing = any_of((high[0], scarce[0]))
    met = failing & (potassium[0] | (acid[0] & base[0]))
    said = (high, scarce, potassium, acid, base)
    evidence = tuple(dict.fromkeys(e for t, ids in said if t is TRUE for e in ids))
    names = ("creatinine", "urine", "potassium", "ph_arterial", "bicarbonate")
    lacking = tuple(
        name
        for name, (said_of, ids) in zip(names, said, strict=True)
        if met is UNKNOWN and said_of is UNKNOWN and not ids
    )
    return met, evidence, lacking


_Said = tuple[Truth3, tuple[str, ...]]
"""A truth and the events seen; without any, the input is missing."""


def _any_meets(creatinine: Sequence[Component]) -> _Said:
    """Above the first cut-off of its column; nothing measured is unknown."""
    told = [truth(None if c.lower < 1 <= c.upper else c.lower >= 1) for c in creatinine]
    ids = tuple(e for c in creatinine for e in c.evidence)
    return (any_of(told) if told else UNKNOWN), ids


def _oliguria(window: Window, rows: Sequence[Passed]) -> _Said:
    longer = window.policy.oliguria == "over_6h"
    found = [row.over_six if longer else row.six for row in rows]
    known = [s for s in found if s is not None and s.per_kg_h is not None]
    low = [s for s in known if s.per_kg_h is not None and s.per_kg_h < VERY_LOW]
    if low:
        return TRUE, tuple(e for s in low for e in s.evidence)
    if not known:
        return UNKNOWN, ()
    return FALSE, known[-1].evidence


def _reaches(
    window: Window, concepts: Iterable[str], operator: Operator, than: float
) -> _Said:
    """Whether any result of the window compares so."""
    reach = window.policy.kidney_reach
    found: list[Value] = [v for c in concepts for v in window.results(c, reach)]
    said = [compare(value.range, operator, than) for value in found]
    met = any_of(said) if said else UNKNOWN
    ids = [v.event_id for v, one in zip(found, said, strict=True) if one is met]
    return met, tuple(ids)
