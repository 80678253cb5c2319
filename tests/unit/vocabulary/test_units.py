import pytest

from streams.vocabulary.concepts import concept, concepts
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.units import UNITS, canonical_unit, convert


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "expected"),
    [
        (1.0, "kPa", "mm[Hg]", 7.50062),
        (98.6, "[degF]", "Cel", 37.0),
        (310.15, "K", "Cel", 37.0),
        (1.0, "[lb_av]", "kg", 0.45359237),
        (250.0, "/uL", "10*3/uL", 0.25),
        (1.0, "10*9/L", "10*3/uL", 1.0),
        (2.4, "[IU]/h", "[IU]/min", 0.04),
        (2.0, "mg/L", "mg/dL", 0.2),
        (500.0, "ng/mL{FEU}", "mg/L{FEU}", 0.5),
        (6.0, "mg/kg/h", "ug/kg/min", 100.0),
        (1.0, "ukat/L", "U/L", 60.0),
        (10.0, "mbar", "cm[H2O]", 10.19716),
    ],
)
def test_units_of_one_dimension_convert(value, from_unit, to_unit, expected):
    got = convert(value, from_unit=from_unit, to_unit=to_unit)
    assert got == pytest.approx(expected, rel=1e-5)


def test_k_per_microlitre_is_thousands_and_not_kelvin():
    assert canonical_unit("K/uL") == "10*3/uL"


@pytest.mark.parametrize("written", ["mmHg", "mm Hg", " MMHG "])
def test_local_spellings_and_blanks_are_forgiven(written):
    assert canonical_unit(written) == "mm[Hg]"


@pytest.mark.parametrize(
    ("written", "ucum"),
    [
        ("x10^3/uL", "10*3/uL"),
        ("X10(3)/uL", "10*3/uL"),
        ("10E3/mm3", "10*3/uL"),
        ("10x3/uL", "10*3/uL"),
        ("10**9/L", "10*9/L"),
        ("x 10 ^ 9 / L", "10*9/L"),
        ("10^3/\u03bcL", "10*3/uL"),
        ("10^3/mm^3", "10*3/uL"),
        ("10^12/L", "10*12/L"),
    ],
)
def test_a_power_of_ten_is_read_however_it_is_marked(written, ucum):
    assert canonical_unit(written) == ucum


@pytest.mark.parametrize(
    "written", ["103/uL", "10*3", "10^4/uL", "10^3/mL", "10(3/uL", "10^3)/uL", "x/uL"]
)
def test_a_power_that_lost_its_mark_or_is_no_unit_here_is_not_guessed(written):
    assert canonical_unit(written) is None


@pytest.mark.parametrize(
    ("written", "ucum"),
    [
        ("/nL", "10*9/L"),
        ("/pl", "10*12/L"),
        ("Tsd./\u00b5l", "10*3/uL"),
        ("Gpt/l", "10*9/L"),
        ("gm/dL", "g/dL"),
        ("Units/L", "U/L"),
        ("\u00b5kat/L", "ukat/L"),
        ("mcg / kg / min", "ug/kg/min"),
        ("{breaths}/min", "/min"),
        ("L/L", "1"),
        ("hPa", "mbar"),
    ],
)
def test_laboratories_and_monitors_are_understood(written, ucum):
    assert canonical_unit(written) == ucum


def test_giga_per_litre_is_not_told_from_grams_and_measures_no_cells():
    assert canonical_unit("G/l") == "g/L"
    with pytest.raises(InputError):
        concept("wbc").in_canonical_unit(9.1, "G/l")


def test_an_unknown_unit_is_none_and_never_a_guess():
    assert canonical_unit("furlong") is None


def test_every_unit_converts_there_and_back():
    for unit in UNITS.values():
        for other in UNITS.values():
            if other.dimension == unit.dimension:
                there = convert(3.7, from_unit=unit.ucum, to_unit=other.ucum)
                back = convert(there, from_unit=other.ucum, to_unit=unit.ucum)
                assert back == pytest.approx(3.7)


@pytest.mark.parametrize(
    ("name", "value", "unit", "expected"),
    [
        ("creatinine", 88.42, "umol/L", 1.0),
        ("bilirubin_total", 17.104, "µmol/L", 1.0),
        ("lactate", 18.018, "mg/dL", 2.0),
        ("glucose", 5.551, "mmol/L", 100.0),
        ("temperature", 102.2, "°F", 39.0),
    ],
)
def test_a_concept_knows_its_substance(name, value, unit, expected):
    got = concept(name).in_canonical_unit(value, unit)
    assert got == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("mhla_dr_molecules", "%"),
        ("mhla_dr_percent", "{molecules}/{cell}"),
        ("d_dimer_feu", "ng/mL ddu"),
        ("lactate", "mmHg"),
        ("platelets", "umol/L"),
    ],
)
def test_what_must_not_be_exchanged_cannot_be(name, unit):
    with pytest.raises(InputError) as refused:
        concept(name).in_canonical_unit(1.0, unit)
    assert refused.value.code is ErrorCode.UNKNOWN_UNIT


def test_every_concept_is_kept_in_a_unit_we_know():
    assert all(c.unit in UNITS for c in concepts().values())


def test_possible_bounds_enclose_plausible_ones():
    for c in concepts().values():
        for edge in (c.plausible.low, c.plausible.high):
            assert edge is None or c.possible.holds(edge), c.name


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", 30.0), ("weight", 2.0), ("resp_rate", 70.0)]
)
def test_the_sickest_and_the_smallest_are_possible(name, value):
    assert concept(name).possible.holds(value)
    assert not concept(name).plausible.holds(value)


def test_a_ph_of_70_and_a_negative_creatinine_are_impossible():
    assert not concept("ph_arterial").possible.holds(70)
    assert not concept("creatinine").possible.holds(-0.1)
