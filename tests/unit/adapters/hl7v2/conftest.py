"""A made-up site, and messages of made-up patients written segment by segment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import PublicIdentifiers
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.translation import Translation
from streams.vocabulary.events import Event


RECEIVED = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)

SITE = SiteConfiguration.model_validate(
    {
        "site": "made-up",
        "zone": "UTC",
        "identity": "public",
        "authorities": ["MR@HOSP"],
        "units": {"Tsd/mm3": "10*3/uL"},
        "wards": {"ICU1": {"level": "icu"}, "W3": {"level": "ward"}},
        "vasoactives": {"epinephrine": "salt"},
        "codes": [
            {"system": "LOC", "code": "LAC", "concept": "lactate", "unit": "mmol/L"},
            {"system": "LOC", "code": "GCS", "concept": "gcs_total"},
            {"system": "LOC", "code": "AVPU", "concept": "acvpu"},
            {"system": "LOC", "code": "URINE", "kind": "fluid", "concept": "urine"},
            {"system": "LOC", "code": "VENT", "kind": "support", "concept": "invasive"},
            {"system": "LOC", "code": "BC", "kind": "culture"},
            {"system": "LOC", "code": "AB9", "kind": "antimicrobial"},
            {"system": "LOC", "code": "HUNGER", "kind": "ignored"},
            {
                "system": "LOC",
                "code": "NORRATE",
                "kind": "drug",
                "concept": "norepinephrine",
                "unit": "ug/kg/min",
            },
        ],
    }
)

Read = Callable[..., Translation]


def message(
    kind: str, *segments: str, issued: str = "20261128110000", control: str = "1"
) -> bytes:
    """One message of 2.5.1 about patient 4711, unless a PID is among the segments."""
    pid = "PID|1||4711^^^HOSP^MR||Muster^Maria||19530214|F"
    msh = f"MSH|^~\\&|LAB|HOSP|EMBER|HOSP|{issued}||{kind}|{control}|P|2.5.1"
    own = any(segment.startswith("PID|") for segment in segments)
    return "\r".join((msh, *(() if own else (pid,)), *segments)).encode()


@pytest.fixture
def read() -> Read:
    """What becomes of a message of these segments."""
    translator = Hl7Translator(SITE, CodeMap(SITE), PublicIdentifiers())

    def reading(kind: str, *segments: str, **more: str) -> Translation:
        payload = message(kind, *segments, **more)
        return translator.translate(payload, received_at=RECEIVED)

    return reading


@pytest.fixture
def events(read: Read) -> Callable[..., Sequence[Event]]:
    """The events of a message, without what is told of the person."""

    def reading(kind: str, *segments: str, **more: str) -> Sequence[Event]:
        told = read(kind, *segments, **more)
        assert told.outcome == "mapped", told
        return [
            event
            for one in told.told
            for event in one.events
            if event.kind != "demographics"
        ]

    return reading
