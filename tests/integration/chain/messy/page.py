"""The patients as a page that a clinician can read.

`PYTHONPATH=tests python tests/integration/chain/messy/page.py` writes it anew.
"""

from __future__ import annotations

from pathlib import Path

from integration.chain.messy.told import Book, Moment, Patient, book


PAGE = Path(__file__).resolve().parents[4] / "deploy/docs/messy_patients.md"

_HEAD = """\
# Messy patients

Made-up patients, each a way in which a hospital's record is messy, and what Ember makes of them.
They are lived through together, on one ward with three made-up trials in force: LANTERN (septic shock), HARBOUR (sepsis with a high ferritin) and MOORING (*S. aureus* in the blood).
`tests/integration/chain/messy/patients.yaml` holds their facts, and a test holds this page.
Hours count from eight in the evening; "called" is how often somebody was told of the patient.

| patient | why it must come out so | what is seen, by the hour | called |
| --- | --- | --- | --- |
"""


def told(patients: Book) -> str:
    """The page."""
    return _HEAD + "".join(f"{_row(patient)}\n" for patient in patients.patients)


def _row(patient: Patient) -> str:
    name = patient.name.replace("-", " ")
    seen = "; ".join(words for step in patient.then if (words := _words(step)))
    called = ", ".join(f"{t.upper()} {n}" for t, n in patient.calls.items()) or "never"
    return f"| {name} | {patient.argues} | {seen} | {called} |"


def _words(step: Moment) -> str:
    """What is seen at one moment; nothing where people only act."""
    told = []
    if step.status is not None:
        told.append(f"`{step.status}`")
    told += [f"{name} {truth}" for name, truth in step.criteria.items()]
    if step.alert is not None:
        told.append(f"alert {step.alert}")
    if step.gate is not None:
        shut = isinstance(step.gate, list)
        why = ", ".join(f"`{name}`" for name in step.gate) if shut else ""
        drawn = "randomised" if step.gate == "open" else "randomised before"
        told.append(f"gate shut by {why}" if shut else drawn)
    if not told:
        return ""
    trial = "" if step.trial == "lantern" else f" {step.trial.upper()}"
    return f"{step.at}{trial}: {', '.join(told)}"


if __name__ == "__main__":
    PAGE.write_text(told(book()), "utf-8")
