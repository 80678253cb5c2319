"""Messages: what travels between the parts, and how it is read and written.

Each has a deterministic `message_id`, a `schema_version`, `happened_at`, `known_at`
and a `source`.
The shape of a version never changes; a reader ignores unknown fields, and stops at a
major version it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import (
    Base64Bytes,
    Discriminator,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from streams.vocabulary.clock import Instant
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Event


Provenance = Literal["live", "history", "simulated"]
"""Where a fact is from: only `live` may ever page in a live registry."""

Site = Annotated[str, StringConstraints(pattern="^[^/]+$")]
"""Without a slash: records are keyed by `site/patient`."""

FlagStatus = Literal["provisional", "confirmed", "amended", "withdrawn"]
Truth = Literal["TRUE", "FALSE", "UNKNOWN"]
ScreeningStatus = Literal["ineligible", "needs_data", "needs_human", "eligible"]
EntryKind = Literal[
    "onset",
    "admission",
    "unit",
    "infusion",
    "respiratory_support",
    "culture",
    "medication",
    "first_of",
    "all_of",
]
"""What may open a screening; see `streams.vocabulary.entry`."""
OutcomeStatus = Literal["pending", "provisional", "final", "missing"]
Refusal = Literal["refused", "opted_out", "withdrawn", "lifted"]
"""A no that stands, by how it was said; `lifted`: it stands no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What all messages have in common; the key is site and patient."""

    message_id: str
    schema_version: str = "1.0"
    site: Site
    patient: str
    happened_at: Instant
    known_at: Instant
    source: str
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrMessage(Message):
    """`ehr.events`: the events of one source message of one patient.

    `known_at` is the moment of durable receipt; no event in it may be acted on
    before its own `known_at`, which is never later than the message's.
    """

    type: Literal["ehr"] = "ehr"
    issued_at: Instant | None = None
    forwarded: str | None = None
    """After a merge: the message that first brought these events, to another log."""
    continues: Literal[True] | None = None
    """More of what became known of this patient at this instant follows: judge later."""
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One organ system of a score, with what decided it."""

    name: str
    points: int | None = None
    """None where nothing is known of it."""
    lower: int
    upper: int
    """The least and the most it can be, given what is missing."""
    evidence: tuple[str, ...] = ()
    """Event ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SepsisOnset(Message):
    """`sepsis.onsets`: one revision of one sepsis flag.

    `happened_at` is the onset by this definition's policy, `known_at` the moment at
    which the facts known first (or, for a later revision, again) said so.
    """

    flag_id: str
    revision: int
    stands_since: Instant | None = None
    """When the facts known first said so; revisions do not move it.  A flag that was
    withdrawn and stands again stands anew.  None in what was said before it was told."""
    status: FlagStatus
    definition: str
    definition_version: str
    policy: str
    episode: str
    """The hospital stay it belongs to; `none` where the source names none."""
    stay: str | None = None
    suspicion_at: Instant | None = None
    dysfunction_at: Instant | None = None
    antimicrobial_at: Instant | None = None
    culture_at: Instant | None = None
    score: int | None = None
    score_lower: int | None = None
    score_upper: int | None = None
    baseline: int | None = None
    components: tuple[Component, ...] = ()
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionVerdict:
    """One criterion: its truth, the facts that decided it, the facts it lacks."""

    criterion_id: str
    role: Literal["inclusion", "exclusion"]
    truth: Truth
    evidence: tuple[str, ...] = ()
    would_need: tuple[str, ...] = ()
    human: bool = False
    """Whether only a human can say."""
    level: Literal["platform", "domain", "intervention"] = "domain"
    """Whom it keeps out: from the platform, from the domain, from one intervention."""
    intervention: str | None = None
    """Which, at that level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterventionVerdict:
    """Whether this patient may be given one intervention, by all that is asked of it."""

    intervention: str
    status: ScreeningStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialScreening(Message):
    """`trial.screenings`: one revision of one patient's verdict for one domain.

    `happened_at` is the anchor's moment, `known_at` the moment of this verdict.
    """

    screening_id: str
    revision: int
    status: ScreeningStatus
    trial: str
    domain: str
    episode: str
    protocol_version: str
    protocol_hash: str
    software_version: str
    definition_version: str
    definitions: tuple[tuple[str, str], ...] = ()
    """Pairs of a rule of the catalogue that a criterion or the entry asks, as
    `name:policy`, and its version."""
    flag_id: str | None = None
    anchor: str
    """The anchor with its clock, as the protocol names it (`onset.known_at`)."""
    anchor_at: Instant
    deadline: Instant
    """After this, waiting is pointless: the recruitment window is closed."""
    valid_until: Instant | None = None
    """When time alone may change the verdict."""
    window_open: bool
    stratum: tuple[tuple[str, str], ...] = ()
    """Pairs of factor and level; a level not yet known is `UNKNOWN`."""
    covariates: tuple[tuple[str, str], ...] = ()
    criteria: tuple[CriterionVerdict, ...] = ()
    platform_status: ScreeningStatus | None = None
    """By the criteria of the platform alone; None in what was said before there was it."""
    interventions: tuple[InterventionVerdict, ...] = ()
    """Each intervention of the domain; none in what was said before there was it."""
    entry: EntryKind = "onset"
    """What opened the screening."""
    entry_at: Instant | None = None
    """When that happened; None in what was said before it was told."""
    entry_known_at: Instant | None = None
    """When the facts that make it were first known."""
    entry_evidence: tuple[str, ...] = ()
    """Event ids."""
    entry_stands: bool = True
    """False once the facts that made it are gone: then nobody can be randomised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOutcome(Message):
    """`trial.outcomes`: one revision of one outcome of one participant."""

    outcome_id: str
    revision: int
    trial: str
    episode: str
    outcome: str
    definition_version: str
    status: OutcomeStatus
    value: float | None = None
    """Mortality: 1 dead, 0 alive; days for what counts days."""
    determinable_from: Instant | None = None
    reason: str | None = None
    evidence: tuple[str, ...] = ()
    definition: str | None = None
    """The rule with its choices; None in what was said before it was told."""
    lower: float | None = None
    upper: float | None = None
    """What the value can be at least and at most, where nobody can say which."""
    parts: tuple[tuple[str, float | None], ...] = ()
    """What the value is made of, by name; None: not known."""
    amends: int | None = None
    """The first revision that was final and said otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterEntry(Message):
    """`trial.roster`: the patient takes part, or declined, at `happened_at`; never an arm.

    Who declined a trial is called about it no more, in this stay or any other.
    """

    type: Literal["roster"] = "roster"
    trial: str
    """Empty: all research, where somebody opted out of it."""
    domain: str
    """Empty where somebody declined: that concerns the trial."""
    episode: str
    participant: str
    """Empty where somebody opted out who never was one."""
    origin: str | None = None
    """After a merge: the patient who was enrolled."""
    refusal: Refusal | None = None
    """How it was declined; None where the patient takes part."""
    revision: int = 0
    """Of the decision of this patient, trial and participant; the highest stands."""
    collect: bool = True
    """Declined: whether the record is read on for the trial's outcomes all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTick(Message):
    """Time passed for this patient up to `known_at`; no EHR message says so."""

    type: Literal["tick"] = "tick"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolInForce:
    """`trial.protocols`: this version of a trial's protocol is in force from now on."""

    type: Literal["protocol"] = "protocol"
    message_id: str
    schema_version: str = "1.0"
    trial: str
    version: str
    protocol_hash: str
    revision: int
    """Of the trial's protocol in the registry; a lower one never follows a higher."""
    activated_at: Instant
    document: str
    """The protocol as canonical JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySighting:
    """`identity.sightings`: an identifier was read beside this patient's pseudonym."""

    type: Literal["sighting"] = "sighting"
    message_id: str
    schema_version: str = "1.0"
    site: Site
    patient: str
    known_at: Instant
    provenance: Provenance
    sealed: Base64Bytes
    """Authority and value as a JSON array, sealed under the vault's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """`ehr.rejected`: a record that is bad in itself, byte for byte."""

    message_id: str
    """Of topic, partition and offset: a second rejection is the same letter."""
    schema_version: str = "1.0"
    topic: str
    partition: int
    offset: int
    rejected_by: str
    rejected_at: Instant
    code: str
    reason: str
    """What is wrong and where; never a value of the record."""
    form: str | None = None
    """How the bytes were to be read, where the record said so; `+aes`: sealed."""
    headers: dict[str, str] | None = None
    """What else the record said of itself: `topics.TOLD_OF_RECEIPT`, where it did."""
    key: Base64Bytes | None = None
    value: Base64Bytes | None = None


class Versioned(Protocol):
    """Whatever says which version of its schema it is of."""

    @property
    def schema_version(self) -> str:
        """Major and minor."""
        ...


Anything = TypeVar("Anything", bound=Versioned)
Logged = EhrMessage | RosterEntry | ClockTick | ProtocolInForce
"""What a record of a patient's log, `ehr.events`, may be."""

