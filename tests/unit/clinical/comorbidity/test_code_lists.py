"""The lists of codes are whole, of known conditions, and of well-formed prefixes."""

import re

import pytest

from streams.clinical.comorbidity.charlson import GROUPS
from streams.clinical.comorbidity.code_lists import (
    CodeRange,
    code_lists,
    conditions_of,
)
from streams.clinical.comorbidity.elixhauser import GRAVER, weights_of


ICD9, ICD10 = "http://hl7.org/fhir/sid/icd-9-cm", "http://hl7.org/fhir/sid/icd-10-cm"


@pytest.mark.parametrize(
    ("index", "conditions"), [("charlson", 17), ("elixhauser", 31)]
)
def test_every_condition_has_codes_of_both_systems(index, conditions):
    lists = code_lists(index)
    assert len(lists) == conditions
    assert all(set(found) == {"icd-9-cm", "icd-10-cm"} for found in lists.values())


@pytest.mark.parametrize("index", ["charlson", "elixhauser"])
def test_every_prefix_has_the_shape_of_its_system(index):
    shapes = {"icd-9-cm": r"(\d{3}|V\d{2})\d{0,2}", "icd-10-cm": r"[A-Z]\d[0-9A-Z]\d?"}
    for lists in code_lists(index).values():
        for system, ranges in lists.items():
            for one in ranges:
                assert re.fullmatch(shapes[system], one.first)
                assert re.fullmatch(shapes[system], one.last)
                assert (len(one.first), one.first) <= (len(one.last), one.last)


def test_a_range_compares_as_many_characters_as_its_ends_have():
    breast_to_other = CodeRange("1740", "1958")
    held = ["1740", "1749", "175", "185", "1950", "19589"]
    left_out = ["173", "174", "1959", "196"]
    assert all(breast_to_other.holds(code) for code in held)
    assert not any(breast_to_other.holds(code) for code in left_out)


@pytest.mark.parametrize(
    ("code", "charlson", "elixhauser"),
    [
        (f"{ICD9}|428.0", ["congestive_heart_failure"], ["congestive_heart_failure"]),
        (f"{ICD9}|4280", ["congestive_heart_failure"], ["congestive_heart_failure"]),
        (f"{ICD10}|428.0", [], []),
        (f"{ICD9}|250.8", ["diabetes_without_cc"], ["diabetes_complicated"]),
        (f"{ICD10}|E10.1", ["diabetes_without_cc"], ["diabetes_uncomplicated"]),
        (f"{ICD10}|E11.65", ["diabetes_without_cc"], ["diabetes_complicated"]),
        (
            f"{ICD10}|I42.6",
            ["congestive_heart_failure"],
            ["congestive_heart_failure", "alcohol_abuse"],
        ),
        (f"{ICD9}|173.0", [], []),
        (f"{ICD10}|C44.1", [], []),
        (f"{ICD10}|A41.9", [], []),
        ("urn:ember:local|428.0", [], []),
        ("428.0", [], []),
    ],
)
def test_what_a_code_stands_for(code, charlson, elixhauser):
    assert list(conditions_of("charlson", code)) == charlson
    assert list(conditions_of("elixhauser", code)) == elixhauser


def test_every_condition_of_charlson_has_one_weight():
    weighed = [name for _, members in GROUPS for name, _ in members]
    assert sorted(weighed) == sorted(code_lists("charlson"))
    assert all(
        [w for _, w in members] == sorted((w for _, w in members), reverse=True)
        for _, members in GROUPS
    )


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("count", 0, 31), ("van_walraven", -19, 89), ("mimic_code", -19, 84)],
)
def test_every_condition_of_elixhauser_has_one_weight(kind, least, most):
    weights = weights_of(kind)
    assert list(weights) == list(code_lists("elixhauser"))
    assert sum(w for w in weights.values() if w < 0) == least
    assert sum(w for w in weights.values() if w > 0) == most


def test_the_graver_never_weighs_less():
    weights = weights_of("van_walraven")
    assert all(weights[mild] <= weights[grave] for mild, grave in GRAVER.items())
