"""Checks of what a protocol rests on: evidence, markers and assays, ages, questions."""

from __future__ import annotations

from collections.abc import Iterator

from streams.clinical.catalogue.rules import rules
from streams.clinical.criteria.catalogued import catalogued, outside
from streams.clinical.linting.finding import Check, Found, error, warning
from streams.clinical.linting.walk import (
    Asked,
    Placed,
    asked,
    every_criterion,
    walk,
)
from streams.clinical.linting.worlds import Range, TooMany, together, worlds
from streams.clinical.markers.table import Role, markers
from streams.clinical.specification import Grade
from streams.clinical.tracking.applicability import CHILDREN
from streams.vocabulary.document import Document
from streams.vocabulary.entry import OnsetEntry
from streams.vocabulary.kinds.enrichment import Marker, Phenotype
from streams.vocabulary.kinds.standing import Confirm, HasOnset
from streams.vocabulary.kinds.treatment import UnderProcedure
from streams.vocabulary.kinds.values import FluidTotal, Score
from streams.vocabulary.kinds.whereabouts import Transferred
from streams.vocabulary.places import Path
from streams.vocabulary.protocol import Criterion, PredictiveMarker, Protocol
from streams.vocabulary.rules import AllOf, AnyOf, AtLeast, Not


ADULT = 18.0
"""Years."""

_ROLES: dict[str, Role] = {
    "safety": "safety",
    "prognostic_enrichment": "prognostic",
    "predictive_enrichment": "predictive",
}
_PROCEDURES = frozenset(
    {
        *("rrt", "intubation", "extubation", "ecmo", "surgery", "source_control"),
        *("cpr", "plasmapheresis", "tracheostomy"),
    }
)
_ODD_VOLUMES = {"in": {"urine"}, "out": {"crystalloid", "colloid", "blood_product"}}


def check_sense(protocol: Protocol) -> Iterator[Found]:
    """What the catalogue says of the rules that a protocol names, and what it asks."""
    for path, part in walk(protocol):
        yield from _evidence(protocol, path, part)
        yield from _decidable(path, part)
        yield from _needless(path, part)
    for placed, _ in every_criterion(protocol):
        yield from _markers(placed)
        yield from _questions(placed)
    for scope in asked(protocol):
        yield from _ages(scope)
    yield from _asked_twice(protocol)


def unverified(protocol: Protocol) -> tuple[str, ...]:
    """The rules of the catalogue it names whose evidence is unverified; see live mode."""
    found = (name for _, part in walk(protocol) for name in _catalogued(part))
    return tuple(dict.fromkeys(n for n in found if _grade(n) is Grade.UNVERIFIED))


def _evidence(protocol: Protocol, path: Path, part: Document) -> Iterator[Found]:
    report = error if protocol.evidence == "verified" else warning
    for name in _catalogued(part):
        if _grade(name) is Grade.UNVERIFIED:
            yield report(
                Check.UNVERIFIED,
                path,
                f"The evidence of {name} is unverified: no live trial may rest on it.",
                "Take a verified rule, or have this one read in its source.",
            )
    if isinstance(part, Marker) and part.is_ is None:
        marker = markers().get(part.marker)
        if marker is not None and not marker.has_cut_off:
            yield error(
                Check.NO_CUT_OFF,
                path,
                f"No cut-off of {part.marker} is published: it is always unknown.",
                "Compare its concept with a threshold of your own: `is`.",
            )


def _catalogued(part: Document) -> Iterator[str]:
    match part:
        case Score():
            yield part.score
        case OnsetEntry():
            yield part.definition
        case HasOnset(definition=str(name)):
            yield name
        case Phenotype():
            own = outside(part.classifier) is None
            yield catalogued(part.classifier).name if own else part.classifier
        case Marker(is_=None):
            yield part.marker


def _grade(name: str) -> Grade | None:
    rule = rules().get(name)
    return None if rule is None else rule.specification.grade


def _decidable(path: Path, part: Document) -> Iterator[Found]:
    told: str | None = None
    match part:
        case Transferred():
            told = "Hardly any source tells where a patient came from."
        case UnderProcedure():
            other = [name for name in part.any_of if name not in _PROCEDURES]
            if other:
                told = f"No source is known to name {' or '.join(other)} so."
        case FluidTotal():
            odd = _ODD_VOLUMES[part.direction].intersection(part.substances)
            if odd:
                told = f"No {' or '.join(sorted(odd))} goes {part.direction}."
    if told is not None:
        yield warning(
            Check.UNDECIDABLE, path, told, "Ask a human beside it (`confirm`)."
        )


