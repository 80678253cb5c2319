"""CLIF's tables by the shipped mapping: what its categories and units mean."""

from datetime import UTC, datetime

import pytest

from streams.adapters.identity.pseudonyms import PublicIdentifiers
from streams.adapters.intake import IntakeReport
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.tabular.mapping.reading import shipped_mapping
from streams.adapters.tabular.mapping.source import MappedTables
from streams.vocabulary.facts import Flag


SITE = SiteConfiguration(site="test", zone="UTC", identity="public")
STAYS = (
    "patient_id,hospitalization_id,admission_dttm,discharge_dttm,age_at_admission,"
    "discharge_category\n7,H,2150-03-01 08:00:00+00:00,2150-03-05 12:00:00+00:00,62,"
)
NEEDED = {
    "patient": "patient_id,sex_category,birth_date,death_dttm\n7,Male,,\n",
    "hospitalization": f"{STAYS}Expired\n",
    "adt": "hospitalization_id,in_dttm,out_dttm,location_category\n",
    "vitals": "hospitalization_id,recorded_dttm,vital_category,vital_value\n",
}
AT = "2150-03-01 09:00:00+00:00"


@pytest.fixture
def clif(tmp_path):
    def read(**tables):
        for name, text in (NEEDED | tables).items():
            (tmp_path / f"clif_{name}.csv").write_text(text, "utf-8")
        source = MappedTables(
            folder=tmp_path,
            mapping=shipped_mapping("clif"),
            site=SITE,
            identities=PublicIdentifiers(),
        )
        read.report = IntakeReport()
        return [one.event for one in source.events(read.report)]

    return read


def labs(*rows):
    head = "hospitalization_id,lab_collect_dttm,lab_result_dttm,lab_category,lab_value"
    lines = (f"H,{AT},,{row}" for row in rows)
    return "\n".join((f"{head},lab_value_numeric,reference_unit", *lines)) + "\n"


def results(events):
    return [e for e in events if e.kind == "measurement"]


@pytest.mark.parametrize(
    ("row", "concept", "value"),
    [
        ("creatinine,1.9,1.9,mg/dL", "creatinine", 1.9),
        ("creatinine,1.9,1.9,", "creatinine", 1.9),
        ("platelet_count,92,92,10^3/µL\t", "platelets", 92.0),
        ("troponin_t,30,30,ng/L", "troponin_t", 0.03),
        ("troponin_t,30,30,", "troponin_t", 0.03),
        ("ph_arterial,7.2,7.2,(no units)", "ph_arterial", 7.2),
        ("inr,1.4,1.4,", "inr", 1.4),
        ("d_dimer,2,2,μg/ml", "d_dimer_feu", 2.0),
        ("poc_lactate,,3.1,mmol/L", "lactate", 3.1),
    ],
)
def test_a_laboratory_category_is_its_concept_in_its_unit(clif, row, concept, value):
    (event,) = results(clif(labs=labs(row)))
    assert event.concept == concept
    assert event.value == pytest.approx(value)
    assert event.known_at == datetime(2150, 3, 1, 13, tzinfo=UTC)


def test_what_stood_before_the_number_is_not_lost(clif):
    (event,) = results(clif(labs=labs("bilirubin_total,<0.2.,0.2,mg/dL")))
    assert (event.comparator, event.value) == ("<", 0.2)


def test_a_comment_beside_a_number_hides_it_rather_than_guess(clif):
    (event,) = results(clif(labs=labs("bilirubin_total,below 0.2,0.2,mg/dL")))
    assert (event.value, event.text) == (None, None)


def test_d_dimer_units_are_never_taken_for_fibrinogen_equivalents(clif):
    assert not results(clif(labs=labs("d_dimer,2,2,ng/mL DDU")))
    assert [r.code for r in clif.report.rejections] == ["EMB-107"]


def test_an_age_is_the_year_where_no_date_of_birth_is_told(clif):
    person = [e for e in clif() if e.kind == "demographics"]
    assert {(e.sex, e.birth_year, e.age_precision) for e in person} == {
        (None, 2088, "stated"),
        ("male", None, "year"),
    }


def test_a_stay_ends_as_its_category_says(clif):
    (left,) = [e for e in clif() if getattr(e, "phase", "") == "discharged"]
    assert (left.disposition, left.encounter) == ("died", "H")


def test_each_visit_to_an_icu_is_a_stay_of_its_own(clif):
    rows = (
        "H,2150-03-01 09:00:00+00:00,2150-03-02 09:00:00+00:00,icu\n"
        "H,2150-03-02 09:00:00+00:00,2150-03-03 09:00:00+00:00,ward\n"
        "H,2150-03-03 09:00:00+00:00,,icu\n"
    )
    places = [e for e in clif(adt=NEEDED["adt"] + rows) if e.kind == "location"]
    assert [(e.phase, e.level) for e in places] == [
        *(("entered", "icu"), ("left", "icu"), ("entered", "ward"), ("left", "ward")),
        ("entered", "icu"),
    ]
    stays = {e.stay for e in places if e.level == "icu"}
    assert len(stays) == 2
    assert all(e.stay is None for e in places if e.level == "ward")


def test_what_clif_could_not_map_is_not_taken_for_given(clif):
    head = (
        "hospitalization_id,admin_dttm,med_category,med_dose,med_dose_unit,"
        "med_route_category,mar_action_category\n"
    )
    rows = "".join(
        f"H,{AT},vancomycin,1,g,iv,{action}\n"
        for action in ("given", "not_given", "other")
    )
    events = clif(medication_admin_intermittent=head + rows)
    given = [e for e in events if e.kind == "medication"]
    assert [(e.stage, e.antimicrobial) for e in given] == [
        ("given", True),
        ("not_given", True),
    ]


def test_continuous_dialysis_tells_its_mode(clif):
    events = clif(
        crrt_therapy=f"hospitalization_id,recorded_dttm,crrt_mode_category\nH,{AT},cvvhdf\n"
    )
    (done,) = [e for e in events if e.kind == "procedure"]
    (mode,) = [e for e in events if e.kind == "assessment"]
    assert (done.name, mode.concept, mode.text) == (
        "rrt_continuous",
        "crrt_mode",
        "CVVHDF",
    )


def test_an_assessment_of_no_map_is_kept_without_its_words(clif):
    events = clif(
        patient_assessments=(
            "hospitalization_id,recorded_dttm,assessment_category,numerical_value,"
            f"categorical_value,text_value\nH,{AT},braden_moisture,,Moist,Testname\n"
        )
    )
    (event,) = results(events)
    assert event.code == "urn:ember:local|clif-assessment:braden_moisture"
    assert Flag.UNMAPPED in event.flags
    assert "Testname" not in repr(events)
