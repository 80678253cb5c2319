"""OMOP's tables by the shipped mapping, with and without the site's vocabulary."""

import pytest
import yaml

from streams.adapters.identity.pseudonyms import PublicIdentifiers
from streams.adapters.intake import IntakeReport
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.tabular.mapping.reading import shipped_mapping
from streams.adapters.tabular.mapping.source import MappedTables
from streams.vocabulary.facts import Flag


SITE = """
site: test
zone: America/Chicago
identity: public
codes:
  - {system: omop, code: "3016723", concept: creatinine, unit: mg/dL}
"""
NEEDED = {
    "person": "person_id,gender_concept_id,year_of_birth\n7,8507,1960\n8,0,1971\n",
    "visit_occurrence": (
        "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,"
        "visit_start_datetime,visit_end_date,visit_end_datetime\n"
        "1,7,9201,2026-03-01,2026-03-01 08:00:00,2026-03-05,\n"
    ),
    "measurement": "",
}
MEASURED = (
    "measurement_id,person_id,measurement_concept_id,measurement_date,"
    "measurement_datetime,measurement_type_concept_id,operator_concept_id,"
    "value_as_number,value_as_concept_id,unit_concept_id,visit_occurrence_id,"
    "unit_source_value,value_source_value\n"
)


@pytest.fixture
def omop(tmp_path):
    def read(measured=(), **tables):
        rows = "".join(
            f"{n},7,{concept},2026-03-01,{time},{kind},{operator},{value},0,0,1,{unit},\n"
            for n, (concept, time, kind, operator, value, unit) in enumerate(measured)
        )
        told = NEEDED | {"measurement": MEASURED + rows} | tables
        for name, text in told.items():
            (tmp_path / f"{name}.csv").write_text(text, "utf-8")
        source = MappedTables(
            folder=tmp_path,
            mapping=shipped_mapping("omop"),
            site=SiteConfiguration.model_validate(yaml.safe_load(SITE)),
            identities=PublicIdentifiers(),
        )
        read.report = IntakeReport()
        return [one.event for one in source.events(read.report)]

    return read


def test_an_id_may_be_mapped_by_the_site_without_a_vocabulary(omop):
    row = ("3016723", "2026-03-01 09:00:00", "32856", "4171756", "0.3", "")
    (event,) = [e for e in omop([row]) if e.kind == "measurement"]
    assert (event.concept, event.comparator, event.value) == ("creatinine", "<", 0.3)
    assert event.code == "urn:ember:local|omop:3016723"
    assert (event.happened_at.hour, event.known_at.hour) == (15, 19)  # Chicago; 4 h


def test_an_id_of_no_map_is_kept_and_counted(omop):
    row = ("3000001", "2026-03-01 09:00:00", "32817", "0", "5", "mg/dL")
    (event,) = [e for e in omop([row]) if e.kind == "measurement"]
    assert (event.concept, event.sent_value) == ("unmapped", "5")
    assert omop.report.table("measurement").unmapped == {
        "urn:ember:local|omop:3000001": 1
    }


def test_a_date_alone_is_flagged(omop):
    row = ("3016723", "", "32817", "0", "1.1", "mg/dL")
    (event,) = [e for e in omop([row]) if e.kind == "measurement"]
    assert Flag.DATE_ONLY in event.flags
    (left,) = [e for e in omop() if getattr(e, "phase", "") == "discharged"]
    assert left.flags == (Flag.DATE_ONLY,)


def test_who_never_came_is_known_from_the_year_of_birth_alone(omop):
    people = {e.birth_year: e for e in omop() if e.kind == "demographics"}
    assert (people[1960].sex, people[1960].happened_at.year) == ("male", 2026)
    assert (people[1971].sex, people[1971].happened_at.year) == (None, 1971)


@pytest.mark.parametrize(
    ("kind", "stage"),
    [
        ("32818", "given"),
        ("32825", "dispensed"),
        ("32838", "ordered"),
        ("32817", "ordered"),
    ],
)
def test_what_the_type_does_not_say_is_an_order_at_most(omop, kind, stage):
    events = omop(
        drug_exposure=(
            "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,"
            "drug_type_concept_id,drug_source_value,route_source_value\n"
            f"3,7,0,2026-03-01,{kind},Vancomycin 1 g,IV\n"
        )
    )
    (event,) = [e for e in events if e.kind == "medication"]
    assert (event.stage, event.antimicrobial) == (stage, True)


def test_a_diagnosis_without_a_vocabulary_is_kept_under_its_id(omop):
    events = omop(
        condition_occurrence=(
            "condition_occurrence_id,person_id,condition_concept_id,"
            "condition_start_date,visit_occurrence_id\n5,7,132797,2026-03-01,1\n"
        )
    )
    (event,) = [e for e in events if e.kind == "condition"]
    assert event.code == "urn:ember:local|omop:132797"
    assert Flag.UNMAPPED in event.flags
    assert event.known_at.day == 6  # the visit ended on the 5th, at an hour not told


def test_notes_are_filed_unread(omop):
    events = omop(note="note_id,person_id,note_text\n1,7,Testname is ill\n")
    assert "Testname" not in repr(events)
    assert omop.report.table("note").filed_unread == 1
