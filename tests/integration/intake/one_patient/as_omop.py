"""The patient as tables of the OMOP Common Data Model 5.4.

Concept ids of the vocabulary are our own stand-ins; the site's `concept` table says what
each means, as at any site.
"""

from pathlib import Path


TABLES = {
    "concept": """\
concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\tconcept_code
101\tHeart rate\tMeasurement\tLOINC\tClinical Observation\tS\t8867-4
102\tMean blood pressure\tMeasurement\tLOINC\tClinical Observation\tS\t8478-0
103\tRespiratory rate\tMeasurement\tLOINC\tClinical Observation\tS\t9279-1
104\tBody temperature\tMeasurement\tLOINC\tClinical Observation\tS\t8310-5
105\tOxygen saturation by pulse oximetry\tMeasurement\tLOINC\tClinical Observation\tS\t59408-5
106\tBody weight\tMeasurement\tLOINC\tClinical Observation\tS\t29463-7
107\tOxygen/Inspired gas setting\tMeasurement\tLOINC\tClinical Observation\tS\t3150-0
108\tPEEP\tMeasurement\tLOINC\tClinical Observation\tS\t20077-4
109\tGlasgow coma score total\tMeasurement\tLOINC\tClinical Observation\tS\t9269-2
110\tCreatinine\tMeasurement\tLOINC\tLab Test\tS\t2160-0
111\tBilirubin.total\tMeasurement\tLOINC\tLab Test\tS\t1975-2
112\tPlatelets\tMeasurement\tLOINC\tLab Test\tS\t777-3
113\tLactate\tMeasurement\tLOINC\tLab Test\tS\t32693-4
114\tOxygen in arterial blood\tMeasurement\tLOINC\tLab Test\tS\t2703-7
115\tBacteria identified in blood by culture\tMeasurement\tLOINC\tLab Test\tS\t600-7
201\tper minute\tUnit\tUCUM\tUnit\tS\t/min
202\tmillimeter mercury column\tUnit\tUCUM\tUnit\tS\tmm[Hg]
203\tdegree Celsius\tUnit\tUCUM\tUnit\tS\tCel
204\tpercent\tUnit\tUCUM\tUnit\tS\t%
205\tkilogram\tUnit\tUCUM\tUnit\tS\tkg
206\tcentimeter water column\tUnit\tUCUM\tUnit\tS\tcm[H2O]
207\tscore\tUnit\tUCUM\tUnit\tS\t{score}
208\tmilligram per deciliter\tUnit\tUCUM\tUnit\tS\tmg/dL
209\tthousand per microliter\tUnit\tUCUM\tUnit\tS\t10*3/uL
210\tmillimole per liter\tUnit\tUCUM\tUnit\tS\tmmol/L
211\tmilliliter\tUnit\tUCUM\tUnit\tS\tmL
301\tceftriaxone 2000 MG Injection\tDrug\tRxNorm\tClinical Drug\tS\t309090
302\tnorepinephrine 0.064 MG/ML Injectable Solution\tDrug\tRxNorm\tClinical Drug\tS\t242969
401\tIntravenous\tRoute\tSNOMED\tQualifier Value\tS\t47625008
501\tEscherichia coli\tObservation\tSNOMED\tOrganism\tS\t112283007
601\tSepsis due to Escherichia coli\tCondition\tICD10CM\t5-char billing code\t\tA41.51
""",
    "person": """\
person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,birth_datetime,person_source_value
77,8532,2087,5,2,2087-05-02 00:00:00,
""",
    "visit_occurrence": """\
visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_start_datetime,visit_end_date,visit_end_datetime,discharged_to_concept_id
1,77,262,2150-03-01,2150-03-01 08:00:00,2150-03-05,2150-03-05 12:00:00,8536
""",
    "visit_detail": """\
visit_detail_id,person_id,visit_detail_concept_id,visit_detail_start_date,visit_detail_start_datetime,visit_detail_end_date,visit_detail_end_datetime,visit_occurrence_id
11,77,9203,2150-03-01,2150-03-01 08:00:00,2150-03-01,2150-03-01 11:00:00,1
12,77,9201,2150-03-01,2150-03-01 11:00:00,2150-03-01,2150-03-01 20:00:00,1
13,77,32037,2150-03-01,2150-03-01 20:00:00,2150-03-03,2150-03-03 15:00:00,1
14,77,9201,2150-03-03,2150-03-03 15:00:00,2150-03-05,2150-03-05 12:00:00,1
""",
    "measurement": """\
measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,measurement_type_concept_id,operator_concept_id,value_as_number,value_as_concept_id,unit_concept_id,visit_occurrence_id,measurement_source_value,unit_source_value,value_source_value,measurement_event_id
1,77,101,2150-03-01,2150-03-01 09:00:00,32817,0,118,0,201,1,,,,
2,77,102,2150-03-01,2150-03-01 09:00:00,32817,0,71,0,202,1,,,,
3,77,103,2150-03-01,2150-03-01 09:00:00,32817,0,26,0,201,1,,,,
4,77,104,2150-03-01,2150-03-01 09:00:00,32817,0,38.9,0,203,1,,,,
5,77,105,2150-03-01,2150-03-01 09:00:00,32817,0,91,0,204,1,,,,
6,77,102,2150-03-01,2150-03-01 20:15:00,32817,0,58,0,202,1,,,,
7,77,106,2150-03-01,2150-03-01 20:15:00,32817,0,70,0,205,1,,,,
8,77,107,2150-03-01,2150-03-01 21:00:00,32817,0,60,0,204,1,,,,
9,77,108,2150-03-01,2150-03-01 21:00:00,32817,0,10,0,206,1,,,,
10,77,109,2150-03-01,2150-03-01 09:00:00,32817,0,14,0,207,1,,,,
11,77,110,2150-03-01,2150-03-01 09:30:00,32856,4172703,1.9,0,208,1,,,,
12,77,111,2150-03-01,2150-03-01 09:30:00,32856,4171756,0.2,0,208,1,,,<0.2,
13,77,112,2150-03-01,2150-03-01 09:30:00,32856,4172703,92,0,209,1,,,,
14,77,113,2150-03-01,2150-03-01 09:30:00,32856,4172703,4.1,0,210,1,,,,
15,77,114,2150-03-01,2150-03-01 21:30:00,32856,4172703,74,0,202,1,,,,
16,77,113,2150-03-02,2150-03-02 06:00:00,32856,4172703,1.6,0,210,1,,,,
17,77,115,2150-03-03,2150-03-03 10:00:00,32856,0,,501,0,1,,,E. coli,21
18,77,0,2150-03-01,2150-03-01 22:00:00,32817,0,40,0,211,1,foley-out,,,
19,77,0,2150-03-02,2150-03-02 06:00:00,32817,0,310,0,211,1,foley-out,,,
""",
    "specimen": """\
specimen_id,person_id,specimen_concept_id,specimen_date,specimen_datetime
21,77,0,2150-03-01,2150-03-01 09:40:00
""",
    "drug_exposure": """\
drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_start_datetime,drug_exposure_end_date,drug_exposure_end_datetime,drug_type_concept_id,quantity,sig,route_concept_id,visit_occurrence_id,drug_source_value,route_source_value,dose_unit_source_value
31,77,301,2150-03-01,2150-03-01 10:10:00,2150-03-01,2150-03-01 10:40:00,32818,2000,,401,1,,,mg
32,77,301,2150-03-02,2150-03-02 10:10:00,2150-03-02,2150-03-02 10:40:00,32818,2000,,401,1,,,mg
33,77,302,2150-03-01,2150-03-01 20:30:00,2150-03-01,2150-03-01 22:00:00,32818,0.05,,401,1,,,mcg/kg/min
34,77,302,2150-03-01,2150-03-01 22:00:00,2150-03-02,2150-03-02 14:00:00,32818,0.2,,401,1,,,mcg/kg/min
""",
    "device_exposure": """\
device_exposure_id,person_id,device_concept_id,device_exposure_start_date,device_exposure_start_datetime,device_exposure_end_date,device_exposure_end_datetime,visit_occurrence_id
41,77,701,2150-03-01,2150-03-01 09:00:00,,,1
42,77,702,2150-03-01,2150-03-01 21:00:00,,,1
43,77,701,2150-03-03,2150-03-03 09:00:00,,,1
""",
    "condition_occurrence": """\
condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_start_datetime,condition_source_concept_id,visit_occurrence_id
51,77,0,2150-03-01,2150-03-01 08:00:00,601,1
""",
    "note": """\
note_id,person_id,note_date,note_text
61,77,2150-03-01,Mrs Testperson is tired and asks for her daughter.
""",
}

SITE = """\
site: one-patient
zone: UTC
codes:
  - {system: omop-source, code: foley-out, kind: fluid, concept: urine}
  - {system: omop, code: "701", kind: support, concept: oxygen}
  - {system: omop, code: "702", kind: support, concept: invasive}
"""
"""What this site must say of its own: two devices, and the charting of urine."""


def write(folder: Path) -> None:
    """The tables as a site exports them; the vocabulary is apart by tabs."""
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
