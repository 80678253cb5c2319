"""Nine made-up patients and a small trial, so few that every count can be argued.

All eight who are septic are flagged in the same way: a culture at 0 h, vancomycin at
1 h, and a creatinine of 4 mg/dL of 0 h that is known at 2 h, when Sepsis-3 is known.  The trial's
window is open from then until 14 h.  What differs:

    who      what differs                                the trial says
    anna     lactate 3.0 at 3 h                          possible from 3 h
    boris    lactate 2.1 at 2 h                          possible from 2 h
    carl     born 2009, lactate 4.0                      too young
    dora     no lactate                                  nobody knows
    emil     comfort care, lactate 5.0                   excluded
    frida    lactate 1.9                                 too low
    gustav   comfort care, lactate 1.0                   two reasons
    hanna    no culture, no dose: no flag                never screened
    ivan     lactate 4.0, known at 15 h                  an hour after the window closed
"""

from datetime import UTC, datetime, timedelta

from streams.clinical.criteria.loading import load_protocol
from streams.vocabulary.events import (
    CodeStatus,
    CultureCollected,
    Demographics,
    Encounter,
    Measurement,
    Medication,
)
from streams.vocabulary.messages import EhrMessage


MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
SITE = "small"

TRIAL = load_protocol(
    """
id: small
title: A small trial (made up)
version: "1.0"
evidence: unverified
summary: Made up, to count by.
consent: {model: prospective, text: Asked before.}
outcomes: [mortality_28d]
domains:
  - id: only
    title: The only question
    status: open
    blinding: open_label
    arms: [{id: this, title: This}, {id: that, title: That}]
    allocation: {method: permuted_blocks, sizes: [4]}
    recruitment:
      entry: {kind: onset, definition: sepsis3, policy: ember}
      anchor: onset.known_at
      window: 12 h
    strata:
      - id: shock
        text: A vasopressor runs
        if_true: shock
        if_false: no_shock
        rule: {kind: infusion, drugs: [vasopressor], absent_means: false}
    inclusion:
      - {id: I1, text: Adult, rule: {kind: age, is: ">= 18 years"}}
      - {id: I2, text: Sepsis-3, rule: {kind: onset}}
      - id: I3
        text: Lactate above 2 mmol/L
        rule: {kind: value, concept: lactate, is: "> 2 mmol/L", which: highest, within: 24 h}
    exclusion:
      - id: E1
        text: Comfort care
        rule: {kind: code_status, any_of: [comfort_only], absent_means: false}
      - id: E2
        text: Refuses research
        rule: {kind: confirm, name: refusal, question: "Refused?", by: research_team}
    alert: {title: Somebody, body: Look.}
"""
)


def hours(number):
    return MIDNIGHT + timedelta(hours=number)


def fact(kind, patient, name, at, **fields):
    moment = hours(at)
    told = {"happened_at": moment, "known_at": moment, "encounter": f"{patient}-stay"}
    return kind(**{**told, "event_id": f"{patient}-{name}", **fields})


def came(patient, born=1960):
    admitted = {"phase": "admitted", "encounter_class": "inpatient"}
    return [
        fact(Demographics, patient, "who", -5, sex="male", birth_year=born),
        fact(Encounter, patient, "came", -5, **admitted),
    ]


def septic(patient):
    specimen = {"culture_id": f"{patient}-blood", "specimen": "BLOOD CULTURE"}
    dose = {"sent_drug": "vancomycin", "drug": "vancomycin", "route": "iv"}
    return [
        fact(CultureCollected, patient, "culture", 0, **specimen),
        fact(Medication, patient, "dose", 1, stage="given", antimicrobial=True, **dose),
        value(patient, "creatinine", 0, "creatinine", 4.0, known_at=hours(2)),
    ]


def value(patient, name, at, concept, number, **fields):
    return fact(Measurement, patient, name, at, concept=concept, value=number, **fields)


def lactate(patient, at, number, **fields):
    return value(patient, "lactate", at, "lactate", number, **fields)


def comfort(patient):
    return fact(CodeStatus, patient, "comfort", 0, status="comfort_only")


PATIENTS = {
    "anna": [*came("anna"), *septic("anna"), lactate("anna", 3, 3.0)],
    "boris": [*came("boris"), *septic("boris"), lactate("boris", 2, 2.1)],
    "carl": [*came("carl", born=2009), *septic("carl"), lactate("carl", 3, 4.0)],
    "dora": [*came("dora"), *septic("dora")],
    "emil": [*came("emil"), *septic("emil"), comfort("emil"), lactate("emil", 3, 5.0)],
    "frida": [*came("frida"), *septic("frida"), lactate("frida", 3, 1.9)],
    "gustav": [
        *(*came("gustav"), *septic("gustav")),
        *(comfort("gustav"), lactate("gustav", 3, 1.0)),
    ],
    "hanna": [*came("hanna"), lactate("hanna", 3, 6.0)],
    "ivan": [
        *came("ivan"),
        *septic("ivan"),
        lactate("ivan", 3, 4.0, known_at=hours(15)),
    ],
}
"""Everything known of each."""


def messages(patient, site=SITE):
    """One message an event, in the order in which they became known."""
    told = sorted(PATIENTS[patient], key=lambda f: (f.known_at, f.event_id))
    return [message(patient, one, site) for one in told]


def message(patient, event, site=SITE):
    return EhrMessage(
        message_id=f"{site} {event.event_id}",
        site=site,
        patient=patient,
        happened_at=event.happened_at,
        known_at=event.known_at,
        source="made up",
        provenance="history",
        events=(event,),
    )
