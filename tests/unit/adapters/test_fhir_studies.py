"""A protocol as FHIR R5 and R4: valid by `fhir.resources`, and nothing of it lost."""

import json
from datetime import date

import pytest
from fhir.resources import get_fhir_model_class as r5_class
from fhir.resources.R4B import get_fhir_model_class as r4_class
from made_up.small_hospital import TRIAL

from streams.adapters.fhir.study import r4, r5
from streams.app.protocol_files import shipped
from streams.app.protocols import shipped_protocol
from streams.vocabulary.protocol import Protocol
from streams.vocabulary.registration import NAMES


REGISTRATION = {
    "primary_registry": {"authority": "A made-up registry", "number": "MADE-1"},
    "registered_on": "2026-01-02",
    "secondary_ids": [{"authority": "A made-up sponsor", "number": "S-77"}],
    "support": ["a made-up foundation"],
    "primary_sponsor": "a made-up university",
    "secondary_sponsors": ["a made-up hospital"],
    "public_contact": "public@example.org",
    "scientific_contact": "science@example.org",
    "public_title": "A trial for everybody",
    "scientific_title": "A randomised trial of this and that",
    "countries": ["Freedonia"],
    "conditions": ["sepsis"],
    "interventions": ["this, or that"],
    "key_criteria": "adults with sepsis",
    "study_type": "interventional, randomised",
    "first_enrolment": "2026-02-03",
    "sample_size": 1234,
    "recruitment_status": "recruiting",
    "primary_outcomes": ["death by day 28"],
    "key_secondary_outcomes": ["days in hospital"],
    "ethics_review": "approved by a made-up committee",
    "completion_date": "2029-04-05",
    "summary_results": "none yet",
    "ipd_sharing": "upon request",
}
"""All 24 items."""


def written(**changes):
    tree = TRIAL.model_dump(mode="json") | {"registration": REGISTRATION}
    tree |= {
        "m11": {"sponsor_protocol_number": "P-5"},
        "sites": [{"id": "s1", "name": "First hospital", "country": "Freedonia"}],
        "sources": ["a made-up registry"],
    }
    return Protocol.model_validate(tree | changes)


def with_arm_criterion():
    tree = TRIAL.model_dump(mode="json")
    rule = {"kind": "allergy", "to": ["this"]}
    tree["domains"][0]["arms"][0]["exclusion"] = [
        {"id": "A1", "text": "Reacts to this", "rule": rule}
    ]
    tree["exclusion"] = [
        {
            "id": "P1",
            "text": "Under guard",
            "rule": {"kind": "died"},
            "unencoded": "all",
        }
    ]
    return Protocol.model_validate(tree)


def checked(bundle, find):
    """Every resource through `fhir.resources`; unknown fields and codes fail there."""
    told = json.loads(json.dumps(bundle))
    find("Bundle").model_validate(told)
    for entry in told["entry"]:
        resource = entry["resource"]
        read = find(resource["resourceType"]).model_validate(resource)
        assert json.loads(read.model_dump_json()) == resource
    return [entry["resource"] for entry in told["entry"]]


RELEASES = pytest.mark.parametrize(
    ("release", "find"), [(r5, r5_class), (r4, r4_class)], ids=["R5", "R4"]
)


@RELEASES
@pytest.mark.parametrize("name", shipped())
def test_every_protocol_that_ships_is_valid(release, find, name):
    assert checked(release.study_bundle(shipped_protocol(name)), find)


@RELEASES
def test_no_item_of_the_registration_is_lost(release, find):
    text = json.dumps(checked(release.study_bundle(written()), find))
    for key, value in REGISTRATION.items():
        for told in value if isinstance(value, list) else [value]:
            words = told.values() if isinstance(told, dict) else [told]
            for word in words:
                status = key == "recruitment_status"
                assert str("active" if status else word) in text, NAMES[key]


@pytest.mark.parametrize("release", [r5, r4])
def test_every_reference_leads_to_a_resource_of_the_bundle(release):
    bundle = release.study_bundle(written())
    known = {entry["fullUrl"] for entry in bundle["entry"]}
    text = json.dumps(bundle)
    named = {part.partition('"')[0] for part in text.split('"reference": "')[1:]}
    assert named
    assert named <= known


@RELEASES
def test_criteria_are_told_in_order_with_what_excludes(release, find):
    resources = checked(release.study_bundle(written()), find)
    (group,) = (r for r in resources if r["resourceType"] == "Group")
    assert [(c["code"]["text"], c["exclude"]) for c in group["characteristic"]] == [
        ("I1: Adult", False),
        ("I2: Sepsis-3", False),
        ("I3: Lactate above 2 mmol/L", False),
        ("E1: Comfort care", True),
        ("E2: Refuses research", True),
    ]


@RELEASES
def test_what_an_arm_and_the_platform_ask_for_is_told(release, find):
    text = json.dumps(checked(release.study_bundle(with_arm_criterion()), find))
    assert "Not for: Reacts to this" in text
    assert "P1: Under guard (left to a human: all)" in text


@pytest.mark.parametrize("release", [r5, r4])
def test_two_writings_are_one(release):
    assert release.study_bundle(written()) == release.study_bundle(written())


@RELEASES
def test_a_status_nobody_told_is_not_made_up(release, find):
    resources = checked(release.study_bundle(written(registration=None)), find)
    platform = resources[0]
    assert "progressStatus" not in platform
    if release is r4:
        assert "status" not in platform
        absent = platform["_status"]["extension"][0]
        assert absent["valueCode"] == "unknown"


def test_in_r5_eligibility_is_a_group_and_an_evidence_variable():
    resources = checked(r5.study_bundle(written()), r5_class)
    kinds = [r["resourceType"] for r in resources]
    assert kinds == ["ResearchStudy", "ResearchStudy", "Group", "EvidenceVariable"]
    domain, variable = resources[1], resources[3]
    assert "eligibility" in domain["recruitment"]
    assert domain["relatedArtifact"][0]["resourceReference"]
    assert [c["linkId"] for c in variable["characteristic"] if c["exclude"]] == [
        "E1",
        "E2",
    ]


def test_in_r4_enrolment_is_a_group():
    domain = checked(r4.study_bundle(written()), r4_class)[1]
    assert len(domain["enrollment"]) == 1
    assert [arm["name"] for arm in domain["arm"]] == ["This", "That"]


def test_dates_of_the_registration_bound_the_study():
    platform = checked(r5.study_bundle(written()), r5_class)[0]
    start = date.fromisoformat(REGISTRATION["first_enrolment"]).isoformat()
    assert platform["period"] == {"start": start, "end": "2029-04-05"}
