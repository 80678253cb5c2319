"""Dead letters as they are listed, and opened with the site's key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from registry.domain.letter import Letter
from streams.adapters.identity.sealing import place_of
from streams.app.identity import configured_site, payload_sealer
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.topics import FHIR, HL7V2, SEALED


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLetter:
    """A dead letter without what it holds."""

    message_id: str
    place: str
    rejected_by: str
    rejected_at: datetime
    code: str
    reason: str
    form: str | None
    retries: int
    retried_at: datetime | None


LISTED_LETTERS: TypeAdapter[tuple[ListedLetter, ...]] = TypeAdapter(
    tuple[ListedLetter, ...]
)
"""What `ember intake rejected list --json` prints."""


def listed(letter: Letter) -> ListedLetter:
    """Without key and value."""
    return ListedLetter(
        message_id=letter.message_id,
        place=letter.place,
        rejected_by=letter.rejected_by,
        rejected_at=letter.rejected_at,
        code=letter.code,
        reason=letter.reason,
        form=letter.form,
        retries=letter.retries,
        retried_at=letter.retried_at,
    )


def lies_open(letter: Letter) -> bool:
    """Whether it holds bytes of a source that nobody sealed; they may name somebody."""
    form = letter.form or ""
    return letter.value is not None and form in (HL7V2, FHIR)


def opened_value(letter: Letter, environ: Mapping[str, str]) -> bytes | None:
    """The bytes as they came; None where they were too large to be kept.

    Raises `SettingsError` EMB-312 without the key, `InputError` EMB-150 or EMB-151
    where they do not open.
    """
    if letter.value is None or not (letter.form or "").endswith(SEALED):
        return letter.value
    sealer = payload_sealer(environ)
    if sealer is None:
        raise SettingsError(
            ErrorCode.SECRET_MISSING,
            "The letter is sealed, and there is no key.",
            "Name the key files in EMBER_PAYLOAD_KEYS, and the site in EMBER_SITE.",
        )
    site = configured_site(environ).site
    return sealer.open(letter.value, place_of(site, letter.topic))
