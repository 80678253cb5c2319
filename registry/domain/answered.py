"""What an act over several domains answered for one of them, and what stood then.

It is kept whatever the answer: the analysis of a domain wants to know who was not
eligible in it, and which arms could have been given, at the moment of the act.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.domain.enrolment import Gate
from registry.domain.protocol import LEAST_ARMS, DomainDesign
from streams.vocabulary.errors import ErrorCode, ProtocolError
from streams.vocabulary.messages import ScreeningStatus


class Answer(StrEnum):
    """What became of one domain."""

    DRAWN = "drawn"
    DRAWN_BEFORE = "drawn_before"
    """By an earlier act, whose arm stands."""
    NOT_ELIGIBLE = "not_eligible"
    """By the trial's rules, or with fewer than two arms left."""
    EXCLUDED = "excluded"
    """By the arm drawn in another domain, or by another trial."""
    TOO_LATE = "too_late"
    """The window is closed, or a result is waited for no longer."""
    NO_CONSENT = "no_consent"
    PAUSED = "paused"
    """The domain or the site does not recruit now, or fewer than two of its arms do."""
    NO_STOCK = "no_stock"
    """An arm that could be drawn has no kit."""
    WAITING = "waiting"
    """For a stratum, a fact, an answer or a signature."""
    SHUT = "shut"
    """By something else, which the obstacles name."""


_SAYS: tuple[tuple[Answer, frozenset[ErrorCode]], ...] = (
    (Answer.EXCLUDED, frozenset({ErrorCode.ARM_EXCLUDES, ErrorCode.CO_ENROLMENT})),
    (
        Answer.TOO_LATE,
        frozenset({ErrorCode.WINDOW_CLOSED, ErrorCode.STRATUM_TIMED_OUT}),
    ),
    (
        Answer.NO_CONSENT,
        frozenset({ErrorCode.NO_CONSENT, ErrorCode.DECLINED, ErrorCode.RECONSENT_DUE}),
    ),
    (
        Answer.PAUSED,
        frozenset(
            {
                ErrorCode.DOMAIN_CLOSED,
                ErrorCode.SITE_PAUSED,
                ErrorCode.SITE_CLOSED,
                ErrorCode.NO_GREEN_LIGHT,
            }
        ),
    ),
    (
        Answer.WAITING,
        frozenset(
            {
                ErrorCode.STRATUM_UNKNOWN,
                ErrorCode.HUMAN_ANSWER_MISSING,
                ErrorCode.NOT_ELIGIBLE,
                ErrorCode.UNKNOWN_SCREENING,
                ErrorCode.VERDICT_OUT_OF_DATE,
                ErrorCode.PROTOCOL_OUTDATED,
                ErrorCode.NOT_SIGNED,
                ErrorCode.NOT_DELEGATED,
            }
        ),
    ),
    (Answer.NO_STOCK, frozenset({ErrorCode.KITS_SHORT})),
)
"""What lasts before what passes: where several stand in the way, the first counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainAnswer:
    """One domain's answer as it is kept; only ever appended."""

    answer_id: str
    act: str
    """Names the act and its repeats; all its answers share it."""
    trial: str
    site: str
    patient: str
    participant: str | None
    """None of whom nobody asked for consent."""
    episode: str
    domain: str
    asked: str
    """The domains that were named, with commas; empty: all of the trial."""
    answer: Answer
    obstacles: tuple[tuple[str, str, str], ...]
    """Code, name and detail of what stood in the way."""
    availability: tuple[tuple[str, bool, bool | None], ...]
    """Each arm: whether it could be given, and whether to this patient; None: unknown.
    """
    randomisation_id: str | None
    """What was drawn, now or before."""
    actor: str
    at: datetime


def shut_by(gate: Gate, stood: Collection[tuple[str, bool, bool | None]]) -> Answer:
    """What a shut gate answers, with the domain's arms as they stood.

    Of facts this registry may not act on nothing else is said: none of it is awaited.
    Raises `ValueError` for an open one.
    """
    codes = {obstacle.code for obstacle in gate.obstacles}
    if not codes:
        raise ValueError(gate)
    if ErrorCode.PROVENANCE in codes:
        return Answer.SHUT
    if _never(gate):
        return Answer.NOT_ELIGIBLE
    if ErrorCode.TOO_FEW_ARMS in codes:
        may_get = [arm for arm, _, eligible in stood if eligible is not False]
        return Answer.PAUSED if len(may_get) >= LEAST_ARMS else Answer.NOT_ELIGIBLE
    return next((answer for answer, said in _SAYS if codes & said), Answer.SHUT)


def _never(gate: Gate) -> bool:
    """The rules say no, rather than that something is still to be known."""
    return any(
        one.code is ErrorCode.NOT_ELIGIBLE and one.detail == "ineligible"
        for one in gate.obstacles
    )


def availability(
    design: DomainDesign,
    *,
    status: ScreeningStatus | None,
    left: Collection[str] | None,
) -> tuple[tuple[str, bool, bool | None], ...]:
    """Each arm: whether it could be given now, and whether the patient may get it.

    `status` is the verdict with the answers counted in, None of whom nobody screened;
    `left` the arms nothing speaks against, None: every one.
    """
    return tuple(
        (
            arm,
            design.open and arm not in design.paused,
            _may_get(arm, status=status, left=left),
        )
        for arm in design.ratio
    )


def _may_get(
    arm: str, *, status: ScreeningStatus | None, left: Collection[str] | None
) -> bool | None:
    if status == "ineligible" or (left is not None and arm not in left):
        return False
    return True if status == "eligible" else None


def draw_order(designs: Iterable[DomainDesign]) -> tuple[str, ...]:
    """The domains, each after those whose arms may exclude it; else by name.

    A closed one waits for nobody.  Raises `ProtocolError` EMB-202 where two wait for
    each other.
    """
    told: list[str] = []
    left = {
        one.domain: {domain for domain, _ in one.not_with} if one.open else set()
        for one in designs
    }
    while left:
        free = [domain for domain, after in left.items() if not after & set(left)]
        if not free:
            raise ProtocolError(
                ErrorCode.PROTOCOL_INVALID,
                f"The domains {', '.join(sorted(left))} exclude each other's arms.",
                "Let one of them be drawn first.",
            )
        told.append(min(free))
        del left[min(free)]
    return tuple(told)
