"""An allow-list of fields: whatever stands in any other reaches no event, no fault.

A word is planted into each field of each segment in turn, and looked for in all that
comes out; only the vault's sightings may hold an identifier.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from streams.adapters.hl7v2.acknowledge import acknowledgement
from streams.adapters.hl7v2.header import header
from streams.adapters.hl7v2.translator import Hl7Translator
from streams.adapters.identity.pseudonyms import Pseudonyms
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration


PLANTED = "Qzxvwunter"
AT = datetime(2026, 11, 28, 12, tzinfo=UTC)

PASSES = {
    *(("OBX", 3), ("OBX", 6), ("OBR", 4), ("OBR", 15), ("SPM", 4)),
    *(("PV1", 3), ("PV1", 6), ("RXE", 2), ("RXE", 5), ("RXE", 24), ("RXR", 1)),
    *(("RXA", 5), ("RXA", 7), ("RXA", 12), ("RXD", 2), ("RXD", 5), ("RXO", 1)),
    *(("RXO", 4), ("RXC", 2), ("RXC", 4), ("AL1", 3), ("DG1", 3), ("PR1", 3)),
    ("MSH", 9),  # the type, which is told of every message
    ("MSH", 10),  # the control id, which names the message at its source
}
"""Fields whose code, unit, ward or route passes; every other is planted into."""

SEGMENTS = {
    "MSH": "MSH|^~\\&|LAB|HOSP|EMBER|HOSP|20261128110000||{kind}|1|P|2.5.1",
    "EVN": "EVN||20261128103000|||X|20261128101500",
    "PID": "PID|1||4711^^^HOSP^MR||Muster||19530214|F||||||||||A1",
    "PV1": "PV1|1|I|ICU1||||||||||||||||V1",
    "MRG": "MRG|4712^^^HOSP^MR",
    "AL1": "AL1|1|DA|70618^Penicillin^RXNORM|SV",
    "DG1": "DG1|1||A41.9^Sepsis^I10||20261127",
    "PR1": "PR1|1||44950^Appendectomy^C4||20261127093000",
    "ORC": "ORC|RE|P1|F1||||||20261128100000",
    "OBR": "OBR|1|P1|F1|600-7^Blood culture^LN|||20261128100000|||||||||||||||20261128105000||MB|F",
    "OBX": "OBX|1|TX|600-7^Blood culture^LN|1|No growth||||||F|||20261128100000",
    "SPM": "SPM|1|^S1||BLD^Blood",
    "NTE": "NTE|1||comment",
    "RXE": "RXE||VAN^Vancomycin^LOC|1||g",
    "RXD": "RXD|1|VAN^Vancomycin^LOC|20261128101500|1|g",
    "RXO": "RXO|VAN^Vancomycin^LOC|1||g",
    "RXA": "RXA|0|1|20261128101500||VAN^Vancomycin^LOC|1|g",
    "RXR": "RXR|IV",
    "RXC": "RXC|A|VAN^Vancomycin^LOC|1|g",
    "TQ1": "TQ1|1||||||20261128100000",
    "NK1": "NK1|1|Muster^Max|SPO",
    "IN1": "IN1|1|2|3|4",
    "ZPI": "ZPI|1|local",
}
KINDS = {
    "ADT^A01": ("EVN", "PID", "PV1", "AL1", "DG1", "PR1", "NK1", "IN1", "ZPI"),
    "ADT^A03": ("EVN", "PID", "PV1"),
    "ADT^A08": ("EVN", "PID", "PV1"),
    "ADT^A12": ("EVN", "PID", "PV1"),
    "ADT^A40": ("EVN", "PID", "MRG"),
    "ORU^R01": ("PID", "PV1", "ORC", "OBR", "OBX", "NTE", "SPM"),
    "RDE^O11": ("PID", "PV1", "ORC", "TQ1", "RXO", "RXE", "RXR", "RXC"),
    "RDS^O13": ("PID", "PV1", "ORC", "RXD", "RXR"),
    "RAS^O17": ("PID", "PV1", "ORC", "RXA", "RXR"),
    "MDM^T02": ("EVN", "PID", "PV1", "NTE", "OBX"),
}


@pytest.fixture(scope="module")
def translator() -> Hl7Translator:
    site = SiteConfiguration(site="s", zone="UTC")
    return Hl7Translator(site, CodeMap(site), Pseudonyms("s", {1: b"k" * 32}))


def planted(kind: str, *words: str) -> Iterator[tuple[str, bytes]]:
    """Messages of the kind, each with a word in one field."""
    names = ("MSH", *KINDS[kind])
    lines = [SEGMENTS[name].format(kind=kind) for name in names]
    for at, name in enumerate(names):
        for number in range(3 if name == "MSH" else 1, 56):
            if (name, number) in PASSES:
                continue
            for word in words:
                fields = lines[at].split("|")
                place = number - 1 if name == "MSH" else number
                fields += [""] * (place + 1 - len(fields))
                fields[place] = word
                changed = [*lines[:at], "|".join(fields), *lines[at + 1 :]]
                yield f"{name}-{number}", "\r".join(changed).encode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_word_in_any_other_field_comes_out_nowhere(translator, kind):
    words = (
        PLANTED,
        f"{PLANTED}^{PLANTED}^{PLANTED}",
        f"^{PLANTED}&{PLANTED}~{PLANTED}",
    )
    leaks = set()
    for place, payload in planted(kind, *words):
        told = translator.translate(payload, received_at=AT)
        shown = repr(replace(told, sightings=())) + repr(told.sightings)
        answered = acknowledgement(header(payload), "AA", at=AT, control_id="1")
        if PLANTED in shown or (PLANTED.encode() in answered and "MSH" not in place):
            leaks.add(place)
    assert leaks == set()


@pytest.mark.parametrize(
    "kind", ["TX", "FT", "ST", "NM", "SN", "", "ED", "XPN", "CX", "DT"]
)
@pytest.mark.parametrize("code", ["600-7^Blood culture^LN", "2160-0^C^LN", "X^Y^LOC"])
def test_prose_of_a_result_comes_out_nowhere(translator, kind, code):
    for value in (PLANTED, f"No growth. {PLANTED}", f"^{PLANTED}", f"1^{PLANTED}^L"):
        lines = [
            SEGMENTS["MSH"].format(kind="ORU^R01"),
            SEGMENTS["PID"],
            SEGMENTS["OBR"],
            f"OBX|1|{kind}|{code}|1|{value}|mg/dL|{PLANTED}||||F",
        ]
        told = translator.translate("\r".join(lines).encode(), received_at=AT)
        assert told.outcome == "mapped"
        assert PLANTED not in repr(told)


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_without_its_code_comes_out_nowhere(translator, kind):
    coded = {"OBR": 15, "SPM": 4, "RXE": 2, "RXD": 2, "RXO": 1, "RXA": 5, "RXC": 2}
    coded |= {"RXR": 1, "AL1": 3, "DG1": 3, "PR1": 3}
    names = ("MSH", *KINDS[kind])
    for at, name in enumerate(names):
        for word in (f"^{PLANTED}", f"&{PLANTED}", f"^^^^{PLANTED}"):
            lines = [SEGMENTS[one].format(kind=kind) for one in names]
            if name not in coded:
                continue
            fields = lines[at].split("|")
            fields += [""] * (coded[name] + 1 - len(fields))
            fields[coded[name]] = word
            lines[at] = "|".join(fields)
            told = translator.translate("\r".join(lines).encode(), received_at=AT)
            assert PLANTED not in repr(told), (name, word)


def test_the_test_would_find_what_passes(translator):
    lines = [
        SEGMENTS[one].format(kind="ADT^A01") for one in ("MSH", "EVN", "PID", "PV1")
    ]
    payload = "\r".join(lines).replace("ICU1", PLANTED).encode()
    assert PLANTED in repr(translator.translate(payload, received_at=AT))


@pytest.mark.parametrize("kind", ["CWE", "CE", "CNE"])
@pytest.mark.parametrize("value", [f"^{PLANTED}", PLANTED, f"{PLANTED}^{PLANTED}"])
def test_an_answer_that_is_coded_by_type_alone_comes_out_nowhere(
    translator, kind, value
):
    lines = [
        SEGMENTS["MSH"].format(kind="ORU^R01"),
        SEGMENTS["PID"],
        SEGMENTS["OBR"],
        f"OBX|1|{kind}|2160-0^C^LN|1|{value}||||||F",
    ]
    told = translator.translate("\r".join(lines).encode(), received_at=AT)
    assert PLANTED not in repr(told)


def test_identifiers_are_named_and_seen_by_the_vault_alone(translator):
    for kind, names in KINDS.items():
        lines = [SEGMENTS[name].format(kind=kind) for name in ("MSH", *names)]
        payload = "\r".join(lines).replace("V1", "VISIT77").replace("P1", "ORDER88")
        told = translator.translate(payload.encode(), received_at=AT)
        shown = repr(told)
        assert not any(one in shown for one in ("4711", "4712", "VISIT77", "ORDER88"))
