"""Holds the names of a protocol against the catalogue: scores, policies, labels, markers.

The vocabulary cannot know them: the catalogue is of the clinical core.  What is wrong
here is an error when the protocol is loaded, with its line and column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType

from streams.clinical.catalogue.rule import Sort
from streams.clinical.catalogue.rules import rules
from streams.clinical.criteria.catalogued import COMPUTED, catalogued, outside
from streams.clinical.linting.walk import walk
from streams.clinical.markers.external import classifiers
from streams.clinical.markers.schemes import SCHEMES
from streams.clinical.markers.table import markers
from streams.clinical.phenotypes.seneca_table import PHENOTYPES
from streams.clinical.scores.norepinephrine_equivalent import POLICIES
from streams.clinical.timeline import Timeline
from streams.vocabulary.document import Document
from streams.vocabulary.entry import OnsetEntry
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.kinds.enrichment import Marker, Phenotype
from streams.vocabulary.kinds.standing import HasOnset
from streams.vocabulary.kinds.values import NorepinephrineEquivalent, Score
from streams.vocabulary.places import Path
from streams.vocabulary.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Misnamed:
    """A name that is none, or a unit that does not fit it: where, what, and the cure."""

    path: Path
    problem: str
    cure: str
    code: ErrorCode = ErrorCode.PROTOCOL_UNKNOWN_RULE


def misnamed(protocol: Protocol) -> Iterator[Misnamed]:
    """Every name of the document that the catalogue does not have, in its order."""
    for path, part in walk(protocol):
        yield from _misnamed(path, part)


def _misnamed(path: Path, part: Document) -> Iterator[Misnamed]:
    match part:
        case Score():
            yield from _of_score(path, part)
        case OnsetEntry():
            yield from _of_rule(path, part.definition, part.policy, "definition")
        case HasOnset(definition=str(name)):
            yield from _of_rule(path, name, part.policy, "definition")
        case Phenotype():
            yield from _of_phenotype(path, part)
        case Marker(is_=None) if part.marker not in markers():
            yield _none(path, "marker", part.marker, markers(), "rule of the markers")
        case NorepinephrineEquivalent(policy=str(policy)) if policy not in POLICIES:
            yield _none(path, "policy", policy, POLICIES, "table of equivalents")


def _of_rule(
    path: Path, name: str, policy: str | None, sort: Sort, key: str | None = None
) -> Iterator[Misnamed]:
    known = {one.name: one for one in rules().values() if one.sort == sort}
    if name not in known:
        yield _none(path, key or sort, name, known, sort)
    elif policy is not None and policy not in known[name].policies:
        yield _none(path, "policy", policy, known[name].policies, f"policy of {name}")


def _of_score(path: Path, part: Score) -> Iterator[Misnamed]:
    faults = list(_of_rule(path, part.score, part.policy, "score", key="score"))
    yield from faults
    if faults:
        return
    names = components(part.score)
    if part.component is not None and part.component not in names:
        yield _none(path, "component", part.component, names, f"part of {part.score}")
    unit = unit_of(part.score)
    if part.is_.unit != unit:
        yield Misnamed(
            (*path, "is"),
            f"'{part.is_}' is not in {unit}, in which {part.score} is told",
            f"Write it as '{part.is_.operator} {part.is_.value:g} {unit}'.",
            ErrorCode.PROTOCOL_UNIT,
        )


def _of_phenotype(path: Path, part: Phenotype) -> Iterator[Misnamed]:
    labels = labels_of(part.classifier)
    if labels is None:
        yield _none(
            path, "classifier", part.classifier, every_classifier(), "classifier"
        )
        return
    for label in part.any_of:
        if label not in labels:
            yield _none(path, "any_of", label, labels, f"label of {part.classifier}")
    computed = outside(part.classifier) is None
    if part.within is not None and computed:
        yield Misnamed(
            (*path, "within"),
            f"{part.classifier} is worked out here at each moment: no label of it ages",
            "Leave `within` out.",
        )
    probable = computed and catalogued(part.classifier).name == COMPUTED
    if part.min_probability is not None and not probable:
        yield Misnamed(
            (*path, "min_probability"),
            f"{part.classifier} tells no probability of its labels",
            "Leave `min_probability` out.",
        )


@cache
def components(score: str) -> tuple[str, ...]:
    """The names of a score's parts, by whichever policy has any."""
    of = catalogued(score)
    found: dict[str, None] = {}
    for policy in of.policies:
        answer = of.evaluate(Timeline(), _SOME_DAY, policy)
        found |= dict.fromkeys(part.name for part in answer.components)
    return tuple(found)


def unit_of(score: str) -> str:
    """The unit in which a score is told: points, unless it is a quantity."""
    return _QUANTITIES.get(score, "{score}")


def labels_of(classifier: str) -> tuple[str, ...] | None:
    """Its labels; None where there is no such classifier."""
    if classifier in SCHEMES:
        scheme = SCHEMES[classifier]
        return (*(one.label for one in scheme.strata), scheme.rest)
    if classifier in _LABELS:
        return _LABELS[classifier]
    name = outside(classifier)
    return None if name is None else classifiers()[name].labels


def every_classifier() -> tuple[str, ...]:
    """Every classifier that a rule may name."""
    return (*_LABELS, *SCHEMES, *classifiers())


def _none(path: Path, key: str, name: str, known: Iterable[str], what: str) -> Misnamed:
    return Misnamed(
        (*path, key),
        f"there is no {what} {name!r}",
        f"Use one of: {', '.join(known)}.",
    )


_QUANTITIES: Mapping[str, str] = MappingProxyType(
    {
        "mean_pressure": "mm[Hg]",
        "oxygenation": "mm[Hg]",
        "norepinephrine_equivalent": "ug/kg/min",
    }
)
_INFLAMMATORY = ("hyper_inflammatory", "hypo_inflammatory")
_LABELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "seneca": tuple(PHENOTYPES),
        "hyperinflammatory": _INFLAMMATORY,
        COMPUTED: _INFLAMMATORY,
    }
)
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
