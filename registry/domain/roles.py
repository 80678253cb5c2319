"""Who somebody is in a trial, and where: roles, surfaces, scopes, grants.

What each role may see of each surface is in `registry.domain.role_matrix`.

Reference: ICH E6(R3) 4.1 and 4.3.3 (access by role); ICH E9 5.8 (who stays blind).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


EVERYWHERE = "*"
"""All sites, or all trials: said in so many words, and never by leaving it out."""


class Role(StrEnum):
    """What somebody is; one person may have several roles, at different places."""

    COORDINATOR = "coordinator"
    """Screens, asks, enters what the record does not tell."""
    INVESTIGATOR = "investigator"
    """Answers for patients and for eligibility at a site."""
    PHARMACIST = "pharmacist"
    """Keeps and hands out what the trial gives."""
    BLINDED_STATISTICIAN = "blinded_statistician"
    """Plans and checks the analysis without knowing an arm."""
    UNBLINDED_STATISTICIAN = "unblinded_statistician"
    """Analyses by arm, for the data and safety monitoring board alone."""
    DSMB = "dsmb"
    """Sits on the data and safety monitoring board."""
    MONITOR = "monitor"
    """Holds what a site recorded against its source."""
    SITE_ADMIN = "site_admin"
    """Says who has which role."""
    AUDITOR = "auditor"
    """Looks at who did what, and whether the audit holds."""
    SPONSOR = "sponsor"
    """The sponsor's trial office, or the platform's coordinating centre; blinded."""
    CUSTODIAN = "custodian"
    """Keeps sealed lists and the supplier's lists of kits; treats and analyses nobody."""
    ADJUDICATOR = "adjudicator"
    """Sits on the endpoint adjudication committee; blinded, open arms among it."""


class Surface(StrEnum):
    """What is read or done; each command and each table belongs to one."""

    PROTOCOLS = "protocols"
    """Protocol versions, domains, pauses, the mode, how fresh the feeds are."""
    VECTORS = "vectors"
    """Allocation vectors: their shares tell which arm does better."""
    FLAGS = "flags"
    """Sepsis flags."""
    SCREENINGS = "screenings"
    """Eligibility verdicts, and the strata that wait for a result."""
    ALERTS = "alerts"
    """Who was called about whom, and what became of it."""
    ANSWERS = "answers"
    """What humans said of criteria, and signatures under eligibility."""
    CONSENTS = "consents"
    """Words of consent, opt-outs, and the worklist made of them."""
    PARTICIPANTS = "participants"
    """Who takes part, and who was randomised when and as what; no arm."""
    OPEN_ARMS = "open_arms"
    """Arms of domains that hide none."""
    BLINDED_ARMS = "blinded_arms"
    """Arms of every domain, the blinded ones among them."""
    FLOW = "flow"
    """How many came how far; by arm for who sees `open_arms`."""
    OUTCOMES = "outcomes"
    """Outcomes over all arms together."""
    RECEIVED = "received"
    """Outcomes that count what was given, from which an arm can be guessed."""
    DEVIATIONS = "deviations"
    """Departures from the protocol, in somebody's words."""
    RECORD = "record"
    """The archive of clinical events of a patient."""
    IDENTIFIERS = "identifiers"
    """Who a pseudonym is, by the vault."""
    AUDIT = "audit"
    """The rows of the hash chains."""
    SIGNATURES = "signatures"
    """Electronic signatures under records, and tombstones."""
    PEOPLE = "people"
    """Roles, delegation logs, green lights."""
    KITS = "kits"
    """Which kit lies where and went to whom."""
    KIT_STOCK = "kit_stock"
    """How many kits are left, and when they moved."""
    KIT_CONTENTS = "kit_contents"
    """How many kits of each arm are left where; what no kit's code tells."""

    RECORD_CONSENT = "record_consent"
    """Record what a patient decided, opt-outs among it."""
    ANSWER_CRITERIA = "answer_criteria"
    """Answer what only a human can say of a patient."""
    RANDOMISE = "randomise"
    """Ask for an allocation."""
    BREAK_BLIND = "break_blind"
    """Be told one blinded arm in an emergency; the delegation log has to say so too."""
    HANDLE_KITS = "handle_kits"
    """Receive, hand out, take back, set aside and replace kits."""
    RECORD_CONDUCT = "record_conduct"
    """Record deviations."""
    SIGN_RECORDS = "sign_records"
    """Put an electronic signature under a record."""
    ACTIVATE_PROTOCOLS = "activate_protocols"
    """Put a version of a protocol into force."""
    PUBLISH_VECTORS = "publish_vectors"
    """Publish the shares that response-adaptive arms are drawn by."""
    EXCLUDE_ALLOCATIONS = "exclude_allocations"
    """Let an allocation made in error count no more in minimisation."""
    LIGHT_SITES = "light_sites"
    """Give a site its green light, and take it back."""
    PAUSE_TRIALS = "pause_trials"
    """Pause an arm or a domain."""
    PAUSE_SITES = "pause_sites"
    """Pause a site."""
    END_PAUSES = "end_pauses"
    """Let an arm, a domain or a site recruit again."""
    IMPORT_KITS = "import_kits"
    """Give in a supplier's list, which tells what each kit holds."""
    MAKE_SEALED_LISTS = "make_sealed_lists"
    """Make the pages that are opened when the registry is down; they tell arms."""
    JUDGE_OUTCOMES = "judge_outcomes"
    """Adjudicate and correct outcomes."""
    HAND_OUT_ROLES = "hand_out_roles"
    """Grant and revoke roles."""


