"""The part of a protocol's page that its document tells: sources, and who decides what.

`python tests/spec/protocols/pages.py` writes it anew into `deploy/docs/protocols`,
between two marks; what stands around it (history, a verdict checked by hand) is written
by hand.
"""

from collections.abc import Iterator
from pathlib import Path

from streams.vocabulary.protocol import Arm, Criterion, Domain, Protocol
from streams.vocabulary.rules import AllOf, AnyOf, AtLeast, Not, Rule


BEGIN = "<!-- From the document; written by tests/spec/protocols/pages.py. -->"
END = "<!-- Written by hand from here. -->"
FOLDER = Path(__file__).resolve().parents[3] / "deploy/docs/protocols"


def told(protocol: Protocol) -> str:
    """Title, evidence, sources, and a table of criteria for each level."""
    return "\n".join((BEGIN, *_lines(protocol), END))


def with_told(page: str, protocol: Protocol) -> str:
    """The page with that part written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{told(protocol)}{after}"


def _lines(protocol: Protocol) -> Iterator[str]:
    yield f"# {protocol.title}"
    yield ""
    yield protocol.summary.strip()
    yield ""
    yield f"Trial `{protocol.id}`, document version {protocol.version}, evidence **{protocol.evidence}**."
    yield "Read in:"
    yield ""
    yield from (f"- {source}" for source in protocol.sources)
    yield ""
    if protocol.criteria:
        yield "## Platform"
        yield ""
        yield from _table(protocol)
    for domain in protocol.domains:
        yield f"## Domain `{domain.id}`: {domain.title}"
        yield ""
        yield (
            f"Screened from `{domain.recruitment.entry.kind}`, window counted from "
            f"`{domain.recruitment.anchor}`; arms "
            f"{', '.join(f'`{arm.id}`' for arm in domain.arms)}."
        )
        yield ""
        yield from _table(domain)
        for arm in domain.arms:
            if arm.inclusion or arm.exclusion:
                yield f"Intervention `{arm.id}`:"
                yield ""
                yield from _table(arm)


def _table(of: Protocol | Domain | Arm) -> Iterator[str]:
    if not (of.inclusion or of.exclusion):
        return
    yield "| id | asks | the registry says | decided by | left to humans, or ours |"
    yield "| --- | --- | --- | --- | --- |"
    for part, criteria in (("in", of.inclusion), ("out", of.exclusion)):
        for one in criteria:
            left = (one.unencoded or "").strip()
            yield f"| {one.id} | {part} | {one.text.strip()} | {_decided_by(one)} | {left} |"
    yield ""


def _decided_by(criterion: Criterion) -> str:
    kinds = set(_kinds(criterion.rule))
    if kinds == {"confirm"}:
        return "a human"
    asks = criterion.if_unknown == "ask" or "confirm" in kinds
    return "the record, else a human" if asks else "the record"


def _kinds(rule: Rule) -> Iterator[str]:
    match rule:
        case AllOf() | AnyOf() | AtLeast():
            for one in rule.of:
                yield from _kinds(one)
        case Not():
            yield from _kinds(rule.rule)
        case _:
            yield rule.kind


if __name__ == "__main__":
    from shipped import REAL, protocol_of

    FOLDER.mkdir(exist_ok=True)
    for name in REAL:
        file = FOLDER / f"{name}.md"
        page = file.read_text("utf-8") if file.exists() else f"{BEGIN}{END}\n"
        file.write_text(with_told(page, protocol_of(name)), "utf-8")
