"""What the synthetic hospital writes, others can read, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import hl7
import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class
from typer.testing import CliRunner

from registry.app.cli import app
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import patients, record
from streams.simulate.writers.codebook import site_document
from streams.simulate.writers.fhir import FhirWriter, bundle
from streams.simulate.writers.hl7v2 import Hl7Writer
from streams.simulate.writers.hl7v2_segments import components, number
from streams.simulate.writers.people import identity_of
from streams.simulate.writers.written import Spoken, Written
from streams.vocabulary.messages import EhrMessage


CONFIG = HospitalConfig(seed=5, sepsis_share=0.5, duplicate_share=0.05)
FORMS = {"hl7v2": Hl7Writer, "fhir": FhirWriter}


def written(form: str, count: int) -> Iterator[tuple[EhrMessage, Written]]:
    for admitted in islice(patients(CONFIG), count):
        messages = list(record(CONFIG, admitted))
        writer = FORMS[form](Spoken(messages))
        for message in messages:
            yield message, writer.write(message)


@pytest.fixture(scope="module", params=FORMS)
def told(request) -> list[tuple[EhrMessage, Written]]:
    return list(written(request.param, 6))


def test_a_fact_is_written_or_told_to_be_left_out(told):
    for message, one in told:
        left_out = [lost.event for lost in one.left_out]
        assert all(event in message.events for event in left_out)
        assert bool(one.payloads) == (len(left_out) < len(message.events))


def test_a_second_delivery_has_the_bytes_of_the_first(told):
    first: dict[str, Written] = {}
    again = 0
    for message, one in told:
        again += message.message_id in first
        assert one == first.setdefault(message.message_id, one)
    assert again


def test_who_it_is_about_is_made_up_and_in_no_canonical_event(told):
    patient = told[0][0].patient
    planted = identity_of(patient).planted
    messages = [m for m, _ in told if m.patient == patient]
    payloads = b"".join(p for m, w in told if m.patient == patient for p in w.payloads)
    assert all(name.encode() in payloads for name in planted[:5])
    assert not [name for name in planted if name in str(messages)]


def test_hl7_messages_are_read_by_another_library():
    seen: dict[str, bytes] = {}
    for _, one in written("hl7v2", 4):
        for payload in one.payloads:
            parsed = hl7.parse(payload.decode())
            assert str(parsed.segment("PID")[3][0][0])
            assert str(parsed.segment("MSH")[11]) == "T"
            control = str(parsed.segment("MSH")[10])
            assert len(control) <= 20
            assert seen.setdefault(control, payload) == payload


def test_each_result_has_an_obx_with_its_value_and_unit():
    for message, one in written("hl7v2", 3):
        if message.source != "vitals":
            continue
        numbers = {
            str(e.event_id.rpartition(":")[2]): (number(e.value), e.concept)
            for e in message.events
            if e.kind == "measurement" and e.comparator is None
        }
        lines = [
            line.split("|")
            for payload in one.payloads
            for line in payload.decode().split("\r")
            if line.startswith("OBX")
        ]
        read = {line[4]: line[5] for line in lines if line[2] == "NM"}
        assert all(read[at] == value for at, (value, _) in numbers.items())
        assert all(line[6] for line in lines if line[2] in {"NM", "SN"})


def test_resources_are_valid_fhir_r4():
    kinds: dict[str, int] = {}
    for message, one in written("fhir", 4):
        for payload in one.payloads:
            made = orjson.loads(payload)
            kind = made["resourceType"]
            kinds[kind] = kinds.get(kind, 0) + 1
            if kind != "Observation" or kinds[kind] % 10 == 0:
                get_fhir_model_class(kind).model_validate(made)
            assert made["meta"]["security"][0]["code"] == "HTEST"
        if one.payloads:
            whole = orjson.loads(bundle(one.payloads))
            assert len(whole["entry"]) == len(one.payloads)
            if message.source == "adt":
                get_fhir_model_class("Bundle").model_validate(whole)
    assert {"Patient", "Encounter", "Observation", "MedicationAdministration"} <= {
        *kinds
    }


def test_a_resource_that_is_told_again_is_a_later_version():
    versions: dict[str, list[int]] = {}
    for _, one in written("fhir", 2):
        for payload in one.payloads:
            made = orjson.loads(payload)
            if made["resourceType"] == "Encounter":
                version = int(made["meta"]["versionId"])
                versions.setdefault(made["id"], []).append(version)
    assert all(len(set(told)) > 1 for told in versions.values())


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5.0, "5"), (0.1, "0.1"), (1e-7, "0.0000001"), (100.0, "100"), (-4.0, "-4")],
)
def test_a_number_has_no_exponent_and_no_needless_point(value, expected):
    assert number(value) == expected


def test_delimiters_in_a_text_are_escaped():
    assert components("a|b^c&d~e\\f", "g\rh") == (
        "a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f^g\\X0D\\h"
    )


def test_the_command_writes_a_file_a_patient_and_the_sites_map(tmp_path):
    for form, ending in (("hl7v2", "hl7"), ("fhir", "ndjson")):
        out = tmp_path / form
        asked = f"simulate write --format {form} --out {out} --patients 2 --seed 4"
        told = CliRunner().invoke(app, asked.split())
        assert told.exit_code == 0, told.output
        assert len(list(out.glob(f"sim-4-*.{ending}"))) == 2
        assert b"authorities" in (out / "site.yaml").read_bytes()
        assert "left out" in told.stderr


def test_the_sites_map_holds_every_code_once():
    codes = [entry["code"] for entry in site_document("demo")["codes"]]
    assert len(set(codes)) == len(codes)
