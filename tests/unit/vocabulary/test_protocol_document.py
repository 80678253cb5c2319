from importlib.resources import files

import pytest

from streams.clinical.criteria.loading import load_protocol
from streams.vocabulary.errors import ErrorCode, ProtocolError
from streams.vocabulary.protocol import Protocol, canonical_json, content_hash
from streams.vocabulary.protocol_text import parse_protocol
from streams.vocabulary.quantities import read_duration, write_duration


TEXT = files("streams.protocols").joinpath("ember_demo.yaml").read_text("utf-8")


def changed(old, new):
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def fault(text):
    with pytest.raises(ProtocolError) as caught:
        load_protocol(text)
    return caught.value


def test_a_protocol_survives_its_own_canonical_json():
    protocol = parse_protocol(TEXT)
    assert Protocol.model_validate_json(canonical_json(protocol)) == protocol
    assert content_hash(protocol) == protocol.digest


def test_a_changed_copy_has_a_hash_of_its_own():
    protocol = parse_protocol(TEXT)
    assert protocol.digest  # worked out before it is copied
    other = protocol.model_copy(update={"title": "Another"})
    assert other.digest == content_hash(other) != protocol.digest


def test_the_hash_ignores_comments_and_order_but_no_word():
    same = parse_protocol("# a remark\n" + changed("window: 24 h", "window: 1 d"))
    other = parse_protocol(changed("window: 24 h", "window: 25 h"))
    assert parse_protocol(TEXT).digest == same.digest
    assert parse_protocol(TEXT).digest != other.digest


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("evidence: unverified", "evidence: [x", "EMB-201", "line 7, column"),
        ("evidence: unverified", "id: twice", "EMB-201", "'id' is there twice"),
        ("title: EMBER-1", "titel: EMBER-1", "EMB-202", "`title` is missing"),
        ("kind: in_hospital", "kind: in_bed", "EMB-202", "in_bed"),
        ("sizes: [4, 6, 8]", "sizes: [4, 5]", "EMB-202", "block of 5"),
        ("id: I2", "id: I1", "EMB-202", "'I1' is there twice"),
        ("within: 270 d", "within: 0 d", "EMB-202", "empty window"),
        ("concept: map", "concept: mapp", "EMB-203", "no concept 'mapp'"),
        ("drugs: [vasopressor]", "drugs: [pressor]", "EMB-203", "'pressor'"),
        ("> 2 mmol/L", "> 2 Cel", "EMB-204", "lactate cannot be compared"),
        (">= 18 years", ">= 18", "EMB-204", "a unit is missing"),
        (">= 18 years", ">= 18 kg", "EMB-204", "unit of an age"),
        ("< 70 mm[Hg]", "< 70 blobs", "EMB-204", "'blobs' is not known"),
        ("< 70 mm[Hg]", "70 mm[Hg]", "EMB-202", "is no comparison"),
        ("window: 24 h", "window: a day", "EMB-202", "is no length of time"),
        ("window: 24 h", "window: 24 kg", "EMB-204", "cannot become s"),
        (", within: 24 h}", "}", "EMB-202", "window of lactate is missing"),
        ("if_unknown: ask", "if_unknown: guess", "EMB-202", "'wait' or 'ask'"),
        (
            "question: Is the patient pregnant, or may she be?",
            'question: ""',
            "EMB-202",
            "asks, but has no `question`",
        ),
        ("named: [", "sent: [", "EMB-202", "not known here"),
        (
            "[vasopressor], within: 24 h",
            "[vasopressor], within: 24 h, lasting: 1 h",
            "EMB-202",
            "leave `within` out",
        ),
        (
            "{kind: in_hospital}",
            "{kind: at_least, n: 2, of: [{kind: in_hospital}]}",
            "EMB-202",
            "at least 2 of 1",
        ),
        (
            "{kind: in_hospital}",
            "{kind: medication, within: 1 d}",
            "EMB-202",
            "no drug is named",
        ),
    ],
)
def test_a_fault_names_its_code_its_place_and_its_reason(old, new, code, words):
    told = fault(changed(old, new))
    assert told.code.value == code
    assert words in told.problem
    assert "line " in told.problem
    assert told.cure


@pytest.mark.parametrize("text", ["", "- a list", "a word", "\x00"])
def test_what_is_no_document_is_unreadable(text):
    assert fault(text).code is ErrorCode.PROTOCOL_UNREADABLE


def test_lengths_of_time_are_written_back_in_the_largest_unit_that_divides_them():
    for written, back in (("90 s", "90 s"), ("2 min", "2 min"), ("1 d", "24 h")):
        assert write_duration(read_duration(written)) == back


def test_the_place_is_that_of_the_faulty_line():
    text = changed(">= 18 years", ">= 18")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if '">= 18"' in row)
    assert f"At line {line}, column" in fault(text).problem


def test_a_lactate_may_be_written_in_another_unit_of_its_substance():
    load_protocol(changed("> 2 mmol/L", "> 18 mg/dL"))


def test_an_inclusion_that_absence_satisfies_is_refused():
    alive = "kind: not, rule: {kind: died, absent_means: false}"
    told = fault(changed("kind: in_hospital", alive))
    assert told.code is ErrorCode.PROTOCOL_INVALID
    assert "nothing is known" in told.problem


@pytest.mark.parametrize("definition", ["sirs", "sepsis4"])
def test_recruiting_by_what_is_never_flagged_is_refused(definition):
    told = fault(changed("definition: sepsis3", f"definition: {definition}"))
    assert told.code is ErrorCode.PROTOCOL_UNKNOWN_RULE
    assert "there is no definition" in told.problem


def test_recruiting_by_a_policy_that_there_is_not_is_refused():
    told = fault(changed("definition: sepsis3", "definition: ase"))
    assert told.code is ErrorCode.PROTOCOL_UNKNOWN_RULE
    assert "toolkit" in told.cure


def test_a_domain_that_includes_nobody_is_refused():
    text = TEXT[: TEXT.index("    inclusion:")] + TEXT[TEXT.index("    exclusion:") :]
    assert "includes nobody" in fault(text).problem


def test_a_rate_without_a_common_unit_is_refused():
    rule = "{kind: infusion, drugs: [vasopressor], rate: '> 0.1 ug/kg/min'}"
    told = fault(changed("{kind: infusion, drugs: [vasopressor]}", rule))
    assert told.code is ErrorCode.PROTOCOL_UNIT
