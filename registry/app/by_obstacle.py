"""The words of obstacles that share a code, each with a cure of its own.

`deploy/docs/errors.md` says the same; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.vocabulary.errors import ErrorCode


BY_OBSTACLE: Mapping[tuple[ErrorCode, str], tuple[str, str]] = {
    (ErrorCode.NOT_ELIGIBLE, "needs_data"): (
        "Whether the patient is eligible is not known yet: a result is missing.",
        "Wait for the result; `ember explain PATIENT` names what is missing.",
    ),
    (ErrorCode.NOT_ELIGIBLE, "needs_human"): (
        "Whether the patient is eligible is not known yet: a human has to answer.",
        "Answer it: `ember screening answer`; `ember explain PATIENT` names it.",
    ),
    (ErrorCode.NOT_ELIGIBLE, "before_the_verdict"): (
        "The act lies before the moment at which the verdict was known.",
        "Check the moment of the act, and the clocks.",
    ),
    (ErrorCode.PROVENANCE, "provenance_simulated"): (
        "What was heard of the patient is simulated, and the registry is live.",
        "Nothing: what is simulated never draws in a live registry.",
    ),
    (ErrorCode.PROVENANCE, "provenance_history"): (
        "What was heard of the patient is history.",
        "Nothing: history never draws; wait for the verdict on what is heard live.",
    ),
    (ErrorCode.PROVENANCE, "provenance_live"): (
        "What was heard of the patient is live, and the registry is a demonstration.",
        "Nothing: a demonstration draws for simulated patients alone.",
    ),
    (ErrorCode.CONSENT_STEP, "not_in_this_model"): (
        "The protocol's model of consent knows no such word at this site.",
        "Record a word of that model: `deploy/docs/consent.md` lists them.",
    ),
    (ErrorCode.CONSENT_STEP, "no_basis"): (
        "How consent was given is not told.",
        "Tell it: `--basis written`, `verbal` or `proxy`.",
    ),
    (ErrorCode.CONSENT_STEP, "no_deadline"): (
        (
            "By when somebody is asked is not told, neither here nor by the protocol, "
            "or it lies before the deferral."
        ),
        "Tell it: `--deadline`, later than the decision.",
    ),
    (ErrorCode.CONSENT_STEP, "no_version"): (
        "The version of the form is no version: it is exported as it is, and has words.",
        "Give its version or number, as 1.0 or ICF-3: `--document`.",
    ),
    (ErrorCode.CONSENT_STEP, "decided_in_the_future"): (
        "What was decided is said to have been decided later than now.",
        "Correct `--decided-at`: when it was decided, with its offset from UTC.",
    ),
    (ErrorCode.CONSENT_STEP, "decided_before_the_last"): (
        "The yes was decided before the last recorded word, and comes too late.",
        "Check `--decided-at`; a yes that was said since is recorded with its own time.",
    ),
    (ErrorCode.CONSENT_STEP, "patient_said_no"): (
        "The patient's own no stands, and nobody else can say yes for them.",
        "Nothing; where they change their mind, record their own word.",
    ),
    (ErrorCode.CONSENT_STEP, "same_document"): (
        "Consent stands already, on this version of the form.",
        "Nothing; where it was given on a newer one, name it: `--document`.",
    ),
    (ErrorCode.CONSENT_STEP, "nothing_more_withdrawn"): (
        "That was withdrawn before.",
        "Nothing: it stands. Where more is taken back, name it: `--scope`.",
    ),
    (ErrorCode.CONSENT_STEP, "stands already"): (
        "The opt-out stands already.",
        "Nothing.",
    ),
    (ErrorCode.CONSENT_STEP, "none stands"): (
        "No opt-out stands that could be taken back.",
        "Check the patient and `--trial`: one of a trial is not that of all research.",
    ),
}
"""The problem and its cure, by code and name; by the detail where the name is shared."""
