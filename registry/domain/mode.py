"""What a registry may do: alert, randomise, or only watch.

| mode   | may alert and randomise on facts that are |
| ------ | ----------------------------------------- |
| demo   | simulated                                 |
| silent | none                                      |
| live   | live                                      |

History never pages and never randomises, in no mode.
"""

from __future__ import annotations

from enum import StrEnum

from streams.vocabulary.messages import Provenance


class Mode(StrEnum):
    """How a registry is run; `silent` until somebody says otherwise."""

    DEMO = "demo"
    """A show: acts on simulated facts only."""
    SILENT = "silent"
    """Watches, stores and counts; never acts."""
    LIVE = "live"
    """Acts on live facts only."""


class Suppression(StrEnum):
    """Why an alert was stored and not sent."""

    MODE_SILENT = "mode_silent"
    """The registry only watches."""
    PROVENANCE_HISTORY = "provenance_history"
    """The verdict rests on replayed or backfilled facts."""
    PROVENANCE_SIMULATED = "provenance_simulated"
    """The verdict rests on simulated facts, in a live registry."""
    PROVENANCE_LIVE = "provenance_live"
    """The verdict rests on live facts, in a demo."""


def may_run(evidence: str | None, mode: Mode) -> bool:
    """Whether a protocol of this evidence may be in force in this mode.

    In `live` only what is verified; what is partial in `silent` alone, for there a
    criterion nobody encoded harms nobody.
    """
    if mode is Mode.LIVE:
        return evidence == "verified"
    return evidence != "partial" or mode is Mode.SILENT


_ACTS_ON: dict[Mode, Provenance] = {Mode.DEMO: "simulated", Mode.LIVE: "live"}

_REASONS: dict[Provenance, Suppression] = {
    "history": Suppression.PROVENANCE_HISTORY,
    "simulated": Suppression.PROVENANCE_SIMULATED,
    "live": Suppression.PROVENANCE_LIVE,
}


def suppression(mode: Mode, provenance: Provenance) -> Suppression | None:
    """Why nobody may be alerted or randomised; None where one may."""
    if mode is Mode.SILENT:
        return Suppression.MODE_SILENT
    return None if _ACTS_ON[mode] == provenance else _REASONS[provenance]
