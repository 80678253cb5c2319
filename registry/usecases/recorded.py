"""The records that audit rows speak of one by one, and where each is read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from registry.domain.audit import Account, AuditAction
from registry.usecases.ports import UnitOfWork


ACCOUNTS: Mapping[str, Account] = {
    AuditAction.MODE_SET.value: Account.MODES,
    AuditAction.PROTOCOL_ACTIVATED.value: Account.PROTOCOLS,
    AuditAction.PARTICIPANT_REGISTERED.value: Account.PARTICIPANTS,
    AuditAction.CONSENT_RECORDED.value: Account.CONSENTS,
    AuditAction.ANSWER_RECORDED.value: Account.ANSWERS,
    AuditAction.OPT_OUT_RECORDED.value: Account.OPT_OUTS,
    AuditAction.OUTCOME_JUDGED.value: Account.JUDGED_OUTCOMES,
    AuditAction.DEVIATION_RECORDED.value: Account.DEVIATIONS,
    AuditAction.GREEN_LIGHT_GIVEN.value: Account.GREEN_LIGHTS,
    AuditAction.GREEN_LIGHT_REVOKED.value: Account.GREEN_LIGHTS,
    AuditAction.DELEGATED.value: Account.DELEGATIONS,
    AuditAction.DELEGATION_ENDED.value: Account.DELEGATIONS,
    AuditAction.ROLE_GRANTED.value: Account.ROLE_GRANTS,
    AuditAction.ROLE_REVOKED.value: Account.ROLE_GRANTS,
    AuditAction.ELIGIBILITY_SIGNED.value: Account.SIGNATURES,
    AuditAction.RECORD_SIGNED.value: Account.RECORD_SIGNATURES,
    AuditAction.RECORD_REDACTED.value: Account.REDACTIONS,
    AuditAction.RANDOMISED.value: Account.RANDOMISATIONS,
    AuditAction.ARM_REVEALED.value: Account.REVEALS,
    AuditAction.KITS_IMPORTED.value: Account.KIT_LISTS,
    AuditAction.KIT_MOVED.value: Account.KIT_EVENTS,
    AuditAction.DOMAIN_ANSWERED.value: Account.DOMAIN_ANSWERS,
    AuditAction.PAUSED.value: Account.PAUSES,
    AuditAction.RESUMED.value: Account.PAUSES,
    AuditAction.VECTOR_PUBLISHED.value: Account.VECTORS,
    AuditAction.ALLOCATION_EXCLUDED.value: Account.EXCLUSIONS,
    AuditAction.BLIND_BROKEN.value: Account.UNBLINDINGS,
    AuditAction.MISRANDOMISED.value: Account.MISRANDOMISATIONS,
    AuditAction.REHEARSED.value: Account.REHEARSALS,
    AuditAction.SEALED_LIST_MADE.value: Account.SEALED_LISTS,
    AuditAction.SEALED_PAGE_ENTERED.value: Account.SEALED_OPENINGS,
}
"""The actions that write one record each; batches write many."""

BY_IDENTITY: Mapping[Account, Callable[[UnitOfWork, str], object | None]] = {
    Account.PARTICIPANTS: lambda uow, named: uow.participants.one(named),
    Account.CONSENTS: lambda uow, named: uow.participants.consent_revision(named),
    Account.ANSWERS: lambda uow, named: uow.answers.one(named),
    Account.OPT_OUTS: lambda uow, named: uow.opt_outs.one(named),
    Account.JUDGED_OUTCOMES: lambda uow, named: uow.judged_outcomes.one(named),
    Account.DEVIATIONS: lambda uow, named: uow.deviations.one(named),
    Account.GREEN_LIGHTS: lambda uow, named: uow.green_lights.one(named),
    Account.DELEGATIONS: lambda uow, named: uow.delegations.one(named),
    Account.ROLE_GRANTS: lambda uow, named: uow.role_grants.one(named),
    Account.SIGNATURES: lambda uow, named: uow.signatures.one(named),
    Account.RECORD_SIGNATURES: lambda uow, named: uow.record_signatures.one(named),
    Account.REDACTIONS: lambda uow, named: uow.redactions.one(named),
    Account.RANDOMISATIONS: lambda uow, named: uow.allocations.one(named),
    Account.REVEALS: lambda uow, named: uow.reveals.one(named),
    Account.KIT_LISTS: lambda uow, named: uow.kits.list_(named),
    Account.KIT_EVENTS: lambda uow, named: uow.kits.event(named),
    Account.DOMAIN_ANSWERS: lambda uow, named: uow.domain_answers.one(named),
    Account.PAUSES: lambda uow, named: uow.pauses.one(named),
    Account.VECTORS: lambda uow, named: uow.vectors.one(named),
    Account.EXCLUSIONS: lambda uow, named: uow.allocations.exclusion(named),
    Account.UNBLINDINGS: lambda uow, named: uow.unblindings.one(named),
    Account.MISRANDOMISATIONS: lambda uow, named: uow.misrandomisations.one(named),
    Account.REHEARSALS: lambda uow, named: uow.rehearsals.one(named),
    Account.SEALED_LISTS: lambda uow, named: uow.sealed_lists.one(named),
    Account.SEALED_OPENINGS: lambda uow, named: uow.sealed_lists.opening(named),
}
"""By the identity that is the audit row's subject; raises `UnreadableRecordError`."""


def actions_of(account: Account) -> tuple[str, ...]:
    """The actions that write records of this sort."""
    return tuple(action for action, written in ACCOUNTS.items() if written is account)
