"""What is asked of the signer and what it answers, a line of JSON each.

No answer to an allocation holds the arm of a blinded domain: `Randomised` has none
there.  One answer alone does, `ArmTold`, once it is on record that the blind is broken.
`RevealTold` holds the arm of an open-label domain that anybody may see from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from registry.domain.kit import Kit
from registry.usecases.break_blind import ArmShown, BlindKept, BreakBlind
from registry.usecases.enter_opening import (
    EnterOpening,
    OpeningEntered,
    OpeningRefused,
)
from registry.usecases.import_kits import ImportKits, KitListRefused, KitsImported
from registry.usecases.move_kit import MoveKit
from registry.usecases.randomise import NotRandomised, Randomise, Randomised
from registry.usecases.randomise_domains import AnsweredDomains, RandomiseDomains
from registry.usecases.replace_kit import KitReplaced, ReplaceKit
from registry.usecases.reveal_arm import NotRevealed, RevealArm, Revealed
from streams.vocabulary.errors import ErrorCode


LONGEST = 1024 * 1024
"""Bytes of one line, its end among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationAsked:
    """Randomise; asked again, it is answered alike."""

    command: Randomise
    ask: Literal["allocation"] = "allocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainsAsked:
    """Randomise in several domains; asked again, it is answered alike."""

    command: RandomiseDomains
    ask: Literal["domains"] = "domains"


@dataclass(frozen=True, slots=True, kw_only=True)
class KitListAsked:
    """Take in a list of kits with what they hold; asked again, nothing changes."""

    command: ImportKits
    ask: Literal["kit_list"] = "kit_list"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesAsked:
    """Receive, hand out, take back or set aside kits: all of these or none."""

    commands: tuple[MoveKit, ...]
    ask: Literal["moves"] = "moves"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementAsked:
    """Reserve another kit of the same contents; asked again, it is the same one."""

    command: ReplaceKit
    ask: Literal["replacement"] = "replacement"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentAsked:
    """SHA-256 of the trial's key, for activation."""

    trial: str
    ask: Literal["commitment"] = "commitment"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmsBoundAsked:
    """What would bind these arms to a list of kits, for activation and going live."""

    trial: str
    list_id: str
    arms: tuple[str, ...]
    ask: Literal["arms_bound"] = "arms_bound"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmAsked:
    """Break the blind of one participant; there is no way to ask for several."""

    command: BreakBlind
    ask: Literal["arm"] = "arm"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealAsked:
    """Tell an arm that was deferred; asked again, it is told again."""

    command: RevealArm
    ask: Literal["reveal"] = "reveal"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningAsked:
    """Enter a page of a sealed list; asked again, it is answered alike."""

    command: EnterOpening
    ask: Literal["opening"] = "opening"


Question: TypeAlias = (
    AllocationAsked
    | DomainsAsked
    | KitListAsked
    | MovesAsked
    | ReplacementAsked
    | CommitmentAsked
    | ArmsBoundAsked
    | ArmAsked
    | RevealAsked
    | OpeningAsked
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationTold:
    """It was allocated, now or before."""

    result: Randomised
    tell: Literal["allocation"] = "allocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainsTold:
    """What became of each domain, now or before."""

    result: AnsweredDomains
    tell: Literal["domains"] = "domains"


@dataclass(frozen=True, slots=True, kw_only=True)
class KitListTold:
    """It is kept, or why it is not."""

    result: KitsImported | KitListRefused
    tell: Literal["kit_list"] = "kit_list"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesTold:
    """The kits as they stand since, by code; never what they hold."""

    kits: tuple[Kit, ...]
    tell: Literal["moves"] = "moves"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementTold:
    """The code to hand out instead; never what either holds."""

    result: KitReplaced
    tell: Literal["replacement"] = "replacement"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTold:
    """Nothing was allocated, and why."""

    result: NotRandomised
    tell: Literal["gate"] = "gate"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentTold:
    """64 hexadecimal digits."""

    commitment: str
    tell: Literal["commitment"] = "commitment"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmsBoundTold:
    """64 hexadecimal digits; no list need be of these arms."""

    bound: str
    tell: Literal["arms_bound"] = "arms_bound"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmTold:
    """What was assigned, for who asked alone."""

    result: ArmShown
    tell: Literal["arm"] = "arm"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTold:
    """The blind is kept, and why."""

    result: BlindKept
    tell: Literal["kept"] = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealTold:
    """The arm, now or before, or what is not settled."""

    result: Revealed | NotRevealed
    tell: Literal["reveal"] = "reveal"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningTold:
    """It is on record, with what does not fit."""

    result: OpeningEntered
    tell: Literal["opening"] = "opening"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoListTold:
    """There is no such list."""

    result: OpeningRefused
    tell: Literal["no_list"] = "no_list"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultTold:
    """Why there is no answer, in words that name no patient and no arm."""

    kind: Literal["refused", "settings", "fault"]
    code: ErrorCode
    problem: str
    cure: str
    tell: Literal["fault"] = "fault"


Answer: TypeAlias = (
    AllocationTold
    | DomainsTold
    | GateTold
    | KitListTold
    | MovesTold
    | ReplacementTold
    | CommitmentTold
    | ArmsBoundTold
    | ArmTold
    | KeptTold
    | RevealTold
    | OpeningTold
    | NoListTold
    | FaultTold
)

_QUESTION: TypeAdapter[Question] = TypeAdapter(
    Annotated[Question, Field(discriminator="ask")]
)
_ANSWER: TypeAdapter[Answer] = TypeAdapter(
    Annotated[Answer, Field(discriminator="tell")]
)


def question_line(question: Question) -> bytes:
    """The question as it is sent."""
    return _QUESTION.dump_json(question) + b"\n"


def read_question(line: bytes) -> Question:
    """Raises `ValueError` for what is no question."""
    return _QUESTION.validate_json(line)


def answer_line(answer: Answer) -> bytes:
    """The answer as it is sent."""
    return _ANSWER.dump_json(answer) + b"\n"


def read_answer(line: bytes) -> Answer:
    """Raises `ValueError` for what is no answer."""
    return _ANSWER.validate_json(line)
