"""FHIR resources in files, read as history: what was known when."""

import gzip
from datetime import UTC, datetime

import orjson
import pytest
import yaml
from made_up.fhir import SITE, code, encounter, observation, patient, quantity, version

from streams.adapters.intake import IntakeReport
from streams.app.history.sources import open_history
from streams.vocabulary.facts import Flag


VALUE = {"valueQuantity": quantity(2, "mmol/L")}


def at(hour, day=28):
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.fixture
def read(tmp_path):
    def reading(*resources, **said):
        folder = tmp_path / "export"
        folder.mkdir(exist_ok=True)
        for number, resource in enumerate(resources):
            kind = resource["resourceType"]
            with gzip.open(folder / f"{number}-{kind}.ndjson.gz", "ab") as file:
                file.write(orjson.dumps(resource) + b"\n")
        site = tmp_path / "site.yaml"
        site.write_text(yaml.safe_dump({**SITE, "identity": "public", **said}))
        history = open_history("fhir", folder, None, site=site)
        report = IntakeReport()
        found = [one.event for one in history.events(report)]
        return found, report

    return reading


def by_kind(events, kind):
    return [event for event in events if event.kind == kind]


def test_a_resource_is_known_when_its_version_was_stored(read):
    told, _ = read(
        observation("o1", **VALUE, issued="2026-11-28T11:00:00Z", meta=version("2026-11-28T12:00:00Z")),
        observation("o2", **VALUE, issued="2026-11-28T11:00:00Z"),
        observation("o3", **VALUE),
    )  # fmt: skip
    known = [one.known_at for one in by_kind(told, "measurement")]
    assert known == [at(12), at(11), at(9)]
    flags = [Flag.LAG_UNMEASURABLE in one.flags for one in told]
    assert flags == [False, False, True]


def test_a_bundle_dates_what_does_not_date_itself(read):
    told, _ = read(
        {
            "resourceType": "Bundle",
            "type": "collection",
            "timestamp": "2026-11-28T15:00:00Z",
            "entry": [{"resource": observation("o1", **VALUE)}],
        }
    )
    assert [one.known_at for one in told] == [at(15)]


def test_what_waited_in_a_file_is_known_no_later_for_it(read):
    resources = [
        observation("o1", **VALUE, encounter={"reference": "Encounter/e1"}, issued="2026-11-28T11:00:00Z"),
        encounter(meta=version("2026-11-30T08:00:00Z")),
        patient(meta=version("2026-11-30T09:00:00Z")),
    ]  # fmt: skip
    told, report = read(*resources, authorities=["NORTH"])
    (result,) = by_kind(told, "measurement")
    assert result.known_at == at(11)
    assert result.encounter == "e1"
    assert report.tables["Observation"].mapped == 1


def test_who_somebody_is_was_known_when_first_met(read):
    told, _ = read(patient(), observation("o1", **VALUE, issued="2026-11-28T11:00:00Z"))
    (who,) = by_kind(told, "demographics")
    assert (who.known_at, who.happened_at) == (at(11), at(11))
    assert Flag.LAG_UNMEASURABLE in who.flags


def test_an_organism_is_not_known_at_the_collection(read):
    told, _ = read(
        observation("t1", code("BC", "lab", "Blood culture"), hasMember=[{"reference": "Observation/g1"}]),
        observation("g1", code("ORG", "lab", "E. coli")),
    )  # fmt: skip
    (result,) = [one for one in by_kind(told, "culture_result") if one.organism]
    (taken,) = by_kind(told, "culture_collected")
    assert taken.known_at == at(9)
    assert result.known_at == at(9, day=28).replace(day=3, month=12)


@pytest.mark.parametrize("organism_first", [True, False])
def test_a_result_of_several_resources_is_known_with_the_last(read, organism_first):
    parts = [
        observation("t1", code("BC", "lab", "Blood culture"), hasMember=[{"reference": "Observation/g1"}], issued="2026-11-28T10:00:00Z"),
        observation("g1", code("ORG", "lab", "E. coli"), issued="2026-11-28T20:00:00Z"),
    ]  # fmt: skip
    told, _ = read(*(reversed(parts) if organism_first else parts))
    latest = max(by_kind(told, "culture_result"), key=lambda one: one.version)
    assert (latest.organism, latest.known_at) == ("E. coli", at(20))


def test_what_never_comes_is_told_at_the_end_and_counted(read):
    told, report = read(
        observation("o1", **VALUE, encounter={"reference": "Encounter/never"}),
        observation("o2", **VALUE, subject={"reference": "Patient/1"}),
    )
    assert len(by_kind(told, "measurement")) == 2
    assert [one.code for one in report.rejections] == ["EMB-130"]
