"""Where the signer's keys are kept: a file of its own, or a program that is asked.

The program is how a key management service is reached without a library of ours: it
prints what a key file would hold, and what it is told by its environment is the site's
to say.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.drawing import Drawn
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import History
from registry.domain.randomisation.signer import KeyedSigner, KeyStore
from registry.store.keys import parsed_keys, read_keys
from streams.vocabulary.errors import ErrorCode, SettingsError


_PATIENCE = 30.0
"""Seconds within which the program must have answered."""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """Keys in a file that its owner alone may read."""

    path: Path

    def read(self) -> KeyedSigner:
        """The keys in it now."""
        return read_keys(self.path)


@dataclass(frozen=True, slots=True)
class KeyCommand:
    """Keys that a program prints; no shell reads its words."""

    words: Sequence[str]
    seconds: float = _PATIENCE

    def read(self) -> KeyedSigner:
        """What it prints now; raises `SettingsError` EMB-312 where it does not."""
        told = f"allocation key command {self.words[0]!r}"
        try:
            done = subprocess.run(  # noqa: S603  the site's own setting, split into words
                self.words,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                timeout=self.seconds,
            )
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise _no_keys(told, type(fault).__name__) from None
        if done.returncode:
            raise _no_keys(told, f"exit status {done.returncode}")
        return parsed_keys(done.stdout, told)


class KeptSigner:
    """A signer that looks again for the key of a trial that had none at the start."""

    def __init__(self, store: KeyStore) -> None:
        """Raises `SettingsError` EMB-312 where the store has no keys to give."""
        self._store = store
        self._keys = store.read()
        self._looking = Lock()

    def commitment(self, trial: str) -> str:
        """SHA-256 of the trial's key."""
        return self._of(trial).commitment(trial)

    def arms_bound(self, trial: str, list_id: str, arms: Iterable[str]) -> str:
        """What binds these arms to a list of kits."""
        return self._of(trial).arms_bound(trial, list_id, arms)

    def arm(
        self, position: Position, *, design: DomainDesign, history: History
    ) -> Drawn:
        """The arm of this position, after this history."""
        return self._of(position.trial).arm(position, design=design, history=history)

    def nonce(self, position: Position) -> str:
        """What hides this position's arm in its commitment."""
        return self._of(position.trial).nonce(position)

    def secret(self, trial: str, named: str) -> str:
        """What only the holder of the key can tell of a thing that is no draw."""
        return self._of(trial).secret(trial, named)

    def _of(self, trial: str) -> KeyedSigner:
        if not self._keys.has(trial):
            with self._looking:
                self._keys = self._store.read()
        return self._keys


def _no_keys(told: str, fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.SECRET_MISSING,
        f"The {told} gave no keys ({fault}).",
        "It is to print what a key file holds, and end with 0.",
    )
