"""What can be exported: the columns of each extract, in order, and what they disclose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from registry.domain.disclosure import Column, Form, Kind
from registry.domain.roles import Surface


class Extract(StrEnum):
    """One table that leaves the house."""

    PARTICIPANTS = "participants"
    """A row a participant and domain, or one without a domain where none was drawn."""
    SCREENINGS = "screenings"
    """A row a screening, by its latest revision."""
    OUTCOMES = "outcomes"
    """A row an outcome, by its latest revision, with what a human says of it."""
    AUDIT = "audit"
    """A row a link of the hash chains."""
    SUBJECTS = "subjects"
    """A row a participant and study: the platform, and each domain drawn in."""
    AVAILABILITY = "availability"
    """A row a patient, domain and arm for each act: drawn or not, what could be given."""


SURFACES: Mapping[Extract, Surface] = MappingProxyType(
    {
        Extract.PARTICIPANTS: Surface.PARTICIPANTS,
        Extract.SUBJECTS: Surface.PARTICIPANTS,
        Extract.AVAILABILITY: Surface.PARTICIPANTS,
        Extract.SCREENINGS: Surface.SCREENINGS,
        Extract.OUTCOMES: Surface.OUTCOMES,
        Extract.AUDIT: Surface.AUDIT,
    }
)
"""Whose rows they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Up to when, by both clocks; each moment itself belongs to it."""

    recorded_until: datetime
    """The registry's clock: what had been written by then."""
    happened_until: datetime
    """The clinical clock: what had happened by then."""

    @property
    def acts_until(self) -> datetime:
        """Acts of the registry happen when they are written."""
        return min(self.recorded_until, self.happened_until)


def _column(name: str, form: Form, kind: Kind, meaning: str) -> Column:
    return Column(name=name, form=form, kind=kind, meaning=meaning)


def _text(name: str, meaning: str, kind: Kind = Kind.PLAIN) -> Column:
    return _column(name, "text", kind, meaning)


def _moment(name: str, meaning: str) -> Column:
    return _column(name, "moment", Kind.MOMENT, f"{meaning}, UTC.")


_TRIAL = _text("trial", "Trial.")
_SITE = _text("site", "Site.", Kind.PLACE)
_PATIENT = Column(
    name="patient",
    form="text",
    kind=Kind.NAME,
    meaning="Pseudonym of the patient, at the site.",
    within=("site",),
)
_EPISODE = Column(
    name="episode",
    form="text",
    kind=Kind.NAME,
    meaning="Hospital stay of the patient.",
    within=("site", "patient"),
)
_PARTICIPANT = _text("participant", "Code of the participant.", Kind.NAME)
_IDENTIFIERS = _text(
    "identifiers", "Who it is: authority and identifier, JSON.", Kind.IDENTIFIERS
)
_ARM = _text("arm", "Arm; empty in a blinded domain, for everybody.", Kind.ARM)
_PROVENANCE = _text("provenance", "Where the facts are from: live, history, simulated.")