class Sight(StrEnum):
    """How much of a surface a role is given."""

    NOTHING = "nothing"
    COUNTS = "counts"
    """Numbers over everybody, and of nobody alone."""
    ROWS = "rows"
    """Row by row, under pseudonyms."""
    IDENTIFIED = "identified"
    """With names; each look is in the audit."""
    MAY = "may"
    """Of an act: it may be done."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A site and a trial; either may be `EVERYWHERE`."""

    site: str
    trial: str

    def holds(self, other: Place) -> bool:
        """Whether all of the other place lies in this one."""
        return self.site in (EVERYWHERE, other.site) and self.trial in (
            EVERYWHERE,
            other.trial,
        )

    def shares_trial(self, other: Place) -> bool:
        """Whether any trial lies in both, at whatever sites."""
        return EVERYWHERE in (self.trial, other.trial) or self.trial == other.trial


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGrant:
    """One revision of one grant; the latest of an entry counts."""

    grant_id: str
    entry: str
    """Identity of the grant over its revisions."""
    revision: int
    person: str
    """As the audit names them where they act."""
    role: Role
    site: str
    """Or `EVERYWHERE`."""
    trial: str
    """Or `EVERYWHERE`."""
    starts_at: datetime
    ends_at: datetime | None
    """The first moment it holds no more; None while no end is set."""
    recorded_at: datetime
    actor: str
    """Who granted or revoked it."""
    reason: str

    @property
    def place(self) -> Place:
        """Where it holds."""
        return Place(self.site, self.trial)

    def holds(self, at: datetime) -> bool:
        """Whether it counts at that moment."""
        return self.starts_at <= at and self.lasts_past(at)

    def lasts_past(self, at: datetime) -> bool:
        """Whether it ends later than that, or has no end."""
        return self.ends_at is None or self.ends_at > at


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with what they are, and where, at one moment."""

    name: str
    held: frozenset[tuple[Role, Place]]

    @property
    def roles(self) -> frozenset[Role]:
        """What they are anywhere."""
        return frozenset(role for role, _ in self.held)

    def places(self, roles: Iterable[Role]) -> frozenset[Place]:
        """Where they are any of these; without a grant, nowhere."""
        wanted = frozenset(roles)
        return frozenset(place for role, place in self.held if role in wanted)


def person_at(name: str, grants: Iterable[RoleGrant], at: datetime) -> Person:
    """Somebody by the latest revision of each of their grants."""
    mine = (one for one in grants if one.person == name and one.holds(at))
    return Person(name=name, held=frozenset((one.role, one.place) for one in mine))


_KNOWS_ARMS = (
    (Role.UNBLINDED_STATISTICIAN, "analyses by arm"),
    (Role.DSMB, "is shown results by arm"),
    (Role.CUSTODIAN, "keeps the sealed lists, and knows what kits hold"),
)
_STAYS_BLIND = (
    (Role.COORDINATOR, "asks and enrols"),
    (Role.INVESTIGATOR, "enrols and treats"),
    (Role.PHARMACIST, "hands out kits by their code"),
    (Role.BLINDED_STATISTICIAN, "plans and checks the analysis"),
    (Role.MONITOR, "holds the record against its source"),
    (Role.SPONSOR, "pauses, and excludes what was drawn in error"),
    (Role.ADJUDICATOR, "judges outcomes"),
)

APART: Mapping[tuple[Role, Role], str] = MappingProxyType(
    {
        (knows, blind): f"one {how}, the other {does} without knowing an arm"
        for knows, how in _KNOWS_ARMS
        for blind, does in _STAYS_BLIND
    }
)
"""Roles that undo each other where one person has both in one trial, and why.

First who knows arms of blinded domains, then who stays blind.
"""


def undo(one: RoleGrant, other: RoleGrant) -> str | None:
    """Why one person may not have both; None where they may.

    What was known once stays known: who knew an arm of the trial may stay blind in it no
    more, and who stayed blind may know arms once they do so no longer. A site's arms tell
    of those of the others, so sites keep nothing apart.
    """
    if one.person != other.person or not one.place.shares_trial(other.place):
        return None
    for knows, blind in ((one, other), (other, one)):
        why = APART.get((knows.role, blind.role))
        if why and _was_held(knows) and blind.lasts_past(_both_begun(knows, blind)):
            return why
    return None


def _was_held(grant: RoleGrant) -> bool:
    return grant.lasts_past(grant.starts_at)


def _both_begun(one: RoleGrant, other: RoleGrant) -> datetime:
    return max(one.starts_at, other.starts_at)
