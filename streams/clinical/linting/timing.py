"""Checks of windows: what comes too late, lasts too long, or has no effect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from streams.clinical.linting.finding import Check, Found, error, warning
from streams.clinical.linting.walk import Placed, every_criterion, walk
from streams.vocabulary.clock import DAY
from streams.vocabulary.document import Document
from streams.vocabulary.entry import parts as parts_of_entry
from streams.vocabulary.kinds.person import HasCondition
from streams.vocabulary.kinds.standing import Confirm
from streams.vocabulary.kinds.treatment import OnMedication
from streams.vocabulary.kinds.values import Value
from streams.vocabulary.places import Path
from streams.vocabulary.protocol import Domain, Protocol
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.windows import Backward, longest_window


def check_timing(protocol: Protocol) -> Iterator[Found]:
    """Each criterion against the recruitment window of its domain."""
    for placed, domain in every_criterion(protocol):
        yield from _too_late(protocol, placed, domain)
        yield from _answers(placed)
        for path, part in walk(placed.criterion.rule, placed.rule_path):
            yield from _dates(path, part)
            if domain is not None:
                yield from _against(domain, path, part)
    yield from _anchors(protocol)


def _too_late(
    protocol: Protocol, placed: Placed, domain: Domain | None
) -> Iterator[Found]:
    marker = placed.criterion.marker
    if marker is None:
        return
    domains = protocol.domains if domain is None else (domain,)
    window = max(one.recruitment.window for one in domains)
    if marker.turnaround > window:
        yield error(
            Check.RESULT_TOO_LATE,
            (*placed.path, "marker", "turnaround"),
            f"The result takes {write_duration(marker.turnaround)}, and the window "
            f"closes after {write_duration(window)}.",
            "Take a faster assay, or a longer window.",
        )


def _answers(placed: Placed) -> Iterator[Found]:
    ask = placed.criterion.ask
    for path, part in walk(placed.criterion.rule, placed.rule_path):
        lasts = ask is None or ask.holds_for is None
        if isinstance(part, Confirm) and part.holds_for is None and lasts:
            yield warning(
                Check.HOLDS_FOR_EVER,
                path,
                f"The answer {part.name!r} never grows old.",
                "Say for how long it holds: `holds_for: 24 h`.",
            )


def _against(domain: Domain, path: Path, part: Document) -> Iterator[Found]:
    """What lasts since the anchor, and how far back a window can reach after it."""
    recruitment = domain.recruitment
    if not isinstance(part, Backward) or part.since != recruitment.anchor:
        return
    longest = recruitment.window
    for name, length in _lengths(part):
        if length > longest:
            yield error(
                Check.OUTLASTS_WINDOW,
                (*path, name),
                f"It must last {write_duration(length)} since {part.since}, and the "
                f"window closes after {write_duration(longest)}.",
                "Shorten it, or count from an earlier anchor.",
            )
    if part.within is not None and part.within >= longest:
        yield warning(
            Check.WINDOW_WITHOUT_EFFECT,
            (*path, "within"),
            f"While the window is open, {part.since} is never longer ago.",
            "Leave `within` out.",
        )


def _lengths(part: Backward) -> Iterator[tuple[str, timedelta]]:
    """What must last at least so long."""
    if isinstance(part, Value) and part.sustained is not None:
        yield "sustained", part.sustained
    if isinstance(part, Value) and part.n is not None and part.apart is not None:
        yield "apart", (part.n - 1) * part.apart
    if isinstance(part, OnMedication) and part.lasting is not None:
        yield "lasting", part.lasting


def _dates(path: Path, part: Document) -> Iterator[Found]:
    """Facts that many sources date to the day, or file when the stay is over."""
    length = longest_window(part) if isinstance(part, Backward) else None
    if isinstance(part, HasCondition) and part.has_window:
        yield warning(
            Check.LATE_CODES,
            path,
            "Many sources code diagnoses only once the stay is over.",
            "Ask a human beside it (`confirm`), or look for an older diagnosis.",
        )
    elif length is not None and length < DAY and _is_dated(part):
        yield warning(
            Check.NO_TIME_OF_DAY,
            path,
            "What is taken at home is told by the day, and this window is shorter.",
            "Take a window of days.",
        )


def _is_dated(part: Document) -> bool:
    return isinstance(part, OnMedication) and part.stages == ("home",)


def _anchors(protocol: Protocol) -> Iterator[Found]:
    """A window that counts from what may not have happened when the screening opens."""
    for number, domain in enumerate(protocol.domains):
        of = domain.recruitment.anchor.partition(".")[0]
        brought = {part.kind for part in parts_of_entry(domain.recruitment.entry)}
        needs = {"onset": "onset", "culture": "culture"}.get(of)
        if needs is not None and needs not in brought:
            yield warning(
                Check.ANCHOR_UNSURE,
                ("domains", number, "recruitment", "anchor"),
                f"The window counts from the {of}, and no {needs} opens the screening: "
                "until there is one no window is open.",
                "Count from `entry`, or let it open the screening.",
            )
