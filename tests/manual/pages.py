"""The pages of the manual: pure text, of specifications and recorded tests."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Protocol

from manual.places import places_of
from manual.written import changes
from streams.clinical.catalogue.rule import Rule, Sort
from streams.clinical.catalogue.rules import rules


HEADINGS: dict[Sort, str] = {
    "score": "Scores",
    "definition": "Definitions",
    "phenotype": "Phenotypes and labels from outside",
    "marker": "Markers and strata",
    "course": "The immune course",
    "covariate": "Covariates",
}

NOTE = "<!-- Written by `make manual` from the specifications and tests/spec. -->"

_LONG = 70
"""A parameter that takes more room is told by the name of its case."""

_SENTENCE_END = re.compile(r"(?<=[a-z0-9)\]%`\"»])([.?!])\s+(?=[A-Z`0-9])")


class WorkedTest(Protocol):
    """A spec test as it ran."""

    file: str
    name: str
    function: Callable[..., object]
    drawn: list[str]
    cases: list[dict[str, object]]


def write_manual(folder: Path, worked: Sequence[WorkedTest]) -> None:
    """Write every page anew; pages of rules that are gone are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    for name, text in manual(worked).items():
        (folder / name).write_text(text, encoding="utf-8")


def manual(worked: Sequence[WorkedTest]) -> dict[str, str]:
    """The pages by file name."""
    by_rule: dict[str, list[WorkedTest]] = {name: [] for name in rules()}
    for test in worked:
        for name in places_of(test.file, inspect.getsource(test.function)):
            by_rule[name].append(test)
    pages = {
        f"{name}.md": _text(_page(rules()[name], tests))
        for name, tests in by_rule.items()
    }
    return {"README.md": _text(_index(by_rule)), **pages}


