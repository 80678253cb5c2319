"""Flags as revisions: what is found again is compared with what was said last.

While its definition still waits a flag is `provisional`, then `confirmed`; what changes
after that is `amended`; what no longer holds is `withdrawn`.  Nothing is overwritten:
each change is a revision, and what has been said is not said again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from streams.pipeline.state import PatientState
from streams.vocabulary.ids import revision_identity
from streams.vocabulary.messages import FlagStatus, SepsisOnset


def revisions(
    state: PatientState,
    found: Iterable[SepsisOnset],
    said: Iterable[SepsisOnset],
    now: datetime,
    *,
    gathers: bool = False,
) -> Iterator[SepsisOnset]:
    """What is to be said: of the flags `found`, and of those `said` that are not.

    `gathers`: its evidence grows with each dose and each value.  More of it for the
    same is no news, as long as what the flag was said to rest on still stands.
    """
    standing = set()
    for flag in found:
        standing.add(flag.flag_id)
        revision = _revision(state, flag, gathers=gathers)
        if revision is not None:
            yield revision
    for flag in said:
        if flag.flag_id not in standing and flag.status != "withdrawn":
            yield _withdrawn(flag, state, now)


def _revision(
    state: PatientState, found: SepsisOnset, *, gathers: bool
) -> SepsisOnset | None:
    """The next revision of a flag; None where nothing but time has passed."""
    held = state.flags.get(found.flag_id)
    if held is None:
        return _numbered(replace(found, stands_since=found.known_at), 0, found.status)
    found = replace(found, stands_since=_stands_since(held, found))
    same = _content(held) == _content(found)
    if gathers and not same and _stands(state, held):
        same = _content(held) == _content(replace(found, evidence=held.evidence))
    status = _status(held.status, found.status, same=same)
    if same and status == held.status:
        return None
    return _numbered(found, held.revision + 1, status)


def _stands_since(held: SepsisOnset, found: SepsisOnset) -> datetime:
    """Known since then without a break."""
    if held.status == "withdrawn":
        return found.known_at
    return held.stands_since or held.known_at


def _status(held: FlagStatus, found: FlagStatus, *, same: bool) -> FlagStatus:
    """What a flag that was `held` is now that it is found again."""
    if held in ("confirmed", "amended"):
        return held if same else "amended"
    return found


def _withdrawn(flag: SepsisOnset, state: PatientState, now: datetime) -> SepsisOnset:
    gone = replace(flag, known_at=now, provenance=state.provenance)
    return _numbered(gone, flag.revision + 1, "withdrawn")


def _numbered(flag: SepsisOnset, revision: int, status: FlagStatus) -> SepsisOnset:
    return replace(
        flag,
        message_id=revision_identity(flag.flag_id, revision),
        revision=revision,
        status=status,
    )


def _stands(state: PatientState, flag: SepsisOnset) -> bool:
    """Whether all that the flag was said to rest on is still on record."""
    return all(state.timeline.fact(event) is not None for event in flag.evidence)


def _content(flag: SepsisOnset) -> SepsisOnset:
    """The flag without what every revision changes by itself."""
    return replace(
        flag,
        message_id="",
        revision=0,
        status="provisional",
        known_at=flag.happened_at,
        stands_since=None,
        provenance="history",
    )
