"""The patient as CLIF 2.1 tables."""

from pathlib import Path


TABLES = {
    "patient": """\
patient_id,race_category,sex_category,birth_date,death_dttm
P-77,Unknown,Female,2087-05-02,
""",
    "hospitalization": """\
patient_id,hospitalization_id,admission_dttm,discharge_dttm,age_at_admission,admission_type_category,discharge_category,zipcode_five_digit
P-77,H-1,2150-03-01 08:00:00+00:00,2150-03-05 12:00:00+00:00,62,ed,Home,Z60601
""",
    "adt": """\
hospitalization_id,hospital_id,in_dttm,out_dttm,location_name,location_category,location_type
H-1,X,2150-03-01 08:00:00+00:00,2150-03-01 11:00:00+00:00,ED 4,ed,
H-1,X,2150-03-01 11:00:00+00:00,2150-03-01 20:00:00+00:00,7 West,ward,
H-1,X,2150-03-01 20:00:00+00:00,2150-03-03 15:00:00+00:00,Med ICU,icu,medical_icu
H-1,X,2150-03-03 15:00:00+00:00,2150-03-05 12:00:00+00:00,7 West,ward,
""",
    "vitals": """\
hospitalization_id,recorded_dttm,vital_name,vital_category,vital_value,meas_site_name
H-1,2150-03-01 09:00:00+00:00,Pulse,heart_rate,118,
H-1,2150-03-01 09:00:00+00:00,MAP,map,71,
H-1,2150-03-01 09:00:00+00:00,Resp,respiratory_rate,26,
H-1,2150-03-01 09:00:00+00:00,Temp,temp_c,38.9,
H-1,2150-03-01 09:00:00+00:00,SpO2,spo2,91,
H-1,2150-03-01 20:15:00+00:00,MAP,map,58,
H-1,2150-03-01 20:15:00+00:00,Weight,weight_kg,70,
""",
    "labs": """\
hospitalization_id,lab_order_dttm,lab_collect_dttm,lab_result_dttm,lab_name,lab_category,lab_value,lab_value_numeric,reference_unit,lab_specimen_category,lab_loinc_code
H-1,2150-03-01 09:20:00+00:00,2150-03-01 09:30:00+00:00,2150-03-01 10:20:00+00:00,CREAT,creatinine,1.9,1.9,mg/dL,,
H-1,2150-03-01 09:20:00+00:00,2150-03-01 09:30:00+00:00,2150-03-01 10:20:00+00:00,TBILI,bilirubin_total,<0.2,0.2,mg/dL,,
H-1,2150-03-01 09:20:00+00:00,2150-03-01 09:30:00+00:00,2150-03-01 10:05:00+00:00,PLT,platelet_count,92,92,10^3/µL,,
H-1,2150-03-01 09:20:00+00:00,2150-03-01 09:30:00+00:00,2150-03-01 09:45:00+00:00,LAC,lactate,4.1,4.1,mmol/L,,
H-1,2150-03-01 21:20:00+00:00,2150-03-01 21:30:00+00:00,2150-03-01 21:40:00+00:00,PO2 ART,po2_arterial,74,74,mmHg,,
H-1,2150-03-02 05:50:00+00:00,2150-03-02 06:00:00+00:00,2150-03-02 06:20:00+00:00,LAC,lactate,1.6,1.6,mmol/L,,
""",
    "patient_assessments": """\
hospitalization_id,recorded_dttm,assessment_name,assessment_category,assessment_group,numerical_value,categorical_value,text_value
H-1,2150-03-01 09:00:00+00:00,GCS,gcs_total,Neurological,14,,
""",
    "respiratory_support": """\
hospitalization_id,recorded_dttm,device_name,device_category,mode_name,mode_category,tracheostomy,fio2_set,lpm_set,peep_set
H-1,2150-03-01 09:00:00+00:00,nc,Nasal Cannula,,,0,,,
H-1,2150-03-01 21:00:00+00:00,ETT,IMV,VC,Assist Control-Volume Control,0,0.6,,10
H-1,2150-03-03 09:00:00+00:00,nc,Nasal Cannula,,,0,,,
""",
    "medication_admin_continuous": """\
hospitalization_id,med_order_id,admin_dttm,med_name,med_category,med_group,med_route_category,med_dose,med_dose_unit,mar_action_name,mar_action_category
H-1,O-5,2150-03-01 20:30:00+00:00,NOREPINEPHRINE 16 MG/250 ML,norepinephrine,vasoactives,iv,0.05,mcg/kg/min,New Bag,start
H-1,O-5,2150-03-01 22:00:00+00:00,NOREPINEPHRINE 16 MG/250 ML,norepinephrine,vasoactives,iv,0.2,mcg/kg/min,Rate Change,dose_change
H-1,O-5,2150-03-02 14:00:00+00:00,NOREPINEPHRINE 16 MG/250 ML,norepinephrine,vasoactives,iv,0,mcg/kg/min,Stopped,stop
""",
    "medication_admin_intermittent": """\
hospitalization_id,med_order_id,admin_dttm,med_name,med_category,med_group,med_route_category,med_dose,med_dose_unit,mar_action_name,mar_action_category
H-1,O-4,2150-03-01 10:10:00+00:00,CEFTRIAXONE 2 G IVPB,ceftriaxone,CMS_sepsis_qualifying_antibiotics,iv,2000,mg,Given,given
H-1,O-4,2150-03-02 10:10:00+00:00,CEFTRIAXONE 2 G IVPB,ceftriaxone,CMS_sepsis_qualifying_antibiotics,iv,2000,mg,Given,given
""",
    "microbiology_culture": """\
patient_id,hospitalization_id,organism_id,order_dttm,collect_dttm,result_dttm,fluid_name,fluid_category,method_name,method_category,organism_name,organism_category,organism_group
P-77,H-1,G-1,2150-03-01 09:20:00+00:00,2150-03-01 09:40:00+00:00,2150-03-03 10:00:00+00:00,Blood,blood_buffy,culture,culture,E COLI,escherichia_coli,escherichia
""",
    "microbiology_susceptibility": """\
organism_id,antimicrobial_name,antimicrobial_category,sensitivity_name,susceptibility_name,susceptibility_category
G-1,Cipro,ciprofloxacin,,R,non_susceptible
G-1,Rocephin,ceftriaxone,,S,susceptible
""",
    "output": """\
hospitalization_id,recorded_dttm,output_volume,output_name,output_group
H-1,2150-03-01 22:00:00+00:00,40,Foley,urine
H-1,2150-03-02 06:00:00+00:00,310,Foley,urine
""",
    "hospital_diagnosis": """\
hospitalization_id,diagnosis_code,diagnosis_code_format,diagnosis_primary,poa_present
H-1,A41.51,ICD10CM,1,1
""",
    "code_status": """\
patient_id,start_dttm,code_status_name,code_status_category
P-77,2150-03-01 12:00:00+00:00,Full code,Full
""",
}


def write(folder: Path) -> None:
    """The tables as a site exports them."""
    for name, text in TABLES.items():
        (folder / f"clif_{name}.csv").write_text(text, "utf-8")
