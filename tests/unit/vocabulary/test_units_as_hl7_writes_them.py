"""Spellings of ISO+, ANS+, monitors and laboratories; each is the UCUM it means."""

import pytest

from streams.vocabulary.units import UNITS, canonical_unit


@pytest.mark.parametrize(
    ("written", "ucum"),
    [
        ("MM(HG)", "mm[Hg]"),
        ("cm_h2o", "cm[H2O]"),
        ("(ph)", "[pH]"),
        ("10*3/mm3", "10*3/uL"),
        ("x10*9/L", "10*9/L"),
        ("x10*12/L", "10*12/L"),
        ("UG/(KG.MIN)", "ug/kg/min"),
        ("MG/(KG.HR)", "mg/kg/h"),
        ("MMOLL", "mmol/L"),
        ("µmol/L", "umol/L"),
        ("\u03bcmol/L", "umol/L"),
        ("\u03bcg/kg/min", "ug/kg/min"),
        ("mcg/mL", "ug/mL"),
        ("MDC_DIM_MMHG", "mm[Hg]"),
        ("MDC_DIM_BEAT_PER_MIN", "/min"),
        ("MDC_DIM_X_L_PER_MIN", "L/min"),
        ("{Ratio}", "1"),
        ("Grams", "g"),
    ],
)
def test_a_spelling_is_the_unit_it_means(written, ucum):
    assert canonical_unit(written) == ucum
    assert ucum in UNITS


@pytest.mark.parametrize("written", ["mM", "M", "MM", "MLMIN", "enzyme units", "/10"])
def test_what_may_mean_two_things_is_no_unit(written):
    assert canonical_unit(written) is None
