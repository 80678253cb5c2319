"""Loads a protocol for use: read, then held against a patient of whom nothing is known."""

from __future__ import annotations

from datetime import UTC, datetime

from streams.clinical.catalogue.rules import rules
from streams.clinical.criteria.judge import judge
from streams.clinical.criteria.judgement import PatientView
from streams.clinical.criteria.naming import flags_awaited
from streams.clinical.criteria.verdict import question
from streams.clinical.linting.names import misnamed
from streams.vocabulary.errors import ErrorCode, ProtocolError
from streams.vocabulary.places import Places, in_words
from streams.vocabulary.protocol import Protocol
from streams.vocabulary.protocol_text import parse_protocol
from streams.vocabulary.truth import TRUE


def load_protocol(text: str) -> Protocol:
    """The protocol in `text`, fit to judge patients.

    Raises `ProtocolError` EMB-201 to EMB-204, EMB-202 among them for an inclusion
    that holds for a patient of whom nothing is known, and EMB-205 for a name that the
    catalogue does not have or a flag that nobody can raise.
    """
    protocol = parse_protocol(text)
    refuse_unknown_names(protocol, text)
    refuse_unknown_flags(protocol)
    refuse_inclusion_by_absence(protocol)
    return protocol


def refuse_unknown_names(protocol: Protocol, text: str) -> None:
    """Scores, policies, components, labels, markers: the first that there is not."""
    for fault in misnamed(protocol):
        place = Places(text).of(fault.path)
        raise ProtocolError(
            fault.code,
            f"At {place}, {in_words(fault.path)}: {fault.problem}.",
            fault.cure,
        )


def refuse_unknown_flags(protocol: Protocol) -> None:
    """A flag of no definition, or by no policy of it, would never come."""
    questions = [question(protocol, domain) for domain in protocol.domains]
    known = {name: r for name, r in rules().items() if r.sort == "definition"}
    for name, policy in flags_awaited(questions):
        if name not in known or policy not in known[name].policies:
            policies = known[name].policies if name in known else ()
            raise ProtocolError(
                ErrorCode.PROTOCOL_UNKNOWN_RULE,
                f"The protocol waits for a flag of {name} by the policy {policy}, of "
                "which there is none.",
                f"Use one of: {', '.join(policies or known)}.",
            )


def refuse_inclusion_by_absence(protocol: Protocol) -> None:
    """Judge each inclusion on an empty record; TRUE there is a fault.

    An inclusion that absence satisfies would make everybody a candidate, the
    unknown before all (after ehrQL's rule for populations).
    """
    for domain in protocol.domains:
        of_arms = (c for arm in domain.arms for c in arm.inclusion)
        for criterion in (*protocol.inclusion, *domain.inclusion, *of_arms):
            if judge(criterion.rule, PatientView(), _SOME_DAY).truth is TRUE:
                raise ProtocolError(
                    ErrorCode.PROTOCOL_INVALID,
                    f"Inclusion {criterion.id} of domain {domain.id} holds for a "
                    "patient of whom nothing is known.",
                    "Ask for a fact on record, or leave `absent_means` out.",
                )


ANCHORING = "sepsis3"
"""The one definition that is always flagged, and whose flags anchor outcomes; flags of
further definitions are told beside it, and open windows where a protocol says so."""

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""No rule reads the calendar where there is no fact, so any day will do."""
