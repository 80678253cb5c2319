"""A protocol and its made-up patients, read from a file or from what ships with Ember."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from streams.vocabulary.errors import ErrorCode, SettingsError


@dataclass(frozen=True, slots=True)
class ProtocolFile:
    """The text of a protocol, and of the vignettes beside it."""

    name: str
    text: str
    vignettes: str | None
    """None where there are none."""


def read_protocol_file(document: str) -> ProtocolFile:
    """A YAML file, or the name of a protocol that ships; its vignettes beside it.

    `NAME.yaml` has its patients in `NAME.vignettes.yaml`.
    Raises `SettingsError` EMB-403 where there is nothing to read.
    """
    path = Path(document)
    if not path.name:
        raise _missing(document or "without a name", "it is no file")
    if path.suffix in (".yaml", ".yml") or path.exists():
        return _read(path, path.with_name(f"{path.stem}.vignettes.yaml"))
    folder = files("streams.protocols")
    shipped = folder.joinpath(f"{document}.yaml")
    if document.isidentifier() and shipped.is_file():
        return _read(shipped, folder.joinpath(f"{document}.vignettes.yaml"))
    raise _missing(document, "there is no such file")


def _read(protocol: Path | Traversable, vignettes: Path | Traversable) -> ProtocolFile:
    text = _text(protocol)
    beside = _text(vignettes) if vignettes.is_file() else None
    return ProtocolFile(protocol.name, text, beside)


def _text(file: Path | Traversable) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as fault:
        raise _missing(str(file), fault.strerror or "unreadable") from None
    except UnicodeDecodeError:
        raise _missing(str(file), "it is not in UTF-8") from None


def shipped() -> tuple[str, ...]:
    """The names of the protocols that ship."""
    return tuple(
        sorted(
            entry.name.removesuffix(".yaml")
            for entry in files("streams.protocols").iterdir()
            if entry.name.endswith(".yaml") and ".vignettes" not in entry.name
        )
    )


def _missing(document: str, why: str) -> SettingsError:
    return SettingsError(
        ErrorCode.PATH_NOT_FOUND,
        f"The protocol {document} cannot be read ({why}).",
        f"Name a YAML file, or one that ships: {', '.join(shipped())}.",
    )
