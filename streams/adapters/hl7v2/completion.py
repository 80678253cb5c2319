"""RXA-9, RXA-20 and RXA-21: whether a drug was given, and what became of an infusion.

The standard has codes; electronic charts write their own action instead, in one of the
last two (`Held`, `New Bag`, `Rate Change`).
Source: HL7 v2.8.2 chapter 4A; completion by table 0322, action by table 0206.
"""

from __future__ import annotations

from typing import Literal

from streams.adapters.hl7v2.splitter import Segment


Done = Literal["given", "not_given"]
Phase = Literal["started", "changed", "stopped"]

_COMPLETION: dict[str, Done] = {
    **dict.fromkeys(("", "CP", "PA"), "given"),
    **dict.fromkeys(("NA", "RE"), "not_given"),
}
_ACTIONS = {"", "A", "D", "U"}
_IN_WORDS: tuple[tuple[str, Done], ...] = (
    ("not ", "not_given"),
    ("held", "not_given"),
    ("hold", "not_given"),
    ("missed", "not_given"),
    ("omitted", "not_given"),
    ("refused", "not_given"),
    ("cancel", "not_given"),
    ("given", "given"),
    ("administered", "given"),
    ("complete", "given"),
    ("bolus", "given"),
    ("new bag", "given"),
    ("start", "given"),
    ("stop", "given"),
    ("rate", "given"),
)
_PHASES: tuple[tuple[str, Phase], ...] = (
    ("stop", "stopped"),
    ("rate chang", "changed"),
    ("rate verif", "changed"),
    ("start", "started"),
    ("new bag", "changed"),
)


def done_with(rxa: Segment) -> Done | None:
    """Whether it was given; None where the status is in words nobody knows.

    What takes a record back (RXA-21 `D`) speaks of a dose that was given.
    """
    for number, codes in ((20, _COMPLETION), (21, _ACTIONS)):
        if rxa.text(number).upper() in codes:
            continue
        told = _words(rxa, number)
        found = next((done for word, done in _IN_WORDS if word in told), None)
        if found != "given":
            return found
    return _COMPLETION.get(rxa.text(20).upper(), "given")


def phase_told(rxa: Segment) -> Phase | None:
    """What is said of an infusion; None where nothing is."""
    told = " ".join(_words(rxa, number) for number in (9, 20, 21))
    return next((phase for word, phase in _PHASES if word in told), None)


def _words(rxa: Segment, number: int) -> str:
    return f"{rxa.text(number)} {rxa.text(number, 2)}".lower()
