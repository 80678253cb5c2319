"""Flags by further definitions over a patient's days: what is said, when, and when not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from streams.app.protocols import shipped_protocols
from streams.clinical.definitions.ase.days import hospital_days
from streams.pipeline.flaggable import FLAGGABLE, further
from streams.pipeline.patient import Rules, advance
from streams.pipeline.plan import plan
from streams.pipeline.screen import screen
from streams.pipeline.state import PatientState
from streams.vocabulary.entry import OnsetEntry
from streams.vocabulary.errors import SettingsError
from streams.vocabulary.events import (
    Cancellation,
    CultureCollected,
    CultureResult,
    Demographics,
    Encounter,
    Infusion,
    Measurement,
    Medication,
)
from streams.vocabulary.messages import (
    ClockTick,
    EhrMessage,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)


ZONE = "America/New_York"
NOON = datetime(2026, 3, 1, 17, tzinfo=UTC)
"""By the hospital's clock."""
COMMON = {"site": "s", "patient": "p", "source": "x", "provenance": "simulated"}


def after(hours):
    return NOON + timedelta(hours=hours)


def fact(kind, event_id, hours, **fields):
    moment = after(hours)
    told = {"event_id": event_id, "happened_at": moment, "known_at": moment}
    return kind(**{**told, "encounter": "e1", **fields})


def culture(event_id="blood", hours=0, **fields):
    told = {"culture_id": event_id, "specimen": "BLOOD CULTURE"}
    return fact(CultureCollected, event_id, hours, **told, **fields)


def dose(event_id, hours, drug="vancomycin", **fields):
    told = {"sent_drug": drug, "drug": drug, "route": "iv", "antimicrobial": True}
    return fact(Medication, event_id, hours, stage="given", **told, **fields)


def doses(days, drug="vancomycin"):
    return [dose(f"dose {n}", 2 + 24 * n, drug) for n in range(days)]


def drip(event_id="drip", hours=3, phase="started", **fields):
    return fact(
        Infusion,
        event_id,
        hours,
        infusion_id="n",
        phase=phase,
        drug="norepinephrine",
        rate=0.2,
        **fields,
    )


def value(event_id, hours, concept, number, **fields):
    return fact(Measurement, event_id, hours, concept=concept, value=number, **fields)


def in_error(event_id, hours):
    told = {"cancels": event_id, "version": 1, "encounter": None}
    return fact(Cancellation, f"no {event_id}", hours, **told)


def came(born=1950):
    admitted = {"phase": "admitted", "encounter_class": "inpatient"}
    return [
        fact(Demographics, "who", -5, sex="male", birth_year=born),
        fact(Encounter, "came", -5, **admitted),
    ]


def left(hours):
    return fact(Encounter, "left", hours, phase="discharged", disposition="home")


def message(event):
    return EhrMessage(
        **COMMON,
        message_id=f"of {event.event_id} {event.version}",
        happened_at=event.happened_at,
        known_at=event.known_at,
        events=(event,),
    )


def tick(hours):
    return ClockTick(
        **{**COMMON, "source": "clock"},
        message_id=f"tick {hours}",
        happened_at=after(hours),
        known_at=after(hours),
    )


def rules(*asked):
    return Rules(
        protocols=shipped_protocols(),
        definitions=further(asked, zone=ZONE),
        zone=ZONE,
        software_version="test",
        outcomes_of_flags=True,
    )


class Patient:
    """One patient, and what was said of them."""

    def __init__(self, *asked, born=1950):
        self.rules = rules(*asked)
        self.state = PatientState("s", "p")
        self.said = []
        for event in came(born):
            self.hear(event)

    def hear(self, *events):
        return self._take(map(message, events))

    def wait(self, hours):
        return self._take([tick(hours)])

    def _take(self, arrivals):
        said = list(advance(self.state, arrivals, self.rules))
        self.said += said
        return told(said)


def told(said):
    return [
        (m.definition, m.status)
        for m in said
        if isinstance(m, SepsisOnset) and m.definition != "sepsis3"
    ]


def flag(patient, definition):
    (found,) = (f for f in patient.state.flags.values() if f.definition == definition)
    return found


