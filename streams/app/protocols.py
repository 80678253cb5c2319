"""The protocols that ship with Ember, read from the package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from streams.clinical.criteria.loading import load_protocol
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.protocol import Protocol


DEMONSTRATION = "ember_demo"


def shipped_protocol(name: str) -> Protocol:
    """The protocol of that file name, checked as any other is."""
    text = files("streams.protocols").joinpath(f"{name}.yaml").read_text("utf-8")
    return load_protocol(text)


def named_protocol(document: str) -> Protocol:
    """The protocol in a YAML file, or the one that ships under this name.

    Raises `SettingsError` EMB-403 where there is neither, `ProtocolError` for one at
    fault.
    """
    if not document.endswith((".yaml", ".yml")) and document in shipped():
        return shipped_protocol(document)
    try:
        text = Path(document).read_text("utf-8")
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"The protocol {document} cannot be read ({fault.strerror}).",
            f"Name a YAML file, or one of: {', '.join(shipped())}.",
        ) from None
    return load_protocol(text)


def shipped() -> tuple[str, ...]:
    """The names of the protocols that ship."""
    names = (file.name for file in files("streams.protocols").iterdir())
    return tuple(
        sorted(
            name.removesuffix(".yaml")
            for name in names
            if name.endswith(".yaml") and not name.endswith(".vignettes.yaml")
        )
    )


def shipped_protocols() -> tuple[Protocol, ...]:
    """The protocols a replay is screened for."""
    return (shipped_protocol(DEMONSTRATION),)