def _text(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _index(by_rule: Mapping[str, Sequence[WorkedTest]]) -> Iterator[str]:
    yield NOTE
    yield ""
    yield "# Manual of the definitions"
    yield ""
    yield "Every rule in words, with its policies, sources and traps."
    yield "The worked timelines are the tests themselves: what a page shows is what ran."
    yield "`verified`: read in the source, or equal to published code on published data."
    yield "`partial`: in part second-hand, or not wholly compared."
    yield "`unverified`: refused in live protocols."
    for sort, heading in HEADINGS.items():
        yield ""
        yield f"## {heading}"
        yield ""
        yield "| rule | title | version | evidence | worked timelines |"
        yield "| --- | --- | --- | --- | --- |"
        for name, tests in by_rule.items():
            rule = rules()[name]
            if rule.sort == sort:
                spec = rule.specification
                yield (
                    f"| [{name}]({name}.md) | {spec.title} | {spec.version} "
                    f"| {spec.grade} | {len(tests) or '-'} |"
                )


def _page(rule: Rule, tests: Sequence[WorkedTest]) -> Iterator[str]:
    spec = rule.specification
    yield NOTE
    yield ""
    yield f"# {spec.title}"
    yield ""
    yield f"`{spec.name}`, version {spec.version}, evidence **{spec.grade}**."
    yield from sentences(spec.grade_reason)
    yield ""
    yield "## Rule"
    for paragraph in spec.rule.split("\n\n"):
        yield ""
        yield from sentences(paragraph)
    yield from _policies(rule)
    if spec.traps:
        yield ""
        yield "## Traps"
        yield ""
        for trap in spec.traps:
            first, *more = sentences(trap)
            yield from (f"- {first}", *(f"  {sentence}" for sentence in more))
    yield ""
    yield "## Sources"
    yield ""
    yield from (f"- {source}" for source in dict.fromkeys(spec.sources))
    yield from _reads(rule)
    if tests:
        yield ""
        yield "## Worked timelines"
        yield ""
        yield "Each is a test of `tests/spec` that has passed: its name is what it shows."
        yield "In its code `FIGURE` stands for what is drawn above."
        yield "A moment is a day and a time: `2 09:30`."
    for test in tests:
        yield from _worked(test)


def _policies(rule: Rule) -> Iterator[str]:
    yield ""
    yield "## Policies"
    yield ""
    named = ", ".join(f"`{name}`" for name in rule.policies)
    yield f"By name, the default first: {named}."
    choices = rule.specification.choices
    if choices:
        yield ""
        yield "| argument | default | readings |"
        yield "| --- | --- | --- |"
    for choice in choices:
        cells = (f"`{choice.argument}`", choice.default, choice.readings)
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    others = [name for name in rule.policies if name != rule.default]
    if others:
        yield ""
        yield f"What the others change in `{rule.default}`:"
        yield ""
    for name in others:
        changed = list(changes(rule.policies[name], rule.policies[rule.default]))
        yield f"- `{name}`: {_cell('; '.join(changed)) or 'nothing'}."


def _reads(rule: Rule) -> Iterator[str]:
    yield ""
    yield "## What it reads"
    yield ""
    yield ", ".join(f"`{lane}`" for lane in rule.inputs) + "."
    if rule.columns:
        yield ""
        yield f"Columns of `ember detect --definition {rule.name}`, beside the common ones:"
        yield ", ".join(f"`{column}`" for column in rule.columns) + "."


def _worked(test: WorkedTest) -> Iterator[str]:
    sentence = test.name.removeprefix("test_").replace("_", " ")
    yield ""
    yield f"### {sentence[:1].upper()}{sentence[1:]}"
    docstring = inspect.getdoc(test.function)
    if docstring:
        yield ""
        yield from sentences(docstring)
    for figure in dict.fromkeys(map(figure_of, test.drawn)):
        yield ""
        yield "```text"
        yield figure
        yield "```"
    yield ""
    yield "```python"
    yield from body_of(test.function)
    yield "```"
    if len(test.cases) > 1:
        first = "The first of these cases is drawn:" if test.drawn else "The cases:"
        yield from ("", first, "", *_cases(test.cases))


def _cases(cases: Sequence[Mapping[str, object]]) -> Iterator[str]:
    flat = [_flat(case) for case in cases]
    names = list(dict.fromkeys(name for case in flat for name in case))
    yield f"| {' | '.join(names)} |"
    yield f"| {' | '.join('---' for _ in names)} |"
    for case in flat:
        yield f"| {' | '.join(_cell(case.get(name, '')) for name in names)} |"


def _flat(case: Mapping[str, object]) -> dict[str, str]:
    """A row of a CSV is told by its columns; what is long, by its case."""
    told: dict[str, str] = {}
    for name, value in case.items():
        if isinstance(value, dict):
            told |= {str(key): str(cell) for key, cell in value.items()}
        elif name:
            shown = value if isinstance(value, str) else repr(value)
            odd = len(shown) > _LONG or " at 0x" in shown or "\n" in shown.strip()
            told[name] = f"(case {case['']})" if odd else shown
    return told


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def sentences(text: str) -> list[str]:
    """One sentence a line."""
    return _SENTENCE_END.sub(r"\1\n", " ".join(text.split())).splitlines()


def figure_of(text: str) -> str:
    """What was drawn, its columns under each other."""
    rows = [line.split("|") for line in dedent(text).splitlines() if line.strip()]
    cells = [[cell.strip() for cell in row] for row in rows]
    widths = [0] * max(map(len, cells))
    for row in cells:
        for number, cell in enumerate(row):
            widths[number] = max(widths[number], len(cell))
    lines = (
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def body_of(function: Callable[..., object]) -> list[str]:
    """The statements of a test, with what it draws written `FIGURE`."""
    source = dedent(inspect.getsource(function))
    tree = ast.parse(source).body[0]
    if not isinstance(tree, ast.FunctionDef):
        return source.splitlines()
    statements = tree.body
    if ast.get_docstring(tree) is not None:
        statements = statements[1:]
    lines = source.splitlines()
    drawn = [node for one in statements for node in _drawings(one)]
    for node in sorted(drawn, key=lambda n: (n.lineno, n.col_offset), reverse=True):
        _put(lines, node, "FIGURE")
    kept = lines[statements[0].lineno - 1 : len(lines)]
    return dedent("\n".join(line for line in kept if line is not None)).splitlines()


def _drawings(node: ast.AST) -> Iterator[ast.AST]:
    """The outermost texts with columns; parts of one are no texts of their own."""
    if _draws(node):
        yield node
        return
    if not isinstance(node, ast.JoinedStr):
        for inner in ast.iter_child_nodes(node):
            yield from _drawings(inner)


def _draws(node: ast.AST) -> bool:
    """Whether it is a text with columns of more than one line."""
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
    elif isinstance(node, ast.JoinedStr):
        text = "".join(
            str(part.value) for part in node.values if isinstance(part, ast.Constant)
        )
    else:
        return False
    return "|" in text and "\n" in text.strip() and node.lineno != node.end_lineno


def _put(lines: list[str], node: ast.AST, word: str) -> None:
    """Write a word where a text of several lines stood."""
    first, last = node.lineno - 1, node.end_lineno - 1
    head = lines[first].encode()[: node.col_offset].decode()
    tail = lines[last].encode()[node.end_col_offset :].decode()
    lines[first : last + 1] = [head + word + tail]