# -- suspected infection: one a specimen ------------------------------------------------


def test_a_course_of_many_doses_is_one_suspicion():
    patient = Patient("suspected_infection")
    assert patient.hear(culture()) == []
    said = patient.hear(*doses(3))
    assert said == [("suspected_infection", "confirmed")]
    found = flag(patient, "suspected_infection")
    assert found.happened_at == found.culture_at == NOON
    assert found.evidence == ("dose 0", "blood")


def test_an_earlier_dose_that_is_filed_late_moves_the_onset_and_not_the_flag():
    patient = Patient("suspected_infection")
    patient.hear(culture(), *doses(2))
    before = flag(patient, "suspected_infection")
    late = dose("early", -2, known_at=after(30))
    assert patient.hear(late) == [("suspected_infection", "amended")]
    found = flag(patient, "suspected_infection")
    assert found.flag_id == before.flag_id
    assert found.happened_at == after(-2)
    assert found.revision == 1


def test_two_specimens_are_two_suspicions_of_one_stay():
    patient = Patient("suspected_infection")
    patient.hear(culture(), *doses(1))
    patient.hear(culture("later", 24 * 6), dose("again", 24 * 6 + 1))
    flags = patient.state.flags.values()
    assert {f.evidence[1] for f in flags} == {"blood", "later"}
    assert {f.episode for f in flags} == {"e1"}


def test_a_dose_that_was_entered_in_error_withdraws_and_stands_again_anew():
    patient = Patient("suspected_infection")
    patient.hear(culture(), *doses(1))
    assert patient.hear(in_error("dose 0", 5)) == [("suspected_infection", "withdrawn")]
    right = replace(doses(1)[0], version=2, known_at=after(6))
    assert patient.hear(right) == [("suspected_infection", "confirmed")]
    assert flag(patient, "suspected_infection").revision == 2


# -- the Adult Sepsis Event: provisional, then confirmed or withdrawn --------------------


def test_an_adult_sepsis_event_waits_for_its_fourth_antimicrobial_day():
    patient = Patient("ase")
    assert patient.hear(culture(), dose("dose 0", 2)) == []
    assert patient.hear(drip()) == [("ase", "provisional")]
    assert patient.hear(*doses(3)[1:]) == []
    assert patient.hear(doses(4)[-1]) == [("ase", "confirmed")]
    assert patient.hear(*(dose(f"more {n}", 24 * n + 2) for n in range(4, 9))) == []


def test_a_calendar_day_is_told_by_its_first_instant_in_the_hospitals_zone():
    patient = Patient("ase")
    patient.hear(culture(), dose("dose 0", 2), drip())
    found = flag(patient, "ase")
    assert found.happened_at == hospital_days(ZONE).start(date(2026, 3, 1))
    assert found.happened_at == datetime(2026, 3, 1, 5, tzinfo=UTC)
    assert found.definition_version == "2018-03"


def test_an_event_whose_antimicrobials_stop_is_withdrawn_by_time_alone():
    patient = Patient("ase")
    patient.hear(culture(), dose("dose 0", 2), drip())
    assert patient.state.due is not None
    assert patient.wait(24 * 6) == [("ase", "withdrawn")]
    assert flag(patient, "ase").known_at < after(24 * 6)


def test_what_an_event_rests_on_is_said_anew_only_when_it_is_gone():
    patient = Patient("ase")
    patient.hear(culture(), *doses(1), drip(), value("kidney", 4, "creatinine", 1.0))
    patient.hear(*doses(4)[1:])
    held = flag(patient, "ase")
    gone = in_error("drip", 24 * 3 + 3)
    other = drip("other", 4, known_at=after(24 * 3 + 3))
    assert patient.hear(other) == []
    assert patient.hear(gone) == [("ase", "amended")]
    found = flag(patient, "ase")
    assert found.flag_id == held.flag_id
    assert "drip" in held.evidence
    assert "drip" not in found.evidence


def test_a_second_culture_that_only_repeats_an_event_is_no_second_flag():
    patient = Patient("ase")
    patient.hear(culture(), *doses(1), drip(), culture("second", 10))
    patient.hear(*doses(5)[1:])
    assert flag(patient, "ase").evidence[0] == "blood"


