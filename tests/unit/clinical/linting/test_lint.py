"""Each check on the smallest protocol that it finds fault with, and on one it does not."""

import pytest

from streams.clinical.criteria.lint import lint
from streams.clinical.linting.finding import Check
from streams.clinical.linting.sense import unverified
from streams.vocabulary.protocol_text import parse_protocol


ADULT = "rule: {kind: age, is: '>= 18 years'}"
ONSET = "rule: {kind: onset}"


def value(is_, concept="lactate", more=""):
    return f"{{kind: value, concept: {concept}, is: '{is_}', within: 6 h{more}}}"


def rule(text):
    return f"rule: {text}"


def both(*rules):
    return f"rule: {{kind: all, of: [{', '.join(rules)}]}}"


def either(*rules):
    return f"rule: {{kind: any, of: [{', '.join(rules)}]}}"


def test_a_plain_protocol_is_clean(found):
    pregnant = "rule: {kind: pregnant, within: 270 d}"
    assert found(ADULT, ONSET, exclusion=(pregnant,)) == []


# -- what no patient can fulfil ------------------------------------------------


@pytest.mark.parametrize(
    "never",
    [
        both(value("> 5 mmol/L"), value("< 3 mmol/L")),
        both(value("> 3 mg/dL", "creatinine"), value("< 265 umol/L", "creatinine")),
        both(value("> 3 mmol/L", more=", which: lowest"), value("<= 3 mmol/L")),
        both(
            value("> 3 mmol/L", more=", which: lowest"),
            value("< 3 mmol/L", more=", which: any"),
        ),
        both("{kind: sex, is: male}", "{kind: sex, is: female}"),
        both("{kind: age, is: '> 17 years'}", "{kind: age, is: '< 18 years'}"),
        both(value("> 5 mmol/L"), "{kind: not, rule: " + value("> 4 mmol/L") + "}"),
        rule("{kind: score, score: sofa, is: '> 24 {score}'}"),
        rule("{kind: score, score: sofa, component: renal, is: '>= 5 {score}'}"),
        rule(value("< 0 mmol/L")),
        rule("{kind: elapsed, since: onset.known_at, is: '> 24 h'}"),
        rule("{kind: urine_output, is: '< 0 mL/kg/h', lasting: 6 h}"),
        "rule: {kind: at_least, n: 3, of: ["
        + ", ".join((value("> 5 mmol/L"), value("< 3 mmol/L"), "{kind: sex, is: male}"))
        + ", {kind: sex, is: female}]}",
    ],
)
def test_an_inclusion_that_can_never_be_true(found, never):
    assert Check.NEVER_TRUE in found(ADULT, ONSET, never)


@pytest.mark.parametrize(
    "may_be",
    [
        both(value("> 5 mmol/L"), value("< 3 mmol/L", more=", which: lowest")),
        both(value("> 5 mmol/L"), value("< 3 mmol/L").replace("6 h", "12 h")),
        both(value(">= 3 mmol/L"), value("<= 3 mmol/L")),
        either(value("> 5 mmol/L"), value("< 3 mmol/L")),
        rule("{kind: score, score: sofa, is: '>= 24 {score}'}"),
        rule("{kind: elapsed, since: onset.happened_at, is: '> 24 h'}"),
        rule("{kind: elapsed, since: onset.known_at, is: '>= 24 h'}"),
    ],
)
def test_and_what_only_looks_like_one(found, may_be):
    assert found(ADULT, ONSET, may_be) == []


@pytest.mark.parametrize(
    "always",
    [
        either(value("> 5 mmol/L"), value("<= 5 mmol/L")),
        either("{kind: sex, is: male}", "{kind: not, rule: {kind: sex, is: male}}"),
        rule("{kind: score, score: sofa, is: '>= 0 {score}'}"),
        rule("{kind: elapsed, since: onset.known_at, is: '<= 24 h'}"),
    ],
)
def test_a_criterion_that_can_never_be_false(document, always):
    for text, severity in (
        (document(ADULT, ONSET, always), "warning"),
        (document(ADULT, ONSET, exclusion=(always,)), "error"),
    ):
        told = {one.code: one.severity for one in lint(parse_protocol(text), text)}
        assert told[Check.NEVER_FALSE] == severity


