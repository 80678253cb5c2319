"""Whether a protocol may be put into force: what is wrong with it, and who says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter

from registry.domain.mode import Mode, may_run
from streams.app.protocol_files import ProtocolFile
from streams.clinical.aloud.document import LEFT, passages
from streams.clinical.criteria.lint import lint
from streams.clinical.criteria.loading import load_protocol
from streams.clinical.linting.finding import Check
from streams.pipeline.vignettes import (
    Vignette,
    Vignettes,
    differences,
    parse_vignettes,
    verdict_of,
)
from streams.vocabulary.errors import ErrorCode, ProtocolError
from streams.vocabulary.protocol import Protocol
from streams.vocabulary.registration import missing_items


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to be said of a protocol."""

    code: str
    """Stable: an error code, or the name of a check."""
    severity: Literal["error", "warning"]
    line: int | None
    column: int | None
    sentence: str
    cure: str

    @property
    def in_words(self) -> str:
        """One line."""
        place = "" if self.line is None else f"line {self.line}, column {self.column}: "
        return f"{self.severity}: {place}{self.sentence} {self.cure} [{self.code}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One made-up patient, and what the protocol says of them."""

    name: str
    story: str
    domain: str
    expected: str
    said: str
    """The status that came out."""
    differences: tuple[str, ...]
    """What is said otherwise; none where all is as argued."""

    @property
    def passed(self) -> bool:
        """Whether the protocol says what the story argues for."""
        return not self.differences


FINDINGS = TypeAdapter(tuple[Finding, ...])
TRIED = TypeAdapter(tuple[Tried, ...])


def findings(file: ProtocolFile) -> tuple[Finding, ...]:
    """Everything there is to say: the fault it cannot be loaded for, or the rest."""
    try:
        protocol = load_protocol(file.text)
    except ProtocolError as fault:
        return (_of_fault(fault),)
    return (*_linted(file, protocol), *_unfinished(file, protocol))


def tried(file: ProtocolFile, protocol: Protocol) -> tuple[Tried, ...]:
    """Each made-up patient, judged by the screen step itself.

    Raises `ProtocolError` EMB-211 where there are none, EMB-201 or EMB-202 where they
    cannot be read or are another protocol's.
    """
    if file.vignettes is None:
        raise ProtocolError(
            ErrorCode.VIGNETTES_MISSING,
            f"{file.name} has no made-up patients beside it.",
            "Write them in the file of the same name that ends in .vignettes.yaml.",
        )
    told = parse_vignettes(file.vignettes)
    if told.protocol != protocol.id:
        raise ProtocolError(
            ErrorCode.PROTOCOL_INVALID,
            f"The vignettes are of {told.protocol}, not of {protocol.id}.",
            "Name the protocol they are about.",
        )
    return tuple(
        Tried(
            name=case.name,
            story=case.story,
            domain=case.domain,
            expected=_expected(case),
            said=_said(protocol, case, told),
            differences=tuple(differences(protocol, case, told)),
        )
        for case in told.vignettes
    )


def fit_for_force(file: ProtocolFile, mode: Mode) -> Protocol:
    """The protocol, fit to be put into force in a registry of this mode.

    Raises `ProtocolError`: EMB-201 to EMB-204 where it cannot be loaded, EMB-210 for
    errors of the lint, EMB-211 without vignettes, EMB-212 where they differ, EMB-213
    where its evidence does not suffice.
    """
    protocol = load_protocol(file.text)
    errors = [f for f in findings(file) if _forbids(f, mode)]
    if errors:
        raise ProtocolError(
            ErrorCode.PROTOCOL_AT_FAULT,
            f"{errors[0].in_words}{_more(errors)}",
            "See `ember protocol lint`.",
        )
    failed = [case for case in tried(file, protocol) if not case.passed]
    if failed:
        raise ProtocolError(
            ErrorCode.VIGNETTES_DIFFER,
            f"A made-up patient gets another verdict than argued for: "
            f"{failed[0].differences[0]}{_more(failed)}.",
            "See `ember protocol vignettes`.",
        )
    expect_evidence(protocol.id, protocol.evidence, mode)
    return protocol


def expect_evidence(trial: str, evidence: str | None, mode: Mode) -> None:
    """Refuse what is not known well enough to act on people; raises EMB-213."""
    if not may_run(evidence, mode):
        raise ProtocolError(
            ErrorCode.EVIDENCE_INCOMPLETE,
            f"The evidence of {trial} is {evidence}, which is not enough for a "
            f"registry in the mode {mode.value}.",
            "Run it in the mode silent, or have every criterion verified.",
        )


def _linted(file: ProtocolFile, protocol: Protocol) -> Iterator[Finding]:
    for found in lint(protocol, file.text):
        yield Finding(
            code=found.code,
            severity=found.severity,
            line=found.place.line,
            column=found.place.column,
            sentence=found.sentence,
            cure=found.cure,
        )


def _unfinished(file: ProtocolFile, protocol: Protocol) -> Iterator[Finding]:
    for item in missing_items(protocol.registration):
        yield Finding(
            code="who-item-missing",
            severity="warning",
            line=None,
            column=None,
            sentence=f"WHO item {item.number} is missing: {item.name}.",
            cure=f"Write `registration: {{{item.key}: …}}`.",
        )
    if protocol.evidence != "verified":
        yield Finding(
            code="evidence",
            severity="warning",
            line=None,
            column=None,
            sentence=f"The evidence is {protocol.evidence}: it cannot run live.",
            cure="Have every criterion verified against the trial's protocol.",
        )
    for passage in passages(protocol):
        left = any(note.startswith(LEFT) for note in passage.notes)
        if left and not passage.asks:
            yield Finding(
                code="left-to-nobody",
                severity="warning",
                line=None,
                column=None,
                sentence=(
                    f"{passage.criterion} leaves a part of its wording to a human, "
                    "and asks nobody."
                ),
                cure="Add a `confirm` to its rule, or a criterion that asks.",
            )
    if file.vignettes is None:
        yield Finding(
            code="vignettes-missing",
            severity="warning",
            line=None,
            column=None,
            sentence="There are no made-up patients: it cannot be activated.",
            cure="Write them in the file that ends in .vignettes.yaml.",
        )


def _forbids(found: Finding, mode: Mode) -> bool:
    """An error in any mode; in `live` also a rule whose own evidence is unverified."""
    unverified = found.code == Check.UNVERIFIED.value
    return found.severity == "error" or (unverified and mode is Mode.LIVE)


_PLACE = re.compile(r"At line (\d+), column (\d+)(?:, |: )?(.*)", re.DOTALL)


def _of_fault(fault: ProtocolError) -> Finding:
    found = _PLACE.fullmatch(fault.problem)
    line, column, rest = found.groups() if found else (None, None, fault.problem)
    return Finding(
        code=fault.code.value,
        severity="error",
        line=None if line is None else int(line),
        column=None if column is None else int(column),
        sentence=rest or fault.problem,
        cure=fault.cure,
    )


def _expected(case: Vignette) -> str:
    answered = case.expect.with_answers
    after = "" if answered is None else f", with the answers {answered}"
    return f"{case.expect.status}{after}"


def _said(protocol: Protocol, case: Vignette, told: Vignettes) -> str:
    verdict = verdict_of(protocol, case, told)
    return "nothing" if verdict is None else verdict.status


def _more(several: list[Finding] | list[Tried]) -> str:
    return f" ({len(several) - 1} more)" if len(several) > 1 else ""
