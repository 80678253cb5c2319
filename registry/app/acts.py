"""What the commands of the team answer; `--json` prints it, and its schema is published.

An arm is told where everybody may know it, and in no blinded domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from registry.app.obstacles import Hindrance
from registry.domain.answered import Answer
from registry.domain.consent import ConsentState
from registry.domain.mode import Mode
from streams.vocabulary.messages import ScreeningStatus, Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTold:
    """What `ember consent record` did."""

    done: bool
    site: str
    patient: str
    trial: str
    participant: str | None
    """The code; None where nobody became a participant."""
    state: ConsentState | None
    """What stands since; None where nothing was recorded."""
    revision: int | None
    deadline: datetime | None = None
    """Deferred: by when somebody is asked, as the protocol allows it."""
    obstacles: tuple[Hindrance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTold:
    """What `ember screening answer` did."""

    done: bool
    site: str
    patient: str
    trial: str
    domain: str
    episode: str
    criterion: str
    truth: Truth
    revision: int | None
    status: ScreeningStatus | None
    """The verdict with the answers counted in; None where nothing was recorded."""
    is_opinion: bool
    """The machine had decided it: kept beside its verdict, and never counted."""
    obstacles: tuple[Hindrance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutTold:
    """What `ember opt-out record` or `withdraw` did."""

    done: bool
    site: str
    patient: str
    trial: str
    """Empty: all research."""
    stands: bool
    """Whether an opt-out stands now."""
    known: bool
    """Whether the registry holds anything else of this pseudonym."""
    revision: int | None
    obstacles: tuple[Hindrance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomiseTold:
    """What `ember randomise` did."""

    done: bool
    request: str
    """The idempotency key: with it the act may be repeated, and is done once."""
    mode: Mode
    site: str
    patient: str
    trial: str
    domain: str
    episode: str
    participant: str | None
    randomised_at: datetime | None
    arm: str | None
    """None where nothing was drawn, and always where the domain is blinded."""
    repeated: bool
    """It was drawn before; nothing was drawn now."""
    kit: str | None = None
    """The code of the kit to hand out; None in a domain without kits."""
    obstacles: tuple[Hindrance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmStood:
    """One arm at the moment of the act."""

    arm: str
    available: bool
    """Whether it could be given to anybody."""
    eligible: bool | None
    """Whether this patient may get it; None where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainTold:
    """What became of one domain."""

    domain: str
    answer: Answer
    randomised_at: datetime | None
    arm: str | None
    """None where nothing was drawn, and always where the arm is hidden."""
    arms: tuple[ArmStood, ...]
    kit: str | None = None
    """The code of the kit to hand out; None in a domain without kits."""
    obstacles: tuple[Hindrance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainsTold:
    """What `ember randomise` did where it was about several domains."""

    done: bool
    """Whether anything is drawn, by this act or before."""
    request: str
    """The idempotency key: with it the act is answered alike, for ever."""
    mode: Mode
    site: str
    patient: str
    trial: str
    episode: str
    repeated: bool
    """The act was done before; nothing was drawn now."""
    domains: tuple[DomainTold, ...]


CONSENT = TypeAdapter(ConsentTold)
ANSWER = TypeAdapter(AnswerTold)
OPT_OUT = TypeAdapter(OptOutTold)
RANDOMISE = TypeAdapter(RandomiseTold)
RANDOMISE_DOMAINS = TypeAdapter(DomainsTold)