def _needless(path: Path, part: Document) -> Iterator[Found]:
    single = isinstance(part, AllOf | AnyOf | AtLeast) and len(part.of) == 1
    double = isinstance(part, Not) and isinstance(part.rule, Not)
    if single or double:
        what = "a double negation" if double else "a compound of one rule"
        yield warning(Check.NEEDLESS, path, f"This is {what}.", "Write the rule alone.")


def _markers(placed: Placed) -> Iterator[Found]:
    criterion = placed.criterion
    declared = criterion.marker
    for path, part in walk(criterion.rule, placed.rule_path):
        if not isinstance(part, Marker):
            continue
        yield from _role(criterion, path, part)
        if declared is not None and part.assay is None and part.is_ is not None:
            yield warning(
                Check.NO_ASSAY,
                path,
                f"Results of any assay are compared, not those of {declared.assay} alone.",
                f"Write `assay: {declared.assay}`.",
            )
        if _differ(declared, part):
            yield error(
                Check.OTHER_ASSAY,
                (*path, "assay"),
                f"{part.assay} is compared, and another assay is declared.",
                "Name one assay.",
            )


def _differ(declared: PredictiveMarker | None, part: Marker) -> bool:
    """Whether the assay compared is no word of the assay declared."""
    if declared is None or part.assay is None:
        return False
    return part.assay.casefold() not in declared.assay.casefold()


def _role(criterion: Criterion, path: Path, part: Marker) -> Iterator[Found]:
    marker = markers().get(part.marker)
    role = _ROLES.get(criterion.role)
    if part.is_ is not None or marker is None or role is None or role in marker.roles:
        return
    yield warning(
        Check.MARKER_ROLE,
        path,
        f"Nothing that was read supports {part.marker} as {role}.",
        f"It is {' or '.join(sorted(marker.roles))}.",
    )


def _questions(placed: Placed) -> Iterator[Found]:
    asks = placed.criterion.if_unknown == "ask"
    if asks and isinstance(placed.criterion.rule, Confirm):
        yield warning(
            Check.ASKED_IN_VAIN,
            placed.path,
            f"The {placed.name} is a question to a human already.",
            "Leave `if_unknown` out.",
        )


def _asked_twice(protocol: Protocol) -> Iterator[Found]:
    questions: dict[str, str] = {}
    for path, part in walk(protocol):
        if isinstance(part, Confirm):
            first = questions.setdefault(part.name, part.question)
            if first != part.question:
                yield error(
                    Check.ASKED_TWICE,
                    path,
                    f"The answer {part.name!r} is to two different questions.",
                    "Give each question a name of its own.",
                )


def _ages(scope: Asked) -> Iterator[Found]:
    """Rules for children where only adults are let in, and the other way round."""
    age = _age(scope)
    if age is None:
        return
    adults, children = age.low >= ADULT, _ends_before(age, ADULT)
    for placed in scope.criteria:
        for path, part in walk(placed.criterion.rule, placed.rule_path):
            name = _for_the_other(part, adults=adults, children=children)
            if name is not None:
                who = "adults" if adults else "children"
                yield warning(
                    Check.WRONG_AGE,
                    path,
                    f"{name} is not made for {who}, and nobody else is let in.",
                    "Take a rule that is.",
                )


def _age(scope: Asked) -> Range | None:
    """The ages that the inclusions let in, where they say so by themselves."""
    found = Range(low=0, whole=True)
    for placed in scope.criteria:
        try:
            open_ = together(
                [worlds(placed.criterion.rule, holds=placed.role == "inclusion")]
            )
        except TooMany:
            continue
        ages = [world.get("age") for world in open_]
        if len(ages) == 1 and isinstance(ages[0], Range):
            found = found.and_(ages[0])
    return None if found == Range(low=0, whole=True) else found


def _ends_before(age: Range, years: float) -> bool:
    return age.high < years or (age.high == years and age.high_open)


def _for_the_other(part: Document, *, adults: bool, children: bool) -> str | None:
    match part:
        case Score() if adults and part.score in CHILDREN:
            return part.score
        case HasOnset() if adults and part.definition in CHILDREN:
            return part.definition
        case Marker(is_=None) if part.marker in markers():
            of_children = markers()[part.marker].of_children
            if (adults and of_children) or (children and not of_children):
                return part.marker
    return None
