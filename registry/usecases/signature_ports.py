"""What signing needs: the signatures' store, and somebody who knows who is who."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from registry.domain.signature import RecordSignature, Signable


class RecordSignatures(Protocol):
    """Signatures under records."""

    def under(self, kind: Signable, record_id: str) -> tuple[RecordSignature, ...]:
        """In the order in which they were given."""
        ...

    def all(self) -> tuple[RecordSignature, ...]:
        """In the order in which they were given."""
        ...

    def one(self, signature_id: str) -> RecordSignature | None: ...

    def add(self, signature: RecordSignature) -> None: ...


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Somebody who showed just now who they are."""

    printed_name: str
    method: str
    """How it was shown, in a word: `password`."""


class Authenticator(Protocol):
    """Who is asked, at each signature anew, whether it is them.

    `FileOfSigners` is one; a hospital's identity provider is to be another.
    """

    def authenticated(self, person: str, secret: str) -> Authenticated | None:
        """None where the name or the secret is not known; which of them is not told.

        It may take a tenth of a second, and as long for a name that is not known.
        """
        ...
