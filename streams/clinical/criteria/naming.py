"""Which rules of the catalogue a protocol names, and which flags it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from streams.clinical.catalogue.rules import rules
from streams.clinical.criteria.verdict import Question
from streams.vocabulary.document import Document
from streams.vocabulary.entry import OnsetEntry, onsets
from streams.vocabulary.kinds.enrichment import Marker, Phenotype
from streams.vocabulary.kinds.standing import HasOnset
from streams.vocabulary.kinds.values import NorepinephrineEquivalent, Score


Name = tuple[str, str]
"""Of a rule of the catalogue, and of its policy."""


def parts_of(document: Document) -> Iterator[Document]:
    """A part of a protocol, and every part of it."""
    yield document
    for name in type(document).model_fields:
        held = getattr(document, name)
        for one in held if isinstance(held, tuple) else (held,):
            if isinstance(one, Document):
                yield from parts_of(one)


def definitions_used(question: Question) -> tuple[tuple[str, str], ...]:
    """As `name:policy`, with the version, what the entry and the rules ask."""
    entry = question.domain.recruitment.entry
    asked = chain(parts_of(entry), *(map(parts_of, question.rules)))
    used = {name for part in asked for name in _named(part)}
    return tuple(
        (f"{name}:{policy}", rules()[name].specification.version)
        for name, policy in sorted(used)
        if name in rules()
    )


def flags_awaited(questions: Iterable[Question]) -> tuple[Name, ...]:
    """The flags that open a screening or that a rule asks for, in order."""
    awaited: dict[Name, None] = {}
    for question in questions:
        for entry in onsets(question.domain.recruitment.entry):
            awaited[entry.definition, entry.policy] = None
        for rule in question.rules:
            for part in parts_of(rule):
                if isinstance(part, HasOnset):
                    awaited |= dict.fromkeys(_named(part))
    return tuple(awaited)


def _named(part: Document) -> Iterator[Name]:
    match part:
        case OnsetEntry():
            yield part.definition, part.policy
        case HasOnset(definition=str(name)):
            yield name, part.policy or _default(name)
        case Score():
            yield part.score, part.policy or _default(part.score)
        case Phenotype():
            yield part.classifier, _default(part.classifier)
        case Marker(is_=None):
            yield part.marker, _default(part.marker)
        case NorepinephrineEquivalent():
            name = "norepinephrine_equivalent"
            yield name, part.policy or _default(name)


def _default(name: str) -> str:
    """The catalogue's default policy; of what runs outside there is none."""
    return rules()[name].default if name in rules() else "none"
