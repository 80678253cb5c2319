"""The part of a protocol's page that history tells: attrition and gain, line by line.

`python tests/spec/protocols/history.py DIR` judges every patient of the copy of MIMIC-IV
in DIR once, by all trials that ship, and writes the figures into
`deploy/docs/protocols`.  They are those of `ember protocol backtest NAME --path DIR`,
which judges by one trial at a time.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from streams.adapters.intake import IntakeReport
from streams.app.backtest.judging import judge_together
from streams.app.backtest.telling import Calendar, report
from streams.app.history.sources import open_history
from streams.clinical.feasibility.probe import plan
from streams.clinical.feasibility.report import (
    Attrition,
    Backtest,
    DomainReport,
    Number,
)
from streams.clinical.feasibility.shape import STRATUM
from streams.pipeline.patient import Rules
from streams.vocabulary.protocol import Protocol


BEGIN = "## Over the MIMIC-IV demo\n"
END = "## One verdict checked by hand\n"


def told(name: str, found: Backtest, *, day: str) -> str:
    """How it was counted, and the attrition of each domain; the name is that it ships
    under."""
    return "\n".join((BEGIN, *_lines(name, found, day), ""))


def with_told(page: str, section: str) -> str:
    """The page with that part written anew."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{section}{END}{rest.partition(END)[2]}"


def over(folder: Path, protocols: list[Protocol]) -> Iterator[Backtest]:
    """What each protocol would have met with in that copy of MIMIC-IV."""
    history = open_history("mimic-iv", folder, None)
    software = version("ember-registry")
    plans = [plan(p, (), domains=[d.id for d in p.open_domains()]) for p in protocols]
    judged = judge_together(
        plans,
        history.messages_apart(IntakeReport()),
        Rules(zone=history.zone, software_version=software),
    )
    for protocol, one in zip(protocols, judged, strict=True):
        yield report(
            protocol,
            one,
            Calendar(shifted=history.shifted),
            source=history.name,
            software_version=software,
        )


def _lines(name: str, found: Backtest, day: str) -> Iterator[str]:
    counted = found.domains[0].flow.in_database
    yield (
        f"All {counted.patients} patients, {counted.stays} hospital stays; counted on "
        f"{day} by `python tests/spec/protocols/history.py DIR`, Ember "
        f"{found.software_version}, document {found.protocol_hash[:12]}."
    )
    yield (
        f"`ember protocol backtest {name} --path DIR` counts the same, and "
        "with it the sensitivity to each number."
    )
    yield ""
    for domain in found.domains:
        yield f"### `{domain.domain}`"
        yield ""
        yield from _attrition(domain)
        yield ""


def _attrition(domain: DomainReport) -> Iterator[str]:
    flow = domain.flow
    yield "; ".join(
        (
            f"Screened: {_number(flow.screened_by_algorithm)}",
            f"with the window open: {_number(flow.in_window)}",
            f"possible at some moment: {_number(flow.flagged)}",
            f"`eligible` without a human: {_number(flow.eligible_without_asking)}.",
        )
    )
    yield ""
    yield "| line | left: the record is against | left: data are missing | remaining | gain |"
    yield "| --- | --- | --- | --- | --- |"
    for row in domain.attrition:
        gain = "" if row.gain is None else row.gain
        counts = f"{row.excluded} | {row.unknown} | {row.remaining} | {gain}"
        yield f"| {_line(row)} | {counts} |"


def _number(told: Number) -> str:
    return f"{told.stays} ({told.patients} patient{'s' * (told.patients != 1)})"


def _line(row: Attrition) -> str:
    if row.part == "stratum":
        return f"{row.id.removeprefix(STRATUM)}, a stratum"
    return row.id if row.intervention is None else f"{row.id} of `{row.intervention}`"


if __name__ == "__main__":
    from pages import FOLDER
    from shipped import REAL, protocol_of

    for name, found in zip(
        REAL, over(Path(sys.argv[1]), [protocol_of(n) for n in REAL]), strict=True
    ):
        file = FOLDER / f"{name}.md"
        section = told(name, found, day=f"{datetime.now(UTC).date()}")
        file.write_text(with_told(file.read_text("utf-8"), section), "utf-8")
