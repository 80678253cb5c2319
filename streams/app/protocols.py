"""The protocols that ship with Ember, read from the package."""

from __future__ import annotations

from importlib.resources import files

from streams.clinical.criteria.loading import load_protocol
from streams.vocabulary.protocol import Protocol


DEMONSTRATION = "ember_demo"


def shipped_protocol(name: str) -> Protocol:
    """The protocol of that file name, checked as any other is."""
    text = files("streams.protocols").joinpath(f"{name}.yaml").read_text("utf-8")
    return load_protocol(text)


def shipped_protocols() -> tuple[Protocol, ...]:
    """The protocols a replay is screened for."""
    return (shipped_protocol(DEMONSTRATION),)
