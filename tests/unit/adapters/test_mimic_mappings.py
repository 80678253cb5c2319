"""What each table's rows mean."""

from __future__ import annotations

import pytest

from streams.adapters.mimic_iv.items import items, support_categories
from streams.adapters.mimic_iv.prescriptions import (
    ingredient,
    kept_by_mimic_code,
)
from streams.adapters.mimic_iv.whereabouts import level_of
from streams.vocabulary.concepts import concepts
from streams.vocabulary.drugs import drugs
from streams.vocabulary.events import (
    Assessment,
    Measurement,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag


def charted(mimic, itemid, **cells):
    row = {
        "stay_id": 3,
        "hadm_id": 2,
        "charttime": "2150-01-01 08:00:00",
        "storetime": "2150-01-01 08:05:00",
    }
    mimic.add("icu/chartevents", itemid=itemid, **row | cells)
    (event,) = mimic.events().values()
    return event


def lab(mimic, itemid, **cells):
    row = {
        "labevent_id": 5,
        "specimen_id": 6,
        "charttime": "2150-01-01 08:00:00",
        "storetime": "2150-01-01 09:15:00",
    }
    mimic.add("hosp/labevents", itemid=itemid, **row | cells)
    (event,) = mimic.events().values()
    return event


def given(mimic, itemid, **cells):
    row = {
        "stay_id": 3,
        "starttime": "2150-01-01 08:00:00",
        "storetime": "2150-01-01 08:00:00",
        "endtime": "2150-01-01 09:00:00",
        "amount": 100,
        "patientweight": 80,
    }
    mimic.add("icu/inputevents", itemid=itemid, **row | cells)
    return list(mimic.events().values())


def test_an_arterial_pressure_says_how_it_was_measured(mimic):
    event = charted(mimic, 220052, value="61", valuenum="61", valueuom="mmHg")
    assert isinstance(event, Measurement)
    assert (event.concept, event.value, event.method) == ("map", 61.0, "arterial_line")
    assert event.code == "urn:ember:local|mimic-iv:220052"
    assert (event.encounter, event.stay) == ("2", "3")


def test_a_temperature_in_fahrenheit_keeps_what_was_sent(mimic):
    event = charted(mimic, 223761, value="101.3", valuenum="101.3", valueuom="°F")
    assert event.value == pytest.approx(38.5)
    assert (event.sent_value, event.sent_unit) == ("101.3", "°F")


def test_an_implausible_value_is_kept_and_flagged(mimic):
    event = charted(mimic, 223762, value="30", valuenum="30", valueuom="°C")
    assert event.value == 30.0
    assert Flag.IMPLAUSIBLE in event.flags


def test_a_pulse_charted_without_a_number_is_still_a_charting(mimic):
    event = charted(mimic, 220045, value="", valuenum="", valueuom="bpm")
    assert event.value is None
    assert event.concept == "heart_rate"


@pytest.mark.parametrize(
    ("written", "percent", "odd"),
    [
        ("40", 40.0, False),
        ("0.4", 40.0, False),
        ("1", 100.0, False),
        ("21", 21.0, False),
        ("20", 20.0, True),
        ("19.9", None, True),
        ("1.1", None, True),
        ("0.2", None, True),
        ("0", None, True),
    ],
)
def test_inspired_oxygen_is_a_fraction_a_percentage_or_neither(
    mimic, written, percent, odd
):
    event = charted(mimic, 223835, value=written, valuenum=written)
    assert event.value == percent
    assert (event.text is None) == (percent is not None)
    assert (Flag.IMPLAUSIBLE in event.flags) == odd


@pytest.mark.parametrize(("written", "told"), [("CVVHDF", "CVVHDF"), ("", None)])
def test_a_mode_of_continuous_dialysis_is_told_in_words_or_was_lost(
    mimic, written, told
):
    event = charted(mimic, 227290, value=written)
    assert isinstance(event, Assessment)
    assert (event.concept, event.text, event.value) == ("crrt_mode", told, None)
    assert event.code == "urn:ember:local|mimic-iv:227290"


def test_a_verbal_response_keeps_the_words_about_the_tube(mimic):
    event = charted(mimic, 223900, value="No Response-ETT", valuenum="1")
    assert isinstance(event, Assessment)
    assert (event.concept, event.value) == ("gcs_verbal", 1.0)
    assert event.text == "No Response-ETT"


def test_a_number_is_not_kept_twice_as_words(mimic):
    assert charted(mimic, 220739, value="4.0", valuenum="4.0").text is None


def test_a_device_keeps_its_blanks_and_gets_a_category(mimic):
    event = charted(mimic, 226732, value="Bipap mask ")
    assert isinstance(event, RespiratorySupport)
    assert (event.device, event.mode, event.category) == ("Bipap mask ", None, "niv")


def test_a_hamilton_mode_says_whose_it_is(mimic):
    event = charted(mimic, 229314, value="ASV")
    assert (event.mode, event.maker, event.category) == ("ASV", "hamilton", "invasive")


def test_a_mode_nobody_knows_is_kept_and_flagged(mimic):
    event = charted(mimic, 223849, value="24.0")
    assert (event.mode, event.category) == ("24.0", None)
    assert Flag.UNMAPPED in event.flags


def test_a_filing_time_equal_to_the_charting_tells_no_lag(mimic):
    moment = {"charttime": "2150-01-01 08:00:00", "storetime": "2150-01-01 08:00:00"}
    event = charted(mimic, 220045, value="88", valuenum="88", **moment)
    assert Flag.LAG_UNMEASURABLE in event.flags


def test_two_devices_at_one_moment_are_two_facts(mimic):
    for device in ("None", "Face tent", "Face tent"):
        mimic.add(
            "icu/chartevents",
            stay_id=3,
            itemid=226732,
            charttime="2150-01-01 08:00:00",
            value=device,
        )
    assert len(mimic.events()) == 3


def test_a_censored_result_is_an_interval(mimic):
    event = lab(mimic, 50885, value=">1650", valuenum="", valueuom="mg/dL")
    assert (event.value, event.comparator) == (1650.0, ">")
    assert event.sent_value == ">1650"


def test_a_censored_result_with_its_number_beside_it_was_not_in_words_only(mimic):
    event = lab(mimic, 50885, value=">1650", valuenum="1650", valueuom="mg/dL")
    assert (event.value, event.comparator) == (1650.0, ">")
    assert event.sent_value is None


def test_a_censored_result_in_a_comment_is_an_interval_too(mimic):
    event = lab(mimic, 51003, value="", valuenum="", valueuom="ng/mL")
    assert (event.value, event.comparator) == (None, None)
    mimic.columns["hosp/labevents"].append("comments")
    other = {"labevent_id": 6, "charttime": "2150-01-01 08:00:00"}
    mimic.add(
        "hosp/labevents",
        itemid=51003,
        valueuom="ng/mL",
        comments="<0.01.  CTROPNT > 0.10 NG/ML SUGGESTS ACUTE MI",
        **other,
    )
    event = mimic.events()["labevents:6"]
    assert (event.value, event.comparator) == (0.01, "<")
    assert event.sent_value.startswith("<0.01.")


def test_a_comment_beside_a_number_does_not_censor_it(mimic):
    mimic.columns["hosp/labevents"].append("comments")
    event = lab(mimic, 50912, valuenum="1.1", valueuom="mg/dL", comments="<3 IS NORMAL")
    assert (event.value, event.comparator) == (1.1, None)


def test_a_result_in_words_has_no_number(mimic):
    event = lab(mimic, 51274, value="UNABLE TO REPORT", valueuom="sec")
    assert (event.value, event.text) == (None, "UNABLE TO REPORT")


def test_a_blood_gas_tells_its_specimen_under_the_same_specimen_id(mimic):
    mimic.add("hosp/d_labitems", itemid=52033, fluid="Blood")
    event = lab(mimic, 52033, value="ART.")
    assert event.concept == "blood_gas_specimen"
    assert (event.value, event.text) == (None, "ART.")
    assert (event.specimen, event.specimen_id) == ("blood", "6")


def test_the_oxygen_of_a_blood_gas_is_told_apart_from_the_charted(mimic):
    event = lab(mimic, 50816, value="60", valuenum="60", valueuom="%")
    assert (event.concept, event.value, event.method) == ("fio2", 60.0, "blood_gas")


def test_a_d_dimer_is_never_taken_for_fibrinogen_equivalents(mimic):
    lab(mimic, 50915, value="500", valuenum="500", valueuom="ng/mL FEU")
    mimic.add(
        "hosp/labevents",
        labevent_id=9,
        itemid=50915,
        charttime="2150-01-01 08:00:00",
        valuenum="500",
        valueuom="ng/mL",
    )
    events = mimic.events()
    assert events["labevents:5"].value == pytest.approx(0.5)
    assert "labevents:9" not in events


@pytest.mark.parametrize(
    ("itemid", "rate", "unit", "weight", "expected"),
    [
        (221906, 0.12, "mcg/kg/min", 80, 0.12),
        (221906, 0.0001, "mg/kg/min", 80, 0.1),
        (221906, 0.1, "mg/kg/min", 1, 0.1),
        (221749, 80, "mcg/min", 80, 1.0),
        (221749, 80, "mcg/min", "", None),
        (221749, 80, "mcg/min", 0, None),
        (222315, 2.4, "units/hour", 80, 0.04),
        (221906, 0.1, "", 80, None),
        (225942, 50, "mcg/hour", 80, 50.0),
        (221668, 10, "mcg/kg/min", 50, 30.0),
    ],
)
def test_a_rate_is_told_in_the_drugs_unit_or_not_at_all(
    mimic, itemid, rate, unit, weight, expected
):
    started, stopped = given(
        mimic, itemid, rate=rate, rateuom=unit, patientweight=weight
    )
    assert started.rate == (None if expected is None else pytest.approx(expected))
    assert stopped.rate == started.rate
    assert (started.sent_rate, started.sent_unit) == (rate, unit or None)


def test_a_noradrenaline_of_seven_is_kept_and_flagged(mimic):
    started, _ = given(mimic, 221906, rate=7, rateuom="mcg/kg/min")
    assert started.rate == 7.0
    assert Flag.IMPLAUSIBLE in started.flags


def test_a_bolus_of_an_infused_drug_is_given_and_runs_nowhere(mimic):
    (bolus,) = given(mimic, 221668, rate="", amount=2, amountuom="mg")
    assert (bolus.kind, bolus.stage, bolus.drug) == ("medication", "given", "midazolam")
    assert (bolus.dose, bolus.unit) == (2.0, "mg")
    assert mimic.report.table("icu/inputevents").mapped == 1


def test_what_was_given_in_millilitres_is_a_fluid_whatever_it_is(mimic):
    (fluid,) = given(mimic, 999999, amountuom="ml", amount=50)
    assert (fluid.substance, fluid.volume_ml) == ("other", 50.0)


def test_what_is_in_no_map_and_no_volume_is_counted_as_unmapped(mimic):
    assert given(mimic, 999999, amountuom="dose") == []
    assert mimic.report.table("icu/inputevents").unmapped == {"999999": 1}


def test_irrigant_goes_in(mimic):
    mimic.add(
        "icu/outputevents",
        itemid=227488,
        charttime="2150-01-01 08:00:00",
        value=300,
        valueuom="ml",
    )
    (fluid,) = mimic.events().values()
    assert (fluid.direction, fluid.substance) == ("in", "gu_irrigant")


@pytest.mark.parametrize(
    ("drug_type", "drug", "route", "expected"),
    [
        ("MAIN", "CefePIME", "IV", True),
        ("ADDITIVE", "Vancomycin", "IV", True),
        ("BASE", "Vancomycin", "IV", False),
        ("", "Vancomycin", "IV", False),
        ("MAIN", "Vancomycin", "", False),
        ("MAIN", "Erythromycin Ophth Oint", "PO", False),
        ("MAIN", "Ciprofloxacin", "LEFT EYE", False),
        ("MAIN", "Gentamicin", "OU", False),
        ("MAIN", "Mupirocin Cream 2%", "NU", False),
        ("MAIN", "Penicillin Desensitization", "IV", False),
        ("MAIN", "Furosemide", "IV", False),
        ("MAIN", "Fluconazole", "IV", False),
    ],
)
def test_an_antimicrobial_is_told_by_name_route_and_part(
    drug_type, drug, route, expected
):
    assert kept_by_mimic_code(drug_type, drug, route) is expected


def test_a_salve_is_not_the_drug_in_it():
    assert ingredient("Hydrocortisone Na Succ.", "IV") == "hydrocortisone"
    assert ingredient("Hydrocortisone Cream 1%", "TP") is None


def culture(mimic, **cells):
    row = {
        "microevent_id": 1,
        "micro_specimen_id": 70,
        "chartdate": "2150-01-01 00:00:00",
        "charttime": "2150-01-01 08:30:00",
        "spec_type_desc": "URINE",
        "storetime": "2150-01-03 08:30:00",
        "test_name": "URINE CULTURE",
    }
    return mimic.add("hosp/microbiologyevents", **row | cells)


@pytest.mark.parametrize(
    ("itemid", "name", "positive"),
    [
        (80002, "ESCHERICHIA COLI", True),
        ("", "", False),
        ("", "ESCHERICHIA COLI", False),
        (90856, "NEGATIVE", False),
        (90760, "CANCELLED", None),
    ],
)
def test_a_culture_is_positive_when_an_organism_is_named(mimic, itemid, name, positive):
    result = culture(mimic, org_itemid=itemid, org_name=name).events()[
        "microbiologyevents:70:1"
    ]
    assert result.positive is positive


def test_the_antibiotics_tried_on_one_isolate_are_one_result(mimic):
    isolate = {"org_itemid": 80002, "org_name": "ESCHERICHIA COLI", "isolate_num": 1}
    tried = (("CEFEPIME", "<=", 1, "S"), ("AMPICILLIN", "=>", 32, "R"))
    for number, (drug, sign, mic, answer) in enumerate(tried, 1):
        culture(
            mimic,
            microevent_id=number,
            **isolate,
            ab_name=drug,
            dilution_comparison=sign.ljust(10),
            dilution_value=mic,
            interpretation=answer,
        )
    culture(mimic, microevent_id=3, org_itemid=80075, org_name="YEAST", isolate_num=2)
    events = mimic.events()
    assert list(events) == [
        "microbiologyevents:70",
        "microbiologyevents:70:1",
        "microbiologyevents:70:3",
    ]
    cefepime, ampicillin = events["microbiologyevents:70:1"].susceptibilities
    assert (cefepime.comparator, cefepime.mic) == ("<=", 1.0)
    assert (ampicillin.comparator, ampicillin.interpretation) == (">=", "R")


@pytest.mark.parametrize(
    ("unit", "level"),
    [
        ("Medical Intensive Care Unit (MICU)", "icu"),
        ("Trauma SICU (TSICU)", "icu"),
        ("Coronary Care Unit (CCU)", "icu"),
        ("Neuro Stepdown", "intermediate"),
        ("Medicine/Cardiology Intermediate", "intermediate"),
        ("Emergency Department Observation", "emergency"),
        ("PACU", "theatre"),
        ("Medicine", "ward"),
    ],
)
def test_a_units_name_tells_its_level(unit, level):
    assert level_of(unit) == level


def test_every_mapped_item_names_something_the_vocabulary_has():
    measured = {"measurement", "assessment", "charted_fio2", "gas_fio2", "text"}
    for table in ("labevents", "chartevents"):
        named = {i.concept for i in items(table).values() if i.kind in measured}
        assert named <= set(concepts())
    infused = {i.concept for i in items("inputevents").values() if i.kind == "infusion"}
    assert infused <= set(drugs())


def test_every_category_of_support_is_one_the_vocabulary_has():
    kinds = [
        "invasive",
        "niv",
        "cpap",
        "hfnc",
        "tracheostomy",
        "oxygen",
        "none",
        "other",
    ]
    assert set(support_categories().values()) <= set(kinds)


def test_only_the_patients_wanted_are_read(mimic):
    for patient in (1, 2):
        mimic.add("hosp/patients", subject_id=patient, anchor_age=50, anchor_year=2150)
    copy = mimic.write()
    read = {s.patient for s in copy.events(mimic.report, subjects=["2"])}
    assert read == {"2"}
    assert mimic.report.table("hosp/patients").read == 1


def test_columns_may_stand_in_any_order_and_others_are_ignored(mimic):
    for columns in mimic.columns.values():
        columns.reverse()
        columns.insert(1, "caregiver_id")
    assert charted(mimic, 220045, value="88", valuenum="88").value == 88.0


def test_packed_and_plain_tables_read_the_same(mimic):
    at = "2150-01-01 08:00:00"
    mimic.add("icu/chartevents", itemid=220045, charttime=at, valuenum=88)
    plain = mimic.sourced()
    copy = mimic.write()
    mimic.pack("icu/chartevents")
    assert list(copy.events(mimic.report)) == plain


def test_services_are_counted_and_not_read(mimic):
    copy = mimic.write()
    path = mimic.folder / "hosp" / "services.csv"
    path.write_text("subject_id,curr_service\n1,MED\n1,SURG\n")
    assert list(copy.events(mimic.report)) == []
    assert mimic.report.table("hosp/services").filed_unread == 2


def test_a_procedure_of_no_map_is_kept_under_its_number(mimic):
    mimic.add(
        "icu/procedureevents", itemid=224275, orderid=4, starttime="2150-01-01 08:00:00"
    )
    (event,) = mimic.events().values()
    assert (event.name, event.phase) == ("mimic-iv:224275", "done")


def test_dialysis_lasts(mimic):
    mimic.add(
        "icu/procedureevents",
        itemid=225802,
        orderid=4,
        starttime="2150-01-01 08:00:00",
        endtime="2150-01-02 08:00:00",
    )
    assert [(e.name, e.phase) for e in mimic.events().values()] == [
        ("rrt", "started"),
        ("rrt", "stopped"),
    ]
