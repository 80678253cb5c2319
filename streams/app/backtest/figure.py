"""The figure of a backtest: bars line by line, as SVG, and its numbers as CSV beside it.

No script, no font and no colour is needed to read it: every bar has its number.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from streams.app.history.writing import writing
from streams.clinical.feasibility.report import Attrition, Backtest, DomainReport
from streams.vocabulary.errors import ErrorCode, SettingsError


COLUMNS = (
    "domain",
    "step",
    "text",
    "remaining",
    "excluded",
    "unknown",
    "against",
    "gain",
)

_WIDTH, _ROW, _TOP = 960, 24, 84
_LABELS, _BARS = 400, 380
"""Where the labels end, and how long the longest bar is."""
_WORDS = 58
_REMAINING, _EXCLUDED, _UNKNOWN = "#1f4e79", "#c0504d", "#e0c068"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One row of the figure and of its table, in hospital stays."""

    step: str
    text: str
    remaining: int
    excluded: int = 0
    unknown: int = 0
    against: int = 0
    gain: int | None = None

    @property
    def whole(self) -> int:
        """The length of the bar."""
        return self.remaining + self.excluded + self.unknown


def write_figure(told: Backtest, path: Path) -> None:
    """Write the SVG to `path`, and its table beside it under the same name, `.csv`.

    Raises `SettingsError` EMB-403 where one of them cannot be written.
    """
    if path.suffix != ".svg":
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"The figure {path} is to be an SVG.",
            "Name a file that ends in .svg.",
        )
    with writing(path.with_suffix(".csv")) as table:
        lines = csv.writer(table, lineterminator="\n")
        lines.writerow(COLUMNS)
        lines.writerows(_rows(told))
    with writing(path) as out:
        out.write(svg(told))


def svg(told: Backtest) -> str:
    """The drawing: a section a domain, a bar a step."""
    sections = [(domain, list(bars(domain))) for domain in told.domains]
    height = sum(_TOP + _ROW * (len(rows) + 1) for _, rows in sections)
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {_WIDTH} {height}",
            "role": "img",
            "font-family": "sans-serif",
            "font-size": "12",
        },
    )
    name = f"{told.protocol} {told.version} over {told.source}"
    ET.SubElement(root, "title").text = f"Attrition of {name}"
    ET.SubElement(root, "desc").text = (
        "Hospital stays left after each line of the protocol; the table beside the "
        "figure holds the same numbers."
    )
    top = 0
    for domain, rows in sections:
        _section(root, f"{name}: {domain.title}", rows, top)
        top += _TOP + _ROW * (len(rows) + 1)
    return ET.tostring(root, encoding="unicode") + "\n"


def bars(domain: DomainReport) -> Iterator[Bar]:
    """In database, screened, then line by line."""
    flow = domain.flow
    yield Bar(step="in database", text="", remaining=flow.in_database.stays)
    yield Bar(
        step="screened by algorithm",
        text="",
        remaining=flow.screened_by_algorithm.stays,
    )
    yield from map(_bar, domain.attrition)
    yield Bar(step="flagged", text="", remaining=flow.flagged.stays)


def _bar(row: Attrition) -> Bar:
    of = "" if row.intervention is None else f"{row.intervention}/"
    return Bar(
        step=f"{of}{row.id}",
        text=row.text,
        remaining=row.remaining,
        excluded=row.excluded,
        unknown=row.unknown,
        against=row.against,
        gain=row.gain,
    )


def _rows(told: Backtest) -> Iterator[tuple[str | int | None, ...]]:
    for domain in told.domains:
        for bar in bars(domain):
            yield (
                *(domain.domain, bar.step, bar.text, bar.remaining, bar.excluded),
                *(bar.unknown, bar.against, bar.gain),
            )


def _section(root: ET.Element, title: str, rows: list[Bar], top: int) -> None:
    heading = {"font-size": "15", "font-weight": "bold"}
    _text(root, 12, top + 24, title, **heading)
    legend = (
        (_REMAINING, "remaining"),
        (_EXCLUDED, "excluded here"),
        (_UNKNOWN, "left here for want of data"),
    )
    for number, (colour, words) in enumerate(legend):
        _box(root, 12 + 150 * number, top + 40, 12, colour)
        _text(root, 30 + 150 * number, top + 51, words)
    _text(root, _WIDTH - 12, top + 51, "gain, were it dropped", **_AT_END)
    # What is screened sets the scale: all of the database would leave no room for it.
    longest = max([bar.whole for bar in rows[1:]], default=0) or 1
    for number, bar in enumerate(rows):
        _drawn(root, bar, top + _TOP + _ROW * number, longest)


def _drawn(root: ET.Element, bar: Bar, y: int, longest: int) -> None:
    label = f"{bar.step} {bar.text}".strip()
    short = label if len(label) <= _WORDS else f"{label[: _WORDS - 1]}…"
    _text(root, _LABELS - 8, y + 12, short, **_AT_END)
    x = float(_LABELS)
    for count, colour in (
        (bar.remaining, _REMAINING),
        (bar.excluded, _EXCLUDED),
        (bar.unknown, _UNKNOWN),
    ):
        width = _BARS * min(count / longest, 1)
        if count:
            _box(root, x, y, width, colour)
        x += width
    left = [str(bar.remaining)]
    left += [f"-{count}" for count in (bar.excluded, bar.unknown) if count]
    _text(root, min(x, _LABELS + _BARS) + 6, y + 12, " ".join(left))
    if bar.gain:
        _text(root, _WIDTH - 12, y + 12, f"+{bar.gain}", **_AT_END)


def _box(root: ET.Element, x: float, y: int, width: float, colour: str) -> None:
    at = {"x": f"{x:.1f}", "y": str(y), "width": f"{width:.1f}", "height": "16"}
    ET.SubElement(root, "rect", {**at, "fill": colour})


def _text(root: ET.Element, x: float, y: int, words: str, **how: str) -> None:
    ET.SubElement(root, "text", {"x": f"{x:.1f}", "y": str(y), **how}).text = words


_AT_END = {"text-anchor": "end"}
