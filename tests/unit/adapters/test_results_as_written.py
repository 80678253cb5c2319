"""Results as laboratories write them, and what they are in a concept's own unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.adapters.measured import Measured, measured
from streams.adapters.values import NOTHING, WORDS, Reported, read_result
from streams.vocabulary.concepts import concept
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.facts import Flag


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("7.4", Reported(7.4)),
        (" 12 ", Reported(12.0)),
        (".5", Reported(0.5)),
        ("5.", Reported(5.0)),
        ("-3", Reported(-3.0)),
        ("1e3", Reported(1000.0)),
        (">15", Reported(15.0, ">")),
        ("< 0.1", Reported(0.1, "<")),
        ("=<2", Reported(2.0, "<=")),
        ("≥4", Reported(4.0, ">=")),
        ("1:40", Reported(40.0, titre=True)),
        ("> 1 : 640", Reported(640.0, ">", titre=True)),
        ("2-5", Reported(2.0, upper=5.0)),
        ("2 to 5", Reported(2.0, upper=5.0)),
        ("POSITIVE", Reported(word="POSITIVE")),
        ("Not Detected.", Reported(word="NOT DETECTED")),
        ("5-2", NOTHING),
        ("1,500", NOTHING),
        ("1,5", NOTHING),
        ("NaN", NOTHING),
        ("inf", NOTHING),
        ("1e999", NOTHING),
        ("", NOTHING),
        ("Seen with Dr Smith", NOTHING),
        ("9" * 500, NOTHING),
    ],
)
def test_what_a_result_says(text, meant):
    assert read_result(text) == meant


@given(st.text(max_size=100))
def test_no_text_passes_that_is_not_one_of_the_words(text):
    read = read_result(text)

    assert read.word is None or read.word in set(WORDS.values())


def of(name, text, unit, **aliases):
    return measured(concept(name), read_result(text), unit, aliases=aliases)


def test_a_number_comes_out_in_the_concepts_unit():
    assert of("creatinine", "1.2", "mg/dL") == Measured(1.2)
    converted = of("creatinine", "88.42", "umol/L")
    assert converted.value == pytest.approx(1.0)
    assert converted.sent_unit == "umol/L"
    assert of("lactate", ">15", "mmol/L") == Measured(15.0, ">")
    assert of("platelets", "2-5", "10*9/L") == Measured(2.0, upper=5.0)


def test_a_site_spells_its_units_as_it_likes():
    assert of("platelets", "200", "G/l", **{"G/l": "10*9/L"}).value == 200.0


def test_what_has_no_number_has_no_unit_either():
    assert of("creatinine", "POSITIVE", None) == Measured(None)
    assert of("creatinine", "1:40", None) == Measured(None)


@pytest.mark.parametrize("unit", [None, "", "  ", "furlong", "mm[Hg]"])
def test_a_number_whose_unit_is_missing_or_unknown_is_refused(unit):
    with pytest.raises(InputError) as told:
        of("creatinine", "1.2", unit)
    assert told.value.code is ErrorCode.UNKNOWN_UNIT


def test_numbers_that_have_no_unit_need_none():
    assert of("ph_arterial", "7.4", None).value == 7.4
    assert of("inr", "1.1", "").value == 1.1
    assert of("gcs_total", "15", None).value == 15


def test_the_impossible_is_refused_and_the_implausible_kept():
    with pytest.raises(InputError) as told:
        of("ph_arterial", "70", None)
    assert told.value.code is ErrorCode.IMPOSSIBLE_VALUE
    with pytest.raises(InputError):
        of("creatinine", "-1", "mg/dL")
    assert of("creatinine", "25", "mg/dL").flags == (Flag.IMPLAUSIBLE,)


@pytest.mark.parametrize(
    ("text", "unit", "percent", "flags"),
    [
        ("0.4", "%", 40.0, ()),
        ("40", "%", 40.0, ()),
        ("1", "1", 100.0, ()),
        ("4", "%", None, (Flag.IMPLAUSIBLE,)),
    ],
)
def test_inspired_oxygen_is_a_percentage_however_it_is_written(
    text, unit, percent, flags
):
    found = of("fio2", text, unit)

    assert found.value == (None if percent is None else pytest.approx(percent))
    assert found.flags == flags
