"""The patients of `patients.yaml`, lived through on one ward, with what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import yaml
from integration.chain.messy.ward import FOLDER, Ward, messages_of, moment
from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A misspelt expectation is an error, not an expectation less."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Moment(Strict):
    """What people do, and what must be seen before they do it."""

    at: float | str
    of: str | None = None
    """The name the patient goes by, where it is another."""
    trial: str = "lantern"
    episode: str = "stay"
    status: str | None = None
    criteria: dict[str, str] = Field(default_factory=dict)
    window_open: bool | None = None
    alert: str | None = None
    revisions: int | None = None
    sign: bool = False
    answer: dict[str, bool] = Field(default_factory=dict)
    by: str | None = None
    recorded: str = "recorded"
    """What becomes of the answer."""
    consent: Literal["given", "refused", "withdrawn"] | None = None
    opt_out: bool = False
    gate: Literal["open", "drawn already"] | list[str] | None = None


class Patient(Strict):
    """One of them."""

    name: str
    argues: str
    like: list[str] = Field(default_factory=list)
    facts: list[dict[str, Any]] = Field(default_factory=list)
    then: list[Moment]
    calls: dict[str, int]


class Book(Strict):
    """The file."""

    groups: dict[str, list[dict[str, Any]]]
    patients: list[Patient]

    def facts_of(self, patient: Patient) -> list[dict[str, Any]]:
        """Its own and those of its groups."""
        shared = [fact for group in patient.like for fact in self.groups[group]]
        return shared + patient.facts


def book() -> Book:
    """The patients as written."""
    return Book.model_validate(
        yaml.safe_load((FOLDER / "patients.yaml").read_text("utf-8"))
    )


@dataclass
class Lived:
    """The ward after everything, and what was otherwise than expected on the way."""

    ward: Ward
    otherwise: dict[str, list[str]] = field(default_factory=dict)
    settled: dict[tuple[str, str], int] = field(default_factory=dict)
    """How often somebody had been called when the patient refused or was drawn."""


def lived(url: str, patients: list[Patient], told: Book) -> Lived:
    """All of them at once, on one ward."""
    life = Lived(Ward(url), {patient.name: [] for patient in patients})
    messages, moments = [], []
    for patient in patients:
        messages += messages_of(patient.name, told.facts_of(patient))
        moments += [(step.at, _acting(life, patient, step)) for step in patient.then]
    life.ward.live(messages, moments)
    return life


def _acting(life: Lived, patient: Patient, step: Moment):
    who = step.of or patient.name

    def act(at):
        otherwise = life.otherwise[patient.name]
        for what, expected, seen in _seen(life.ward, who, step):
            if expected != seen:
                otherwise.append(f"at {step.at}: {what} is {seen}, not {expected}")
        _do(life, who, step, at, otherwise)

    return act


def _seen(ward: Ward, who: str, step: Moment):
    """What is asked to be seen, as (what, expected, seen)."""
    verdict = ward.verdict(who, step.trial, step.episode)
    if step.status is not None:
        yield "status", step.status, verdict.status if verdict else "not_screened"
    truths = {c.criterion_id: c.truth for c in verdict.criteria} if verdict else {}
    for name, truth in step.criteria.items():
        yield name, truth, truths.get(name)
    if step.window_open is not None:
        yield "window_open", step.window_open, verdict and verdict.window_open
    if step.alert is not None:
        yield "alert", step.alert, ward.alert(who, step.trial, step.episode)
    if step.revisions is not None:
        yield "revisions", step.revisions, len(ward.history(who, step.trial))


_SIGNED = {
    "equipoise": (True, "treating_clinician"),
    "dialysis": (False, "research_team"),
}


def _do(life: Lived, who: str, step: Moment, at, otherwise: list[str]) -> None:
    ward = life.ward
    case = {"at": at, "episode": step.episode}
    answers = {name: (truth, step.by) for name, truth in step.answer.items()}
    for name, (truth, by) in (answers or (_SIGNED if step.sign else {})).items():
        became = ward.answer(who, step.trial, name, truth, by, **case)
        if became != step.recorded:
            otherwise.append(f"at {step.at}: the answer is {became}")
    if step.consent is not None:
        became = ward.consent(who, step.trial, step.consent, **case)
        if became != step.consent:
            otherwise.append(f"at {step.at}: consent is {became}")
    if step.opt_out:
        ward.opt_out(who, at)
    if step.gate is not None:
        gate = ward.gate(who, step.trial, **case)
        if gate != step.gate:
            otherwise.append(f"at {step.at}: the gate is {gate}, not {step.gate}")
    if step.opt_out or step.consent in ("refused", "withdrawn") or step.gate == "open":
        key = (who, step.trial)
        life.settled.setdefault(key, ward.heard.calls[key])


__all__ = ["Book", "Lived", "Moment", "Patient", "book", "lived", "moment"]
