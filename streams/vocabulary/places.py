"""Where in its text a part of a YAML document stands: line and column, from 1."""

from __future__ import annotations

from dataclasses import dataclass

import yaml


Path = tuple[str | int, ...]
"""The keys and the numbers of list items that lead to a part, as they are written."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One place of a text."""

    line: int
    column: int

    def __str__(self) -> str:
        """As every fault of a document names it."""
        return f"line {self.line}, column {self.column}"


class Places:
    """The places of one document; what the text does not have stands where it would."""

    def __init__(self, text: str) -> None:
        self._tree = yaml.compose(text, Loader=yaml.SafeLoader)

    def of(self, path: Path) -> Place:
        """Where the part begins, or the deepest part on the way that there is."""
        node = self._tree
        for step in path:
            inner = _step(node, step)
            if inner is None:
                break
            node = inner
        if node is None:
            return Place(1, 1)
        return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _step(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None


def in_words(path: Path) -> str:
    """`domains[0].inclusion[2].rule`."""
    told = ""
    for step in path:
        told += f"[{step}]" if isinstance(step, int) else f".{step}"
    return told.lstrip(".")
