"""Support of breathing: what a charting says, episodes, and the state at one moment.

`charted_episodes` follows mimic-code's `ventilation.sql`, `ventilator_setting.sql` and
`oxygen_delivery.sql` (MIT): lists of devices and modes, first match wins.
Some texts end in a blank there, and so they do here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.clinical.scores.chart import Chart, back
from streams.clinical.scores.hours import hours_crossed
from streams.vocabulary.events import Measurement, RespiratorySupport


_LANE = "respiratory_support"

_TRACHEOSTOMY = frozenset({"Tracheostomy tube", "Trach mask "})
_TUBE = frozenset({"Endotracheal tube"})
_INVASIVE_MODES = frozenset(
    {
        "(S) CMV",
        "APRV",
        "APRV/Biphasic+ApnPress",
        "APRV/Biphasic+ApnVol",
        "APV (cmv)",
        "Ambient",
        "Apnea Ventilation",
        "CMV",
        "CMV/ASSIST",
        "CMV/ASSIST/AutoFlow",
        "CMV/AutoFlow",
        "CPAP/PPS",
        "CPAP/PSV",
        "CPAP/PSV+Apn TCPL",
        "CPAP/PSV+ApnPres",
        "CPAP/PSV+ApnVol",
        "MMV",
        "MMV/AutoFlow",
        "MMV/PSV",
        "MMV/PSV/AutoFlow",
        "P-CMV",
        "PCV+",
        "PCV+/PSV",
        "PCV+Assist",
        "PRES/AC",
        "PRVC/AC",
        "PRVC/SIMV",
        "PSV/SBT",
        "SIMV",
        "SIMV/AutoFlow",
        "SIMV/PRES",
        "SIMV/PSV",
        "SIMV/PSV/AutoFlow",
        "SIMV/VOL",
        "SYNCHRON MASTER",
        "SYNCHRON SLAVE",
        "VOL/AC",
    }
)
_INVASIVE_HAMILTON = frozenset(
    {
        "APRV",
        "APV (cmv)",
        "Ambient",
        "(S) CMV",
        "P-CMV",
        "SIMV",
        "APV (simv)",
        "P-SIMV",
        "VS",
        "ASV",
    }
)
_MASKS = frozenset({"Bipap mask ", "CPAP mask "})
_MASK_HAMILTON = frozenset({"DuoPaP", "NIV", "NIV-ST"})
_OXYGEN = frozenset(
    {
        "Non-rebreather",
        "Face tent",
        "Aerosol-cool",
        "Venti mask ",
        "Medium conc mask ",
        "Ultrasonic neb",
        "Vapomist",
        "Oxymizer",
        "High flow neb",
        "Nasal cannula",
    }
)

_RANK = (
    "invasive",
    "tracheostomy",
    "niv",
    "cpap",
    "hfnc",
    "oxygen",
    "none",
)
"""Of several categories charted at one moment the first of these counts."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of one status, both ends included."""

    start: datetime
    end: datetime
    status: str


@dataclass(slots=True)
class _Charting:
    """What was charted of breathing at one moment."""

    device: str | None = None
    mode: str | None = None
    hamilton: str | None = None


def charted_episodes(chart: Chart) -> list[Episode]:
    """All support of this stay as mimic-code's `ventilation` tells it, by start."""
    rows = [
        (at, status)
        for at, charting in sorted(_chartings(chart).items())
        if (status := _status(charting)) is not None
    ]
    return _episodes(rows, chart.policy.ventilation_gap)


def invasive_episodes(chart: Chart) -> list[Episode]:
    """Invasive ventilation alone."""
    return [e for e in charted_episodes(chart) if e.status == "invasive"]


def latest_status(chart: Chart, moment: datetime) -> str | None:
    """The category last charted by `moment`; None where that is not known."""
    since = moment - chart.policy.ventilation_gap
    facts = [
        f
        for f in chart.of_stay(
            chart.timeline.between(RespiratorySupport, _LANE, since, moment)
        )
        if f.category in _RANK
    ]
    if not facts:
        return None
    last = facts[-1].happened_at
    said = {
        "none" if f.phase == "stopped" else f.category
        for f in facts
        if f.happened_at == last
    }
    return min((category for category in said if category is not None), key=_RANK.index)


def _chartings(chart: Chart) -> dict[datetime, _Charting]:
    rows: dict[datetime, _Charting] = {}
    devices: dict[datetime, list[RespiratorySupport]] = {}
    for fact in chart.of_stay(chart.timeline.all(RespiratorySupport, _LANE)):
        if fact.phase != "observed" or not chart.has_happened(fact):
            continue
        if fact.device is not None:
            devices.setdefault(fact.happened_at, []).append(fact)
        if fact.mode is not None:
            _note_mode(rows.setdefault(fact.happened_at, _Charting()), fact)
    for at, facts in devices.items():
        if _has_flow(chart, at):
            latest = max(facts, key=lambda f: (f.known_at, f.device or ""))
            rows.setdefault(at, _Charting()).device = latest.device
    return rows


def _note_mode(row: _Charting, fact: RespiratorySupport) -> None:
    """Of several modes at one moment the highest text counts, as SQL's `max`."""
    if fact.maker == "hamilton":
        row.hamilton = max(row.hamilton or "", fact.mode or "")
    else:
        row.mode = max(row.mode or "", fact.mode or "")


def _has_flow(chart: Chart, at: datetime) -> bool:
    flows = chart.timeline.between(Measurement, "measurement:o2_flow", back(at), at)
    return any(chart.counts(flow.code) for flow in flows)


def _status(row: _Charting) -> str | None:
    """The first case that holds; None where nothing is said."""
    invasive = (
        row.device in _TUBE
        or row.mode in _INVASIVE_MODES
        or row.hamilton in _INVASIVE_HAMILTON
    )
    cases = (
        ("tracheostomy", row.device in _TRACHEOSTOMY),
        ("invasive", invasive),
        ("niv", row.device in _MASKS or row.hamilton in _MASK_HAMILTON),
        ("hfnc", row.device == "High flow nasal cannula"),
        ("oxygen", row.device in _OXYGEN),
        ("none", row.device == "None"),
    )
    return next((status for status, holds in cases if holds), None)


def _episodes(rows: list[tuple[datetime, str]], gap: timedelta) -> list[Episode]:
    """Runs of one status; a run ends where the next begins, or with a long silence.

    A run charted only once is none, though it ends the one before it.
    """
    found: list[tuple[datetime, Episode]] = []
    last_of: dict[str, datetime] = {}
    for index, (at, status) in enumerate(rows):
        following = rows[index + 1][0] if index + 1 < len(rows) else None
        end = at if following is None or _is_long(at, following, gap) else following
        same = last_of.get(status)
        long = same is not None and _is_long(same, at, gap)
        if found and found[-1][1].status == status and not long:
            run = found[-1][1]
            found[-1] = (at, Episode(run.start, max(run.end, end), status))
        else:
            found.append((at, Episode(at, end, status)))
        last_of[status] = at
    return [run for last, run in found if run.start != last]


def _is_long(earlier: datetime, later: datetime, gap: timedelta) -> bool:
    return hours_crossed(earlier, later) >= gap.total_seconds() / 3600
