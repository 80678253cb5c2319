"""How far a feed was acknowledged, kept in a file that a crash cannot tear."""

from __future__ import annotations

import os
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from streams.vocabulary.errors import ErrorCode, SettingsError


NOTHING = -1
"""The position of a stream of which nothing was acknowledged."""


class _Kept(BaseModel):
    model_config = ConfigDict(extra="ignore")

    fingerprint: str
    acknowledged: dict[str, int]


class Progress:
    """The last position of each stream of one source up to which all is acknowledged.

    Without a path it is only kept in memory.
    """

    def __init__(self, path: Path | None, fingerprint: str) -> None:
        """Raises `SettingsError` EMB-403 for a bad file, EMB-404 for another source."""
        self._path = path
        self._fingerprint = fingerprint
        self._acknowledged = {} if path is None else _read(path, fingerprint)
        self._saved = dict(self._acknowledged)

    def after(self, stream: str) -> int:
        """The last acknowledged position; `NOTHING` at first."""
        return self._acknowledged.get(stream, NOTHING)

    def acknowledge(self, stream: str, position: int) -> None:
        """Everything of the stream up to and with `position` is acknowledged."""
        self._acknowledged[stream] = position

    def save(self) -> None:
        """Write it down, whole or not at all; on return it survives a power cut."""
        if self._path is None or self._saved == self._acknowledged:
            return
        kept = {"fingerprint": self._fingerprint, "acknowledged": self._acknowledged}
        unfinished = self._path.with_name(f".{self._path.name}.unfinished")
        try:
            with unfinished.open("wb") as file:
                file.write(orjson.dumps(kept))
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)
            _sync_folder(self._path.parent)
        except OSError as fault:
            raise _unusable(self._path, fault.strerror or "no reason given") from None
        self._saved = dict(self._acknowledged)


def _read(path: Path, fingerprint: str) -> dict[str, int]:
    try:
        kept = _Kept.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise _unusable(path, "its folder is not there") from None
        return {}
    except ValidationError:
        raise _unusable(path, "it was not written by `ember feed`") from None
    except OSError as fault:
        raise _unusable(path, fault.strerror or "no reason given") from None
    if kept.fingerprint != fingerprint:
        raise SettingsError(
            ErrorCode.CURSOR_MISMATCH,
            f"{path} tells of another source, other options, another topic or another "
            "Kafka cluster.",
            "Name another --progress file, or remove this one to feed anew.",
        )
    return kept.acknowledged


def _sync_folder(folder: Path) -> None:
    """Make the file's new name durable, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unusable(path: Path, why: str) -> SettingsError:
    return SettingsError(
        ErrorCode.PATH_NOT_FOUND,
        f"The progress file {path} cannot be used: {why}.",
        "Name a file in a folder that can be written.",
    )
