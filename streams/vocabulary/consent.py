"""How consent is sought, as a protocol and its sites declare it.

Fields that came later are left out of the document where they say nothing, so that
the hash of an older document stays what it was.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from streams.vocabulary.document import Document
from streams.vocabulary.quantities import Duration
from streams.vocabulary.registration import Words


ConsentModel = Literal["prospective", "deferred", "opt_out", "waiver"]
"""Before, after, unless refused, or not at all."""
AfterWhich = Literal["refused_later", "opted_out", "died_before_consent", "withdrawn"]
"""What may end the use of data that were recorded before."""


def says_nothing(value: Any) -> bool:  # noqa: ANN401  any field's value
    """Whether a field is left out of the document and its hash."""
    return value is None or value == ()


class Consent(Document):
    """How consent is sought."""

    model: ConsentModel
    """Before, after, unless refused, or not at all."""
    text: Words
    """What that means here."""
    within: Duration | None = Field(default=None, exclude_if=says_nothing)
    """Deferred: how long after it was deferred somebody has to be asked."""
    data_not_used_after: tuple[AfterWhich, ...] = Field(
        default=(), exclude_if=says_nothing
    )
    """After which of these the jurisdiction forbids to use what was recorded before:
    it is flagged, and never deleted.  Without it, what was recorded stays in use."""


class Reconsent(Document):
    """Who is asked again because of an amendment."""

    document: Words
    """The version of the information and form on which a consent suffices from then
    on."""
    affects: Literal["everybody", "not_yet_randomised"] = "everybody"
    """Whose consent on an older one does not."""
