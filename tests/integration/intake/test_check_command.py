"""`ember intake check` over made-up messages, and over those of many real senders."""

import io
import json

import pytest
from typer.testing import CliRunner

from registry.app.commands.intake import app
from streams.app.intake.check import UNKNOWN_SITE, Check, Source
from streams.vocabulary.errors import SettingsError


ORU = (
    "MSH|^~\\&|LAB|NORTH|||202603011200||ORU^R01|1|P|2.5\r"
    "PID|1||4711471147^^^NORTH^MR||Planted^Petronella||19600101|F\r"
    "OBR|1||F1|PANEL^Panel^L|||202603011150|||||||||||||||202603011200|||F\r"
    "OBX|1|NM|2160-0^Creatinine^LN||1.1|mg/dL|||||F|||202603011150\r"
    "OBX|2|NM|XUREA^Urea Planted^L||5.5|mmol/L|||||F|||202603011150\r"
    "OBX|3|NM|2951-2^Sodium^LN||139|furlong|||||F|||202603011150\r"
)
SCHEDULING = ORU.replace("ORU^R01|1", "SIU^S12|2")
NOBODYS = ORU.replace("4711471147^^^NORTH^MR", "").replace("R01|1|", "R01|3|")
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female"}
RESULT = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2026-03-01T11:50:00Z",
    "valueQuantity": {"value": 1.1, "code": "mg/dL"},
}


def check(source, path, *words):
    asked = ["check", "--source", source, "--path", str(path), *map(str, words)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    return done


@pytest.fixture
def sample(tmp_path):
    """Two messages, one filed, one rejected, one that came again."""
    file = tmp_path / "sample.hl7"
    file.write_text(ORU + SCHEDULING + NOBODYS + ORU, newline="")
    return file


def test_every_message_is_mapped_filed_or_rejected(sample):
    told = json.loads(check("hl7v2", sample, "--json").stdout)

    assert set(told) == {
        "messages",
        "mapped",
        "filed",
        "rejected",
        "unmapped_codes",
        "events",
        "by_type",
        "rejections",
        "seconds",
    }
    assert (told["messages"], told["mapped"], told["filed"], told["rejected"]) == (
        4,
        2,
        1,
        1,
    )
    assert told["by_type"]["SIU^S12"]["filed"] == 1
    (rejected,) = told["rejections"]
    assert rejected["index"] == 2
    assert rejected["code"] == "EMB-123"


def test_the_page_tells_what_to_do_next_and_names_nobody(sample, tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text("site: north\nzone: Europe/London\n")

    page = check("hl7v2", sample, "--site", site).stdout

    assert page.startswith("4 messages: 2 mapped, 1 filed unread, 1 rejected;")
    assert "2  L|XUREA" in page.replace("       ", "")
    assert "perhaps bun" in page
    assert "2 EMB-107" in page
    assert "1 messages came again byte for byte" in page
    for planted in ("4711471147", "Petronella", "19600101"):
        assert planted not in page


def test_a_long_reading_tells_how_far_it_is(sample):
    told = io.StringIO()
    Check(Source.HL7V2, UNKNOWN_SITE).read(sample, told, every=2)
    assert told.getvalue().splitlines() == [
        "2 messages, in sample.hl7",
        "4 messages, in sample.hl7",
    ]


def test_the_register_holds_everything_that_was_counted(sample, tmp_path):
    written = tmp_path / "register.json"

    check("hl7v2", sample, "--register", written)

    register = json.loads(written.read_text())
    assert {"concept": "creatinine", "unit": "mg/dL", "times": 2} in register["units"]
    (unmapped,) = register["unmapped"]
    assert unmapped["times"] == 2
    assert unmapped["suggestions"] == ["bun"]
    assert register["delays"]["measurement"]["within 15 min"] == 4
    assert register["duplicates"] == 1


def test_what_is_mapped_by_the_site_is_no_longer_unmapped(sample, tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text(
        "site: north\nzone: Europe/London\n"
        "codes: [{code: XUREA, concept: bun, unit: mg/dL}]\n"
    )

    told = json.loads(check("hl7v2", sample, "--site", site, "--json").stdout)

    assert told["unmapped_codes"] == 0


def test_a_resource_that_waits_for_its_patient_is_counted_once(tmp_path):
    file = tmp_path / "a.ndjson"
    lost = {**RESULT, "id": "o2", "subject": {"display": "Petronella"}}
    lines = [json.dumps(one) for one in (RESULT, lost, PATIENT)]
    file.write_text("\n".join([*lines, "{"]))

    told = json.loads(check("fhir", file, "--json").stdout)

    assert told["messages"] == 4
    assert told["mapped"] == 2
    assert [r["index"] for r in told["rejections"]] == [1, 3]
    assert told["events"] == 2


def test_a_bundle_whose_parts_wait_is_one_message_and_keeps_its_events(tmp_path):
    during = {"encounter": {"reference": "Encounter/never"}}
    stay = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2026-03-01T08:00:00Z"},
        "location": [{"location": {"reference": "Location/never"}}],
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": RESULT | during}],
    }
    within = RESULT | {"id": "o2", "encounter": {"reference": "Encounter/e1"}}
    resources = (bundle, within, stay)
    path = tmp_path / "some.ndjson"
    path.write_text("".join(json.dumps(one) + "\n" for one in resources))

    told = json.loads(check("fhir", path, "--json").output)
    assert (told["messages"], told["mapped"], told["events"]) == (3, 3, 3)
    assert told["by_type"]["Bundle/collection"]["events"] == 1


def test_where_there_is_nothing_to_read_the_reading_failed(tmp_path):
    asked = ["check", "--source", "hl7v2", "--path", str(tmp_path)]

    done = CliRunner().invoke(app, asked)

    assert done.exit_code != 0
    assert isinstance(done.exception, SettingsError)


def test_all_messages_of_many_senders_are_settled(shared_data):
    told = json.loads(check("hl7v2", shared_data / "hl7v2", "--json").stdout)

    assert told["messages"] == 821
    assert told["mapped"] + told["filed"] + told["rejected"] == 821
    assert {r["code"] for r in told["rejections"]} == {"EMB-123"}
    assert told["mapped"] == 680
