"""`ember explain`: why a patient is flagged, eligible or not, with the events."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer

from registry.app.commands.options import JsonOption, RegistryOption, opened
from registry.app.commands.query import told
from registry.app.patients import Key, Patients
from registry.app.wording import in_words
from registry.store.unit_of_work import Registry
from registry.usecases.ports import UnitOfWork
from streams.app.protocols import shipped_protocols
from streams.pipeline.head import encode_head
from streams.pipeline.state import PatientState
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.messages import (
    CriterionVerdict,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)


_MANY = 4
"""Events told of one criterion or component; the rest are counted."""


def explain(
    patient: Annotated[str, typer.Argument(help="The pseudonym, or site/pseudonym.")],
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what is known of a patient, why the verdict is as it is, and what is missing."""
    state = _found(opened(registry), patient)
    if as_json:
        print(orjson.dumps([_as_json(state)]).decode())
        return
    print(f"{state.site}/{state.patient}: {len(state.timeline)} facts on record")
    for flag in state.flags.values():
        _tell_flag(flag, state)
    if not state.flags:
        print("No sepsis flag: the criteria were never met on what is known.")
    for screening in state.screenings.values():
        _tell_screening(screening, state)
    for outcome in state.outcomes.values():
        _tell_outcome(outcome)


def _found(book: Registry, named: str) -> PatientState:
    """The one patient of that name; raises `InputError` EMB-304 for none or several."""
    with book.transaction() as uow:
        keys = [key for key in uow.stream.patients() if _is(key, named)]
        if len(keys) == 1:
            return Patients().state(keys[0], uow)
        raise _nobody(keys, named, uow)


def _is(key: Key, named: str) -> bool:
    return named in (key[1], "/".join(key))


def _nobody(keys: list[Key], named: str, uow: UnitOfWork) -> InputError:
    if keys:
        sites = ", ".join(site for site, _ in keys)
        cure = f"Write site/pseudonym; there is one at each of: {sites}."
        return InputError(
            ErrorCode.UNKNOWN_PATIENT, f"{named!r} is not one patient.", cure
        )
    count = len(uow.stream.patients())
    return InputError(
        ErrorCode.UNKNOWN_PATIENT,
        f"The registry knows no patient {named!r} (it knows {count}).",
        "See `ember query onsets` for those flagged.",
    )


def _as_json(state: PatientState) -> dict[str, object]:
    head: dict[str, object] = orjson.loads(encode_head(state))
    ids = {event_id for flag in state.flags.values() for event_id in flag.evidence} | {
        event_id
        for screening in state.screenings.values()
        for criterion in screening.criteria
        for event_id in criterion.evidence
    }
    facts = {event_id: state.timeline.fact(event_id) for event_id in sorted(ids)}
    return {
        "site": state.site,
        "patient": state.patient,
        "facts": len(state.timeline),
        **head,
        "evidence": {k: in_words(fact) for k, fact in facts.items() if fact},
    }


def _tell_flag(flag: SepsisOnset, state: PatientState) -> None:
    print(
        f"\nSepsis flag ({flag.definition} by policy {flag.policy}): "
        f"{flag.status.upper()}, revision {flag.revision}, hospital stay {flag.episode}"
    )
    print(f"  onset {told(flag.happened_at)}, last revised {told(flag.known_at)} (UTC)")
    print(
        f"  SOFA {flag.score}, with what is missing between {flag.score_lower} and "
        f"{flag.score_upper}; baseline {flag.baseline}"
    )
    for component in flag.components:
        points = "unknown" if component.points is None else str(component.points)
        print(
            f"    {component.name:<15} {points:<8}{_events(component.evidence, state)}"
        )
    if flag.missing:
        print(f"  never seen in the 24 h: {', '.join(flag.missing)}")


def _tell_screening(screening: TrialScreening, state: PatientState) -> None:
    wordings = _wordings(screening)
    window = "open" if screening.window_open else "closed"
    print(
        f"\n{screening.trial} / {screening.domain}: {screening.status.upper()}, "
        f"revision {screening.revision} of {told(screening.known_at)}"
    )
    print(
        f"  window {window}; anchor {screening.anchor} {told(screening.anchor_at)}, "
        f"deadline {told(screening.deadline)}"
    )
    strata = ", ".join(f"{factor}={level}" for factor, level in screening.stratum)
    print(f"  stratum {strata or '-'}; protocol {screening.protocol_version}")
    for criterion in screening.criteria:
        _tell_criterion(criterion, wordings.get(criterion.criterion_id, ""), state)


def _tell_criterion(
    criterion: CriterionVerdict, wording: str, state: PatientState
) -> None:
    sign = "+" if criterion.role == "inclusion" else "-"
    print(f"  {sign} {criterion.criterion_id:<22} {criterion.truth:<8} {wording}")
    if criterion.evidence:
        print(f"      because {_events(criterion.evidence, state)}")
    elif criterion.truth != "UNKNOWN":
        print("      because nothing of it is on record")
    if criterion.would_need:
        print(f"      needs {', '.join(criterion.would_need)}")


def _tell_outcome(outcome: TrialOutcome) -> None:
    value = "unknown" if outcome.value is None else f"{outcome.value:g}"
    why = f" ({outcome.reason})" if outcome.reason else ""
    print(f"\n{outcome.trial} / {outcome.outcome}: {value}, {outcome.status}{why}")


def _events(ids: tuple[str, ...], state: PatientState) -> str:
    facts = [state.timeline.fact(event_id) for event_id in ids]
    words = [in_words(fact) for fact in facts if fact is not None]
    gone = len(ids) - len(words)
    rest = len(words) - _MANY
    told_ = words[:_MANY] + ([f"and {rest} more"] if rest > 0 else [])
    return "; ".join(told_ + ([f"{gone} since corrected"] if gone else []))


def _wordings(screening: TrialScreening) -> dict[str, str]:
    """The wording of each criterion, where the protocol that judged is at hand."""
    for protocol in shipped_protocols():
        domain = protocol.domain(screening.domain)
        if domain is not None and protocol.digest == screening.protocol_hash:
            criteria = (*domain.inclusion, *domain.exclusion)
            return {criterion.id: criterion.text for criterion in criteria}
    return {}
