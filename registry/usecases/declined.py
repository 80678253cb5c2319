"""Who said no before: to a trial or to all research, in whatever stay, by any name."""

from __future__ import annotations

from collections.abc import Iterable

from registry.domain.alert import Hold
from registry.domain.consent import NO, ConsentState
from registry.domain.consent_terms import recorded
from registry.domain.mode import Mode
from registry.domain.participant import Consent, OptOut
from registry.usecases.one_person import Merged
from registry.usecases.outbox import ROSTER, OutboxItem
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import (
    ROSTER_ENTRY,
    Provenance,
    Refusal,
    RosterEntry,
    encode,
)


def names_of(person: Merged) -> tuple[str, ...]:
    """All names of the person, in order."""
    return tuple(sorted({person.survivor, *person.retired}))


def declined(
    person: Merged,
    site: str,
    trial: str,
    uow: UnitOfWork,
    *,
    opt_outs: Iterable[OptOut] | None = None,
) -> Hold | None:
    """Why this person is not to be asked about this trial again.

    A no stands until somebody records that consent was given after all, or that the
    opt-out was taken back.  `opt_outs`: the latest ones of the person's names, where
    they are read already.
    """
    if opted_out(person, site, trial, uow, opt_outs=opt_outs):
        return Hold.OPTED_OUT
    mine = {p.participant for p in person.participants if p.trial == trial}
    for participant in sorted(mine):
        if said_no(uow.participants.consents_of([participant])):
            return Hold.REFUSED
    return None


def opted_out(
    person: Merged,
    site: str,
    trial: str,
    uow: UnitOfWork,
    *,
    opt_outs: Iterable[OptOut] | None = None,
) -> bool:
    """Whether by any of their names the person wants no part in it, or in any research.

    `opt_outs` as for `declined`.
    """
    out = opt_outs
    if out is None:
        out = uow.opt_outs.latest(site=site, patients=names_of(person))
    return any(one.stands and one.trial in ("", trial) for one in out)


def said_no(consents: Iterable[Consent]) -> bool:
    """Whether a participant's last word is a no; to be asked again is no word."""
    return recorded(consents).standing in NO


def of_consent(
    consent: Consent,
    *,
    had_declined: bool,
    collect: bool,
    site: str,
    patient: str,
    trial: str,
    provenance: Provenance,
) -> RosterEntry | None:
    """What the workers are to hear of a decision; None where it is none of theirs.

    A yes lifts only a no, so it is told only where one stood (`had_declined`);
    `collect`: whether the record may be read on.
    """
    said = _SAID.get(consent.state)
    lifts = consent.state is ConsentState.GIVEN and had_declined
    if said is None and not lifts:
        return None
    return RosterEntry(
        message_id=identity("declined", consent.consent_id),
        site=site,
        patient=patient,
        happened_at=consent.decided_at,
        known_at=consent.recorded_at,
        source="registry",
        provenance=provenance,
        trial=trial,
        domain="",
        episode="none",
        participant=consent.participant,
        refusal=said or "lifted",
        revision=consent.revision,
        collect=collect,
    )


def of_opt_out(opt_out: OptOut, *, provenance: Provenance) -> RosterEntry:
    """What the workers are to hear of an opt-out, or of its end."""
    return RosterEntry(
        message_id=identity("declined", opt_out.opt_out_id),
        site=opt_out.site,
        patient=opt_out.patient,
        happened_at=opt_out.decided_at,
        known_at=opt_out.recorded_at,
        source="registry",
        provenance=provenance,
        trial=opt_out.trial,
        domain="",
        episode="none",
        participant="",
        refusal="opted_out" if opt_out.stands else "lifted",
        revision=opt_out.revision,
        collect=not opt_out.stands,
    )


def provenance_of(site: str, patient: str, uow: UnitOfWork) -> Provenance:
    """Where the facts about this patient are from; a decision makes no past live."""
    said = uow.screenings.provenance_of(site=site, patient=patient)
    return said or _OF_MODE[uow.modes.current()]


def roster_item(entry: RosterEntry) -> OutboxItem:
    """The entry as it goes to the workers."""
    return OutboxItem(
        outbox_id=entry.message_id,
        topic=ROSTER,
        key=f"{entry.site}/{entry.patient}",
        payload=encode(ROSTER_ENTRY, entry).decode(),
        created_at=entry.known_at,
        next_attempt_at=entry.known_at,
    )


_SAID: dict[ConsentState, Refusal] = {
    ConsentState.REFUSED: "refused",
    ConsentState.WITHDRAWN: "withdrawn",
}
_OF_MODE: dict[Mode, Provenance] = {
    Mode.LIVE: "live",
    Mode.DEMO: "simulated",
    Mode.SILENT: "history",
}
