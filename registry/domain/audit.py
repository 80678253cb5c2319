"""An audit that cannot be rewritten: a hash chain per site and trial.

`hash = SHA-256(previous hash || canonical JSON of the row)`.
Whoever changes, removes, inserts or moves a row breaks the chain from there on.
Cutting off the tail breaks nothing in what is left, so the chain is also compared
with its head record and with anchors kept outside the database.

Canonical JSON: UTF-8, keys sorted, no blanks, numbers as RFC 8785 writes them for
the integers and strings that audit rows hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any

from streams.vocabulary.clock import iso


GENESIS = "0" * 64
"""What stands before the first row of a chain."""


class AuditAction(StrEnum):
    """What was done, as `subject:action`."""

    MODE_SET = "registry:mode_set"
    PROTOCOL_ACTIVATED = "protocol:activated"
    PAUSED = "recruitment:paused"
    RESUMED = "recruitment:resumed"
    VECTOR_PUBLISHED = "allocation:vector_published"
    ALLOCATION_EXCLUDED = "allocation:excluded"
    PARTICIPANT_REGISTERED = "participant:registered"
    BATCH_RECORDED = "stream:batch_recorded"
    ANSWER_RECORDED = "screening:answered"
    CONSENT_RECORDED = "consent:recorded"
    CONSENT_REJECTED = "consent:rejected"
    OPT_OUT_RECORDED = "opt_out:recorded"
    OUTCOME_JUDGED = "outcome:judged"
    DEVIATION_RECORDED = "deviation:recorded"
    GREEN_LIGHT_GIVEN = "site:green_light_given"
    GREEN_LIGHT_REVOKED = "site:green_light_revoked"
    DELEGATED = "delegation:added"
    DELEGATION_ENDED = "delegation:ended"
    ROLE_GRANTED = "role:granted"
    ROLE_REVOKED = "role:revoked"
    ELIGIBILITY_SIGNED = "screening:eligibility_signed"
    RECORD_SIGNED = "signature:given"
    RECORD_REDACTED = "record:redacted"
    SIGNING_FAILED = "signature:failed"
    ALERTS_FOLLOWED = "alerts:followed"
    RANDOMISED = "randomisation:allocated"
    ARMS_SHOWN = "arms:shown"
    STOCK_SHOWN = "kits:stock_shown"
    ARM_REVEALED = "randomisation:arm_revealed"
    KITS_IMPORTED = "kits:imported"
    KITS_REFUSED = "kits:refused"
    KIT_MOVED = "kit:moved"
    DOMAIN_ANSWERED = "randomisation:domain_answered"
    RANDOMISATION_REFUSED = "randomisation:refused"
    BLIND_BROKEN = "blind:broken"
    BLIND_KEPT = "blind:kept"
    ENVELOPES_MADE = "blind:envelopes_made"
    MISRANDOMISED = "randomisation:in_error"
    REHEARSED = "rehearsal:acted"
    SEALED_LIST_MADE = "sealed_list:made"
    SEALED_PAGE_ENTERED = "sealed_list:page_entered"
    MERGE_IN_CONFLICT = "participant:merge_in_conflict"
    IDENTITY_OPENED = "identity:opened"
    IDENTITY_FOUND = "identity:found"
    VAULT_ROTATED = "vault:rotated"
    LETTER_SHOWN = "letter:shown"
    LETTERS_RETRIED = "letters:retried"


class Account(StrEnum):
    """The sorts of record that a chain has to account for, one by one."""

    MESSAGES = "messages of the stream"
    ALERT_STEPS = "steps of alerts"
    PARTICIPANTS = "participants"
    CONSENTS = "consents"
    ANSWERS = "answers"
    OPT_OUTS = "opt-outs"
    JUDGED_OUTCOMES = "judged outcomes"
    DEVIATIONS = "deviations"
    GREEN_LIGHTS = "green lights"
    DELEGATIONS = "delegations"
    ROLE_GRANTS = "grants of roles"
    SIGNATURES = "signatures of eligibility"
    REDACTIONS = "redactions"
    RECORD_SIGNATURES = "signatures under records"
    RANDOMISATIONS = "randomisations"
    REVEALS = "reveals of arms"
    KIT_LISTS = "lists of kits"
    KIT_EVENTS = "events of kits"
    DOMAIN_ANSWERS = "answers of acts over several domains"
    MODES = "modes"
    PROTOCOLS = "protocol versions"
    PAUSES = "pauses"
    VECTORS = "allocation vectors"
    EXCLUSIONS = "exclusions of allocations"
    UNBLINDINGS = "broken blinds"
    MISRANDOMISATIONS = "randomisations in error"
    REHEARSALS = "rehearsals"
    SEALED_LISTS = "sealed lists"
    SEALED_OPENINGS = "opened pages of sealed lists"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """What an act has to say of itself before it has a place in the chain."""

    site: str
    """Empty where the act concerns the whole registry."""
    trial: str
    """Empty where the act concerns no single trial."""
    action: AuditAction
    actor: str
    at: datetime
    subject: str
    """What it was done to: a participant, a protocol, a batch."""
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One link of a chain."""

    site: str
    trial: str
    sequence: int
    """1 for the first row of its chain, without gaps."""
    action: str
    actor: str
    at: datetime
    subject: str
    detail: str
    """Canonical JSON."""
    previous_hash: str
    row_hash: str


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A link of a chain whose columns hold what no act ever writes."""


class UnreadableRecordError(Exception):
    """A stored record holds what no act ever writes: somebody was at it."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain as somebody remembers it; an anchor is one kept apart."""

    site: str
    trial: str
    sequence: int
    row_hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which a chain no longer holds."""

    sequence: int
    reason: str


def canonical(value: Any) -> bytes:  # noqa: ANN401  any JSON value
    """The one way to write this JSON value; raises TypeError for what is none."""
    return json.dumps(
        value,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    ).encode()


def sha256(*parts: bytes) -> str:
    """The hexadecimal SHA-256 of the parts, one after the other."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


