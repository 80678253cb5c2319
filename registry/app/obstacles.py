"""What stands in the way of an act, in words that its reader can act on.

`deploy/docs/errors.md` says the same; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from registry.app.by_obstacle import BY_OBSTACLE
from registry.domain.enrolment import Obstacle
from streams.vocabulary.errors import ErrorCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """One obstacle as `ember` tells it."""

    code: str
    """Stable."""
    name: str
    detail: str
    """What it is about: a criterion, a state, a participant; empty where nothing."""
    problem: str
    cure: str

    @property
    def in_words(self) -> str:
        """One line."""
        about = f" ({self.detail})" if self.detail else ""
        return f"{self.code} {self.name}{about}: {self.problem} {self.cure}"


def hindrances(obstacles: Iterable[Obstacle]) -> tuple[Hindrance, ...]:
    """The obstacles, each with its sentence and cure."""
    return tuple(_hindrance(obstacle) for obstacle in obstacles)


def _hindrance(obstacle: Obstacle) -> Hindrance:
    problem, cure = _words(obstacle)
    return Hindrance(
        code=obstacle.code.value,
        name=obstacle.name,
        detail=obstacle.detail,
        problem=problem,
        cure=cure,
    )


def _words(obstacle: Obstacle) -> tuple[str, str]:
    """Those of its detail, else of its name, else of its code."""
    for called in (obstacle.detail, obstacle.name):
        told = BY_OBSTACLE.get((obstacle.code, called))
        if told is not None:
            return told
    return WORDS[obstacle.code]


WORDS: Mapping[ErrorCode, tuple[str, str]] = {
    ErrorCode.NOT_ELIGIBLE: (
        "The patient is not eligible.",
        "Nothing: the trial's rules say so.",
    ),
    ErrorCode.NO_CONSENT: (
        "There is no standing consent.",
        "Record consent first.",
    ),
    ErrorCode.DOMAIN_CLOSED: (
        "The domain does not recruit.",
        "Open the domain, if its pause is over.",
    ),
    ErrorCode.WINDOW_CLOSED: (
        "The recruitment window is closed.",
        "Nothing: waiting is pointless.",
    ),
    ErrorCode.HUMAN_ANSWER_MISSING: (
        "A question only a human can answer is open.",
        "Answer it, signed.",
    ),
    ErrorCode.STRATUM_UNKNOWN: (
        "The stratum is not known yet.",
        "Wait for the missing result.",
    ),
    ErrorCode.CONSENT_STEP: (
        "Consent cannot go from its state to that one.",
        "Record the steps in order.",
    ),
    ErrorCode.SEAL_REQUIRED: (
        "A live blinded trial would be kept where one file holds everything.",
        "Use PostgreSQL.",
    ),
    ErrorCode.PROTOCOL_OUTDATED: (
        "The verdict was given by a protocol version no longer in force.",
        "Wait for the screening by the version in force.",
    ),
    ErrorCode.PROVENANCE: (
        "The verdict rests on facts this registry may not act on.",
        "Nothing: history and simulation never randomise in a live registry.",
    ),
    ErrorCode.UNKNOWN_SCREENING: (
        "There is no such screening.",
        "See `ember query screenings`.",
    ),
    ErrorCode.UNKNOWN_CRITERION: (
        "The criterion does not exist.",
        "Name one of those listed.",
    ),
    ErrorCode.VERDICT_OUT_OF_DATE: (
        "Time has passed that may have changed the verdict.",
        "Wait for the next screening of the patient.",
    ),
    ErrorCode.NOT_TO_ANSWER: (
        "Somebody answers what the protocol asks of another.",
        "Have it answered by whom the protocol names.",
    ),
    ErrorCode.REASON_MISSING: (
        (
            "What counts would be changed, and nobody says why; or a blind is to be "
            "broken for a reason that is none of the list."
        ),
        "Say why: `--reason`; of a blind, by a code of the list that is told.",
    ),
    ErrorCode.DECLINED: (
        (
            "The person refused or opted out before, in whatever stay, under whatever "
            "name."
        ),
        (
            "Nothing: nobody is asked twice. Where they changed their mind, record the "
            "consent or the end of the opt-out."
        ),
    ),
    ErrorCode.CO_ENROLMENT: (
        "The person takes part in a trial that leaves no room for this one.",
        "Nothing: the trials' rules say so.",
    ),
    ErrorCode.TOO_FEW_ARMS: (
        (
            "Fewer than two interventions are left that the patient may get and that "
            "are not paused."
        ),
        "Nothing: there is nothing to be drawn.",
    ),
    ErrorCode.SITE_CLOSED: (
        "The site is not among the protocol's open sites.",
        "Amend the protocol, if the site is to recruit.",
    ),
    ErrorCode.SITE_PAUSED: (
        "The trial is paused at the site.",
        "Resume it, if its pause is over: `ember site resume`.",
    ),
    ErrorCode.PATIENT_MERGED: (
        "The patient was merged into another, or one person would take part twice.",
        (
            "Ask for the survivor; where both take part, a human decides: "
            "`ember identity merges`."
        ),
    ),
    ErrorCode.DRAWN_BEFORE: (
        "The participant was randomised in this domain before, in another stay.",
        (
            "Nothing: a person is randomised once in a domain, for ever; what was drawn "
            "is in `ember query participants`."
        ),
    ),
    ErrorCode.NOT_PUBLISHED: (
        (
            "What the domain would be drawn by, its design, a vector or a pause, is not "
            "what the audit tells was published: somebody wrote to the tables."
        ),
        (
            "Call whoever runs the registry: `ember audit verify` finds it; nothing is "
            "drawn until a new version of the protocol is activated."
        ),
    ),
    ErrorCode.ROLES_APART: (
        (
            "One of the two roles knows arms of the trial's blinded domains, the other is "
            "to stay blind; who knew an arm once is not blind again."
        ),
        (
            "Give it to somebody else; who stayed blind may know arms once that role has "
            "ended: `ember role revoke`."
        ),
    ),
    ErrorCode.KITS_SHORT: (
        "An arm that could be drawn has no kit at the site; which one is not told.",
        "Have the unblinded pharmacist send kits of every arm, and receive them.",
    ),
    ErrorCode.ARM_EXCLUDES: (
        "What was drawn in another domain leaves no room for this one.",
        "Nothing: the protocol says so.",
    ),
    ErrorCode.RECONSENT_DUE: (
        ("An amendment asks for consent on a newer form than the one that was signed."),
        "Inform again, and record the consent with the version of the form.",
    ),
    ErrorCode.NO_GREEN_LIGHT: (
        "The site has no green light for this trial.",
        (
            "`ember site green-light`, once the site may recruit; or it was "
            "revoked, and nothing is to be done."
        ),
    ),
    ErrorCode.NOT_SIGNED: (
        (
            "The protocol asks for a signed eligibility, and it is not signed, "
            "or has changed since."
        ),
        "An investigator signs it: `ember delegation sign`.",
    ),
    ErrorCode.NOT_DELEGATED: (
        (
            "Somebody acts to whom that was not delegated, or whose delegation "
            "has ended."
        ),
        ("Read the code again, or have it done by whom `ember delegation list` names."),
    ),
    ErrorCode.UNKNOWN_PARTICIPANT: (
        "There is no such participant.",
        "See `ember query participants`.",
    ),
    ErrorCode.NOT_AUTHENTICATED: (
        "Who signs did not show that it is them.",
        "Sign again, with the name and the secret that were enrolled.",
    ),
    ErrorCode.BLIND_KEPT: (
        "There is no blind to break: nothing was drawn there, or nothing is hidden.",
        "See `ember query participants`.",
    ),
    ErrorCode.ARM_DIFFERS: (
        "The arm is gone, or not the one that was committed to: somebody was at it.",
        (
            "Treat as if it were unknown, open the sealed envelope, and call whoever "
            "holds the key: `ember randomisation verify`."
        ),
    ),
    ErrorCode.DEVIATION: (
        (
            "A deviation cannot be recorded: it is not described, lies in the future, "
            "names an arm that is hidden, or its domain is none of the trial's."
        ),
        "Mend what is named.",
    ),
    ErrorCode.MISRANDOMISATION: (
        (
            "A randomisation in error cannot be recorded so: what it wants is not "
            "told, is not the participant's, is written in words, or names an arm "
            "that is hidden."
        ),
        "Tell what the table wants for its kind: `ember misrandomisation kinds`.",
    ),
    ErrorCode.SEALED_LIST: (
        (
            "A sealed list cannot be made, or is not known: its domain, range or key "
            "does not fit, or numbers of it are reserved already."
        ),
        "Name another range, a domain in force, and a key that is not the signer's.",
    ),
    ErrorCode.SEALED_PAGE: (
        (
            "An opened page does not fit what was reserved, committed to or recorded; "
            "it is kept as it was told, and nobody is randomised by it."
        ),
        "Compare it with the paper page; mend the entry and give the file again.",
    ),
    ErrorCode.REHEARSAL: (
        "There is nothing to rehearse with: no such domain or site, or no such decoy of it.",
        "Make a decoy: `ember rehearse`.",
    ),
    ErrorCode.STRATUM_TIMED_OUT: (
        (
            "The result that decides the stratum did not come in the time it is"
            " waited for."
        ),
        ("Nothing; where it comes after all while the window is open, the gate opens."),
    ),
}
"""The problem and its cure, by the code of every obstacle that an act meets."""
