"""Judges scores and phenotypes of the catalogue: what it answers, as the rule asks it.

A score is an interval: the least and the most it can be, given what is missing.
Nothing is told of a patient of whom nothing was seen that the score counts, whatever a
policy makes of what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from math import inf

from streams.clinical.catalogue.answer import Answer
from streams.clinical.catalogue.rule import Rule as Catalogued
from streams.clinical.catalogue.rules import rules
from streams.clinical.criteria.anchors import Anchored, anchor_reads, anchored
from streams.clinical.criteria.foresight import foreseen, note
from streams.clinical.criteria.intervals import Interval, compare
from streams.clinical.criteria.judgement import Judgement, PatientView, absent, once
from streams.clinical.markers.external import (
    ExternalPolicy,
    LabelState,
    classifiers,
    external,
)
from streams.clinical.tracking.moment import NEVER, Watch
from streams.clinical.tracking.patient import Entry, PatientTracker
from streams.clinical.tracking.view import View
from streams.vocabulary.kinds.enrichment import Phenotype
from streams.vocabulary.kinds.values import Score
from streams.vocabulary.truth import UNKNOWN, truth


TURNS, GLANCE = 24, 2
"""How many turns of a score ahead are looked at; see `foresight`."""

COMPUTED = "inflammatory_subphenotype"
POSSIBLE = "possible"
"""The feature of a scheme of markers that tells the strata left open."""

_ALIASES = {"hyperinflammatory": COMPUTED}
_EXTERNAL = "_external"


def judge_score(rule: Score, view: PatientView, now: datetime) -> Judgement:
    """The score at this moment, or how far it is from what it was at an anchor."""
    note(view.timeline, (n for n in score_reads(rule) if not n.startswith("@")))
    asked = _Asked(catalogued(rule.score), rule.policy, view, now)
    return asked.until_it_turns(
        lambda at: _scored(rule, view, asked, at), partial(judge_score, rule)
    )


def score_reads(rule: Score) -> Iterable[str]:
    """What the score may read, and what tells the anchor."""
    return (*catalogued(rule.score).inputs, *anchor_reads(rule.change_since))


def judge_phenotype(rule: Phenotype, view: PatientView, now: datetime) -> Judgement:
    """The label of the catalogue; of who sorts outside, the last that counts."""
    if outside(rule.classifier) is not None:
        told: Judgement = _judge_label(rule, view, now)
        return told
    note(view.timeline, phenotype_reads(rule))
    asked = _Asked(catalogued(rule.classifier), None, view, now)
    return asked.until_it_turns(
        lambda _: _labelled(rule, asked.answer()), partial(judge_phenotype, rule)
    )


def phenotype_reads(rule: Phenotype) -> Iterable[str]:
    """What the classifier may read."""
    if outside(rule.classifier) is not None:
        return ("classification",)
    return catalogued(rule.classifier).inputs


def catalogued(name: str) -> Catalogued:
    """The rule of the catalogue; a protocol that names another is refused at load."""
    return rules()[_ALIASES.get(name, name)]


def outside(classifier: str) -> str | None:
    """The name by which results come of a classifier that runs outside; else None."""
    if classifier.endswith(_EXTERNAL) and classifier not in classifiers():
        classifier = classifier.removesuffix(_EXTERNAL)
    elif classifier == COMPUTED:
        return None
    return classifier if classifier in classifiers() else None


@dataclass(frozen=True, slots=True)
class _Until:
    """What was said, until it may turn; then all is read again."""

    turn: datetime
    said: Judgement
    view: PatientView
    again: Callable[[PatientView, datetime], Judgement]

    def at(self, now: datetime, *, glance: bool = False) -> Judgement:
        """What it says at a moment that is not before that of the judgement."""
        if now >= self.turn or (self.view.glance and not glance):
            return self.again(replace(self.view, glance=glance), now)
        return replace(self.said, foresight=self)

    def stands(self) -> bool:
        """What a tracker reads is not known lane by lane."""
        return False


class _Asked:
    """One rule of the catalogue over one record, kept up to date as time is walked."""

    def __init__(
        self, of: Catalogued, policy: str | None, view: PatientView, now: datetime
    ) -> None:
        self._entry = Entry(of, of.policy(policy))
        self._view, self._now = view, now
        self._tracker = PatientTracker(
            view.timeline, now, entries=(self._entry,), zone=view.zone
        )
        self.turn = NEVER
        """When something read beside the rule turns."""

    def answer(self) -> Answer | None:
        """What it says; None where it is not for this patient (Phoenix, of an adult)."""
        return self._tracker.answer(self._entry)

    def until_it_turns(
        self,
        judge: Callable[[datetime], Judgement],
        again: Callable[[PatientView, datetime], Judgement],
    ) -> Judgement:
        """The judgement now, with the first moment at which another comes out."""
        said, first = self._at(judge, self._now)
        turn = first
        for _ in range(GLANCE if self._view.glance else TURNS):
            if turn >= NEVER:
                break
            then, later = self._at(judge, turn)
            if then.truth is not said.truth:
                break
            turn = later
        if turn < NEVER:
            said = replace(said, changes_at=turn)
        return replace(said, foresight=_Until(first, said, self._view, again))

    def _at(
        self, judge: Callable[[datetime], Judgement], at: datetime
    ) -> tuple[Judgement, datetime]:
        self.turn = NEVER
        self._tracker.advance(at)
        said = judge(at)
        return said, min(self._tracker.next_check_at, self.turn)


def _scored(rule: Score, view: PatientView, asked: _Asked, at: datetime) -> Judgement:
    answer = asked.answer()
    need = f"{rule.score}{f' ({rule.component})' if rule.component else ''}"
    if answer is None:
        return Judgement(UNKNOWN, would_need=(f"a {rule.score} made for this patient",))
    found, evidence = _range(rule, answer)
    if not evidence:
        return absent(rule, need)
    if rule.change_since is None:
        return _compared(rule, found, evidence, answer.missing or (need,))
    anchor = _anchor(rule, view, asked, at)
    if anchor is not None and anchor.at > at:
        asked.turn = min(asked.turn, anchor.at)  # nobody can say what will be then
        anchor = None
    if anchor is None or anchor.at != anchor.latest:
        return absent(rule, str(rule.change_since))
    before = catalogued(rule.score).evaluate(
        view.timeline, anchor.at, rule.policy, zone=view.zone
    )
    was, seen = _range(rule, before)
    if not seen:
        return absent(rule, f"{need} at {rule.change_since}")
    change = Interval(found.low - was.high, found.high - was.low)
    missing = (*answer.missing, *before.missing) or (need,)
    return _compared(rule, change, (*seen, *evidence, *anchor.evidence), missing)


def _anchor(
    rule: Score, view: PatientView, asked: _Asked, at: datetime
) -> Anchored | None:
    """The anchor, and a note of when time alone may tell another."""
    if rule.change_since is None:
        return None
    watch = Watch(at)
    watched = view.over(View(view.timeline, watch))
    found = anchored(rule.change_since, watched, watch.moment())
    asked.turn = watch.until
    return found


def _range(rule: Score, answer: Answer) -> tuple[Interval, tuple[str, ...]]:
    """The least and the most it can be, and what was seen of it."""
    if rule.component is None:
        low = -inf if answer.lower is None else answer.lower
        return (
            Interval(low, inf if answer.upper is None else answer.upper),
            answer.evidence,
        )
    for part in answer.components:
        if part.name == rule.component:
            return Interval(float(part.lower), float(part.upper)), part.evidence
    return Interval(-inf, inf), ()


def _compared(
    rule: Score, found: Interval, evidence: tuple[str, ...], missing: tuple[str, ...]
) -> Judgement:
    said = compare(found, rule.is_.operator, rule.is_.value)
    return Judgement(
        said, once(evidence), would_need=once(missing) if said is UNKNOWN else ()
    )


def _labelled(rule: Phenotype, answer: Answer | None) -> Judgement:
    """What was computed here; while the hours it reads are not over, nobody knows."""
    if answer is None or not answer.evidence:
        return absent(rule, f"the label of {rule.classifier}")
    open_ = {str(one.value) for one in answer.features if one.name == POSSIBLE}
    ruled_in = {label in rule.any_of for text in open_ for label in text.split()}
    if len(ruled_in) == 1:
        return Judgement(truth(ruled_in.pop()), once(answer.evidence))
    settled = answer.status != "provisional"
    unsure = rule.min_probability is not None and not _is_sure(rule, answer)
    if answer.label is None or not settled or unsure:
        missing = once(answer.missing) or (f"a settled label of {rule.classifier}",)
        return Judgement(UNKNOWN, once(answer.evidence), would_need=missing)
    return Judgement(truth(answer.label in rule.any_of), once(answer.evidence))


def _is_sure(rule: Phenotype, answer: Answer) -> bool:
    """Whether its label is as probable as asked, whatever is missing."""
    least = rule.min_probability or 0.0
    if answer.lower is None or answer.upper is None:
        return False
    hyper = answer.label == "hyper_inflammatory"
    return (answer.lower if hyper else 1 - answer.upper) >= least


@foreseen
def _judge_label(rule: Phenotype, view: PatientView, now: datetime) -> Judgement:
    one = classifiers()[outside(rule.classifier) or ""]
    policy = ExternalPolicy(stale_after=rule.within)
    found = external(one, view.timeline, now, policy)
    need = f"a label of {rule.classifier}"
    if found.state is LabelState.KNOWN and found.label is not None:
        return Judgement(truth(found.label in rule.any_of), once(found.evidence))
    if not found.evidence and not found.refused:
        return absent(rule, need)
    return Judgement(UNKNOWN, once(found.evidence), would_need=(need,))
