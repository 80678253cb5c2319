"""What a Bulk Data export is asked for, and the manifest that answers.

Source: HL7 FHIR Bulk Data Access 2.0.0, `$export`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode, SettingsError


_LEVEL = re.compile(r"|Patient|Group/[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Whose resources, of which types, changed since when."""

    level: str = "Patient"
    """`Patient`, `Group/ID`, or empty for all the server has."""
    types: tuple[str, ...] = ()
    since: datetime | None = None
    filters: tuple[str, ...] = ()
    """FHIR search queries of one type each: `Observation?category=laboratory`."""

    def __post_init__(self) -> None:
        """Raises `SettingsError` EMB-402 for a level there is not."""
        if not _LEVEL.fullmatch(self.level):
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                f"There is no export of {self.level!r}.",
                "Write Patient, Group/ID, or nothing for the whole server.",
            )

    def url(self, base: str) -> str:
        """Where the export is kicked off."""
        asked: list[tuple[str, str]] = []
        if self.types:
            asked.append(("_type", ",".join(self.types)))
        if self.since is not None:
            asked.append(("_since", iso(self.since)))
        asked += [("_typeFilter", one) for one in self.filters]
        level = f"/{self.level}" if self.level else ""
        query = f"?{urlencode(asked)}" if asked else ""
        return f"{base}{level}/$export{query}"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class ExportFile(_Part):
    """One file of the export."""

    type: str = ""
    url: str
    count: int | None = None


class Link(_Part):
    """Where the manifest goes on."""

    relation: str
    url: str


class Manifest(_Part):
    """All files of an export, or one page of them."""

    transaction_time: AwareDatetime = Field(alias="transactionTime")
    requires_token: bool = Field(alias="requiresAccessToken")
    output: tuple[ExportFile, ...] = ()
    deleted: tuple[ExportFile, ...] = ()
    error: tuple[ExportFile, ...] = ()
    link: tuple[Link, ...] = ()

    @property
    def following(self) -> str | None:
        """The next page of the manifest."""
        return next((one.url for one in self.link if one.relation == "next"), None)


class Begun(BaseModel):
    """An export under way, as it is remembered between two runs."""

    model_config = ConfigDict(extra="ignore")

    asked: str
    """Where it was kicked off."""
    status: str
    """Where it tells how far it is."""


class BegunFile:
    """Remembers the export under way in a file; without a path, in memory alone.

    The address of an export is as good as a key to some servers: the file is made for
    its owner alone.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._begun: Begun | None = None

    def read(self, asked: str) -> Begun | None:
        """What was begun before; raises `SettingsError` EMB-403, EMB-404."""
        if self._path is None:
            return self._begun
        try:
            begun = Begun.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            raise SettingsError(
                ErrorCode.PATH_NOT_FOUND,
                f"{self._path} does not tell of an export.",
                "Name another --progress file.",
            ) from None
        if begun.asked != asked:
            raise SettingsError(
                ErrorCode.CURSOR_MISMATCH,
                f"{self._path} tells of another export.",
                "Name another --progress file, or remove this one to export anew.",
            )
        return begun

    def write(self, begun: Begun) -> None:
        """On return it survives a crash; raises `SettingsError` EMB-403."""
        self._begun = begun
        if self._path is None:
            return
        unfinished = self._path.with_name(f".{self._path.name}.unfinished")
        try:
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(begun.model_dump_json().encode())
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)
        except OSError as fault:
            raise SettingsError(
                ErrorCode.PATH_NOT_FOUND,
                f"{self._path} cannot be written ({fault.strerror}).",
                "Name a file in a folder that can be written.",
            ) from None

    def remove(self) -> None:
        """The export is over."""
        self._begun = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)
