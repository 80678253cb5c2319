"""What the workers and the audit are told of a randomisation; never its arm."""

from __future__ import annotations

from registry.domain.allocation import Randomisation
from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.usecases.records import AlertRecord
from registry.usecases.tell_alerts import alerts_told
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import RosterEntry


def roster_entry(drawn: Randomisation) -> RosterEntry:
    """What the workers hear of a randomisation; never its arm."""
    return RosterEntry(
        message_id=identity("roster", drawn.randomisation_id),
        site=drawn.site,
        patient=drawn.patient,
        happened_at=drawn.randomised_at,
        known_at=drawn.randomised_at,
        source="registry",
        provenance=drawn.provenance,
        trial=drawn.trial,
        domain=drawn.domain,
        episode=drawn.episode,
        participant=drawn.participant,
    )


def randomised_entry(
    drawn: Randomisation, steps: tuple[AlertRecord, ...]
) -> AuditEntry:
    """Who, when, as what, by which draw; never the arm, but what binds it."""
    return AuditEntry(
        site=drawn.site,
        trial=drawn.trial,
        action=AuditAction.RANDOMISED,
        actor=drawn.randomised_by,
        at=drawn.randomised_at,
        subject=drawn.randomisation_id,
        detail={
            "record": record_digest(drawn),
            "participant": drawn.participant,
            "domain": drawn.domain,
            "stratum": drawn.stratum,
            "sequence_no": drawn.sequence_no,
            "schedule": drawn.schedule,
            "schedule_first_no": drawn.schedule_first_no,
            "screening": drawn.screening_message_id,
            "consent": drawn.consent_id,
            "protocol_hash": drawn.protocol_hash,
            "arm_commitment": drawn.arm_commitment,
            **({} if drawn.vector_id is None else {"vector": drawn.vector_id}),
            **alerts_told(steps),
        },
    )
