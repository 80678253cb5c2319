"""Traps a replay of history must not fall into, each in tiny made-up tables."""

import csv
from datetime import UTC, datetime

import pytest

from streams.adapters.intake import IntakeReport
from streams.app.history.sources import open_history
from streams.vocabulary.events import Condition, CultureResult, Death, Infusion


HEADERS = {
    "hosp/patients": "subject_id,gender,anchor_age,anchor_year,anchor_year_group,dod",
    "hosp/admissions": "subject_id,hadm_id,admittime,dischtime,deathtime,admission_type,"
    "admit_provider_id,admission_location,discharge_location,insurance,language,"
    "marital_status,race,edregtime,edouttime,hospital_expire_flag",
    "hosp/labevents": "labevent_id,subject_id,hadm_id,specimen_id,itemid,"
    "order_provider_id,charttime,storetime,value,valuenum,valueuom,ref_range_lower,"
    "ref_range_upper,flag,priority,comments",
    "hosp/microbiologyevents": "microevent_id,subject_id,hadm_id,micro_specimen_id,"
    "order_provider_id,chartdate,charttime,spec_itemid,spec_type_desc,test_seq,"
    "storedate,storetime,test_itemid,test_name,org_itemid,org_name,isolate_num,"
    "quantity,ab_itemid,ab_name,dilution_text,dilution_comparison,dilution_value,"
    "interpretation,comments",
    "hosp/prescriptions": "subject_id,hadm_id,pharmacy_id,poe_id,poe_seq,"
    "order_provider_id,starttime,stoptime,drug_type,drug,formulary_drug_cd,gsn,ndc,"
    "prod_strength,form_rx,dose_val_rx,dose_unit_rx,form_val_disp,form_unit_disp,"
    "doses_per_24_hrs,route",
    "hosp/diagnoses_icd": "subject_id,hadm_id,seq_num,icd_code,icd_version",
    "hosp/transfers": "subject_id,hadm_id,transfer_id,eventtype,careunit,intime,outtime",
    "hosp/d_labitems": "itemid,label,fluid,category",
    "hosp/services": "subject_id,hadm_id,transfertime,prev_service,curr_service",
    "icu/icustays": "subject_id,hadm_id,stay_id,first_careunit,last_careunit,intime,"
    "outtime,los",
    "icu/chartevents": "subject_id,hadm_id,stay_id,caregiver_id,charttime,storetime,"
    "itemid,value,valuenum,valueuom,warning",
    "icu/inputevents": "subject_id,hadm_id,stay_id,caregiver_id,starttime,endtime,"
    "storetime,itemid,amount,amountuom,rate,rateuom,orderid,linkorderid,"
    "ordercategoryname,secondaryordercategoryname,ordercomponenttypedescription,"
    "ordercategorydescription,patientweight,totalamount,totalamountuom,isopenbag,"
    "continueinnextdept,statusdescription,originalamount,originalrate",
    "icu/outputevents": "subject_id,hadm_id,stay_id,caregiver_id,charttime,storetime,"
    "itemid,value,valueuom",
    "icu/procedureevents": "subject_id,hadm_id,stay_id,caregiver_id,starttime,endtime,"
    "storetime,itemid,value,valueuom,location,locationcategory,orderid,linkorderid,"
    "ordercategoryname,ordercategorydescription,patientweight,isopenbag,"
    "continueinnextdept,statusdescription,originalamount,originalrate",
}

ROWS: dict[str, list[dict[str, object]]] = {
    "hosp/patients": [
        {"gender": "F", "anchor_age": 60, "anchor_year": 2150, "dod": "2150-03-20"}
    ],
    "hosp/admissions": [
        {
            "hadm_id": 7,
            "admittime": "2150-03-01 08:00:00",
            "dischtime": "2150-03-09 12:00:00",
            "admission_type": "URGENT",
            "discharge_location": "HOME",
            "hospital_expire_flag": 0,
        }
    ],
    "hosp/microbiologyevents": [
        {
            "microevent_id": 1,
            "hadm_id": 7,
            "micro_specimen_id": 5,
            "chartdate": "2150-03-01 00:00:00",
            "charttime": "2150-03-01 10:00:00",
            "spec_itemid": 70012,
            "spec_type_desc": "BLOOD CULTURE",
            "test_seq": 1,
            "storedate": "2150-03-03 00:00:00",
            "storetime": "2150-03-03 15:00:00",
            "test_itemid": 90201,
            "test_name": "Blood Culture, Routine",
            "org_itemid": 80002,
            "org_name": "ESCHERICHIA COLI",
        }
    ],
    "hosp/diagnoses_icd": [
        {"hadm_id": 7, "seq_num": 1, "icd_code": "A419", "icd_version": 10}
    ],
    "icu/inputevents": [
        {
            "hadm_id": 7,
            "stay_id": 9,
            "starttime": "2150-03-01 12:00:00",
            "endtime": "2150-03-01 20:00:00",
            "storetime": "2150-03-01 12:05:00",
            "itemid": 221906,
            "amount": 1,
            "amountuom": "mg",
            "rate": 0.1,
            "rateuom": "mcg/kg/min",
            "orderid": 3,
            "linkorderid": 3,
            "patientweight": 70,
            "statusdescription": "FinishedRunning",
        }
    ],
}


@pytest.fixture
def facts(tmp_path):
    """The facts of the made-up patient, by class."""
    for table, header in HEADERS.items():
        file = tmp_path / f"{table}.csv"
        file.parent.mkdir(exist_ok=True)
        with file.open("w", newline="") as out:
            writer = csv.DictWriter(out, header.split(","))
            writer.writeheader()
            writer.writerows({"subject_id": 1, **row} for row in ROWS.get(table, []))
    report = IntakeReport()
    events = list(open_history("mimic-iv", tmp_path, None).events(report))
    assert not report.rejections
    return [sourced.event for sourced in events]


def only(facts, kind, **wanted):
    (found,) = (
        f
        for f in facts
        if isinstance(f, kind) and all(getattr(f, k) == v for k, v in wanted.items())
    )
    return found


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_organism_is_not_known_before_its_result(facts):
    assert only(facts, CultureResult).known_at == at("2150-03-03 15:00:00")


def test_the_end_of_an_infusion_is_not_known_at_its_start(facts):
    started = only(facts, Infusion, phase="started")
    stopped = only(facts, Infusion, phase="stopped")
    assert started.known_at == at("2150-03-01 12:05:00")
    assert stopped.known_at == at("2150-03-01 20:00:00")


def test_a_diagnosis_is_not_known_before_the_discharge(facts):
    assert only(facts, Condition).known_at == at("2150-03-09 12:00:00")


def test_a_death_is_not_known_before_its_day_is_over(facts):
    assert only(facts, Death).known_at >= at("2150-03-21 00:00:00")
