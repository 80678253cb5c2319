"""What every part of a protocol document has in common."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


Named = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]


class Document(BaseModel):
    """A part of the protocol document: frozen, and nothing in it goes unread."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_alias=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,  # an editor shows them beside the field
    )


class Recorded(Document):
    """A rule about what the record says."""

    absent_means: Literal[False] | None = None
    """`false`: what nobody recorded is not there. Otherwise it is UNKNOWN."""
