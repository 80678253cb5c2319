"""Sign a record, and tell how the signatures under records stand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from registry.domain.audit import (
    AuditAction,
    AuditEntry,
    AuditRow,
    UnreadableRecordError,
    record_digest,
)
from registry.domain.enrolment import Obstacle
from registry.domain.signature import (
    LOCKED_FOR,
    Meaning,
    RecordSignature,
    Signable,
    Standing,
    is_locked,
)
from registry.usecases.ports import UnitOfWork
from registry.usecases.recorded import BY_IDENTITY, actions_of
from registry.usecases.signature_ports import Authenticated, Authenticator
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRecord:
    """Who signs what, and what they say by it."""

    kind: Signable
    record_id: str
    meaning: Meaning
    signer: str
    secret: str = field(repr=False)
    """What only the signer knows; it is asked for at each signature anew."""
    at: datetime


@dataclass(frozen=True, slots=True)
class RecordSigned:
    """The signature, bound to what was signed."""

    signature: RecordSignature


@dataclass(frozen=True, slots=True)
class RecordNotSigned:
    """Nothing was signed; a failure to show who one is goes into the audit."""

    obstacle: Obstacle


@dataclass(frozen=True, slots=True)
class StandingSignature:
    """A signature, and how it stands now."""

    signature: RecordSignature
    standing: Standing


def sign_record(
    command: SignRecord, uow: UnitOfWork, authenticator: Authenticator
) -> RecordSigned | RecordNotSigned:
    """Append a signature; who it is is shown first, and the record must hold.

    Tries under one name wait for each other, so that none escapes the count.
    """
    uow.audit.lock(site="", trial="")
    if is_locked(_failures(command, uow)):
        return _refused(ErrorCode.SIGNING_LOCKED, "too_many_failures", command.signer)
    who = authenticator.authenticated(command.signer, command.secret)
    if who is None:
        uow.audit.append(_failure(command))
        return _refused(ErrorCode.NOT_AUTHENTICATED, "not_authenticated")
    written = uow.audit.of_subject(command.record_id, actions_of(command.kind.account))
    if not written:
        return _refused(ErrorCode.UNKNOWN_RECORD, "no_such_record", command.record_id)
    return _sign(command, who, written[-1], uow)


def standing_signatures(
    uow: UnitOfWork, signatures: Iterable[RecordSignature]
) -> Iterator[StandingSignature]:
    """Each held against the record it is under, as it is now.

    That the signatures themselves are what was given is the audit's to verify.
    """
    for signature in signatures:
        yield StandingSignature(signature, _standing(uow, signature))


def _sign(
    command: SignRecord, who: Authenticated, written: AuditRow, uow: UnitOfWork
) -> RecordSigned | RecordNotSigned:
    uow.audit.lock(site=written.site, trial=written.trial)
    digest = _digest(uow, command.kind, command.record_id)
    if digest is None or digest != json.loads(written.detail)["record"]:
        return _refused(ErrorCode.RECORD_CHANGED, "record_changed", command.record_id)
    number = len(uow.record_signatures.under(command.kind, command.record_id)) + 1
    signature = RecordSignature(
        signature_id=identity(
            "record_signature", command.kind, command.record_id, str(number)
        ),
        kind=command.kind,
        record_id=command.record_id,
        number=number,
        site=written.site,
        trial=written.trial,
        signed_digest=digest,
        meaning=command.meaning,
        signer=command.signer,
        printed_name=who.printed_name,
        authenticated_by=who.method,
        signed_at=command.at,
    )
    uow.record_signatures.add(signature)
    uow.audit.append(_entry(signature))
    return RecordSigned(signature)


def _failures(command: SignRecord, uow: UnitOfWork) -> int:
    return uow.audit.count(
        action=AuditAction.SIGNING_FAILED.value,
        actor=command.signer,
        since=command.at - LOCKED_FOR,
    )


def _digest(uow: UnitOfWork, kind: Signable, record_id: str) -> str | None:
    """Of the record as it is now; None where it is gone."""
    record = BY_IDENTITY[kind.account](uow, record_id)
    return None if record is None else record_digest(record)


def _standing(uow: UnitOfWork, signature: RecordSignature) -> Standing:
    try:
        return _held(uow, signature)
    except UnreadableRecordError:
        return Standing.UNREADABLE


def _held(uow: UnitOfWork, signature: RecordSignature) -> Standing:
    digest = _digest(uow, signature.kind, signature.record_id)
    if digest is None:
        return Standing.RECORD_GONE
    if digest == signature.signed_digest:
        return Standing.HOLDS
    taken_out = uow.redactions.of(signature.record_id)
    told = taken_out is not None and taken_out.leads(signature.signed_digest, digest)
    return Standing.REDACTED if told else Standing.RECORD_CHANGED


def _refused(code: ErrorCode, name: str, told: str = "") -> RecordNotSigned:
    return RecordNotSigned(Obstacle(code, name, told))


def _failure(command: SignRecord) -> AuditEntry:
    return AuditEntry(
        site="",
        trial="",
        action=AuditAction.SIGNING_FAILED,
        actor=command.signer,
        at=command.at,
        subject=command.record_id,
        detail={"kind": command.kind.value, "meaning": command.meaning.value},
    )


def _entry(signature: RecordSignature) -> AuditEntry:
    return AuditEntry(
        site=signature.site,
        trial=signature.trial,
        action=AuditAction.RECORD_SIGNED,
        actor=signature.signer,
        at=signature.signed_at,
        subject=signature.signature_id,
        detail={
            "record": record_digest(signature),
            "kind": signature.kind.value,
            "signed": signature.record_id,
            "signed_digest": signature.signed_digest,
            "meaning": signature.meaning.value,
        },
    )
