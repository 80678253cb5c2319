"""What each role may see of each surface, and why: the one table of rights.

The database's policies, the views on SQLite, the commands and the page
`deploy/docs/roles.md` are all made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from registry.domain.roles import EVERYWHERE, Person, Place, Role, Sight, Surface


@dataclass(frozen=True, slots=True)
class Cell:
    """How much, and why so much and no more."""

    sight: Sight
    reason: str


Row = Mapping[Role, Cell]

_COORDINATOR, _INVESTIGATOR = Role.COORDINATOR, Role.INVESTIGATOR
_PHARMACIST, _BLINDED = Role.PHARMACIST, Role.BLINDED_STATISTICIAN
_UNBLINDED, _DSMB = Role.UNBLINDED_STATISTICIAN, Role.DSMB
_MONITOR, _ADMIN, _AUDITOR = Role.MONITOR, Role.SITE_ADMIN, Role.AUDITOR
_SPONSOR, _CUSTODIAN = Role.SPONSOR, Role.CUSTODIAN
_ADJUDICATOR = Role.ADJUDICATOR

_TEAM = (_COORDINATOR, _INVESTIGATOR)
_ANALYSTS = (_BLINDED, _UNBLINDED, _DSMB)


def _row(*given: tuple[tuple[Role, ...], Sight, str], otherwise: str) -> Row:
    """What is given to whom, and why the others get nothing."""
    told = {role: Cell(Sight.NOTHING, otherwise) for role in Role}
    for roles, sight, reason in given:
        told |= {role: Cell(sight, reason) for role in roles}
    return MappingProxyType(told)


_WORK = "works with these patients"
_COMPARES = "holds what was recorded against its source"
_ANALYSES = "needs it for the analysis, under pseudonyms"
_NO_WORK = "no part of the work"
_STAYS_BLIND = "would know an arm"
_KNOWS_GIVING = "gives or sees given what is open anyway"

MATRIX: Mapping[Surface, Row] = MappingProxyType(
    {
        Surface.PROTOCOLS: _row(
            (tuple(Role), Sight.ROWS, "what is asked of everybody is known to all"),
            otherwise=_NO_WORK,
        ),
        Surface.VECTORS: _row(
            ((_UNBLINDED, _DSMB), Sight.ROWS, "made from results they know"),
            otherwise="shares tell which arm does better",
        ),
        Surface.FLAGS: _row(
            (_TEAM, Sight.ROWS, _WORK),
            ((_MONITOR,), Sight.ROWS, _COMPARES),
            otherwise=_NO_WORK,
        ),
        Surface.SCREENINGS: _row(
            (_TEAM, Sight.ROWS, _WORK),
            (_ANALYSTS, Sight.ROWS, _ANALYSES),
            ((_MONITOR,), Sight.ROWS, _COMPARES),
            otherwise=_NO_WORK,
        ),
        Surface.ALERTS: _row(
            (_TEAM, Sight.ROWS, _WORK),
            (_ANALYSTS, Sight.ROWS, _ANALYSES),
            ((_MONITOR,), Sight.ROWS, _COMPARES),
            otherwise=_NO_WORK,
        ),
        Surface.ANSWERS: _row(
            (_TEAM, Sight.ROWS, _WORK),
            (_ANALYSTS, Sight.ROWS, _ANALYSES),
            ((_MONITOR,), Sight.ROWS, _COMPARES),
            otherwise=_NO_WORK,
        ),
        Surface.CONSENTS: _row(
            (_TEAM, Sight.ROWS, _WORK),
            ((_PHARMACIST,), Sight.ROWS, "hands out to nobody who has withdrawn"),
            (_ANALYSTS, Sight.ROWS, _ANALYSES),
            ((_MONITOR,), Sight.ROWS, "sees that everybody was asked"),
            otherwise=_NO_WORK,
        ),
        Surface.PARTICIPANTS: _row(
            (_TEAM, Sight.ROWS, _WORK),
            ((_PHARMACIST,), Sight.ROWS, "hands out to who was randomised"),
            (_ANALYSTS, Sight.ROWS, _ANALYSES),
            ((_MONITOR,), Sight.ROWS, _COMPARES),
            otherwise=_NO_WORK,
        ),
        Surface.OPEN_ARMS: _row(
            ((*_TEAM, _PHARMACIST), Sight.ROWS, _KNOWS_GIVING),
            ((_UNBLINDED, _DSMB), Sight.ROWS, "compares the arms"),
            ((_BLINDED, _MONITOR, _ADJUDICATOR), Sight.NOTHING, _STAYS_BLIND),
            otherwise=_NO_WORK,
        ),
        Surface.BLINDED_ARMS: _row(
            (
                (_UNBLINDED, _DSMB),
                Sight.ROWS,
                "compares the arms; by the database role `ember_unblinded` alone",
            ),
            ((_ADMIN, _AUDITOR), Sight.NOTHING, _NO_WORK),
            otherwise=_STAYS_BLIND,
        ),
        Surface.FLOW: _row(
            (_TEAM, Sight.COUNTS, _WORK),
            (_ANALYSTS, Sight.COUNTS, "reports the flow"),
            ((_MONITOR,), Sight.COUNTS, "sees how a site recruits"),
            otherwise=_NO_WORK,
        ),
        Surface.OUTCOMES: _row(
            (_TEAM, Sight.ROWS, _WORK),
            (
                (_BLINDED,),
                Sight.ROWS,
                "checks the analysis; pooled, without an arm or a code of one",
            ),
            ((_UNBLINDED, _DSMB), Sight.ROWS, _ANALYSES),
            ((_MONITOR,), Sight.ROWS, _COMPARES),
            ((_ADJUDICATOR,), Sight.ROWS, "judges them; pooled, without an arm"),
            otherwise=_NO_WORK,
        ),
        Surface.RECEIVED: _row(
            (_TEAM, Sight.ROWS, "of open-label domains: sees given what is open"),
            ((_UNBLINDED, _DSMB), Sight.ROWS, "of open-label domains: compares arms"),
            ((_BLINDED, _MONITOR, _ADJUDICATOR), Sight.NOTHING, _STAYS_BLIND),
            otherwise=_NO_WORK,
        ),
        Surface.DEVIATIONS: _row(
            (_TEAM, Sight.ROWS, _WORK),
            ((_MONITOR,), Sight.ROWS, _COMPARES),
            ((_UNBLINDED, _DSMB), Sight.ROWS, _ANALYSES),
            ((_BLINDED,), Sight.NOTHING, "words of a person may name an arm"),
            otherwise=_NO_WORK,
        ),
        Surface.RECORD: _row(
            (_TEAM, Sight.ROWS, _WORK),
            ((_MONITOR,), Sight.ROWS, _COMPARES),
            ((_BLINDED,), Sight.NOTHING, "tells what was given"),
            otherwise=_NO_WORK,
        ),
        Surface.IDENTIFIERS: _row(
            (_TEAM, Sight.IDENTIFIED, "has to find the patient"),
            ((_MONITOR,), Sight.NOTHING, "sees names in the hospital's own record"),
            otherwise=_NO_WORK,
        ),
        Surface.AUDIT: _row(
            ((_AUDITOR,), Sight.ROWS, "this is what an auditor looks at"),
            ((_ADMIN,), Sight.NOTHING, "is audited"),
            otherwise=_NO_WORK,
        ),
        Surface.SIGNATURES: _row(
            (_TEAM, Sight.ROWS, "signs"),
            ((_MONITOR,), Sight.ROWS, _COMPARES),
            ((_AUDITOR,), Sight.ROWS, "looks at who signed what"),
            otherwise=_NO_WORK,
        ),
        Surface.PEOPLE: _row(
            ((_ADMIN,), Sight.ROWS, "says who has which role"),
            (_TEAM, Sight.ROWS, "has to know who may do what"),
            ((_MONITOR, _SPONSOR), Sight.ROWS, "sees that duties were delegated"),
            ((_AUDITOR,), Sight.ROWS, "looks at who could do what"),
            otherwise=_NO_WORK,
        ),
        Surface.KITS: _row(
            ((_PHARMACIST,), Sight.ROWS, "hands out kits by their code"),
            (_TEAM, Sight.ROWS, "gives the kit that was named"),
            ((_MONITOR,), Sight.ROWS, "counts kits at the site"),
            otherwise=_NO_WORK,
        ),
        Surface.KIT_STOCK: _row(
            ((_PHARMACIST,), Sight.ROWS, "keeps the stock"),
            (
                (*_TEAM, _MONITOR),
                Sight.NOTHING,
                "when stock of one content moves tells an arm",
            ),
            otherwise=_NO_WORK,
        ),
        Surface.KIT_CONTENTS: _row(
            ((_CUSTODIAN,), Sight.COUNTS, "gave in the list, and sees no participant"),
            ((_UNBLINDED,), Sight.COUNTS, "knows the arms, and sees them run out"),
            ((_DSMB,), Sight.NOTHING, _NO_WORK),
            otherwise="when stock of one content moves tells an arm",
        ),
        Surface.RECORD_CONSENT: _row(
            (_TEAM, Sight.MAY, "asks the patient"), otherwise=_NO_WORK
        ),
        Surface.ANSWER_CRITERIA: _row(
            (
                _TEAM,
                Sight.MAY,
                "knows the patient; the protocol says in which capacity",
            ),
            otherwise=_NO_WORK,
        ),
        Surface.RANDOMISE: _row((_TEAM, Sight.MAY, "recruits"), otherwise=_NO_WORK),
        Surface.BREAK_BLIND: _row(
            ((_INVESTIGATOR,), Sight.MAY, "treats, and answers for who treats"),
            otherwise="nobody else needs an arm at night",
        ),
        Surface.HANDLE_KITS: _row(
            ((_PHARMACIST,), Sight.MAY, "keeps the kits and hands them out"),
            (_TEAM, Sight.MAY, "gives the kit that was named, also at night"),
            otherwise=_NO_WORK,
        ),
        Surface.RECORD_CONDUCT: _row(
            (_TEAM, Sight.MAY, "knows what happened"),
            ((_PHARMACIST,), Sight.MAY, "knows what was handed out"),
            ((_MONITOR,), Sight.MAY, "finds what was not told"),
            otherwise=_NO_WORK,
        ),
        Surface.SIGN_RECORDS: _row(
            (_TEAM, Sight.MAY, "answers for what they recorded"),
            ((_MONITOR,), Sight.MAY, "signs what was reviewed"),
            otherwise=_NO_WORK,
        ),
        Surface.ACTIVATE_PROTOCOLS: _row(
            ((_SPONSOR,), Sight.MAY, "answers for the protocol"), otherwise=_NO_WORK
        ),
        Surface.PUBLISH_VECTORS: _row(
            ((_UNBLINDED,), Sight.MAY, "made them from results by arm"),
            otherwise="shares tell which arm does better",
        ),
        Surface.EXCLUDE_ALLOCATIONS: _row(
            ((_SPONSOR,), Sight.MAY, "decides what was in error, without an arm"),
            otherwise=_NO_WORK,
        ),
        Surface.LIGHT_SITES: _row(
            ((_SPONSOR,), Sight.MAY, "chooses the sites and starts them"),
            otherwise="the sponsor starts sites",
        ),
        Surface.PAUSE_TRIALS: _row(
            ((_SPONSOR,), Sight.MAY, "answers for safety"),
            ((_DSMB,), Sight.MAY, "advises it, and need wait for nobody"),
            otherwise="tells the sponsor or the board",
        ),
        Surface.PAUSE_SITES: _row(
            ((_SPONSOR,), Sight.MAY, "answers for safety"),
            ((_ADMIN,), Sight.MAY, "knows what the site can bear"),
            otherwise="tells the sponsor or the site",
        ),
        Surface.END_PAUSES: _row(
            ((_SPONSOR,), Sight.MAY, "decides that the reason has gone"),
            otherwise="to stop is easy, to go on is not",
        ),
        Surface.IMPORT_KITS: _row(
            ((_CUSTODIAN,), Sight.MAY, "may know what kits hold, and gives none"),
            otherwise="the list tells what kits hold",
        ),
        Surface.MAKE_SEALED_LISTS: _row(
            ((_CUSTODIAN,), Sight.MAY, "keeps them, and randomises nobody"),
            otherwise="the pages tell arms",
        ),
        Surface.JUDGE_OUTCOMES: _row(
            ((_ADJUDICATOR,), Sight.MAY, "weighs what the record tells, blinded"),
            otherwise="knows an arm, or is no judge of endpoints",
        ),
        Surface.HAND_OUT_ROLES: _row(
            ((_ADMIN,), Sight.MAY, "within their own places, and never to themselves"),
            otherwise="nobody makes themselves more than they are",
        ),
    }
)

FLOW_RESTS_ON = (
    Surface.SCREENINGS,
    Surface.ALERTS,
    Surface.ANSWERS,
    Surface.CONSENTS,
    Surface.PARTICIPANTS,
    Surface.OUTCOMES,
)
"""Who may count the flow sees the rows that it counts."""


def roles_that_see(surface: Surface) -> tuple[Role, ...]:
    """The roles that are given anything of it."""
    row = MATRIX[surface]
    return tuple(role for role in Role if row[role].sight is not Sight.NOTHING)


def places_of(person: Person, surface: Surface) -> frozenset[Place]:
    """Where somebody sees anything of a surface, or may do it."""
    return person.places(roles_that_see(surface))


def sees_wherever(
    person: Person, surface: Surface, *, other: Surface, trial: str | None = None
) -> bool:
    """Whether somebody sees a surface at every place at which they see the other.

    `trial`: at every place of that one alone.
    """
    mine = places_of(person, surface)
    asked = (
        place if trial is None else Place(place.site, trial)
        for place in places_of(person, other)
        if trial is None or place.trial in (EVERYWHERE, trial)
    )
    return all(any(one.holds(place) for one in mine) for place in asked)


def may(person: Person, surface: Surface, *, site: str, trial: str) -> bool:
    """Whether somebody may do or see it at this site in this trial."""
    there = Place(site, trial)
    return any(place.holds(there) for place in places_of(person, surface))
