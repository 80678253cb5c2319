"""What each arm received, of the domains whose arms may be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from registry.domain.adherence import ArmReceived, Received, by_arm
from registry.store.listings import OutcomeView, ParticipantView
from registry.store.views import Views
from streams.vocabulary.outcomes import TreatmentReceived
from streams.vocabulary.protocol import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SeparationView:
    """What one arm of one domain received of one treatment."""

    trial: str
    domain: str
    outcome: str
    received: ArmReceived


def separation(views: Views, trial: str | None = None) -> tuple[SeparationView, ...]:
    """A row an arm, for each treatment whose arms the protocol in force compares.

    An arm that may not be seen, by the reader's role or since the domain is blinded,
    makes no row.
    """
    people = views.participants(trial, may_see_arms=views.may_see_arms())
    told = views.outcomes(trial)
    return tuple(
        SeparationView(
            trial=protocol.id, domain=rule.domain or "", outcome=rule.id, received=row
        )
        for protocol in _in_force(views, trial)
        for rule in protocol.outcome_rules.values()
        if isinstance(rule, TreatmentReceived) and rule.expected
        for row in by_arm(_received(protocol.id, rule, people, told), rule.expected)
    )


def _in_force(views: Views, trial: str | None) -> Iterator[Protocol]:
    latest = {version.trial: version for version in views.protocols()}
    for name in sorted(latest):
        if trial in (None, name):
            yield Protocol.model_validate_json(latest[name].document)


def _received(
    trial: str,
    rule: TreatmentReceived,
    people: tuple[ParticipantView, ...],
    told: tuple[OutcomeView, ...],
) -> Iterator[Received]:
    days = {
        (o.site, o.patient): o.standing_value
        for o in told
        if o.trial == trial and o.outcome == rule.id
    }
    for one in people:
        if one.trial == trial and one.domain == rule.domain and one.arm is not None:
            yield Received(arm=one.arm, days=days.get((one.site, one.patient)))
