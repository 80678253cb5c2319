"""An explanation in lines a tired coordinator can read."""

from __future__ import annotations

from collections.abc import Iterator

from registry.app.explanation import Explanation, Wording
from registry.app.wording import moment, span
from registry.domain.alert import AlertStatus, Hold
from registry.domain.mode import Suppression
from registry.domain.participant import HumanAnswer
from registry.store.listings import AlertView, ParticipantView, ScreeningView
from streams.clinical.criteria.loading import ANCHORING
from streams.vocabulary.messages import (
    CriterionVerdict,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)


_MANY = 4
"""Events told of one criterion or component; the rest are counted."""

_WHY_NOBODY = {
    Suppression.MODE_SILENT: "the registry only watches (mode silent)",
    Suppression.PROVENANCE_HISTORY: "it rests on history, which never pages",
    Suppression.PROVENANCE_SIMULATED: "it rests on simulated facts",
    Suppression.PROVENANCE_LIVE: "it rests on live facts, and this is a demonstration",
}


def lines(told: Explanation) -> Iterator[str]:
    """The whole explanation, line by line."""
    yield f"{told.site}/{told.patient}: {told.facts} facts on record (times in UTC)"
    for flag in told.flags:
        yield from _flag(flag, told)
    if not told.flags:
        yield "No sepsis flag: the criteria were never met on what is known."
    for screening in told.screenings:
        yield from _screening(screening, told)
    yield from _people(told)
    for outcome in told.outcomes:
        yield from _outcome(outcome, told)


def _flag(flag: SepsisOnset, told: Explanation) -> Iterator[str]:
    yield ""
    yield (
        f"Sepsis flag ({flag.definition} by policy {flag.policy}): "
        f"{flag.status.upper()}, revision {flag.revision}, hospital stay {flag.episode}"
    )
    lag = span(flag.known_at - flag.happened_at)
    yield (
        f"  onset {moment(flag.happened_at)}, last revised {moment(flag.known_at)} "
        f"({lag} after the onset)"
    )
    if flag.score is not None:
        yield _points(flag)
    elif flag.evidence:
        yield f"  because {_events(flag.evidence, told)}"
    for component in flag.components:
        points = "unknown" if component.points is None else str(component.points)
        events = _events(component.evidence, told)
        yield f"    {component.name:<15} {points:<8}{events}".rstrip()
    if flag.missing:
        unseen = "never seen in the 24 h" if _anchors(flag) else "not known"
        yield f"  {unseen}: {', '.join(flag.missing)}"
    if not _anchors(flag):
        yield "  told beside Sepsis-3: it opens no window and alerts nobody"


def _anchors(flag: SepsisOnset) -> bool:
    """Whether it is a Sepsis-3 flag, which screening and outcomes count from."""
    return flag.definition == ANCHORING


def _points(flag: SepsisOnset) -> str:
    score = "SOFA" if _anchors(flag) else "score"
    bounds = f"between {flag.score_lower} and {flag.score_upper}"
    told = f"  {score} {flag.score}, with what is missing {bounds}"
    return told if flag.baseline is None else f"{told}; baseline {flag.baseline}"


def _screening(screening: TrialScreening, told: Explanation) -> Iterator[str]:
    history = [h for h in told.history if h.screening_id == screening.screening_id]
    yield ""
    yield (
        f"{screening.trial} / {screening.domain}: {screening.status.upper()}, "
        f"revision {screening.revision} of {moment(screening.known_at)}"
    )
    yield from _window(screening, history)
    strata = ", ".join(f"{factor}={level}" for factor, level in screening.stratum)
    yield f"  stratum {strata or '-'}; protocol {screening.protocol_version}"
    yield from (f"  {_alert(a)}" for a in told.alerts if _about(a, screening))
    wordings = told.wordings.get(screening.protocol_hash, {})
    for criterion in screening.criteria:
        answers = [a for a in told.answers if _answers(a, screening, criterion)]
        wording = wordings.get(f"{screening.domain}/{criterion.criterion_id}")
        yield from _criterion(criterion, wording, answers, told)
    if len(history) > 1:
        yield "  what was said before:"
        for revision in history[:-1]:
            yield f"    {moment(revision.known_at)}  {_revision(revision)}"


def _window(screening: TrialScreening, history: list[ScreeningView]) -> Iterator[str]:
    anchor = f"anchor {screening.anchor} {moment(screening.anchor_at)}"
    deadline = moment(screening.deadline)
    before = history[-1].status_while_open if history else None
    if screening.window_open:
        yield f"  window open when last judged; {anchor}, deadline {deadline}"
    elif before == "ineligible":
        yield f"  window closed at {deadline}; {anchor}; it was ineligible before that"
    else:
        yield f"  ineligible because the window closed at {deadline}; {anchor}"
    if before is not None:
        yield (
            f"  while the window was open, by the record: {before}; "
            f"with the signed answers: {history[-1].status_with_answers}"
        )


def _revision(revision: ScreeningView) -> str:
    window = "" if revision.window_open else ", window closed"
    return f"revision {revision.revision}: {revision.status}{window}"


