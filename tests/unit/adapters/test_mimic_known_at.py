"""Nothing is known before it happened, and nothing earlier than the record says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streams.adapters.mimic_iv.known_at import KNOWN_AT_RULES, filing_time
from streams.adapters.mimic_iv.source import SERVICES, TABLES
from streams.vocabulary.events import (
    CultureCollected,
    CultureResult,
    Death,
    Fluid,
    Infusion,
    Measurement,
    Medication,
)
from streams.vocabulary.facts import Flag


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def specimen(mimic, **cells):
    return mimic.add(
        "hosp/microbiologyevents",
        **{
            "microevent_id": 7,
            "micro_specimen_id": 70,
            "chartdate": "2150-01-01 00:00:00",
            "charttime": "2150-01-01 08:30:00",
            "spec_type_desc": "BLOOD CULTURE",
            "storedate": "2150-01-04 00:00:00",
            "storetime": "2150-01-04 10:00:00",
            "test_itemid": 90201,
            "test_name": "Blood Culture, Routine",
        }
        | cells,
    )


ORGANISM = {
    "org_itemid": 80002,
    "org_name": "ESCHERICHIA COLI",
    "isolate_num": 1,
    "ab_name": "CEFEPIME",
    "dilution_comparison": "<=        ",
    "dilution_value": 1,
    "interpretation": "S",
}


def test_an_organism_is_not_known_at_collection_but_when_it_was_reported(mimic):
    events = specimen(mimic, **ORGANISM).events()
    taken, grown = events["microbiologyevents:70"], events["microbiologyevents:70:7"]
    assert isinstance(taken, CultureCollected)
    assert isinstance(grown, CultureResult)
    assert taken.known_at == at("2150-01-01 08:30:00")
    assert grown.known_at == at("2150-01-04 10:00:00")
    assert grown.organism == "ESCHERICHIA COLI"
    assert not hasattr(taken, "organism")


def test_a_specimen_with_only_a_date_is_known_when_that_day_is_over(mimic):
    taken = specimen(mimic, charttime="").events()["microbiologyevents:70"]
    assert taken.happened_at == at("2150-01-01")
    assert taken.known_at == at("2150-01-02")
    assert Flag.DATE_ONLY in taken.flags


def test_a_result_with_only_a_date_is_known_when_that_day_is_over(mimic):
    grown = specimen(mimic, storetime="").events()["microbiologyevents:70:7"]
    assert grown.known_at == at("2150-01-05")
    assert Flag.DATE_ONLY in grown.flags


def test_a_result_without_any_date_comes_by_the_declared_lag_and_says_so(mimic):
    bare = specimen(mimic, storetime="", storedate="")
    grown = bare.events()["microbiologyevents:70:7"]
    assert grown.known_at == at("2150-01-06 08:30:00")
    assert grown.flags == (Flag.LAG_UNMEASURABLE,)


def infusion(mimic, **cells):
    return mimic.add(
        "icu/inputevents",
        **{
            "stay_id": 3,
            "hadm_id": 2,
            "starttime": "2150-01-01 08:00:00",
            "endtime": "2150-01-01 12:00:00",
            "storetime": "2150-01-01 08:10:00",
            "itemid": 221906,
            "amount": 2,
            "rate": 0.1,
            "rateuom": "mcg/kg/min",
            "orderid": 9,
            "patientweight": 80,
        }
        | cells,
    )


def started_and_stopped(events):
    both = [e for e in events.values() if isinstance(e, Infusion)]
    return (
        next(e for e in both if e.phase == "started"),
        next(e for e in both if e.phase == "stopped"),
    )


def test_an_infusions_end_is_not_known_at_its_start(mimic):
    started, stopped = started_and_stopped(infusion(mimic).events())
    assert started.known_at == at("2150-01-01 08:10:00")
    assert stopped.known_at == at("2150-01-01 12:00:00")
    assert started.infusion_id == stopped.infusion_id


def test_a_volume_is_not_known_before_it_went_in(mimic):
    given = infusion(mimic, itemid=225158, rate="", rateuom="", amount=500).events()
    (fluid,) = [e for e in given.values() if isinstance(e, Fluid)]
    assert fluid.known_at == fluid.happened_at == at("2150-01-01 12:00:00")
    assert fluid.volume_ml == 500.0


def test_an_infusion_filed_late_is_known_late(mimic):
    late = infusion(mimic, storetime="2150-01-01 20:00:00")
    assert {e.known_at for e in late.events().values()} == {at("2150-01-01 20:00:00")}


def test_an_infusion_that_ends_before_it_starts_is_kept_and_flagged(mimic):
    odd = infusion(mimic, endtime="2150-01-01 07:00:00")
    started, stopped = started_and_stopped(odd.events())
    assert Flag.STOP_BEFORE_START in started.flags
    assert Flag.STOP_BEFORE_START in stopped.flags
    assert stopped.happened_at == at("2150-01-01 07:00:00")
    assert stopped.known_at >= started.happened_at


def admission(mimic, **cells):
    return mimic.add(
        "hosp/admissions",
        **{
            "hadm_id": 2,
            "admittime": "2150-01-01 07:00:00",
            "dischtime": "2150-01-09 15:00:00",
            "discharge_location": "HOME",
            "hospital_expire_flag": 0,
        }
        | cells,
    )


def test_an_icd_code_is_not_known_before_discharge(mimic):
    admission(mimic).add(
        "hosp/diagnoses_icd", hadm_id=2, seq_num=1, icd_code="A419", icd_version=10
    )
    code = mimic.events()["diagnoses_icd:2:1"]
    assert code.known_at == at("2150-01-09 15:00:00")
    assert code.code == "http://hl7.org/fhir/sid/icd-10-cm|A419"


def patient(mimic, **cells):
    row = {"gender": "F", "anchor_age": 52, "anchor_year": 2150, "dod": ""}
    return mimic.add("hosp/patients", **row | cells)


def test_a_date_of_death_is_not_known_before_the_day_is_over(mimic):
    admission(mimic)
    died = patient(mimic, dod="2150-03-05").events()["patients:1:death"]
    assert isinstance(died, Death)
    assert died.happened_at == at("2150-03-05")
    assert died.known_at == at("2150-03-06")
    assert set(died.flags) == {Flag.DATE_ONLY, Flag.LAG_UNMEASURABLE}


def test_a_death_in_hospital_is_known_when_it_happens_and_nobody_left_alive(mimic):
    events = admission(
        mimic, deathtime="2150-01-09 15:00:00", hospital_expire_flag=1
    ).events()
    assert events["admissions:2:death"].known_at == at("2150-01-09 15:00:00")
    assert events["admissions:2:discharged"].disposition == "died"
    assert "admissions:2:alive:discharge" not in events


def test_who_left_alive_was_seen_alive_at_discharge(mimic):
    seen = admission(mimic).events()["admissions:2:alive:discharge"]
    assert seen.alive
    assert seen.happened_at == at("2150-01-09 15:00:00")


def test_sex_and_birth_year_are_known_from_the_first_registration(mimic):
    admission(mimic, edregtime="2150-01-01 03:00:00")
    admission(mimic, hadm_id=3, admittime="2149-05-01 03:00:00")
    person = patient(mimic).events()["patients:1"]
    assert person.known_at == at("2149-05-01 03:00:00")
    assert person.birth_year == 2098


def lab(mimic, **cells):
    row = {
        "labevent_id": 5,
        "specimen_id": 6,
        "itemid": 50912,
        "charttime": "2150-01-01 08:00:00",
        "storetime": "2150-01-01 09:15:00",
        "value": "1.4",
        "valuenum": "1.4",
        "valueuom": "mg/dL",
    }
    return mimic.add("hosp/labevents", **row | cells)


def test_a_result_is_known_when_it_was_filed(mimic):
    result = lab(mimic).events()["labevents:5"]
    assert isinstance(result, Measurement)
    assert result.happened_at == at("2150-01-01 08:00:00")
    assert result.known_at == at("2150-01-01 09:15:00")


def test_a_result_without_filing_time_comes_by_the_declared_lag(mimic):
    result = lab(mimic, storetime="").events()["labevents:5"]
    assert result.known_at == at("2150-01-01 12:00:00")
    assert result.flags == (Flag.LAG_UNMEASURABLE,)


def test_a_result_filed_before_it_was_taken_is_flagged_and_known_when_taken(mimic):
    result = lab(mimic, storetime="2150-01-01 07:00:00").events()["labevents:5"]
    assert result.known_at == result.happened_at
    assert result.flags == (Flag.FUTURE,)


def order(mimic, **cells):
    row = {
        "hadm_id": 2,
        "pharmacy_id": 8,
        "drug_type": "MAIN",
        "drug": "CefePIME",
        "route": "IV",
        "starttime": "2150-01-01 08:00:00",
        "stoptime": "2150-01-04 08:00:00",
    }
    return mimic.add("hosp/prescriptions", **row | cells)


def test_the_end_of_an_order_is_a_fact_of_its_own(mimic):
    begun, ended = order(mimic).events().values()
    assert isinstance(begun, Medication)
    assert begun.known_at == at("2150-01-01 08:00:00")
    assert begun.planned_stop is None
    assert ended.known_at == at("2150-01-04 08:00:00")
    assert begun.order_id == ended.order_id


def test_an_order_that_stops_before_it_starts_is_kept_and_flagged(mimic):
    begun, ended = order(mimic, stoptime="2150-01-01 06:00:00").events().values()
    assert Flag.STOP_BEFORE_START in begun.flags
    assert Flag.STOP_BEFORE_START in ended.flags
    assert ended.happened_at == at("2150-01-01 06:00:00")
    assert ended.known_at == at("2150-01-01 08:00:00")


def output(mimic, **cells):
    row = {
        "stay_id": 3,
        "charttime": "2150-01-01 08:00:00",
        "storetime": "2150-01-01 08:20:00",
        "itemid": 226559,
        "value": 120,
        "valueuom": "ml",
    }
    return mimic.add("icu/outputevents", **row | cells)


def test_a_garbled_filing_time_is_flagged_and_the_fact_stands(mimic):
    (urine,) = output(mimic, storetime="50:50.0").events().values()
    assert urine.known_at == at("2150-01-01 08:00:00")
    assert urine.flags == (Flag.GARBLED_STORETIME,)


def test_a_filing_time_a_spreadsheet_rewrote_is_read(mimic):
    (urine,) = output(mimic, storetime="1/2/2150 4:05").events().values()
    assert urine.known_at == at("2150-01-02 04:05:00")
    assert urine.flags == ()


def test_a_spreadsheets_time_needs_a_real_date():
    assert filing_time("7/23/2180 14:43") == at("2180-07-23 14:43")
    assert filing_time("13/23/2180 14:43") is None
    assert filing_time("50:50.0") is None
    assert filing_time("") is None


def test_a_ventilation_ends_as_a_fact_of_its_own(mimic):
    mimic.add(
        "icu/procedureevents",
        stay_id=3,
        orderid=4,
        itemid=225792,
        starttime="2150-01-01 08:00:00",
        endtime="2150-01-03 08:00:00",
        storetime="2150-01-01 08:30:00",
    )
    begun, ended = mimic.events().values()
    assert (begun.phase, begun.category) == ("started", "invasive")
    assert begun.known_at == at("2150-01-01 08:30:00")
    assert ended.phase == "stopped"
    assert ended.known_at - begun.happened_at == timedelta(days=2)


def test_leaving_the_icu_is_not_known_on_arrival(mimic):
    mimic.add(
        "icu/icustays",
        hadm_id=2,
        stay_id=3,
        first_careunit="Trauma SICU (TSICU)",
        last_careunit="Medical Intensive Care Unit (MICU)",
        intime="2150-01-01 08:00:00",
        outtime="2150-01-03 08:00:00",
    )
    came, went = mimic.events().values()
    assert (came.level, came.stay) == ("icu", "3")
    assert came.known_at == at("2150-01-01 08:00:00")
    assert went.known_at == at("2150-01-03 08:00:00")


def test_every_table_has_its_rule_written_down():
    named = {table.name for table in (*TABLES, SERVICES)}
    assert named == set(KNOWN_AT_RULES)