# -- what stands on a vasopressor or on nothing ------------------------------------------


def shocked(patient):
    patient.hear(culture(), *doses(1))
    for n, (concept, number) in enumerate(
        (("platelets", 40), ("creatinine", 4.0), ("lactate", 4.0))
    ):
        patient.hear(value(f"lab {n}", 2.5, concept, number))
    return patient.hear(drip())


def test_septic_shock_is_told_by_the_stay_with_what_decided_it():
    patient = Patient("septic_shock")
    assert ("septic_shock", "confirmed") in shocked(patient)
    found = flag(patient, "septic_shock")
    assert found.episode == "e1"
    assert {"drip", "lab 2"} <= set(found.evidence)


def test_what_is_not_known_is_not_flagged():
    patient = Patient("septic_shock", "sep1_shock", "phoenix_sepsis")
    patient.hear(culture(), *doses(1), value("p", 2.5, "platelets", 40))
    assert told(patient.said) == []


def test_a_pathogen_in_the_blood_beside_a_new_vasopressor_is_flagged():
    patient = Patient("bse")
    patient.hear(culture(), drip())
    grew = fact(
        CultureResult,
        "grew",
        30,
        culture_id="blood",
        status="preliminary",
        positive=True,
        organism="ESCHERICHIA COLI",
    )
    assert patient.hear(grew) == [("bse", "provisional")]
    final = replace(grew, event_id="final", status="final", happened_at=after(60))
    assert patient.hear(replace(final, known_at=after(60))) == [("bse", "confirmed")]


def sick_child(born):
    patient = Patient("phoenix_sepsis", born=born)
    patient.hear(culture(), *doses(1))
    patient.hear(drip())
    patient.hear(value("lactate", 4, "lactate", 12.0))
    return patient


def test_a_childs_definition_says_nothing_of_an_adult():
    assert told(sick_child(born=1950).said) == []
    assert told(sick_child(born=2016).said)


def test_a_child_who_comes_of_age_was_a_septic_child():
    patient = sick_child(born=2016)
    before = flag(patient, "phoenix_sepsis")
    patient.wait(24 * 365 * 12)
    grown = value("later", 24 * 365 * 12 + 1, "lactate", 1.0, encounter="e2")
    assert patient.hear(grown) == []
    stands = flag(patient, "phoenix_sepsis")
    assert stands.status != "withdrawn"
    assert stands.happened_at == before.happened_at


def test_a_child_who_turns_out_to_be_an_adult_was_none():
    patient = sick_child(born=2016)
    put_right = fact(
        Demographics, "who", -5, birth_year=1950, version=1, known_at=after(9)
    )
    assert patient.hear(put_right) == [("phoenix_sepsis", "withdrawn")]
    after_all = replace(put_right, birth_year=2016, version=2, known_at=after(10))
    (again,) = patient.hear(after_all)
    assert again == ("phoenix_sepsis", flag(patient, "phoenix_sepsis").status)
    assert again[1] != "withdrawn"


# -- beside, and no more than that -------------------------------------------------------


EVERYTHING = tuple(FLAGGABLE)


def verdicts(patient):
    return [m for m in patient.said if isinstance(m, TrialScreening | TrialOutcome)]


def anchoring(patient):
    return [
        m
        for m in patient.said
        if isinstance(m, SepsisOnset) and m.definition == "sepsis3"
    ]


def test_further_flags_move_no_verdict_no_outcome_and_no_other_flag():
    alone, beside = Patient(), Patient(*EVERYTHING)
    for patient in (alone, beside):
        shocked(patient)
        patient.hear(*doses(5)[1:], left(24 * 8))
        patient.wait(24 * 120)
    assert verdicts(alone)
    assert anchoring(alone)
    assert len({definition for definition, _ in told(beside.said)}) > 2
    assert verdicts(beside) == verdicts(alone)
    assert anchoring(beside) == anchoring(alone)


def test_a_patient_with_none_but_further_flags_is_neither_screened_nor_followed():
    patient = Patient("suspected_infection")
    patient.hear(culture(), *doses(1))
    patient.wait(24 * 100)
    assert told(patient.said)
    assert verdicts(patient) == []


