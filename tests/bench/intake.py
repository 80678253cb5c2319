"""Messages a second through intake, each beside its peer in the same run.

usage: python tests/bench/intake.py [--json] [--seconds S] [--gigabytes G]

`hl7v2`: made-up ORU^R01 with 8 OBX (LOINC codes, UCUM units), each another patient and
order; *parsed, validated and mapped* to canonical events on one core.  `hl7v2_split`
splits alone.  Beside them `hl7` and `hl7lw`, which split and read every OBX's code,
value and unit, and map nothing.
`fhir`: Observations parsed and mapped; `fhir_models` our pydantic models alone, beside
`fhir.resources` (R4B), which validates alone.
`mllp`: round trips a second with durable acknowledgement, where a broker can be had.
`memory`: one file of so many gigabytes of framed messages, made as it is read, through
`ember intake check`'s reader; resident memory at a tenth of it and at its end.
Rates are of CPU seconds of this process: on a busy machine the wall measures its
other guests.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from streams.adapters.fhir.translator import FhirTranslator
from streams.adapters.hl7v2.splitter import parse
from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.app.intake.samples import framed


Figures = dict[str, float | int | str]

TARGET = 8_000
"""ORU with 8 OBX a second on one core, parsed, validated and mapped."""
MESSAGES = 2_000
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SITE = SiteConfiguration(site="bench", zone="Europe/London")
RESULTS = (
    ("2160-0", "Creatinine", "mg/dL", 1.0),
    ("1975-2", "Bilirubin", "mg/dL", 0.8),
    ("777-3", "Platelets", "10*3/uL", 210),
    ("32693-4", "Lactate", "mmol/L", 1.9),
    ("6690-2", "Leukocytes", "10*3/uL", 9.1),
    ("2951-2", "Sodium", "mmol/L", 139),
    ("2823-3", "Potassium", "mmol/L", 4.1),
    ("718-7", "Haemoglobin", "g/dL", 13.2),
)


def main() -> None:
    """Measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--seconds", type=float, default=3.0, help="for each rate")
    options.add_argument("--gigabytes", type=float, default=1.0)
    options.add_argument("--without-broker", action="store_true")
    given = options.parse_args()
    orus = [oru(number) for number in range(MESSAGES)]
    resources = [observation(number) for number in range(MESSAGES)]
    figures: dict[str, Figures] = {
        "hl7v2": hl7v2(orus, given.seconds),
        "fhir": fhir(resources, given.seconds),
        "memory": memory(orus, given.gigabytes),
    }
    if not given.without_broker:
        figures["mllp"] = mllp(given.seconds)
    if given.json:
        print(json.dumps(figures))
        return
    for part, row in figures.items():
        print(part)
        for name, value in row.items():
            told = f"{value:,}" if isinstance(value, int | float) else value
            print(f"  {name:<40} {told}")


# -- HL7 v2 ---------------------------------------------------------------------------


def hl7v2(orus: list[bytes], seconds: float) -> Figures:
    """Ours whole and the splitter alone, then the peers."""
    translator = Hl7Translator(SITE, CodeMap(SITE), Pseudonyms("bench", {1: b"k" * 32}))
    told = [translator.translate(m, received_at=NOON) for m in orus]
    assert all(t.outcome == "mapped" and not t.faults for t in told)
    assert all(t.events >= len(RESULTS) for t in told)
    mapped = rate(lambda m: translator.translate(m, received_at=NOON), orus, seconds)
    split = rate(read_all, orus, seconds)
    figures: Figures = {
        "mapped_per_second": round(mapped),
        "target_per_second": TARGET,
        "split_and_read_per_second": round(split),
    }
    for name, peer in (("hl7", peer_hl7()), ("hl7lw", peer_hl7lw())):
        if peer is None:
            figures[f"{name}_per_second"] = "not installed"
            continue
        theirs = rate(peer, orus, seconds)
        figures[f"{name}_per_second"] = round(theirs)
        figures[f"split_over_{name}"] = round(split / theirs, 2)
        figures[f"mapped_over_{name}"] = round(mapped / theirs, 2)
    return figures


def read_all(payload: bytes) -> list[tuple[str, str, str]]:
    """Code, value and unit of every OBX, by our splitter."""
    message = parse(payload)
    return [(obx.fields[3], obx.fields[5], obx.fields[6]) for obx in message.all("OBX")]


def peer_hl7() -> Callable[[bytes], object] | None:
    """The same by `hl7`, which takes text."""
    if find_spec("hl7") is None:
        return None
    import hl7  # noqa: PLC0415 - a peer, where it is

    def read(payload: bytes) -> object:
        message = hl7.parse(payload.decode())
        return [(str(o[3]), str(o[5]), str(o[6])) for o in message.segments("OBX")]

    return read


def peer_hl7lw() -> Callable[[bytes], object] | None:
    """The same by `hl7lw`."""
    if find_spec("hl7lw") is None:
        return None
    import hl7lw  # noqa: PLC0415 - a peer, where it is

    parser = hl7lw.Hl7Parser()

    def read(payload: bytes) -> object:
        message = parser.parse_message(payload)
        return [(o[3], o[5], o[6]) for o in message.get_segments("OBX")]

    return read


