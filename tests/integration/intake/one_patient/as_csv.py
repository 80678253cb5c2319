"""The patient as a hospital's own tables: a wide one of charting, long ones of the rest."""

from pathlib import Path


TABLES = {
    "stays.csv": """\
mrn;name;case;born;sex;admitted;discharged;to
00077;Testperson, Erika;C1;2087;F;01.03.2150 08:00;05.03.2150 12:00;HOME
""",
    "moves.csv": """\
case;unit;from;until
C1;ED;01.03.2150 08:00;01.03.2150 11:00
C1;7W;01.03.2150 11:00;01.03.2150 20:00
C1;MICU;01.03.2150 20:00;03.03.2150 15:00
C1;7W;03.03.2150 15:00;05.03.2150 12:00
""",
    "charting.psv": """\
case|minute|hr|map|rr|temp_f|spo2|fio2|peep|weight|gcs|device|urine|nurse
C1|60|118|71|26|102.02|91|-1|-1|-1|14|NC|-1|Testnurse
C1|735|-1|58|-1|-1|-1|-1|-1|70|-1||-1|Testnurse
C1|780|-1|-1|-1|-1|-1|0.6|10|-1|-1|ETT|-1|Testnurse
C1|840|-1|-1|-1|-1|-1|-1|-1|-1|-1||40|Testnurse
C1|1320|-1|-1|-1|-1|-1|-1|-1|-1|-1||310|Testnurse
C1|2940|-1|-1|-1|-1|-1|-1|-1|-1|-1|NC|-1|Testnurse
""",
    "results.tsv": """\
case	taken	filed	test	result	unit
C1	2150-03-01 09:30	2150-03-01 10:20	KREA	1.9	mg/dL
C1	2150-03-01 09:30	2150-03-01 10:20	TBIL	<0.2	mg/dL
C1	2150-03-01 09:30	2150-03-01 10:05	THRO	92	Gpt/l
C1	2150-03-01 09:30	2150-03-01 09:45	LAC	4.1	none
C1	2150-03-01 21:30	2150-03-01 21:40	APO2	74	mmHg
C1	2150-03-02 06:00	2150-03-02 06:20	LAC	1.6	none
""",
    "cultures.csv": """\
case,sample,material,taken,reported,isolate,grew
C1,S-9,BLOOD CULTURE,2150-03-01 09:40,2150-03-03 10:00,1,ESCHERICHIA COLI
""",
    "antibiogram.csv": """\
sample,isolate,drug,sir,mic
S-9,1,CEFTRIAXONE,S,<=1
S-9,1,CIPROFLOXACIN,R,4
""",
    "given.csv": """\
case,at,drug,route,dose,unit
C1,2150-03-01 10:10,Ceftriaxone,IV,2000,mg
C1,2150-03-02 10:10,Ceftriaxone,IV,2000,mg
""",
    "pumps.csv": """\
case,pump,from,until,drug,rate,unit,kg
C1,1,2150-03-01 20:30,2150-03-01 22:00,NORAD,3.5,µg/min,70
C1,2,2150-03-01 22:00,2150-03-02 14:00,NORAD,0.2,µg/kg/min,70
""",
    "diagnoses.csv": """\
case,icd
C1,A41.51
""",
    "goals.csv": """\
case,at,goal
C1,2150-03-01 12:00,everything
""",
}

MAPPING = """\
mapping: 1
source: own-tables
site:
  site: one-patient
  zone: UTC
  wards:
    ED: {level: emergency}
    7W: {level: ward}
    MICU: {level: icu}
authority: MRN
missing: ["-1"]
codes:
  - {code: KREA, concept: creatinine}
  - {code: TBIL, concept: bilirubin_total}
  - {code: THRO, concept: platelets}
  - {code: LAC, concept: lactate, unit: mmol/L}
  - {code: APO2, concept: pao2, specimen: arterial}
  - {system: pharmacy, code: NORAD, kind: drug, concept: norepinephrine}
links:
  whose: {table: stays, key: case, value: mrn}
  begun: {table: stays, key: case, value: admitted}
  ended: {table: stays, key: case, value: discharged}
tables:
  - table: stays
    patient: mrn
    encounter: case
    facts:
      - fact: encounter
        admitted: {column: admitted, format: "%d.%m.%Y %H:%M"}
        discharged: {column: discharged, format: "%d.%m.%Y %H:%M"}
        disposition: {column: to, words: {home: home}}
      - fact: demographics
        at: {column: admitted, format: "%d.%m.%Y %H:%M"}
        sex: {column: sex, words: {F: female, M: male}}
        birth_year: born
  - table: moves
    patient: {column: case, through: whose}
    encounter: case
    facts:
      - fact: location
        ward: unit
        visit: [case, from]
        entered: {column: from, format: "%d.%m.%Y %H:%M"}
        left: {column: until, format: "%d.%m.%Y %H:%M"}
  - table: charting
    patient: {column: case, through: whose}
    encounter: case
    at:
      column: minute
      unit: minutes
      since: {column: case, through: begun, format: "%d.%m.%Y %H:%M"}
    columns:
      hr: {concept: heart_rate, unit: /min}
      map: {concept: map, unit: "mm[Hg]"}
      rr: {concept: resp_rate, unit: /min}
      temp_f: {concept: temperature, unit: "[degF]"}
      spo2: {concept: spo2, unit: "%"}
      fio2: {concept: fio2, unit: "1"}
      peep: {concept: peep, unit: "cm[H2O]"}
      weight: {concept: weight, unit: kg}
      gcs: {concept: gcs_total}
    facts:
      - fact: respiratory_support
        category: {column: device, words: {NC: oxygen, ETT: invasive}}
      - fact: fluid
        direction: {constant: out}
        substance: {constant: urine}
        volume: urine
        unit_of_all: mL
  - table: results
    missing: [none]
    patient: {column: case, through: whose}
    encounter: case
    at: taken
    known: {at: filed}
    facts:
      - fact: measurement
        code: {code: test}
        value: result
        unit: unit
  - table: cultures
    patient: {column: case, through: whose}
    encounter: case
    facts:
      - {fact: culture, at: taken, culture: sample, specimen: material}
      - fact: culture_result
        at: reported
        culture: sample
        isolate: [sample, isolate]
        organism: grew
        no_growth: [NO GROWTH]
        susceptibilities:
          files: [antibiogram]
          isolate: [sample, isolate]
          antimicrobial: drug
          interpretation: sir
          mic: mic
  - table: given
    patient: {column: case, through: whose}
    encounter: case
    at: at
    facts:
      - {fact: medication, drug: drug, stage: {constant: given}, route: route, dose: dose, unit: unit}
  - table: pumps
    patient: {column: case, through: whose}
    encounter: case
    at: from
    facts:
      - fact: infusion
        drug: drug
        code: {code: drug, system: {constant: pharmacy}}
        infusion: [case, pump]
        rate: rate
        unit: unit
        weight: kg
        until: until
  - table: diagnoses
    patient: {column: case, through: whose}
    encounter: case
    at: {column: case, through: ended, format: "%d.%m.%Y %H:%M"}
    facts:
      - {fact: condition, code: icd, system: {constant: icd10}}
  - table: goals
    patient: {column: case, through: whose}
    at: at
    facts:
      - {fact: code_status, status: {column: goal, words: {everything: full}}}
"""


def write(folder: Path) -> None:
    """The tables, and the mapping beside them."""
    for name, text in TABLES.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "mapping.yaml").write_text(MAPPING, "utf-8")
