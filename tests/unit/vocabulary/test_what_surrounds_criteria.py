"""What a protocol says beside its criteria: what fits together, and what does not."""

import re
from importlib.resources import files

import pytest

from streams.clinical.criteria.loading import load_protocol
from streams.vocabulary.errors import ErrorCode, ProtocolError
from streams.vocabulary.m11 import SECTIONS
from streams.vocabulary.protocol import Protocol
from streams.vocabulary.registration import (
    NAMES,
    Registration,
    missing_items,
    registration_items,
)


SHIPPED = files("streams.protocols").joinpath("ember_demo.yaml").read_text("utf-8")
TEXT = re.sub(
    r'^m11:.*?(?=^consent:)|^ +m11: "5\.\d"\n',
    "",
    SHIPPED,
    flags=re.DOTALL | re.MULTILINE,
)
"""Without what surrounds it, so that each test may say its own."""
HEAD = "outcomes: [mortality_28d"
INCLUSION = "      - id: I1\n        text: Age 18 years or older\n"


def added(text, before=HEAD):
    assert before in TEXT
    return TEXT.replace(before, f"{text}\n{before}", 1)


def of_criterion(text):
    return TEXT.replace(INCLUSION, f"{INCLUSION}        {text}\n", 1)


def test_a_protocol_may_say_all_of_it():
    protocol = load_protocol(
        added(
            """
m11:
  sponsor_protocol_number: E-1
  identifiers: [{authority: EU CT, number: 2026-1}]
registration: {sample_size: 400, recruitment_status: pending}
sources: [made up]
amendments:
  - {version: "0.9", date: 2026-01-01, summary: First., reason: None was.}
sites: [{id: A, country: Nowhere, status: open}]
co_enrolment: {excludes: [other], allows: [third], rank: 2}
exclusion:
  - {id: P1, text: Dead twice, rule: {kind: died, absent_means: false}, m11: "5.3"}
"""
        )
    )
    assert [c.id for c in protocol.criteria] == ["P1"]
    assert protocol.co_enrolment.rank == 2
    assert protocol.sites[0].id == "A"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            added("exclusion: [{id: E1, text: x, rule: {kind: died}}]"),
            "'E1' is there twice",
        ),
        (
            added("co_enrolment: {excludes: [x], allows: [x]}"),
            "both excluded and allowed",
        ),
        (
            added(
                'amendments: [{version: "2.0", date: 2026-01-01, summary: a, reason: b}]'
            ),
            "do not lead up to version 1.0",
        ),
        (added("sites: [{id: A}, {id: A}]"), "'A' is there twice"),
        (of_criterion("m11: 6.10"), "put it in quotes"),
        (of_criterion('m11: "5.9"'), "has no section '5.9'"),
        (of_criterion("role: predictive_enrichment"), "go together"),
        (
            of_criterion("marker: {assay: a, turnaround: 1 h, if_negative: observed}"),
            "go together",
        ),
        (
            of_criterion(
                "role: predictive_enrichment\n        marker: {assay: a, "
                "turnaround: 1 h, if_negative: other_domain, domain: none}"
            ),
            "which is no domain here",
        ),
        (of_criterion("ask: {by: anybody}"), "by"),
    ],
)
def test_what_does_not_fit_together_is_told_with_its_place(text, words):
    with pytest.raises(ProtocolError) as caught:
        load_protocol(text)
    assert caught.value.code is ErrorCode.PROTOCOL_INVALID
    assert words in caught.value.problem
    assert "line " in caught.value.problem


def test_the_data_set_has_the_24_items_of_who_in_its_order():
    items = registration_items(None)
    assert [item.number for item in items] == list(range(1, 25))
    assert set(NAMES) == set(Registration.model_fields)
    assert (NAMES["public_title"], items[8].key) == ("Public title", "public_title")


def test_an_empty_list_says_that_there_is_none_and_is_not_missing():
    told = Registration(secondary_sponsors=(), secondary_ids=())
    missing = {item.number for item in missing_items(told)}
    assert {3, 6} & missing == set()
    assert {13, 14} & missing == set()  # every protocol has arms and criteria
    assert 1 in missing


@pytest.mark.parametrize(("status", "due"), [("recruiting", False), ("complete", True)])
def test_results_are_due_once_recruitment_is_complete(status, due):
    told = Registration(recruitment_status=status)
    assert (23 in {item.number for item in missing_items(told)}) is due


def test_every_m11_section_has_its_parent():
    for section in SECTIONS:
        parent, dot, _ = section.rpartition(".")
        assert not dot or parent in SECTIONS


def test_every_field_of_the_document_is_described_to_an_editor():
    schema = Protocol.model_json_schema()
    parts = {"Protocol": schema, **schema["$defs"]}
    bare = [
        f"{name}.{field}"
        for name, part in parts.items()
        for field, told in part.get("properties", {}).items()
        if field != "kind" and not told.get("description")
    ]
    assert bare == []
    assert all(part.get("description") for part in parts.values())
