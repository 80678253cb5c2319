import pytest

from streams.vocabulary.codes import Icd9Cm, Icd10Cm, Loinc, RxNorm, parse_code
from streams.vocabulary.concepts import concepts
from streams.vocabulary.errors import ErrorCode, InputError


def test_a_loinc_code_with_a_wrong_check_digit_is_refused():
    with pytest.raises(InputError) as refused:
        Loinc("3150-6")  # seen in the wild for FiO2, whose code is 3150-0
    assert refused.value.code is ErrorCode.MALFORMED_CODE


@pytest.mark.parametrize("code", ["3150-0", "2160-0", "32693-4", "88330-6", "777-3"])
def test_real_loinc_codes_pass_their_check_digit(code):
    assert Loinc(code).value == code


def test_every_code_of_the_dictionary_passes_its_systems_check():
    assert all(concept.codes for concept in concepts().values())


@pytest.mark.parametrize(
    ("system", "value"), [(Icd9Cm, "99592"), (Icd9Cm, "V1582"), (Icd10Cm, "A41.9")]
)
def test_diagnoses_are_read_with_and_without_their_dot(system, value):
    assert system(value).value == value


def test_an_rxcui_has_digits_only():
    with pytest.raises(InputError):
        RxNorm("C01CA03")


def test_a_code_without_its_system_is_refused_with_the_systems_that_are_known():
    with pytest.raises(InputError, match="does not name a coding system") as refused:
        parse_code("2160-0")
    assert "http://loinc.org" in refused.value.cure


def test_a_code_is_read_back_as_it_is_written():
    assert str(parse_code("http://loinc.org|2160-0")) == "http://loinc.org|2160-0"
