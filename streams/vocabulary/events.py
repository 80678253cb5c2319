"""Canonical clinical events: what every source is translated into.

An event is one fact about one patient.
It names no patient: the message that carries it does (`messages.EhrMessage`).

`event_id` names the fact, not its delivery: a second delivery has the same id, and a
`Correction` or `Cancellation` names the id it speaks of.
The start, the stop, the order, the collection and the result of one thing are events
of their own, each with its own `known_at`.

`flags` tells what is odd about a fact that was kept all the same, in the words of
`facts.Flag`; policies decide what a flagged fact may do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from streams.vocabulary.clock import Instant
from streams.vocabulary.facts import Comparator, Fact


# -- what was measured ---------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement(Fact):
    """A laboratory result, a vital sign, a ventilator setting, a body weight."""

    kind: Literal["measurement"] = "measurement"
    concept: str
    value: float | None = None
    """In the concept's canonical unit; the bound itself where there is a comparator."""
    comparator: Comparator | None = None
    upper: float | None = None
    """The other end where the source sent a range; `value` is the lower end."""
    text: str | None = None
    """A result in words (`NEGATIVE`), or why there is no number."""
    sent_value: str | None = None
    sent_unit: str | None = None
    """As the source wrote them, where the conversion changed anything."""
    specimen: str | None = None
    """What it was measured in (`arterial`, `venous`, `blood`, `urine`)."""
    specimen_id: str | None = None
    method: str | None = None
    """How (`arterial_line`, `noninvasive`, `admission`, `daily`, `charted`)."""
    code: str | None = None
    """The source's code, `system|code`."""
    status: Literal["preliminary", "final", "corrected"] = "final"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment(Fact):
    """A score or a finding a person charted: GCS, RASS, CAM-ICU, pain."""

    kind: Literal["assessment"] = "assessment"
    concept: str
    value: float | None = None
    text: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Biomarker(Fact):
    """An enrichment marker; assay and version are part of the result."""

    kind: Literal["biomarker"] = "biomarker"
    concept: str
    value: float | None = None
    comparator: Comparator | None = None
    unit: str
    assay: str
    assay_version: str
    specimen_id: str | None = None
    collected_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification(Fact):
    """A label from outside: SRS, MARS, a phenotype classifier, a site's own model."""

    kind: Literal["classification"] = "classification"
    classifier: str
    classifier_version: str
    label: str | None = None
    score: float | None = None
    assay: str | None = None


# -- microbiology --------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CultureCollected(Fact):
    """A specimen was taken for culture."""

    kind: Literal["culture_collected"] = "culture_collected"
    culture_id: str
    specimen: str
    """As the laboratory names it (`BLOOD CULTURE`)."""
    test: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Susceptibility:
    """How one organism answered one antimicrobial."""

    antimicrobial: str
    interpretation: str | None = None
    mic: float | None = None
    comparator: Comparator | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CultureResult(Fact):
    """What grew, or that nothing did; `happened_at` is when the laboratory knew."""

    kind: Literal["culture_result"] = "culture_result"
    culture_id: str
    status: Literal["preliminary", "final", "corrected"]
    positive: bool | None = None
    """None where the report does not say."""
    organism: str | None = None
    organism_code: str | None = None
    susceptibilities: tuple[Susceptibility, ...] = ()
    test: str | None = None


