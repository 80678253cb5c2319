"""Windows of time: back from now, since an anchor, or around one.

Every window has its edges inside: `within: 24 h` holds a fact that is exactly 24 h
old.
An anchor names its clock: when it happened, or when we could have acted on it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field, model_validator

from streams.vocabulary.document import Recorded
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.quantities import Duration, Offset, protocol_fault


Anchor = Literal[
    "entry.happened_at",
    "entry.known_at",
    "onset.happened_at",
    "onset.known_at",
    "hospital.happened_at",
    "hospital.known_at",
    "icu.happened_at",
    "icu.known_at",
    "vasopressor.happened_at",
    "vasopressor.known_at",
    "ventilation.happened_at",
    "ventilation.known_at",
    "culture.happened_at",
    "culture.known_at",
]
"""A moment with its clock; an onset may have happened 48 h before it was known.

`entry`: what opened this screening. `onset`: the standing flag of Sepsis-3 of the
episode. `hospital`: the patient came. `icu`: the first ICU of the stay was entered.
`vasopressor`, `ventilation`: the first of the stay began. `culture`: the index culture
was collected; it is known since the report that decided was.
"""


class Backward(Recorded):
    """A window that ends now."""

    within: Duration | None = None
    """How far back from now; it is the staleness of the latest value, too."""
    since: Anchor | None = None
    """A window from this moment up to now."""

    @property
    def has_window(self) -> bool:
        """Whether any window is written."""
        return self.within is not None or self.since is not None


class Windowed(Backward):
    """A window that ends now, or one that lies around an anchor."""

    around: Anchor | None = None
    """The anchor that `from` and `to` count from."""
    from_: Offset | None = Field(default=None, alias="from")
    """From the anchor: `-24 h` begins a day before it."""
    to: Offset | None = None
    """From the anchor; without it the window is open up to now."""

    @property
    def has_window(self) -> bool:
        """Whether any window is written."""
        return super().has_window or self.around is not None

    @model_validator(mode="after")
    def _is_one_window(self) -> Windowed:
        if self.around is None and (self.from_ is not None or self.to is not None):
            raise _window("`from` and `to` count from an anchor; name it in `around`")
        if self.around is None:
            return self
        if self.from_ is None:
            raise _window("the window has no beginning; give `from` (`-24 h`)")
        if self.to is not None and self.to < self.from_:
            raise _window("the window ends before it begins")
        if super().has_window:
            raise _window("there are two windows; leave `within` and `since` out")
        return self


def expect_window(rule: Backward, what: str) -> None:
    """Refuse a rule whose facts would count for ever."""
    if not rule.has_window:
        raise protocol_fault(
            ErrorCode.PROTOCOL_INVALID,
            f"the window of {what} is missing; give `within` or `since`",
        )


def expect_shorter(length: timedelta | None, rule: Backward, name: str) -> None:
    """Refuse a stretch of time that its own window cannot hold."""
    longest = longest_window(rule)
    if length is not None and longest is not None and length > longest:
        raise _window(f"`{name}` is longer than the window; it can never be")


def longest_window(rule: Backward) -> timedelta | None:
    """The length of the window; None where it has no bound of its own."""
    if rule.within is not None:
        return rule.within
    if isinstance(rule, Windowed) and rule.from_ is not None and rule.to is not None:
        return rule.to - rule.from_
    return None


def _window(sentence: str) -> Exception:
    return protocol_fault(ErrorCode.PROTOCOL_WINDOW, sentence)