def test_a_part_that_can_never_be_true(found):
    part = either("{kind: age, is: '< 0 years'}", value("> 5 mmol/L"))
    assert found(ADULT, ONSET, part) == [Check.PART_NEVER_TRUE]


def test_inclusions_that_contradict_each_other(found):
    child = "rule: {kind: age, is: '< 18 years'}"
    assert found(ADULT, ONSET, child) == [Check.CONTRADICTION]


@pytest.mark.parametrize("excluded", [ADULT, "rule: {kind: age, is: '>= 16 years'}"])
def test_an_exclusion_of_everybody_who_is_included(found, excluded):
    assert found(ADULT, ONSET, exclusion=(excluded,)) == [Check.INCLUDED_IS_EXCLUDED]


def test_criteria_that_only_together_leave_nobody(found):
    shock = either("{kind: sex, is: male}", value("> 5 mmol/L"))
    no_man = "rule: {kind: sex, is: male}"
    low = rule(value("> 4 mmol/L"))
    assert found(ADULT, ONSET, shock, exclusion=(no_man, low)) == [Check.NOBODY]


def test_an_exclusion_in_other_words(found):
    child = "rule: {kind: age, is: '< 18 years'}"
    assert found(ADULT, ONSET, exclusion=(child,)) == [Check.REDUNDANT]


def test_the_same_rule_twice(found):
    assert found(ADULT, ONSET, ADULT) == [Check.DUPLICATE]
    twice = either(value("> 5 mmol/L"), value("> 5 mmol/L"))
    assert found(ADULT, ONSET, twice) == [Check.DUPLICATE_PART]


# -- absence -------------------------------------------------------------------

NOT_DEAD = "rule: {kind: not, rule: {kind: died, absent_means: false}}"


def test_what_absence_fulfils(found):
    assert found(ADULT, ONSET, NOT_DEAD) == [Check.INCLUDED_BY_ABSENCE]
    assert found(ADULT, ONSET, exclusion=(NOT_DEAD,)) == [Check.EXCLUDED_BY_ABSENCE]


def test_a_safety_criterion_that_absence_passes(found):
    allergy = "rule: {kind: allergy, to: [x], absent_means: false}\nrole: safety"
    assert found(ADULT, ONSET, exclusion=(allergy,)) == [Check.SAFE_BY_ABSENCE]
    plain = allergy.replace("\nrole: safety", "")
    assert found(ADULT, ONSET, exclusion=(plain,)) == []


# -- evidence and markers ------------------------------------------------------

SHOCK = "rule: {kind: onset, definition: sep1_shock}"


def test_an_unverified_definition_is_an_error_once_the_protocol_is_verified(document):
    for evidence, severity in (("partial", "warning"), ("verified", "error")):
        text = document(ADULT, ONSET, SHOCK, evidence=evidence)
        (one,) = lint(parse_protocol(text), text)
        assert (one.code, one.severity) == ("unverified", severity)
        assert unverified(parse_protocol(text)) == ("sep1_shock",)


def predictive(assay, more="", turnaround="1 h"):
    return f"""
rule: {{kind: marker, marker: ferritin, is: '> 4420 ng/mL', within: 1 d{more}}}
role: predictive_enrichment
marker: {{assay: {assay}, turnaround: {turnaround}, if_negative: excluded}}
"""