ADDED = {"added": True}
"""Metadata of a field that records got later: where it is None, no digest changes."""


def record_digest(record: object) -> str:
    """The SHA-256 of a flat record's fields, as its audit row remembers it."""
    told = {
        name: _plain(getattr(record, name))
        for name, field in sorted(type(record).__dataclass_fields__.items())  # type: ignore[attr-defined]  # a dataclass, by contract
        if getattr(record, name) is not None or not field.metadata.get("added")
    }
    return sha256(canonical(told))


def pairs_digest(pairs: Iterable[tuple[str, str]]) -> str:
    """What pairs of identity and digest add up to, in whatever order they come."""
    return sha256(canonical([list(pair) for pair in sorted(pairs)]))


def link(entry: AuditEntry, head: Head) -> AuditRow:
    """The entry as the row that follows `head`."""
    unlinked = AuditRow(
        site=entry.site,
        trial=entry.trial,
        sequence=head.sequence + 1,
        action=entry.action.value,
        actor=entry.actor,
        at=entry.at,
        subject=entry.subject,
        detail=canonical(dict(entry.detail)).decode(),
        previous_hash=head.row_hash,
        row_hash="",
    )
    return _with_hash(unlinked)


def start(site: str, trial: str) -> Head:
    """The head of a chain without rows."""
    return Head(site, trial, 0, GENESIS)


def head_after(row: AuditRow) -> Head:
    """The head of the chain that ends with `row`."""
    return Head(row.site, row.trial, row.sequence, row.row_hash)


def first_break(
    rows: Iterable[AuditRow | UnreadableRow],
    *,
    head: Head,
    anchors: Iterable[Head] = (),
) -> Break | None:
    """The first place at which one chain, told in order, no longer holds.

    `head` is the chain's head record, `anchors` are heads kept outside.
    """
    remembered = _remembered(anchors)
    last = start(head.site, head.trial)
    for row in rows:
        if isinstance(row, UnreadableRow):
            return Break(last.sequence + 1, "the row cannot be read")
        reason = _fault(row, last, remembered.pop(row.sequence, None))
        if reason is not None:
            return Break(last.sequence + 1, reason)
        last = head_after(row)
    return _tail_break(last, head, remembered)


def _remembered(anchors: Iterable[Head]) -> dict[int, frozenset[str]]:
    """What is told of each row; who rewrote a chain between two anchors told two."""
    told: dict[int, frozenset[str]] = {}
    for anchor in anchors:
        before = told.get(anchor.sequence, frozenset())
        told[anchor.sequence] = before | {anchor.row_hash}
    return told


def _fault(row: AuditRow, last: Head, anchored: frozenset[str] | None) -> str | None:
    if (row.site, row.trial) != (last.site, last.trial):
        return "a row of another chain stands here"
    if row.sequence != last.sequence + 1:
        return f"row {row.sequence} stands where row {last.sequence + 1} should"
    if row.previous_hash != last.row_hash:
        return "it does not follow the row before it"
    if row.row_hash != row_hash(row):
        return "the row is not what was written"
    if anchored is not None and anchored != {row.row_hash}:
        return "it differs from the anchor kept outside"
    return None


def _tail_break(last: Head, head: Head, unmet: Collection[int]) -> Break | None:
    if unmet:
        return Break(last.sequence + 1, f"an anchor remembers row {max(unmet)}")
    if last != head:
        return Break(
            last.sequence + 1, f"the head record remembers row {head.sequence}"
        )
    return None


def row_hash(row: AuditRow) -> str:
    """What the row's hash must be, by its contents and the hash before it."""
    told = [
        row.site,
        row.trial,
        row.sequence,
        row.action,
        row.actor,
        iso(row.at),
        row.subject,
        row.detail,
    ]
    return sha256(row.previous_hash.encode(), canonical(told))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    return value.value if isinstance(value, Enum) else value


def _with_hash(row: AuditRow) -> AuditRow:
    told = {name: getattr(row, name) for name in AuditRow.__slots__}
    return AuditRow(**{**told, "row_hash": row_hash(row)})
