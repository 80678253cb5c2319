"""The report as tables that can be read at the end of a long day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from streams.clinical.feasibility.report import (
    Attrition,
    Backtest,
    DomainReport,
    Moved,
    Recruitment,
    Spread,
)


def print_report(told: Backtest, console: Console) -> None:
    """All tables, domain by domain; then what the figures do not say."""
    console.print(
        Text.assemble(
            (f"{told.protocol} {told.version}", "bold"),
            f" ({told.evidence}) over {told.source}, "
            f"protocol {told.protocol_hash[:12]}, Ember {told.software_version}\n"
            f"flags: {', '.join(told.definitions) or 'none'}",
        )
    )
    for domain in told.domains:
        console.print(Text.assemble("\n", (domain.domain, "bold"), f": {domain.title}"))
        for table in _tables(domain):
            console.print(table)
        for sentence in notes(domain):
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def notes(domain: DomainReport) -> Iterator[str]:
    """What a reader must know to read the figures."""
    yield (
        "Possible: eligible, or nothing open but human answers; consent and refusal are "
        "not in the data, so this is the most that could be approached."
    )
    for site in domain.recruitment:
        yield f"{site.site}: span {site.reckoned}."
    if domain.unmoved:
        yield f"No step moves: {'; '.join(domain.unmoved)}."


def _tables(domain: DomainReport) -> Iterator[Table]:
    yield _flow(domain)
    yield _attrition(domain.attrition)
    if domain.missing:
        yield _grid(
            "What was missing",
            ("fact", "kept out", "missing to the end"),
            ((m.fact, m.kept_out, m.to_the_end) for m in domain.missing),
        )
    if domain.asked:
        yield _grid(
            "Only a human can say",
            ("criterion", "would have been asked", "text"),
            ((a.id, a.asked, _short(a.text)) for a in domain.asked),
        )
    yield _times(domain)
    yield _grid(
        "Status ever reached while the window was open",
        ("of", "ineligible", "needs_data", "needs_human", "eligible"),
        (
            (
                r.intervention or "the domain",
                *(r.ineligible, r.needs_data, r.needs_human, r.eligible),
            )
            for r in domain.reached
        ),
    )
    yield _grid(
        "Expected recruitment",
        ("site", "possible patients", "a month", "95 % interval", "per 1,000 stays"),
        map(_recruitment, domain.recruitment),
    )
    if domain.sensitivity:
        yield _sensitivity(domain.sensitivity)


def _flow(domain: DomainReport) -> Table:
    flow = domain.flow
    return _grid(
        "How far they came (CONSORT-ROUTINE)",
        ("step", "hospital stays", "patients"),
        (
            (words, number.stays, number.patients)
            for words, number in (
                ("in database", flow.in_database),
                (
                    "screened by algorithm: an entry opened a screening",
                    flow.screened_by_algorithm,
                ),
                ("the window was open once it was known", flow.in_window),
                ("flagged: possible in the window", flow.flagged),
                (
                    "  of these eligible with no answer open",
                    flow.eligible_without_asking,
                ),
            )
        ),
    )


def _attrition(rows: Sequence[Attrition]) -> Table:
    return _grid(
        "Line by line, when each was closest to eligible",
        ("line", "excluded", "unknown", "remaining", "against", "gain", "text"),
        (
            (
                row.id if row.intervention is None else f"{row.intervention}/{row.id}",
                *(row.excluded, row.unknown, row.remaining, row.against),
                "" if row.gain is None else row.gain,
                _short(row.text),
            )
            for row in rows
        ),
    )


def _times(domain: DomainReport) -> Table:
    times = domain.times
    return _grid(
        "How long it took, in hours",
        ("from ... to ...", "n", "quartile", "median", "quartile"),
        (
            _spread(words, spread)
            for words, spread in (
                ("entry happened: entry known", times.entry_to_known),
                ("entry happened: possible", times.entry_to_possible),
                ("entry known: possible", times.known_to_possible),
                ("first possible: window closes", times.window_left),
            )
        ),
    )


def _spread(words: str, spread: Spread) -> tuple[str | int, ...]:
    told = (spread.low, spread.median, spread.high)
    return (
        words,
        spread.count,
        *("" if hours is None else f"{hours:.1f}" for hours in told),
    )


def _recruitment(row: Recruitment) -> tuple[str | int, ...]:
    if row.per_month is None or row.low is None or row.high is None:
        rate, interval = "unknown", "unknown"
    else:
        rate, interval = f"{row.per_month:.2f}", f"{row.low:.2f} to {row.high:.2f}"
    stays = "" if row.per_1000_stays is None else f"{row.per_1000_stays:.0f}"
    return row.site, row.possible, rate, interval, stays


def _sensitivity(rows: Sequence[Moved]) -> Table:
    """One row a number; a cell is the change of possible stays at that step."""
    return _grid(
        "Were one number another: change in possible stays (gained, lost)",
        ("line", "number", "as written", "moved"),
        (
            (line, what, written, ";  ".join(map(_cell, own)))
            for (line, _, what, written), own in groupby(rows, _number)
        ),
    )


def _number(row: Moved) -> tuple[str, str, str, str]:
    return row.line, row.place, row.what, row.written


def _cell(row: Moved) -> str:
    change = row.gained - row.lost
    both = f" (+{row.gained}, -{row.lost})" if row.gained and row.lost else ""
    return f"{row.moved}: {change:+d}{both}" if change else f"{row.moved}: 0{both}"


def _short(text: str) -> str:
    """The beginning: the whole of it is in the protocol."""
    return text if len(text) <= _WORDING else f"{text[: _WORDING - 1]}…"


_WORDING = 60


def _grid(
    title: str, headers: Sequence[str], rows: Iterable[Sequence[str | int]]
) -> Table:
    table = Table(title=Text(title), title_justify="left")
    for index, header in enumerate(headers):
        words = index == 0 or header in {"text", "number", "as written", "moved"}
        table.add_column(
            header,
            justify="left" if words else "right",
            overflow="fold",
            no_wrap=header not in {"step", "text", "moved"},
        )
    for row in rows:
        table.add_row(*(Text(str(told)) for told in row))
    return table