EHR_MESSAGE = TypeAdapter(EhrMessage)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindBroken:
    """`trial.unblindings`: the blind of one participant was broken; never an arm.

    Who asked, and why, the registry tells to whom it concerns.
    """

    type: Literal["blind_broken"] = "blind_broken"
    message_id: str
    schema_version: str = "1.0"
    site: str
    trial: str
    domain: str
    participant: str
    happened_at: Instant
    mode: Literal["demo", "silent", "live"]


SEPSIS_ONSET = TypeAdapter(SepsisOnset)
TRIAL_SCREENING = TypeAdapter(TrialScreening)
TRIAL_OUTCOME = TypeAdapter(TrialOutcome)
ROSTER_ENTRY = TypeAdapter(RosterEntry)
CLOCK_TICK = TypeAdapter(ClockTick)
PROTOCOL_IN_FORCE = TypeAdapter(ProtocolInForce)
BLIND_BROKEN = TypeAdapter(BlindBroken)
IDENTITY_SIGHTING = TypeAdapter(IdentitySighting)
DEAD_LETTER = TypeAdapter(DeadLetter)
LOGGED: TypeAdapter[Logged] = TypeAdapter(Annotated[Logged, Discriminator("type")])

_MAJOR = "1"
_UNQUOTED = {"union_tag_invalid": "The type is none that is known"}
"""Where pydantic's own words repeat what it was given."""


def encode(adapter: TypeAdapter[Anything], message: Anything) -> bytes:
    """The message as JSON; what is None is left out."""
    return adapter.dump_json(message, exclude_none=True)


def decode(adapter: TypeAdapter[Anything], payload: bytes) -> Anything:
    """The message in `payload`.

    Raises `InputError` EMB-110 naming the place, EMB-111 for an unknown version.
    What it says of the fault quotes nothing of the payload: it may be a name.
    """
    try:
        message = adapter.validate_json(payload)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the message"
        raise InputError(
            ErrorCode.MALFORMED_MESSAGE,
            f"At {place}: {_UNQUOTED.get(first['type'], first['msg'])} "
            f"({fault.error_count()} faults).",
            "Send it as the published JSON Schema says.",
        ) from None
    if message.schema_version.partition(".")[0] != _MAJOR:
        raise InputError(
            ErrorCode.UNKNOWN_SCHEMA,
            f"The schema version is not {_MAJOR}.x.",
            "Upgrade this reader before the writer.",
        )
    return message