def _criterion(
    criterion: CriterionVerdict,
    wording: Wording | None,
    answers: list[HumanAnswer],
    told: Explanation,
) -> Iterator[str]:
    sign = "+" if criterion.role == "inclusion" else "-"
    text = wording.text if wording is not None else ""
    yield f"  {sign} {criterion.criterion_id:<6} {criterion.truth:<8} {text}".rstrip()
    if criterion.evidence:
        yield f"      because {_events(criterion.evidence, told)}"
    elif criterion.truth != "UNKNOWN":
        yield "      because nothing of it is on record"
    for answer in answers:
        yield f"      {_answer(answer)}"
    if criterion.would_need and not answers:
        yield f"      needs {', '.join(_needs(criterion, wording))}"


def _needs(criterion: CriterionVerdict, wording: Wording | None) -> Iterator[str]:
    """What is missing; a question in its own words where a human has to answer."""
    question = None if wording is None else wording.question
    for need in criterion.would_need:
        if not need.startswith("confirm:"):
            yield need
        elif question is None:
            yield f"a human's answer ({need.removeprefix('confirm:')})"
    if criterion.human and question is not None:
        yield f"a signed answer to: {question}"


WHY_HELD = {
    Hold.REFUSED: "held back: this trial was refused before",
    Hold.OPTED_OUT: "held back: opted out of the trial, or of research",
    Hold.CO_ENROLLED: "held back: takes part in a trial that leaves no room for it",
    Hold.OUTRANKED: "held back: a trial that leaves no room for it calls first",
    Hold.RETIRED: "held back: the name was merged into another",
    Hold.DRAWN: "held back: randomised in this domain before",
    Hold.TAKES_PART: "held back: takes part in the trial under another name",
    Hold.CALLED: "held back: somebody is called about this person already",
    Hold.PAUSED: "held back: the site or the domain is paused",
    Hold.NO_GREEN_LIGHT: "held back: the site may not recruit for the trial",
}


def _answer(answer: HumanAnswer) -> str:
    kind = "opinion of" if answer.is_opinion else "signed by"
    capacity = f" as {answer.answered_as}" if answer.answered_as else ""
    said = {"TRUE": "yes, it is so", "FALSE": "no, it is not so"}
    why = f" ({answer.reason})" if answer.reason else ""
    return (
        f"{kind} {answer.actor}{capacity} at {moment(answer.answered_at)}: "
        f"{said.get(answer.truth, 'cannot say')}{why}"
    )


def _alert(alert: AlertView) -> str:
    raised = f"alert raised {moment(alert.raised_at)}"
    now = f"{alert.status.value} since {moment(alert.changed_at)}"
    if alert.status is AlertStatus.SUPPRESSED:
        now = "suppressed"
    held = "" if alert.held_back is None else f"; {WHY_HELD[alert.held_back]}"
    if alert.suppressed is None:
        return f"{raised}; {now}{held}"
    return f"{raised}; {now}; nobody was told: {_WHY_NOBODY[alert.suppressed]}{held}"


def _people(told: Explanation) -> Iterator[str]:
    if told.consents:
        yield ""
        yield f"Consent ({told.consents[0].participant})"
    for consent in told.consents:
        basis = f" ({consent.basis.value})" if consent.basis else ""
        form = f", form {consent.document_version}" if consent.document_version else ""
        why = f", reason: {consent.reason}" if consent.reason else ""
        until = f", until {moment(consent.deadline)}" if consent.deadline else ""
        taken = f", of {', '.join(consent.scopes)}" if consent.scopes else ""
        word = f"{consent.state.value.replace('_', ' ')}{basis}{taken}{until}"
        yield (
            f"  {moment(consent.decided_at)}  {word}{form}{why}, "
            f"recorded by {consent.actor}"
        )
    yield from map(_randomisation, told.randomisations)


def _randomisation(drawn: ParticipantView) -> str:
    arm = f"to {drawn.arm}" if drawn.arm is not None else "(the arm is not shown)"
    return (
        f"\n{drawn.trial} / {drawn.domain}: randomised {moment(drawn.randomised_at)} "
        f"{arm}, number {drawn.sequence_no} of stratum {drawn.stratum or '-'}"
    )


def _outcome(outcome: TrialOutcome, told: Explanation) -> Iterator[str]:
    value = "unknown" if outcome.value is None else _mortality(outcome)
    why = f" ({outcome.reason.replace('_', ' ')})" if outcome.reason else ""
    yield ""
    yield f"{outcome.trial} / {outcome.outcome}: {value}, {outcome.status}{why}"
    yield f"  counted from {moment(outcome.happened_at)}"
    if outcome.evidence:
        yield f"  because {_events(outcome.evidence, told)}"


def _mortality(outcome: TrialOutcome) -> str:
    named = {0.0: "alive (0)", 1.0: "died (1)"}
    known = named if "mortality" in outcome.outcome else {}
    value = float(outcome.value or 0.0)
    return known.get(value, f"{value:g}")


def _events(ids: tuple[str, ...], told: Explanation) -> str:
    words = [told.evidence[name] for name in ids if name in told.evidence]
    gone = len(ids) - len(words)
    rest = len(words) - _MANY
    shown = words[:_MANY] + ([f"and {rest} more"] if rest > 0 else [])
    return "; ".join(shown + ([f"{gone} since corrected"] if gone else []))


def _about(alert: AlertView, screening: TrialScreening) -> bool:
    return alert.screening_id == screening.screening_id


def _answers(
    answer: HumanAnswer, screening: TrialScreening, criterion: CriterionVerdict
) -> bool:
    return (answer.screening_id, answer.criterion_id) == (
        screening.screening_id,
        criterion.criterion_id,
    )
