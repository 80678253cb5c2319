"""PaO2/FiO2 and SpO2/FiO2 at a moment."""

import pytest

from streams.clinical.catalogue.rules import rule_named


@pytest.fixture
def ratios(timeline_of, at):
    """The ratios told at 11:00 of day 1, by a policy."""

    def tell(table, policy=None):
        told = rule_named("oxygenation").evaluate(
            timeline_of(table), at("1 11:00"), policy
        )
        return {one.name: one.value for one in told.features}

    return tell


def test_a_gas_takes_the_oxygen_charted_in_the_four_hours_before(ratios):
    table = """
    at      | what | value
    1 07:00 | fio2 | 50
    1 10:00 | pao2 | 80
    """
    assert ratios(table) == {"pf": 160}
    assert ratios(table, "ricu") == {"pf": pytest.approx(80 / 0.21)}


@pytest.mark.parametrize(("fio2", "pf"), [("0.5", 160), ("50", 160), ("1", 80)])
def test_a_fraction_under_the_unit_of_a_percentage_is_a_fraction(ratios, fio2, pf):
    table = f"""
    at      | what | value
    1 09:00 | fio2 | {fio2}
    1 10:00 | pao2 | 80
    """
    assert ratios(table) == {"pf": pf}


@pytest.mark.parametrize("fio2", ["0.2", "1.1", "6", "19.9", "100.1"])
def test_what_is_neither_fraction_nor_percentage_is_not_known(ratios, fio2):
    table = f"""
    at      | what | value
    1 09:00 | fio2 | {fio2}
    1 10:00 | pao2 | 80
    """
    assert ratios(table) == {}


def test_of_oxygen_charted_five_hours_before_nobody_can_tell(ratios):
    table = """
    at      | what | value
    1 05:00 | fio2 | 50
    1 10:00 | pao2 | 80
    """
    assert ratios(table) == {}


def test_the_saturation_tells_up_to_97_per_cent(ratios):
    table = """
    at      | what | value
    1 09:00 | fio2 | 40
    1 10:00 | spo2 | {}
    """
    assert ratios(table.format(97)) == {"sf": pytest.approx(97 / 0.4)}
    assert ratios(table.format(98)) == {}


def test_a_ratio_told_from_the_saturation_is_named_apart(ratios):
    table = """
    at      | what | value
    1 09:00 | fio2 | 50
    1 10:00 | spo2 | 90
    """
    told = ratios(table, "rice_2007")
    assert told["sf"] == 180
    assert told["pf_imputed"] == pytest.approx((180 - 64) / 0.84)
    assert "pf" not in told
