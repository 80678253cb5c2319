"""Enter one page of a sealed list that a site opened while the registry was down.

Whatever is told is kept.  Where it fits what was committed to and what is on record, the
participant is randomised as of the moment the page was opened, to the arm on the page;
where it does not, the record says by name what does not fit, and nobody is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from registry.domain.allocation import Allocator, Randomisation, SealedArm
from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle
from registry.domain.epoch import epoch_of
from registry.domain.mode import Mode, suppression
from registry.domain.participant import Consent, Participant
from registry.domain.pause import Place
from registry.domain.permits import PERMITS
from registry.domain.sealed_list import SealedList, SealedOpening, commitment_of
from registry.domain.stratum import DOMAIN, of_sealed_list, stratum_key
from registry.usecases.consent_stands import stand_of, terms_of
from registry.usecases.declared import lock_chains
from registry.usecases.declined import roster_item
from registry.usecases.end_calls import end_calls
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import Request
from registry.usecases.tell_randomisation import randomised_entry, roster_entry
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import BrokenInvariant, ErrorCode
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import TrialScreening


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterOpening:
    """What the site says it opened, and for whom."""

    list_id: str
    envelope: int
    participant: str
    opened_at: datetime
    opened_by: str
    arm: str = field(repr=False)
    nonce: str = field(repr=False)
    """What the page calls its opening code."""
    episode: str | None = None
    """The stay, where several of the patient were screened."""
    outage_from: datetime
    outage_until: datetime
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningEntered:
    """It is on record; whether anybody is randomised by it, the record says."""

    opening: SealedOpening
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRefused:
    """There is no such list; nothing is on record."""

    obstacle: Obstacle


@dataclass(frozen=True, slots=True)
class _Found:
    """Whom the page was opened for, as far as the registry knows them."""

    who: Participant | None = None
    screening: TrialScreening | None = None
    consent: Consent | None = None


def enter_opening(
    command: EnterOpening, uow: UnitOfWork
) -> OpeningEntered | OpeningRefused:
    """Keep what is told, once, and randomise by it where it fits.

    The domain is held, so no draw is under way that would not see it.
    """
    sealed = uow.sealed_lists.one(command.list_id)
    if sealed is None:
        return OpeningRefused(obstacle=Obstacle(ErrorCode.SEALED_LIST, "no_such_list"))
    counter = uow.allocations.lock(
        trial=sealed.trial, domain=sealed.domain, stratum=DOMAIN
    )
    lock_chains(uow, site=sealed.site, trials=(sealed.trial,))
    there = uow.sealed_lists.opening(_name(command))
    if there is not None:
        return OpeningEntered(opening=there, repeated=True)
    found = _found(command, sealed, uow)
    mode = uow.modes.current()
    against = tuple(_against(command, sealed, found, mode, uow))
    beside = tuple(_beside(command, sealed, found, uow))
    opening = _opening(command, sealed, (*against, *beside))
    if not against:
        drawn = _randomised(command, sealed, found, mode, counter, uow)
        opening = replace(
            opening,
            randomisation_id=drawn.randomisation_id,
            counts_from_no=counter.next_no,
        )
    uow.sealed_lists.add_opening(opening)
    uow.audit.append(_entry(opening))
    return OpeningEntered(opening=opening, repeated=False)


def _name(command: EnterOpening) -> str:
    """The same for the same page told alike, however often."""
    return identity(
        "sealed opening",
        command.list_id,
        str(command.envelope),
        command.participant,
        command.episode or "",
        iso(command.opened_at),
        iso(command.outage_from),
        iso(command.outage_until),
        commitment_of(command.arm, command.nonce),
    )


def _found(command: EnterOpening, sealed: SealedList, uow: UnitOfWork) -> _Found:
    who = uow.participants.one(command.participant)
    if who is None or (who.trial, who.site) != (sealed.trial, sealed.site):
        return _Found()
    verdicts = [
        one
        for one in uow.screenings.latest_of(site=who.site, patient=who.patient)
        if (one.trial, one.domain) == (sealed.trial, sealed.domain)
        and command.episode in (None, one.episode)
    ]
    return _Found(
        who,
        verdicts[0] if len(verdicts) == 1 else None,
        uow.participants.consent(who.participant),
    )


def _against(
    command: EnterOpening,
    sealed: SealedList,
    found: _Found,
    mode: Mode,
    uow: UnitOfWork,
) -> Iterator[str]:
    """What keeps a participant from being randomised by the page."""
    committed = sealed.commitment_of(command.envelope)
    if committed is None:
        yield "not_in_the_list"
    elif committed != commitment_of(command.arm, command.nonce):
        yield "not_as_committed"
    if any(
        one.envelope == command.envelope and one.randomisation_id
        for one in uow.sealed_lists.openings(sealed.list_id)
    ):
        yield "page_entered_before"
    if command.opened_at < sealed.made_at:
        yield "opened_before_the_list"
    if not command.outage_from <= command.opened_at <= command.outage_until:
        yield "outside_the_outage"
    if command.outage_until > command.at:
        yield "outage_in_the_future"
    if sealed.blinded and mode is Mode.LIVE and not uow.can_seal:
        yield "blinded_needs_postgresql"
    yield from _against_whom(sealed, found, mode, uow)


def _against_whom(
    sealed: SealedList, found: _Found, mode: Mode, uow: UnitOfWork
) -> Iterator[str]:
    who = found.who
    if who is None:
        yield "no_such_participant"
        return
    if uow.allocations.stored(
        trial=sealed.trial, domain=sealed.domain, participant=who.participant
    ):
        yield "randomised_before"
    if found.screening is None:
        yield "no_one_screening"
    elif suppression(mode, found.screening.provenance) is not None:
        yield "mode_forbids"
    if found.consent is None:
        yield "no_word_of_consent"


def _beside(
    command: EnterOpening, sealed: SealedList, found: _Found, uow: UnitOfWork
) -> Iterator[str]:
    """What somebody has to look at, though what happened stays what happened."""
    before = [
        one
        for one in uow.sealed_lists.openings(sealed.list_id)
        if one.randomisation_id is not None
    ]
    last = max((one.envelope for one in before), default=sealed.first_no - 1)
    if command.envelope > last + 1:
        yield "page_left_out"
    if command.envelope < last:
        yield "out_of_order"
    lower = [one.opened_at for one in before if one.envelope < command.envelope]
    higher = [one.opened_at for one in before if one.envelope > command.envelope]
    if any(moment > command.opened_at for moment in lower) or any(
        moment < command.opened_at for moment in higher
    ):
        yield "time_runs_back"
    if _paused_then(command, sealed, uow):
        yield "paused_then"
    if found.screening is not None and found.screening.status != "eligible":
        yield "not_eligible"
    if found.who is not None and not _consented(command, found.who, uow):
        yield "consent_did_not_stand"


def _paused_then(command: EnterOpening, sealed: SealedList, uow: UnitOfWork) -> bool:
    """Whether the site, the domain or any arm of the list was; which arm, is not said."""
    held = {
        Place(site=sealed.site),
        Place(domain=sealed.domain),
        *(Place(domain=sealed.domain, arm=arm) for arm, _ in sealed.ratio),
    }
    return not held.isdisjoint(uow.pauses.standing(sealed.trial, at=command.opened_at))


def _consented(command: EnterOpening, who: Participant, uow: UnitOfWork) -> bool:
    terms = terms_of(uow, trial=who.trial, site=who.site)
    stands = stand_of(who, terms, uow, at=command.opened_at)
    return PERMITS[stands.standing].randomise


def _opening(
    command: EnterOpening, sealed: SealedList, findings: tuple[str, ...]
) -> SealedOpening:
    return SealedOpening(
        opening_id=_name(command),
        site=sealed.site,
        trial=sealed.trial,
        domain=sealed.domain,
        list_id=sealed.list_id,
        envelope=command.envelope,
        participant=command.participant,
        opened_at=command.opened_at,
        opened_by=command.opened_by,
        told_commitment=commitment_of(command.arm, command.nonce),
        outage_from=command.outage_from,
        outage_until=command.outage_until,
        findings=findings,
        randomisation_id=None,
        counts_from_no=None,
        actor=command.actor,
        recorded_at=command.at,
    )


def _randomised(
    command: EnterOpening,
    sealed: SealedList,
    found: _Found,
    mode: Mode,
    counter: Allocator,
    uow: UnitOfWork,
) -> Randomisation:
    """The numbers of the domain stay as they are; only the request is new."""
    drawn = _drawn(command, sealed, found, mode)
    request = Request(
        idempotency_key=drawn.idempotency_key,
        trial=drawn.trial,
        domain=drawn.domain,
        participant=drawn.participant,
        requested_by=command.opened_by,
        requested_at=command.opened_at,
    )
    arm = SealedArm(
        randomisation_id=drawn.randomisation_id, arm=command.arm, nonce=command.nonce
    )
    if not uow.allocations.add(request, drawn, arm, following=counter):
        raise BrokenInvariant(f"{drawn.participant} was randomised meanwhile.")
    heard = replace(roster_entry(drawn), known_at=command.at)
    uow.outbox.add([roster_item(heard)])
    told = randomised_entry(drawn, end_calls(drawn, uow, alone=False, said=None))
    detail = {"sealed_list": sealed.list_id, **told.detail}
    uow.audit.append(replace(told, actor=command.actor, at=command.at, detail=detail))
    return drawn


def _drawn(
    command: EnterOpening, sealed: SealedList, found: _Found, mode: Mode
) -> Randomisation:
    verdict, who, consent = found.screening, found.who, found.consent
    if verdict is None or who is None or consent is None:
        raise BrokenInvariant("A page was to be entered for whom nobody knows.")
    return Randomisation(
        randomisation_id=identity(
            "randomisation", sealed.trial, sealed.domain, who.participant
        ),
        idempotency_key=identity("sealed", sealed.list_id, str(command.envelope)),
        trial=sealed.trial,
        domain=sealed.domain,
        participant=who.participant,
        site=who.site,
        patient=who.patient,
        episode=verdict.episode,
        stratum=of_sealed_list(sealed.site, stratum_key(verdict.stratum)),
        sequence_no=command.envelope,
        schedule=sealed.list_id,
        schedule_first_no=sealed.first_no,
        ratio=sealed.ratio,
        blinded=sealed.blinded,
        randomised_at=command.opened_at,
        randomised_by=command.opened_by,
        anchor=verdict.anchor,
        anchor_at=verdict.anchor_at,
        covariates=verdict.covariates,
        protocol_version=verdict.protocol_version,
        protocol_hash=verdict.protocol_hash,
        software_version=verdict.software_version,
        definition_version=verdict.definition_version,
        screening_message_id=verdict.message_id,
        consent_id=consent.consent_id,
        mode=mode,
        provenance=verdict.provenance,
        arm_commitment=commitment_of(command.arm, command.nonce),
        epoch=epoch_of(command.opened_at),
    )


def _entry(opening: SealedOpening) -> AuditEntry:
    return AuditEntry(
        site=opening.site,
        trial=opening.trial,
        action=AuditAction.SEALED_PAGE_ENTERED,
        actor=opening.actor,
        at=opening.recorded_at,
        subject=opening.opening_id,
        detail={
            "record": record_digest(opening),
            "list": opening.list_id,
            "envelope": opening.envelope,
            "participant": opening.participant,
            "domain": opening.domain,
            "findings": list(opening.findings),
            "randomised": opening.randomisation_id is not None,
        },
    )