def recruiting_by(definition, policy="ember"):
    """The shipped protocol, had it been written for another definition."""
    (protocol,) = shipped_protocols()
    (domain,) = protocol.domains
    entry = OnsetEntry(kind="onset", definition=definition, policy=policy)
    recruitment = domain.recruitment.model_copy(update={"entry": entry})
    changed = domain.model_copy(update={"recruitment": recruitment})
    return protocol.model_copy(update={"domains": (changed,)})


def test_a_further_flag_opens_the_window_of_a_protocol_that_names_its_definition():
    patient = Patient("suspected_infection")
    patient.hear(culture(), *doses(1))
    asked = plan((recruiting_by("suspected_infection"),))
    (said,) = screen(patient.state, after(3), asked, software_version="t").messages
    assert said.definitions == (("suspected_infection:ember", "2016"),)
    assert said.flag_id in patient.state.flags


def test_a_protocol_that_waits_for_a_definition_has_it_flagged():
    rules = Rules(
        protocols=(recruiting_by("suspected_infection"),), software_version="t"
    )
    assert [entry.name for entry in rules.flagged] == [("suspected_infection", "ember")]


def test_a_protocol_that_waits_for_sepsis_3_by_another_policy_has_that_flagged_too():
    rules = Rules(protocols=(recruiting_by("sepsis3", "zero"),), software_version="t")
    patient = Patient()
    patient.rules = rules
    shocked(patient)
    flags = patient.state.flags.values()
    assert {f.policy for f in flags if f.definition == "sepsis3"} == {"ember", "zero"}
    assert "withdrawn" not in {f.status for f in flags}
    (said,) = patient.state.screenings.values()
    assert patient.state.flags[said.flag_id].policy == "zero"


def test_a_protocol_that_waits_for_calendar_days_of_an_unknown_zone_is_refused():
    with pytest.raises(SettingsError, match="time zone"):
        Rules(protocols=(recruiting_by("ase", "toolkit"),), software_version="t")


def test_sepsis_3_is_said_first():
    patient = Patient("septic_shock", "suspected_infection")
    shocked(patient)
    at = max(f.known_at for f in anchoring(patient))
    together = [
        m.definition
        for m in patient.said
        if isinstance(m, SepsisOnset) and m.known_at == at
    ]
    assert together[0] == "sepsis3"
    assert len(together) > 1


def test_a_definition_that_is_switched_on_speaks_at_the_next_look():
    patient = Patient()
    patient.hear(culture(), *doses(1))
    patient.rules = rules("suspected_infection")
    assert patient.wait(50) == [("suspected_infection", "confirmed")]
    found = flag(patient, "suspected_infection")
    assert (found.happened_at, found.known_at) == (NOON, after(50))


def test_a_definition_that_is_not_asked_for_any_more_leaves_its_flags_as_they_are():
    patient = Patient("suspected_infection")
    patient.hear(culture(), *doses(1))
    patient.rules = rules()
    assert patient.hear(in_error("dose 0", 5)) == []
    assert flag(patient, "suspected_infection").status == "confirmed"


@pytest.mark.parametrize("asked", EVERYTHING)
@pytest.mark.parametrize("born", [1950, 2016])
def test_a_patient_at_rest_is_hardly_ever_looked_at(asked, born):
    patient = Patient(asked, born=born)
    shocked(patient)
    patient.hear(*doses(5)[1:], left(24 * 8))
    patient.rules = replace(patient.rules, protocols=(), outcomes_of_flags=False)
    patient.wait(24 * 8 + 1)
    looks = 0
    while patient.state.due is not None:
        looks += 1
        assert looks < 10
        waited = patient.state.due - NOON
        patient.wait(waited / timedelta(hours=1))


def test_an_order_that_nobody_ended_is_not_looked_at_for_ever():
    patient = Patient("ase:orders")
    order = dose("order", 2, order_id="o")
    patient.hear(culture(), replace(order, stage="ordered"), drip())
    looks = 0
    while patient.state.due is not None:
        looks += 1
        assert looks < 40 * 24
        patient.wait((patient.state.due - NOON) / timedelta(hours=1))
    assert flag(patient, "ase").status == "confirmed"
