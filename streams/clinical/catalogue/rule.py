"""One rule of the catalogue: its specification, its policies, and how to ask it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Literal, TypeVar

from streams.clinical.catalogue.answer import Answer
from streams.clinical.specification import Specification
from streams.clinical.timeline import Timeline
from streams.vocabulary.errors import ErrorCode, SettingsError


Sort = Literal["score", "definition", "phenotype", "marker", "course", "covariate"]

PolicyT = TypeVar("PolicyT")


@dataclass(frozen=True, slots=True)
class Question:
    """One patient at one moment: facts that have happened by `at` count."""

    timeline: Timeline
    at: datetime
    zone: str | None = None
    """The hospital's time zone (`America/New_York`), for rules of calendar days; None:
    not known, and such a rule says nothing."""


Reading = Callable[[Question], Answer]
"""The rule under one policy; `rule` and `policy` of its answer are filled in here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, with every named policy."""

    specification: Specification
    sort: Sort
    policies: Mapping[str, object]
    """By name, the default first."""
    readings: Mapping[str, Reading]
    """By name of the policy."""
    columns: tuple[str, ...] = ()
    """Of a definition: the names of its episodes' `values`."""
    anchors: tuple[str, ...] = ()
    """Lanes read beside the specification's, to find the stay or the onset it counts
    from."""

    @property
    def name(self) -> str:
        """As commands and protocols name it."""
        return self.specification.name

    @property
    def default(self) -> str:
        """The policy that is used where none is named."""
        return next(iter(self.policies))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every lane it may read; one that ends in `:` stands for all of its sort."""
        return tuple(dict.fromkeys((*self.specification.inputs, *self.anchors)))

    def policy(self, name: str | None = None) -> str:
        """The name of a policy that there is; None: the default's.

        Raises `SettingsError` EMB-402 for one that there is not.
        """
        if name is None:
            return self.default
        if name not in self.readings:
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                f"There is no policy {name!r} for {self.name}.",
                f"Use one of: {', '.join(self.readings)}.",
            )
        return name

    def evaluate(
        self,
        timeline: Timeline,
        at: datetime,
        policy: str | None = None,
        *,
        zone: str | None = None,
    ) -> Answer:
        """What it says of facts that have happened by `at`.

        For what was known at a moment, hand over the timeline as it was known then.
        """
        chosen = self.policy(policy)
        answer = self.readings[chosen](Question(timeline, at, zone))
        return replace(answer, rule=self.name, policy=chosen)


def rule(
    specification: Specification,
    sort: Sort,
    ask: Callable[[Question, PolicyT], Answer],
    policies: Mapping[str, PolicyT],
    *,
    columns: tuple[str, ...] = (),
    anchors: tuple[str, ...] = (),
) -> Rule:
    """A row of the catalogue; `ask` answers under any of `policies`."""
    return Rule(
        specification=specification,
        sort=sort,
        policies=policies,
        readings={
            name: partial(_asked, ask=ask, policy=p) for name, p in policies.items()
        },
        columns=columns,
        anchors=anchors,
    )


def _asked(
    question: Question, *, ask: Callable[[Question, PolicyT], Answer], policy: PolicyT
) -> Answer:
    return ask(question, policy)


def answer(question: Question) -> Answer:
    """An answer that says nothing yet."""
    return Answer(rule="", policy="", at=question.at)
