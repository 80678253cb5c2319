"""The one component that holds a key and turns a number into an arm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from registry.domain.kit import arms_binding
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.drawing import Drawn, drawn
from registry.domain.randomisation.draws import (
    Position,
    commitment,
    nonce_at,
    secret_of,
)
from registry.domain.randomisation.history import History
from streams.vocabulary.errors import ErrorCode, SettingsError


class Binding(Protocol):
    """All that going live needs of whoever holds the keys.

    Raises `SettingsError` EMB-312 where there is no key for the trial.
    """

    def arms_bound(self, trial: str, list_id: str, arms: Iterable[str]) -> str:
        """What binds these arms to a list of kits, in whatever order they come."""
        ...


class Committing(Binding, Protocol):
    """All that activation needs of whoever holds the keys; raises as `Binding` does."""

    def commitment(self, trial: str) -> str:
        """SHA-256 of the trial's key, to be published at activation."""
        ...


class Signer(Committing, Protocol):
    """Holds the keys; gives one arm for one number, never the numbers to come."""

    def arm(
        self, position: Position, *, design: DomainDesign, history: History
    ) -> Drawn:
        """The arm of this position; after the same history the same, always.

        The signer alone reads the history, and only as far as the method asks.
        """
        ...

    def nonce(self, position: Position) -> str:
        """What hides this position's arm in its commitment: 64 hexadecimal digits."""
        ...

    def secret(self, trial: str, named: str) -> str:
        """64 hexadecimal digits for a thing of the trial: an order, or what hides it."""
        ...


class KeyStore(Protocol):
    """Where the keys are kept: a file, or whatever else gives them to the signer."""

    def read(self) -> KeyedSigner:
        """The keys as they are kept now; raises `SettingsError` EMB-312."""
        ...


class KeyedSigner:
    """A signer with keys in memory, one a trial; they never leave it."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)

    def __repr__(self) -> str:
        return f"KeyedSigner({', '.join(sorted(self._keys))})"

    def has(self, trial: str) -> bool:
        """Whether there is a key for the trial."""
        return trial in self._keys

    def commitment(self, trial: str) -> str:
        """SHA-256 of the trial's key."""
        return commitment(self._key(trial))

    def arms_bound(self, trial: str, list_id: str, arms: Iterable[str]) -> str:
        """What binds these arms to a list of kits."""
        return arms_binding(self.secret(trial, f"arms of list {list_id}"), arms)

    def arm(
        self, position: Position, *, design: DomainDesign, history: History
    ) -> Drawn:
        """The arm of this position, after this history."""
        key = self._key(position.trial)
        return drawn(key, position, design=design, history=history)

    def nonce(self, position: Position) -> str:
        """What hides this position's arm in its commitment."""
        return nonce_at(self._key(position.trial), position)

    def secret(self, trial: str, named: str) -> str:
        """What only the holder of the key can tell of a thing that is no draw."""
        return secret_of(self._key(trial), named)

    def _key(self, trial: str) -> bytes:
        key = self._keys.get(trial)
        if key is None:
            raise SettingsError(
                ErrorCode.SECRET_MISSING,
                f"There is no allocation key for trial {trial!r}.",
                "Give the signer the key file that holds it.",
            )
        return key
