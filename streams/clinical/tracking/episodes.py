"""The episodes of Sepsis-3 as a part: kept by their own tracker, and shared.

Sepsis-3 keeps rows of SOFA and how far each window was searched, so it is not
evaluated again but told each change; whatever else counts from its episodes (septic
shock, the immune course, the covariates) asks this one part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import unwrap
from typing import cast

from streams.clinical.definitions.policies import Sepsis3Policy
from streams.clinical.definitions.suspicion import suspicions
from streams.clinical.definitions.tracker import Sepsis3Tracker, sepsis3
from streams.clinical.timeline import Change
from streams.clinical.tracking.parts import Part, Rule
from streams.clinical.tracking.view import View


class Sepsis3Part(Part):
    """One policy's episodes of one patient."""

    __slots__ = ("_tracker",)

    hears = True

    def __init__(
        self,
        key: tuple[object, ...],
        rule: Rule,
        given: tuple[object, ...],
        named: Mapping[str, object],
    ) -> None:
        super().__init__(key, rule, given, named)
        self._tracker = Sepsis3Tracker(cast("Sepsis3Policy", named["policy"]))

    @property
    def lanes(self) -> tuple[str, ...]:
        """Those of the tracker, which judges by itself what it reads."""
        return self._tracker.lanes

    def hear(self, change: Change) -> bool:
        """Let the tracker note it, and tell whether it matters."""
        return self._tracker.touch(change)

    def say(
        self,
        view: View,
        given: list[object],  # noqa: ARG002 - told by name only
        named: Mapping[str, object],  # noqa: ARG002 - the tracker has its policy
    ) -> object:
        """The episodes by now; the tracker itself says when time alone may change them."""
        now, tracker = view.watch.now, self._tracker
        policy = tracker.policy.suspicion
        told = suspicions(view, policy=policy, now=view.watch.moment())
        result = tracker.evaluate(view.facts_themselves, now, told)
        if result.due is not None:
            view.watch.turns_in(result.due - now)
        return result.episodes


SPECIAL: Mapping[Rule, Callable[..., Part]] = {unwrap(sepsis3): Sepsis3Part}
"""The parts that keep more than their answer."""