@pytest.mark.parametrize(
    ("criterion", "checks"),
    [
        (predictive("Abbott", ", assay: abbott"), []),
        (predictive("Abbott"), [Check.NO_ASSAY]),
        (predictive("Abbott", ", assay: roche"), [Check.OTHER_ASSAY]),
        (
            predictive("Abbott", ", assay: abbott", turnaround="25 h"),
            [Check.RESULT_TOO_LATE],
        ),
        (
            rule("{kind: marker, marker: strem1_high}"),
            [Check.NO_CUT_OFF, Check.UNVERIFIED],
        ),
        (rule("{kind: marker, marker: ferritin_paediatric_low}"), [Check.WRONG_AGE]),
        (rule("{kind: score, score: phoenix, is: '>= 2 {score}'}"), [Check.WRONG_AGE]),
        (
            "rule: {kind: marker, marker: supar_high}\nrole: safety",
            [Check.MARKER_ROLE],
        ),
    ],
)
def test_markers(found, criterion, checks):
    assert sorted(found(ADULT, ONSET, criterion)) == checks


# -- windows -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("criterion", "checks"),
    [
        (
            rule(
                "{kind: value, concept: map, is: '< 65 mm[Hg]', since: onset.known_at,"
                " sustained: 25 h}"
            ),
            [Check.OUTLASTS_WINDOW],
        ),
        (
            rule(
                value("> 2 mmol/L").replace(
                    "within: 6 h", "within: 24 h, since: onset.known_at"
                )
            ),
            [Check.WINDOW_WITHOUT_EFFECT],
        ),
        (
            rule("{kind: medication, named: [x], stages: [home], within: 6 h}"),
            [Check.NO_TIME_OF_DAY],
        ),
        (rule("{kind: condition, codes: [icd|I21], within: 28 d}"), [Check.LATE_CODES]),
    ],
)
def test_windows(found, criterion, checks):
    assert found(ADULT, ONSET, criterion) == checks


def test_a_window_that_counts_from_what_the_entry_does_not_bring(found):
    assert found(ADULT, entry="{kind: admission}", anchor="onset.known_at") == [
        Check.ANCHOR_UNSURE
    ]
    assert found(ADULT, entry="{kind: admission}", anchor="entry.known_at") == []


# -- questions and forms -------------------------------------------------------


def question(name="willing", words="Willing?", more=", holds_for: 24 h"):
    return f"{{kind: confirm, name: {name}, question: '{words}'{more}}}"


@pytest.mark.parametrize(
    ("criterion", "checks"),
    [
        (rule(question()), []),
        (rule(question(more="")), [Check.HOLDS_FOR_EVER]),
        (f"{rule(question(more=''))}\nask: {{by: investigator, holds_for: 1 d}}", []),
        (
            f"{rule(question())}\nif_unknown: ask\nquestion: Willing?",
            [Check.ASKED_IN_VAIN],
        ),
        (both(question(), question(words="Able?")), [Check.ASKED_TWICE]),
        (either(value("> 2 mmol/L")), [Check.NEEDLESS]),
        (rule("{kind: transferred}"), [Check.UNDECIDABLE]),
        (rule("{kind: procedure, any_of: [yoga], within: 1 d}"), [Check.UNDECIDABLE]),
        (
            rule(
                "{kind: fluid, direction: out, substances: [colloid], total: '> 1 mL', within: 1 h}"
            ),
            [Check.UNDECIDABLE],
        ),
    ],
)
def test_questions_and_forms(found, criterion, checks):
    assert found(ADULT, ONSET, criterion) == checks


def test_an_unknown_name_is_all_that_is_said(found):
    sofa4 = rule("{kind: score, score: sofa4, is: '>= 2 {score}'}")
    assert found(ADULT, ONSET, sofa4, ADULT) == [Check.UNKNOWN_NAME]


def test_a_finding_stands_at_its_line_and_column(document):
    text = document(ADULT, ONSET, rule(question(more="")))
    (one,) = lint(parse_protocol(text), text)
    line = text.splitlines()[one.place.line - 1]
    assert line[one.place.column - 1 :].startswith("{kind: confirm")
    assert one.path == "domains[0].inclusion[2].rule"