# -- treatment -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Medication(Fact):
    """A drug ordered, stopped, dispensed, given or taken at home."""

    kind: Literal["medication"] = "medication"
    stage: Literal["ordered", "stopped", "dispensed", "given", "not_given", "home"]
    order_id: str | None = None
    """What ties the stages of one order together."""
    drug: str | None = None
    """Ingredient or class name of `drugs`; None where it could not be mapped."""
    sent_drug: str
    route: str | None = None
    dose: float | None = None
    unit: str | None = None
    planned_start: Instant | None = None
    planned_stop: Instant | None = None
    antimicrobial: bool | None = None
    """Whether it is a systemic antimicrobial; None where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Infusion(Fact):
    """A continuous infusion at one moment of its life.

    `rate` is in the drug's canonical unit (µg/kg/min, U/min); None where it cannot be
    said, for want of a weight for instance: unknown, never 0.
    """

    kind: Literal["infusion"] = "infusion"
    phase: Literal["started", "changed", "stopped"]
    infusion_id: str
    drug: str
    rate: float | None = None
    sent_rate: float | None = None
    sent_unit: str | None = None
    weight_kg: float | None = None


SupportCategory = Literal[
    "invasive", "niv", "cpap", "hfnc", "tracheostomy", "oxygen", "none", "other"
]
"""How breathing is supported, from the tube to room air."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RespiratorySupport(Fact):
    """Support of breathing as charted: the device, the ventilator's mode, or both."""

    kind: Literal["respiratory_support"] = "respiratory_support"
    phase: Literal["observed", "started", "stopped"] = "observed"
    category: SupportCategory | None = None
    device: str | None = None
    mode: str | None = None
    maker: str | None = None
    """The ventilator family whose mode list the mode is from, where sources differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fluid(Fact):
    """A volume that went in or came out, in millilitres."""

    kind: Literal["fluid"] = "fluid"
    direction: Literal["in", "out"]
    substance: str
    """`urine`, `gu_irrigant`, `crystalloid`, `colloid`, `blood_product`, `other`."""
    volume_ml: float | None = None
    started_at: Instant | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure(Fact):
    """Something done: dialysis, intubation, surgery, source control."""

    kind: Literal["procedure"] = "procedure"
    phase: Literal["done", "started", "stopped"] = "done"
    procedure_id: str
    name: str
    """`rrt`, `intubation`, `extubation`, `ecmo`, `surgery`, or as sent."""
    code: str | None = None


# -- the patient and the stay --------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter(Fact):
    """A hospital stay begins, changes or ends; `encounter` names it."""

    kind: Literal["encounter"] = "encounter"
    phase: Literal["registered", "admitted", "discharged", "cancelled"]
    encounter_class: Literal["emergency", "inpatient", "outpatient", "other"] = "other"
    disposition: (
        Literal["home", "hospice", "acute_hospital", "facility", "died", "other"] | None
    ) = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Location(Fact):
    """The patient came to a unit or left it; `stay` names an ICU stay."""

    kind: Literal["location"] = "location"
    phase: Literal["entered", "left"]
    ward: str
    level: Literal["icu", "intermediate", "ward", "emergency", "theatre", "other"] = (
        "other"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Demographics(Fact):
    """What is known of the person; a birth year, never a birth date beyond need."""

    kind: Literal["demographics"] = "demographics"
    sex: Literal["female", "male", "other"] | None = None
    birth_year: int | None = None
    """The age at `t` is `year(t) - birth_year`, or one less before the birthday."""
    age_precision: Literal["stated", "year"] = "year"
    """`stated`: `year(t) - birth_year` is the age by the source's own reckoning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Fact):
    """A diagnosis, with the moment from which it was on record."""

    kind: Literal["condition"] = "condition"
    code: str
    rank: int | None = None
    present: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Allergy(Fact):
    """An allergy or intolerance, or (`present` false) that it was ruled out."""

    kind: Literal["allergy"] = "allergy"
    substance: str
    present: bool = True
    severity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pregnancy(Fact):
    """Pregnant, not pregnant, or (None) asked without an answer."""

    kind: Literal["pregnancy"] = "pregnancy"
    pregnant: bool | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeStatus(Fact):
    """What was agreed about resuscitation and the goals of care."""

    kind: Literal["code_status"] = "code_status"
    status: Literal["full", "dnr", "dni", "dnr_dni", "comfort_only", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VitalStatusContact(Fact):
    """Somebody saw, heard or measured that the patient was alive at this moment."""

    kind: Literal["vital_status"] = "vital_status"
    alive: bool
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Death(Fact):
    """The patient died at `happened_at`."""

    kind: Literal["death"] = "death"
    place: Literal["hospital", "elsewhere"] | None = None
    basis: str | None = None


# -- what changes other facts --------------------------------------------------

Clinical = Annotated[
    Measurement
    | Assessment
    | Biomarker
    | Classification
    | CultureCollected
    | CultureResult
    | Medication
    | Infusion
    | RespiratorySupport
    | Fluid
    | Procedure
    | Encounter
    | Location
    | Demographics
    | Condition
    | Allergy
    | Pregnancy
    | CodeStatus
    | VitalStatusContact
    | Death,
    Field(discriminator="kind"),
]
"""A fact about the patient, as opposed to a statement about another fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction(Fact):
    """The fact `corrects` now reads `event`, at the source version `version` (≥ 1).

    It carries the whole fact, so it stands even if it overtakes its original.
    """

    kind: Literal["correction"] = "correction"
    corrects: str
    event: Clinical
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation(Fact):
    """The fact `cancels` never was (entered in error, specimen lost)."""

    kind: Literal["cancellation"] = "cancellation"
    cancels: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientMerge(Fact):
    """`retired` and the patient of this message are one person; this one survives."""

    kind: Literal["patient_merge"] = "patient_merge"
    retired: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientUnmerge(Fact):
    """The merge of `retired` into this patient was a mistake."""

    kind: Literal["patient_unmerge"] = "patient_unmerge"
    retired: str


Event = Annotated[
    Clinical | Correction | Cancellation | PatientMerge | PatientUnmerge,
    Field(discriminator="kind"),
]
"""Anything a message may carry."""
