"""Made-up patients told once, and written down twice: as CLIF tables, as our events.

A story is a list of `(hour, what, value)`, hours from the start of the first window:

    (3.5, "platelets", 90)
    (2, "norepinephrine", 0.3), (5, "norepinephrine", 0)     0 stops it
    (4, "breathing", ("imv", 0.5, None))                     device, FiO2, L/min
    (6, "haloperidol", 5)                                    a dose given
    (1, "device", "iabp"), (1, "crrt", None), (2, "urine", 50)
"""

from datetime import UTC, datetime, timedelta

from streams.clinical.timeline import Timeline
from streams.vocabulary.events import (
    Assessment,
    Fluid,
    Infusion,
    Measurement,
    Medication,
    Procedure,
    RespiratorySupport,
)


START = datetime(2150, 3, 1, tzinfo=UTC)

LABS = {  # ours: theirs
    "platelets": "platelet_count",
    "bilirubin_total": "bilirubin_total",
    "creatinine": "creatinine",
    "potassium": "potassium",
    "ph_arterial": "ph_arterial",
    "ph_venous": "ph_venous",
    "bicarbonate": "bicarbonate",
    "pao2": "po2_arterial",
}
VITALS = {"map": "map", "spo2": "spo2", "weight": "weight_kg"}
SCALES = {"gcs_total": "gcs_total", "gcs_motor": "gcs_motor"}
DRIPS = {
    "norepinephrine": "mcg/kg/min",
    "epinephrine": "mcg/kg/min",
    "dopamine": "mcg/kg/min",
    "dobutamine": "mcg/kg/min",
    "phenylephrine": "mcg/kg/min",
    "milrinone": "mcg/kg/min",
    "vasopressin": "u/min",
    "propofol": "mcg/kg/min",
    "midazolam": "mg/hr",
    "fentanyl": "mcg/hr",
    "dexmedetomidine": "mcg/kg/hr",
}
DOSES = {"haloperidol", "quetiapine", "olanzapine", "ziprasidone"}
BREATHING = {  # theirs: ours
    "imv": "invasive",
    "nippv": "niv",
    "cpap": "cpap",
    "high flow nc": "hfnc",
    "face mask": "oxygen",
    "nasal cannula": "oxygen",
    "room air": "none",
}
MACHINES = {  # ours: (group, configuration)
    "ecmo_vv": ("ecmo", "vv"),
    "ecmo_va": ("ecmo", "va"),
    "iabp": ("iabp", None),
    "microaxial_pump": ("impella_lvad", None),
    "lvad": ("durable_lvad", None),
    "rvad": ("temporary_rvad", None),
}


def moment(hour):
    return START + timedelta(hours=hour)


def clif_tables(stories):
    """Their tables of all stories, by patient."""
    tables = {}
    for patient, story in stories.items():
        for hour, what, value in sorted(story, key=lambda told: told[0]):
            table, row = _clif_row(what, value, moment(hour).isoformat())
            row["hospitalization_id"] = patient
            tables.setdefault(table, []).append(row)
    return tables


def _clif_row(what, value, at):
    if what in LABS:
        name = LABS[what]
        return "labs", {
            "lab_collect_dttm": at,
            "lab_category": name,
            "lab_value_numeric": value,
        }
    if what in VITALS:
        name = VITALS[what]
        return "vitals", {
            "recorded_dttm": at,
            "vital_category": name,
            "vital_value": value,
        }
    if what in SCALES:
        name = SCALES[what]
        return "patient_assessments", {
            "recorded_dttm": at,
            "assessment_category": name,
            "numerical_value": value,
        }
    if what in DRIPS or what in DOSES:
        kind = "continuous" if what in DRIPS else "intermittent"
        return f"medication_admin_{kind}", {
            "admin_dttm": at,
            "med_category": what,
            "med_dose": value,
            "med_dose_unit": DRIPS.get(what, "mg"),
            "mar_action_category": "stop" if value == 0 else "going",
        }
    if what == "breathing":
        device, fio2, flow = value
        return "respiratory_support", {
            "recorded_dttm": at,
            "device_category": device,
            "fio2_set": fio2,
            "lpm_set": flow,
        }
    if what == "device":
        group, configuration = MACHINES[value]
        return "ecmo_mcs", {
            "recorded_dttm": at,
            "mcs_group": group,
            "ecmo_configuration_category": configuration,
        }
    if what == "urine":
        return "output", {
            "recorded_dttm": at,
            "output_volume": value,
            "output_group": "urine",
        }
    if what == "irrigant":
        return "input", {
            "recorded_dttm": at,
            "input_volume": value,
            "input_category": "flush_irrigation_urine",
        }
    assert what == "crrt", what
    return "crrt_therapy", {"recorded_dttm": at}


def timeline_of(story):
    """Our events of one story."""
    timeline = Timeline()
    running = {}
    for number, (hour, what, value) in enumerate(sorted(story, key=lambda t: t[0])):
        for event in _events(f"e{number}", moment(hour), what, value, running):
            timeline.apply(event, event.event_id)
    return timeline


def _events(name, at, what, value, running):
    common = {"event_id": name, "happened_at": at, "known_at": at}
    if what in LABS or what in VITALS:
        specimen = "arterial" if what == "pao2" else None
        yield Measurement(**common, concept=what, value=value, specimen=specimen)
    elif what in SCALES:
        yield Assessment(**common, concept=what, value=value)
    elif what in DRIPS:
        infusion = running.setdefault(what, name)
        phase = "started" if infusion == name else "changed"
        if value == 0:
            phase, _ = "stopped", running.pop(what)
        rate = None if phase == "stopped" else value
        yield Infusion(
            **common, phase=phase, infusion_id=infusion, drug=what, rate=rate
        )
    elif what in DOSES:
        yield Medication(**common, stage="given", drug=what, sent_drug=what, dose=value)
    elif what == "breathing":
        yield from _breathing(common, *value)
    elif what in {"urine", "irrigant"}:
        substance, way = ("urine", "out") if what == "urine" else ("gu_irrigant", "in")
        yield Fluid(**common, direction=way, substance=substance, volume_ml=value)
    else:
        procedure = "rrt_continuous" if what == "crrt" else value
        yield Procedure(**common, procedure_id=name, name=procedure)


def _breathing(common, device, fio2, flow):
    name = common["event_id"]
    text = "Nasal cannula" if device == "nasal cannula" else None
    yield RespiratorySupport(**common, category=BREATHING[device], device=text)
    for part, value in (("fio2", fio2 and fio2 * 100), ("o2_flow", flow)):
        if value is not None:
            its = common | {"event_id": f"{name}-{part}"}
            yield Measurement(**its, concept=part, value=value)
