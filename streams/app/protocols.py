"""The protocols that ship with Ember, read from the package."""

from __future__ import annotations

from importlib.resources import files

from streams.app.protocol_files import read_protocol_file
from streams.clinical.criteria.loading import load_protocol
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
    return load_protocol(read_protocol_file(document).text)


def shipped_protocols() -> tuple[Protocol, ...]:
    """The protocols a replay is screened for."""
    return (shipped_protocol(DEMONSTRATION),)