COLUMNS: dict[Extract, tuple[Column, ...]] = {
    Extract.PARTICIPANTS: (
        _PARTICIPANT,
        _TRIAL,
        _SITE,
        _PATIENT,
        _moment("registered_at", "When the first word of consent was recorded"),
        _text("consent", "Where consent stood at the cut."),
        _text("consent_form", "Form on which consent was given."),
        _moment("consent_decided_at", "When the last word was decided"),
        _text("withdrawn", "What was withdrawn: scopes by comma."),
        _column(
            "data_not_to_be_used",
            "boolean",
            Kind.PLAIN,
            "A declared rule forbids to use what was recorded.",
        ),
        _text("domain", "Domain; empty where nothing was drawn."),
        _text("stratum", "Stratum as randomised, factor=level.", Kind.FACTORS),
        _column("sequence_no", "integer", Kind.ORDER, "Number in `counted_in`."),
        _text(
            "counted_in",
            "Whose draws are numbered as one: the stratum, where one of some arms alone "
            "(`@arms`) or of a sealed list (`@sealed`) so marked, or the `@domain`.",
            Kind.ORDER,
        ),
        _moment("randomised_at", "When it was drawn"),
        _text(
            "vector_id",
            "Allocation vector it was drawn by, `initial` for the protocol's own; empty "
            "where arms are drawn by none.",
            Kind.NAME,
        ),
        _text("anchor", "Anchor with its clock."),
        _moment("anchor_at", "Moment of the anchor"),
        _text(
            "covariates",
            "Baseline covariates, frozen: a JSON object, names with values.",
            Kind.COVARIATES,
        ),
        _text("epoch", "Calendar epoch: month in UTC.", Kind.MONTH),
        _text("protocol_version", "Protocol version, frozen."),
        _text("protocol_hash", "Protocol hash, frozen."),
        _text("software_version", "Software version, frozen."),
        _PROVENANCE,
        _column("unblinded", "boolean", Kind.PLAIN, "Whether the blind was broken."),
        _text("misrandomised", "What went wrong in drawing: kinds by comma."),
        _column(
            "counts_no_more",
            "boolean",
            Kind.PLAIN,
            "In error: a second allocation of one person.",
        ),
        _text("stratum_true", "Stratum as it was, factor=level.", Kind.FACTORS),
        _text(
            "covariates_true",
            "Baseline covariates as they were: a JSON object, names with values.",
            Kind.COVARIATES,
        ),
        _moment("revealed_at", "When a deferred arm was told; empty until then"),
        _ARM,
        _IDENTIFIERS,
    ),
    Extract.SCREENINGS: (
        _text("screening_id", "Identity of the screening.", Kind.NAME),
        _column("revision", "integer", Kind.PLAIN, "Number of the latest revision."),
        _SITE,
        _PATIENT,
        _TRIAL,
        _text("domain", "Domain."),
        _EPISODE,
        _text("status", "The verdict."),
        _text("speaks_against", "Criteria that speak against it, by comma."),
        _text("undecided", "Criteria of which nobody can say yet, by comma."),
        _text("anchor", "Anchor of the window with its clock."),
        _moment("anchor_at", "Moment of the anchor"),
        _moment("happened_at", "Clinical time"),
        _moment("known_at", "When it could have been acted on"),
        _moment("recorded_at", "When the registry wrote it"),
        _moment("deadline", "End of the recruitment window"),
        _column(
            "window_open", "boolean", Kind.PLAIN, "Whether it was open at `known_at`."
        ),
        _text("stratum", "Stratum, factor=level.", Kind.FACTORS),
        _text("protocol_version", "Version of the protocol judged by."),
        _text("protocol_hash", "Content hash of that protocol."),
        _text("software_version", "Version of Ember that judged."),
        _text("definition_version", "Version of the sepsis definition."),
        _PROVENANCE,
        _IDENTIFIERS,
    ),
    Extract.OUTCOMES: (
        _text("outcome_id", "Identity of the outcome.", Kind.NAME),
        _column("revision", "integer", Kind.PLAIN, "Number of the latest revision."),
        _SITE,
        _PATIENT,
        _TRIAL,
        _EPISODE,
        _text("outcome", "Which outcome."),
        _text("status", "How far it has matured."),
        _column("value", "number", Kind.PLAIN, "Derived value; empty where unknown."),
        _column("lower", "number", Kind.PLAIN, "Least the value can be."),
        _column("upper", "number", Kind.PLAIN, "Most the value can be."),
        _text("reason", "Why it is missing or was corrected.", Kind.WORDS),
        _text("definition", "The rule with its choices."),
        _text("definition_version", "Version of the outcome's definition."),
        _moment("happened_at", "Clinical time"),
        _moment("known_at", "When it could have been acted on"),
        _moment("recorded_at", "When the registry wrote it"),
        _moment("determinable_from", "First moment it can be told"),
        _PROVENANCE,
        _text("judged_as", "How a human judged it; empty where nobody did."),
        _column("judged_value", "number", Kind.PLAIN, "What the human says."),
        _column("judged_revision", "integer", Kind.PLAIN, "Revision that was judged."),
        _text("judged_by", "Who judged.", Kind.STAFF),
        _text("judged_reason", "Why.", Kind.WORDS),
        _IDENTIFIERS,
    ),
    Extract.AUDIT: (
        _SITE,
        _TRIAL,
        _column("sequence", "integer", Kind.ORDER, "Number in the chain."),
        _text("action", "What was done, subject:action."),
        _text("actor", "Who did it.", Kind.STAFF),
        _moment("at", "When"),
        _text("subject", "What it was done to.", Kind.NAME),
        _text("detail", "Particulars as canonical JSON.", Kind.PARTICULARS),
        _text("previous_hash", "Hash of the row before.", Kind.DIGEST),
        _text("row_hash", "SHA-256 of the hash before and this row.", Kind.DIGEST),
    ),
    Extract.SUBJECTS: (
        _PARTICIPANT,
        _TRIAL,
        _text("domain", "Domain; empty for the platform."),
        _SITE,
        _PATIENT,
        _text("state", "Where the subject is, in the words of FHIR."),
        _moment("began_at", "Registered; of a domain, randomised"),
        _moment(
            "ended_at", "When the last word ended taking part; empty while it goes on"
        ),
        _text("consent", "Where consent stood at the cut."),
        _ARM,
        _IDENTIFIERS,
    ),
    Extract.AVAILABILITY: (
        _PARTICIPANT,
        _TRIAL,
        _SITE,
        _PATIENT,
        _EPISODE,
        _text("domain", "Domain."),
        _moment("asked_at", "When the act asked"),
        _text("answer", "What became of the domain then."),
        _text("arm_of_domain", "An arm the domain had, whichever was drawn."),
        _column("available", "boolean", Kind.PLAIN, "Whether it could be given then."),
        _column(
            "eligible",
            "boolean",
            Kind.PLAIN,
            "Whether this patient could be given it; empty where nobody knew.",
        ),
        _IDENTIFIERS,
    ),
}