def oru(number: int) -> bytes:
    """A made-up ORU^R01 with 8 results."""
    at = (NOON + timedelta(seconds=number)).strftime("%Y%m%d%H%M%S")
    lines = [
        f"MSH|^~\\&|LAB|NORTH|EMBER|NORTH|{at}||ORU^R01^ORU_R01|{number}|P|2.5.1",
        f"PID|1||{1000000 + number}^^^NORTH^MR||MADEUP^UP||19600101|F",
        f"PV1|1|I|ITU^1^1|||||||||||||||||V{number}",
        f"ORC|RE|P{number}|F{number}",
        f"OBR|1|P{number}|F{number}|24323-8^Panel^LN|||{at}|||||||{at}||||||||{at}|||F",
    ]
    lines += [
        f"OBX|{at_}|NM|{code}^{label}^LN||{value}|{unit}|||||F|||{at}"
        for at_, (code, label, unit, value) in enumerate(RESULTS, start=1)
    ]
    return ("\r".join(lines) + "\r").encode()


# -- FHIR ------------------------------------------------------------------------------


def fhir(resources: list[bytes], seconds: float) -> Figures:
    """Ours mapped and ours validated alone, then the peer's validation."""
    from streams.adapters.fhir.resources import Observation  # noqa: PLC0415

    translator = FhirTranslator(
        SITE, CodeMap(SITE), Pseudonyms("bench", {1: b"k" * 32})
    )
    for number in range(MESSAGES):
        translator.translate(patient(number), received_at=NOON)
    told = [translator.translate(r, received_at=NOON) for r in resources]
    assert all(t.outcome == "mapped" and t.events == 1 for t in told)
    ours = rate(lambda r: translator.translate(r, received_at=NOON), resources, seconds)
    models = rate(Observation.model_validate_json, resources, seconds)
    figures: Figures = {
        "mapped_per_second": round(ours),
        "validated_per_second": round(models),
    }
    if find_spec("fhir.resources") is None:
        figures["fhir_resources_per_second"] = "not installed"
        return figures
    from fhir.resources.R4B.observation import (  # noqa: PLC0415 - a peer, where it is
        Observation as Theirs,
    )

    theirs = rate(Theirs.model_validate_json, resources, seconds)
    figures["fhir_resources_per_second"] = round(theirs)
    figures["validated_over_fhir_resources"] = round(models / theirs, 1)
    figures["mapped_over_fhir_resources"] = round(ours / theirs, 1)
    return figures


def patient(number: int) -> bytes:
    """A made-up Patient."""
    return json.dumps(
        {
            "resourceType": "Patient",
            "id": f"p{number}",
            "identifier": [{"system": "urn:north", "value": str(1000000 + number)}],
        }
    ).encode()


def observation(number: int) -> bytes:
    """A made-up Observation of about 600 bytes."""
    at = (NOON + timedelta(seconds=number)).isoformat()
    return json.dumps(
        {
            "resourceType": "Observation",
            "id": f"o{number}",
            "meta": {"versionId": "1", "lastUpdated": at},
            "status": "final",
            "category": [
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/"
                            "observation-category",
                            "code": "laboratory",
                        }
                    ]
                }
            ],
            "code": {
                "coding": [
                    {
                        "system": "http://loinc.org",
                        "code": "2160-0",
                        "display": "Creatinine [Mass/volume] in Serum or Plasma",
                    }
                ],
                "text": "Creatinine",
            },
            "subject": {"reference": f"Patient/p{number}"},
            "effectiveDateTime": at,
            "issued": at,
            "valueQuantity": {
                "value": 1.1,
                "unit": "mg/dL",
                "system": "http://unitsofmeasure.org",
                "code": "mg/dL",
            },
        }
    ).encode()


# -- MLLP ------------------------------------------------------------------------------


def mllp(seconds: float) -> Figures:
    """Round trips with durable acknowledgement; see `mllp_load.py`."""
    from mllp_load import round_trips  # noqa: PLC0415 - it needs a broker

    return round_trips(seconds=seconds)


# -- memory ----------------------------------------------------------------------------


class Endless(io.RawIOBase):
    """Framed messages, made as they are read, up to a size."""

    def __init__(self, orus: list[bytes], size: int) -> None:
        self._block = b"".join(b"\x0b" + m + b"\x1c\r" for m in orus)
        self._left = size
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """The next piece."""
        size = min(size, self._left, len(self._block) - self._at)
        piece = self._block[self._at : self._at + size]
        self._at = (self._at + size) % len(self._block)
        self._left -= size
        return piece


def memory(orus: list[bytes], gigabytes: float) -> Figures:
    """Resident megabytes on the way through a file too large to hold."""
    size = int(gigabytes * (1 << 30))
    met = whole = 0
    early = 0.0
    for payload in framed(Endless(orus, size)):
        met += 1
        whole += len(payload)
        if not early and whole > size / 10:
            early = resident()
    return {
        "gigabytes": gigabytes,
        "messages": met,
        "resident_mb_at_a_tenth": round(early, 1),
        "resident_mb_at_the_end": round(resident(), 1),
    }


def resident() -> float:
    """Megabytes of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


# -- time ------------------------------------------------------------------------------


def rate(work: Callable[[bytes], object], given: list[bytes], seconds: float) -> float:
    """How many a CPU second, over at least so many of them."""
    done = 0
    began = time.process_time()
    for payload in _again(given):
        work(payload)
        done += 1
        if done % 500 == 0 and time.process_time() - began > seconds:
            break
    return done / (time.process_time() - began)


def _again(given: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from given


if __name__ == "__main__":
    main()
