"""Which of several identifiers names the patient, and who is sought for routing."""

import pytest

from streams.adapters.hl7v2.identifiers import patient_of, pid_identifier
from streams.adapters.hl7v2.splitter import parse
from streams.adapters.identity.pseudonyms import (
    Identifier,
    Pseudonyms,
    PublicIdentifiers,
)
from streams.adapters.site.configuration import SiteConfiguration


MSH = "MSH|^~\\&|A|B|C|D|1||ORU^R01|7|P|2.5"


def chosen(pid: str, *authorities: str) -> Identifier | None:
    site = SiteConfiguration(site="s", zone="UTC", authorities=authorities)
    return pid_identifier(parse(f"{MSH}\r{pid}".encode()).segments[1], site)


LISTED = "PID|1||99^^^STATE^SS~12^^^B&2.2&ISO^PI~34^^^A&1.1&ISO^MR~56^^^C^MR"


@pytest.mark.parametrize(
    ("authorities", "identifier"),
    [
        ((), Identifier("A", "34")),
        (("C", "A"), Identifier("C", "56")),
        (("2.2",), Identifier("2.2", "12")),
        (("PI@B",), Identifier("B", "12")),
        (("PI@",), Identifier("B", "12")),
        (("MR@",), Identifier("A", "34")),
        (("MR@B", "X", "MR@C"), Identifier("C", "56")),
        (("NOWHERE",), Identifier("A", "34")),
    ],
)
def test_the_sites_order_of_authorities_decides_then_the_type(authorities, identifier):
    assert chosen(LISTED, *authorities) == identifier


@pytest.mark.parametrize(
    ("pid", "identifier"),
    [
        ("PID|1||4711", Identifier("", "4711")),
        ("PID|1|4711", Identifier("", "4711")),
        ("PID|1|||4711^^^OLD", Identifier("OLD", "4711")),
        ("PID|1|5|4711", Identifier("", "4711")),
        ("PID|1||^^^HOSP^MR~8^^^HOSP^PI", Identifier("HOSP", "8")),
        ("PID|1||4711^^^&1.2.3&ISO^MR", Identifier("1.2.3", "4711")),
    ],
)
def test_older_versions_have_the_identifier_elsewhere(pid, identifier):
    assert chosen(pid) == identifier


@pytest.mark.parametrize(
    "pid",
    ["PID|1", "PID|1||", 'PID|1||""', "PID|1||^^^HOSP^MR", "PID|1||123^^^STATE^SS"],
)
def test_a_number_of_the_state_or_of_nobody_names_no_patient(pid):
    assert chosen(pid) is None


def test_an_authority_has_one_name_whatever_the_sender_calls_it():
    site = SiteConfiguration(
        site="s", zone="UTC", authorities=("NORTH",), authority_names={"1.2.3": "NORTH"}
    )
    for cx in (
        "7^^^&1.2.3&ISO^MR",
        "7^^^N1&1.2.3&ISO^MR",
        "7^^^NORTH^MR",
        "7^^^1.2.3^MR",
    ):
        pid = parse(f"{MSH}\rPID|1||9^^^SOUTH^MR~{cx}".encode()).segments[1]
        assert pid_identifier(pid, site) == Identifier("NORTH", "7")


def test_the_patient_for_routing_is_the_one_that_reading_finds():
    site = SiteConfiguration(site="s", zone="UTC")
    names = Pseudonyms("s", {1: b"k" * 32})
    payload = f"{MSH}\r{LISTED}".encode()
    assert patient_of(payload, site, names) == names.name(
        "patient", Identifier("A", "34")
    )
    assert patient_of(payload, site, PublicIdentifiers()) == "34"


@pytest.mark.parametrize("payload", [b"", b"no message", f"{MSH}\rOBX|1".encode()])
def test_no_patient_is_no_route(payload):
    site = SiteConfiguration(site="s", zone="UTC")
    assert patient_of(payload, site, PublicIdentifiers()) is None
