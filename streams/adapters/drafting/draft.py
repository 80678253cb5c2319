"""Writes criteria as YAML for a protocol: each asks a human until a person encodes it.

Suggestions stand beside them as comments.  Nothing of a draft decides anything, and it
is no protocol: it lacks domains, so it cannot be activated.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from streams.adapters.drafting.splitting import Piece, split_criteria
from streams.adapters.drafting.suggesting import Suggestion, suggestions


def draft(text: str, *, source: str) -> str:
    """The inclusion and exclusion lists of `text`, as a protocol would have them.

    Raises `InputError` EMB-219 where the text holds no criterion.
    """
    return "\n".join((*_head(source), *_lists(split_criteria(text)))) + "\n"


def flow(rule: Suggestion) -> str:
    """A rule on one line, as protocols write short ones."""
    told = ", ".join(f"{key}: {_scalar(value)}" for key, value in rule.items())
    return f"{{{told}}}"


def _head(source: str) -> Iterator[str]:
    yield f"# Drafted from {source}. Every criterion asks a human, and nothing more."
    yield "# A suggestion is what a phrase may mean, window and all: read the wording,"
    yield "# then write the rule, and say in `unencoded` what it leaves out."


def _lists(pieces: Sequence[Piece]) -> Iterator[str]:
    counted: Counter[str] = Counter()
    for part, letter in (("inclusion", "I"), ("exclusion", "E")):
        own = [piece for piece in pieces if piece.part == part]
        if own:
            yield f"{part}:"
        for piece in own:
            counted[letter] += 1
            yield from _criterion(f"{letter}{counted[letter]}", piece)


def _criterion(name: str, piece: Piece) -> Iterator[str]:
    question = f"Does this hold for the patient: {piece.text}"
    yield f"  - id: {name}"
    yield f"    text: {_quoted(piece.text)}"
    for suggestion in suggestions(piece.text):
        yield f"    # suggestion: {flow(suggestion)}"
    yield "    rule:"
    yield "      kind: confirm"
    yield f"      name: {name.lower()}"
    yield f"      question: {_quoted(question)}"


def _scalar(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_scalar, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    told = str(value)
    plain = told.replace("_", "").replace(" ", "").replace("-", "").isalnum()
    return told if plain else _quoted(told)


def _quoted(text: str) -> str:
    """In double quotes: JSON's are YAML's."""
    return json.dumps(text, ensure_ascii=False)
