"""What the read views show: plain rows, and never an arm to whom it is not due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from registry.domain.alert import AlertStatus, Hold
from registry.domain.conduct import JudgedOutcome
from registry.domain.consent import ConsentState, Scope, Standing
from registry.domain.flow import Box
from registry.domain.kit import KitState
from registry.domain.mode import Suppression
from registry.domain.stratum import FactorState
from streams.vocabulary.messages import (
    CriterionVerdict,
    FlagStatus,
    OutcomeStatus,
    Provenance,
    ScreeningStatus,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnsetView:
    """One revision of one sepsis flag."""

    flag_id: str
    revision: int
    site: str
    patient: str
    episode: str
    stay: str | None
    status: FlagStatus
    definition: str
    definition_version: str
    policy: str
    happened_at: datetime
    known_at: datetime
    suspicion_at: datetime | None
    dysfunction_at: datetime | None
    antimicrobial_at: datetime | None
    culture_at: datetime | None
    score: int | None
    score_lower: int | None
    score_upper: int | None
    baseline: int | None
    provenance: Provenance
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningView:
    """One revision of one screening."""

    screening_id: str
    revision: int
    site: str
    patient: str
    trial: str
    domain: str
    episode: str
    status: ScreeningStatus
    anchor: str
    anchor_at: datetime
    happened_at: datetime
    known_at: datetime
    deadline: datetime
    window_open: bool
    stratum: str
    protocol_version: str
    protocol_hash: str
    flag_id: str | None
    provenance: Provenance
    recorded_at: datetime
    criteria: tuple[CriterionVerdict, ...]
    status_while_open: ScreeningStatus | None
    """The screening's last verdict while the window was open; None if it never was."""
    status_with_answers: ScreeningStatus | None
    """The same, with the signed answers counted in that had not lapsed: now, or when the
    window closed, or the patient was randomised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantView:
    """One participant, in one domain where randomised."""

    participant: str
    trial: str
    site: str
    patient: str
    consent: ConsentState | None
    consented_at: datetime | None
    domain: str | None
    stratum: str | None
    sequence_no: int | None
    randomised_at: datetime | None
    anchor_at: datetime | None
    arm: str | None
    """Shown to whom it is due, and never in a blinded domain."""


Due = Literal[
    "ask_by_the_deadline", "overdue", "ask_the_patient", "ask_again", "writing_follows"
]
"""What is to be done about a consent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmView:
    """The arm of one participant in one domain, blinded or not."""

    participant: str
    trial: str
    site: str
    domain: str
    arm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmStockView:
    """Kits of one arm that stand alike at one place."""

    trial: str
    domain: str
    site: str
    """Empty: in the depot."""
    arm: str
    state: KitState
    expires_on: date
    kits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnblindingNoteView:
    """Why the blind of one participant was broken, in words, which may name an arm."""

    participant: str
    trial: str
    site: str
    domain: str
    number: int
    """As `unblindings` has it."""
    reason: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """Where one participant stands at a moment, and what may be done."""

    participant: str
    trial: str
    site: str
    patient: str
    standing: Standing
    document_version: str | None
    """On which consent was given."""
    decided_at: datetime | None
    """Of the last word."""
    withdrawn: tuple[Scope, ...]
    due: Due | None
    """None where nothing is to be done."""
    deadline: datetime | None
    """Deferred: by when somebody is to be asked."""
    renew: str | None
    """The document on which consent is to be sought again."""
    may_randomise: bool
    may_treat: bool
    may_follow_up: bool
    may_collect: bool
    may_use: bool
    data_flagged: bool
    """A declared rule forbids to use what was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumView:
    """One factor of one screening whose level has not come."""

    screening_id: str
    site: str
    patient: str
    trial: str
    domain: str
    episode: str
    factor: str
    state: FactorState
    waited_until: datetime
    deadline: datetime
    """Of the recruitment window."""
    classifiers: tuple[tuple[str, str], ...]
    """What classifies, as `name:policy`, and in which version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """The latest revision of one outcome."""

    outcome_id: str
    revision: int
    site: str
    patient: str
    trial: str
    episode: str
    outcome: str
    status: OutcomeStatus
    value: float | None
    happened_at: datetime
    known_at: datetime
    determinable_from: datetime | None
    reason: str | None
    definition_version: str
    provenance: Provenance
    definition: str | None
    lower: float | None
    upper: float | None
    parts: tuple[tuple[str, float | None], ...]
    amends: int | None
    judged: JudgedOutcome | None
    """What a human says of it, where that stands; the derived value stays beside it."""

    @property
    def standing_value(self) -> float | None:
        """The human's, where one stands."""
        return self.value if self.judged is None else self.judged.value

    @property
    def moved_since(self) -> bool:
        """Whether the record said something new after it was judged."""
        return self.judged is not None and self.judged.of_revision < self.revision


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """One alert as it stands."""

    alert_id: str
    screening_id: str
    site: str
    patient: str
    trial: str
    domain: str
    episode: str
    status: AlertStatus
    suppressed: Suppression | None
    verdict: ScreeningStatus
    revision: int
    deadline: datetime
    raised_at: datetime
    changed_at: datetime
    held_back: Hold | None
    """Why nobody is to be called about this patient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementView:
    """How human and machine compare on one criterion, over all screenings."""

    trial: str
    domain: str
    criterion: str
    role: str
    """`inclusion` or `exclusion`."""
    answered: int
    """Screenings in which a human said TRUE or FALSE of it."""
    both: int
    """Of these, in which the machine did too."""
    agree: int
    human_true_machine_false: int
    human_false_machine_true: int
    agreement: float | None
    """`agree` of `both`; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowView:
    """How many came how far in one domain, by the latest revisions."""

    trial: str
    domain: str
    screened: int
    ineligible: int
    needs_data: int
    needs_human: int
    eligible: int
    alerted: int
    """Alerts somebody was told of."""
    suppressed: int
    """Alerts nobody was told of."""
    expired: int
    consented: int
    """Consent given, deferred or waived, or informed in its place, as the last word;
    of the whole trial."""
    refused: int
    """Consent refused, of the whole trial."""
    withdrawn: int
    """Consent withdrawn, of the whole trial."""
    ever_needs_data: int
    """Screenings that were so at any time while the window was open."""
    ever_needs_human: int
    """The same, of those that waited for a human's answer."""
    ever_eligible: int
    """The same, of those eligible once the signed answers are counted in."""
    randomised: int
    by_arm: tuple[tuple[str, int], ...]
    """Empty where arms are not to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeFlow:
    """How far one outcome of those randomised in a domain has come; the sum is all."""

    outcome: str
    final: int
    provisional: int
    pending: int
    missing: int
    untold: int
    """Nothing was recorded of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowAtView:
    """The flow of one domain as it was known at a moment."""

    trial: str
    domain: str
    at: datetime
    boxes: tuple[tuple[Box, int], ...]
    """All of them, in order; each is the sum of what `EXITS` leads to."""
    alerted: int
    """Screenings of which somebody was told."""
    answered: int
    """Screenings with a signed answer."""
    reasons: tuple[tuple[str, int], ...] | None
    """What spoke first against those ruled out, as the protocol orders its criteria;
    None where it was not asked for."""
    by_arm: tuple[tuple[str, int], ...]
    arm_not_shown: int
    """Randomised to an arm that this reader is not shown."""
    standing: tuple[tuple[Standing, int], ...]
    """Where the consent of those randomised stands."""
    outcomes: tuple[OutcomeFlow, ...]
    unblinded: int
    """Of those randomised, for how many the blind was broken."""

    def number(self, box: Box) -> int:
        """How many are in this box."""
        return dict(self.boxes)[box]
