"""Loads a protocol for use: read, then held against a patient of whom nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime

from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import PatientView
from streams.vocabulary.entry import onsets
from streams.vocabulary.errors import ErrorCode, ProtocolError
from streams.vocabulary.protocol import Protocol
from streams.vocabulary.protocol_text import parse_protocol
from streams.vocabulary.truth import TRUE


def load_protocol(text: str) -> Protocol:
    """The protocol in `text`, fit to judge patients.

    Raises `ProtocolError` EMB-201 to EMB-204, EMB-202 among them for an inclusion
    that holds for a patient of whom nothing is known.
    """
    protocol = parse_protocol(text)
    refuse_other_anchors(protocol)
    refuse_inclusion_by_absence(protocol)
    return protocol


def refuse_other_anchors(protocol: Protocol) -> None:
    """Only flags of Sepsis-3 open a window; by another definition nobody would come."""
    for domain in protocol.domains:
        for entry in onsets(domain.recruitment.entry):
            if entry.definition != ANCHORING:
                raise ProtocolError(
                    ErrorCode.PROTOCOL_INVALID,
                    f"Domain {domain.id} recruits by {entry.definition}, of "
                    "which no flag opens a window.",
                    f"Write `definition: {ANCHORING}`.",
                )


def refuse_inclusion_by_absence(protocol: Protocol) -> None:
    """Judge each inclusion on an empty record; TRUE there is a fault.

    An inclusion that absence satisfies would make everybody a candidate, the
    unknown before all (after ehrQL's rule for populations).
    """
    for domain in protocol.domains:
        for criterion in domain.inclusion:
            if judge(criterion.rule, PatientView(), _SOME_DAY).truth is TRUE:
                raise ProtocolError(
                    ErrorCode.PROTOCOL_INVALID,
                    f"Inclusion {criterion.id} of domain {domain.id} holds for a "
                    "patient of whom nothing is known.",
                    "Ask for a fact on record, or leave `absent_means` out.",
                )


ANCHORING = "sepsis3"
"""The one definition whose flags open recruitment windows and anchor outcomes; flags of
further definitions are told beside it, and move nothing."""

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""No rule reads the calendar where there is no fact, so any day will do."""
