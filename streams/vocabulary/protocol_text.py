"""Reads a protocol from its YAML text; a fault names its line, column and cure."""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from streams.vocabulary.errors import ErrorCode, ProtocolError
from streams.vocabulary.protocol import Protocol


def parse_protocol(text: str) -> Protocol:
    """The protocol in `text`.

    Raises `ProtocolError`: EMB-201 unreadable, EMB-202 at fault, EMB-203 an unknown
    concept or drug, EMB-204 a unit that does not fit.
    """
    read, tree = read_yaml(text), _tree(text)
    try:
        return Protocol.model_validate(read)
    except ValidationError as fault:
        faults = fault.errors(include_url=False, include_input=False)
        raise _protocol_error(tree, faults) from None


def read_yaml(text: str) -> object:
    """What YAML text holds; raises `ProtocolError` EMB-201 with the place, if told."""
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        place = _place(mark) if mark else "Somewhere"
        raise _unreadable(f"{place}: {fault.problem}.") from None
    except yaml.YAMLError as fault:
        raise _unreadable(f"The text is no YAML ({fault}).") from None
    except (ValueError, TypeError) as fault:
        raise _unreadable(f"A value of the text cannot be read ({fault}).") from None
    except RecursionError:
        raise _unreadable("The text is nested too deeply.") from None


def _tree(text: str) -> yaml.Node:
    """The nodes with their places, of text that can be read."""
    tree = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(tree, yaml.MappingNode):
        raise _unreadable("At line 1, column 1: the document is no mapping.")
    for twice in _repeated_keys(tree):
        raise _unreadable(
            f"{_place(twice.start_mark)}: the key {twice.value!r} is there twice."
        )
    return tree


def _repeated_keys(tree: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """Keys written twice: YAML would silently keep the last.

    A node that others refer to, or that refers to itself, is looked at once.
    """
    waiting, known = [tree], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in known:
            continue
        known.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            waiting += reversed([value for _, value in node.value])
            seen: set[str] = set()
            for key, _ in node.value:
                if str(key.value) in seen:
                    yield key
                seen.add(str(key.value))


def _protocol_error(tree: yaml.Node, faults: list[ErrorDetails]) -> ProtocolError:
    own = [fault for fault in faults if not _follows(fault, faults)]
    first = own[0]
    node, path = _node_at(tree, first["loc"])
    more = f" ({len(own) - 1} more)" if len(own) > 1 else ""
    where = f"{_place(node.start_mark)}, {path or 'the document'}"
    return ProtocolError(
        _code(first["type"]),
        f"{where}: {_sentence(first)}{more}.",
        _CURES[_code(first["type"])],
    )


def _follows(fault: ErrorDetails, faults: list[ErrorDetails]) -> bool:
    """Whether a fault only says that a part of it is at fault."""
    loc = fault["loc"]
    return any(
        other["loc"][: len(loc)] == loc and len(other["loc"]) > len(loc)
        for other in faults
    )


def _sentence(fault: ErrorDetails) -> str:
    name = fault["loc"][-1] if fault["loc"] else ""
    if fault["type"] == "missing":
        return f"`{name}` is missing"
    if fault["type"] == "extra_forbidden":
        return f"`{name}` is not known here"
    return fault["msg"].rstrip(".")


def _node_at(tree: yaml.Node, loc: tuple[int | str, ...]) -> tuple[yaml.Node, str]:
    """The deepest node on the way; steps that name a kind of rule are no nodes."""
    node, path = tree, ""
    for step in loc:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node, path = node.value[step], f"{path}[{step}]"
        elif isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == step]
            if found:
                last = step == loc[-1] and isinstance(found[0][1], yaml.ScalarNode)
                node = found[0][1] if not last else found[0][0]
                path = f"{path}.{step}".lstrip(".")
    return node, path


def _code(kind: str) -> ErrorCode:
    return ErrorCode(kind) if kind in _CURES else ErrorCode.PROTOCOL_INVALID


def _place(mark: yaml.Mark) -> str:
    return f"At line {mark.line + 1}, column {mark.column + 1}"


def _unreadable(problem: str) -> ProtocolError:
    return ProtocolError(
        ErrorCode.PROTOCOL_UNREADABLE, problem, _CURES[ErrorCode.PROTOCOL_UNREADABLE]
    )


_CURES: dict[str, str] = {
    ErrorCode.PROTOCOL_UNREADABLE: "Mend the YAML there.",
    ErrorCode.PROTOCOL_INVALID: "Compare it with a protocol of `streams/protocols`.",
    ErrorCode.PROTOCOL_UNKNOWN_CONCEPT: "Use a name of the dictionary.",
    ErrorCode.PROTOCOL_UNIT: "Write a unit of the concept's own dimension.",
    ErrorCode.PROTOCOL_WINDOW: "Mend the window.",
}
