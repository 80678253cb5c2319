"""`ember query`: what a coordinator asks the registry."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from registry.app import received
from registry.app.blinded_arms import arms_on_record
from registry.app.clocks import SystemClock
from registry.app.commands.asking import AsOption, opened_as
from registry.app.commands.cells import judged, score, value
from registry.app.commands.flow import FLOW, flow
from registry.app.commands.gone_wrong import (
    GONE_WRONG,
    misrandomisations,
    unblinding_notes,
    unblindings,
)
from registry.app.commands.options import (
    AtOption,
    JsonOption,
    RegistryOption,
    TrialOption,
    moment,
)
from registry.app.commands.steering import STEERING, green_lights, pauses, vectors
from registry.app.commands.tables import Columns, RowT, listed, print_table, told
from registry.domain.conduct import Deviation
from registry.domain.roles import Surface
from registry.store.listings import (
    AgreementView,
    AlertView,
    ArmView,
    ConsentView,
    OnsetView,
    OutcomeView,
    ParticipantView,
    ScreeningView,
    StratumView,
)
from streams.clinical.criteria.loading import ANCHORING
from streams.pipeline.flaggable import FLAGGABLE
from streams.vocabulary.errors import ErrorCode, SettingsError


app = typer.Typer(
    help="Lists and counts: screenings, participants, consents, arms, outcomes, the flow.",
    no_args_is_help=True,
    add_completion=False,
)

PatientOption = Annotated[
    str | None, typer.Option(help="Only this patient (the pseudonym).")
]

ANSWERS: dict[str, TypeAdapter[Any]] = {
    "onsets": TypeAdapter(tuple[OnsetView, ...]),
    "screenings": TypeAdapter(tuple[ScreeningView, ...]),
    "participants": TypeAdapter(tuple[ParticipantView, ...]),
    "arms": TypeAdapter(tuple[ArmView, ...]),
    "outcomes": TypeAdapter(tuple[OutcomeView, ...]),
    "consents": TypeAdapter(tuple[ConsentView, ...]),
    "strata": TypeAdapter(tuple[StratumView, ...]),
    "alerts": TypeAdapter(tuple[AlertView, ...]),
    "deviations": TypeAdapter(tuple[Deviation, ...]),
    **GONE_WRONG,
    **STEERING,
    "separation": TypeAdapter(tuple[received.SeparationView, ...]),
    "agreement": TypeAdapter(tuple[AgreementView, ...]),
    "flow": FLOW,
}
"""What `--json` prints; the schemas are published in `deploy/schemas`."""

app.command()(flow)
app.command()(unblindings)
app.command()(unblinding_notes)
app.command()(misrandomisations)
app.command()(vectors)
app.command()(pauses)
app.command()(green_lights)


@app.command()
def onsets(
    registry: RegistryOption = None,
    patient: PatientOption = None,
    definition: Annotated[
        str | None, typer.Option(help="Only flags by this definition: sepsis3, ase.")
    ] = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The sepsis flags, each by its latest revision."""
    book = opened_as(registry, who, Surface.FLAGS)
    with closing(book), book.reading() as views:
        rows = views.onsets(patient=patient, definition=definition)
        held = {r.definition for r in views.onsets()} if definition else set()
    if definition is not None:
        _check_definition(definition, held)
    if definition is not None and definition not in held and not as_json:
        print(f"No onsets by {definition}; flags there are by: {listed(held)}.")
        return
    columns: Columns = {
        "patient": lambda r: r.patient,
        "episode": lambda r: r.episode,
        "status": lambda r: r.status,
        "onset": lambda r: told(r.happened_at),
        "known": lambda r: told(r.known_at),
        "score": score,
        "definition": lambda r: r.definition,
        "policy": lambda r: r.policy,
    }
    show("onsets", rows, columns, as_json=as_json)


@app.command()
def screenings(
    registry: RegistryOption = None,
    patient: PatientOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The eligibility verdicts: now, before the window closed, and with the answers."""
    book = opened_as(registry, who, Surface.SCREENINGS)
    with closing(book), book.reading() as views:
        rows = views.screenings(patient=patient, at=SystemClock().now())
    columns: Columns = {
        "patient": lambda r: r.patient,
        "trial / domain": lambda r: f"{r.trial} / {r.domain}",
        "now": lambda r: r.status,
        "while open": lambda r: r.status_while_open or "never open",
        "with answers": lambda r: r.status_with_answers or "",
        "deadline": lambda r: told(r.deadline),
        "stratum": lambda r: r.stratum,
        "undecided": lambda r: ", ".join(
            c.criterion_id for c in r.criteria if c.truth == "UNKNOWN"
        ),
    }
    show("screenings", rows, columns, as_json=as_json)


@app.command()
def participants(
    registry: RegistryOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who was asked, consented and was randomised; an arm only where all may see it."""
    book = opened_as(registry, who, Surface.PARTICIPANTS)
    with closing(book), book.reading() as views:
        rows = views.participants(may_see_arms=views.may_see_arms())
    columns: Columns = {
        "participant": lambda r: r.participant,
        "patient": lambda r: r.patient,
        "consent": lambda r: r.consent,
        "domain": lambda r: r.domain or "",
        "stratum": lambda r: r.stratum or "",
        "no": lambda r: r.sequence_no or "",
        "randomised": lambda r: told(r.randomised_at),
        "arm": lambda r: r.arm or "",
    }
    show("participants", rows, columns, as_json=as_json)


@app.command()
def arms(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The arm of everybody, of blinded domains too, for the roles that may know it.

    That you look is in the audit before you are answered. On PostgreSQL the arms are
    read by your own login, of the name that you give.
    """
    with closing(opened_as(registry, who, Surface.BLINDED_ARMS, trial=trial)) as book:
        rows = arms_on_record(book, trial, at=SystemClock().now())
    columns: Columns = {
        "participant": lambda r: r.participant,
        "site": lambda r: r.site,
        "trial / domain": lambda r: f"{r.trial} / {r.domain}",
        "arm": lambda r: r.arm,
    }
    show("arms", rows, columns, as_json=as_json)


@app.command()
def consents(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    due: Annotated[
        bool, typer.Option("--due", help="Only where something is to be done.")
    ] = False,
    at: AtOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Where each participant stands, what may be done, and who is to be asked."""
    book = opened_as(registry, who, Surface.CONSENTS, trial=trial)
    with closing(book), book.reading() as views:
        rows = views.consent_stands(trial, at=moment(at))
    if due:
        waiting = (row for row in rows if row.due is not None)
        rows = tuple(sorted(waiting, key=_urgency))
    columns: Columns = {
        "participant": lambda r: r.participant,
        "patient": lambda r: r.patient,
        "consent": lambda r: r.standing,
        "form": lambda r: r.document_version or "",
        "to be done": lambda r: (r.due or "").replace("_", " "),
        "by": lambda r: told(r.deadline),
        "on form": lambda r: r.renew or "",
        "withdrawn": lambda r: ", ".join(r.withdrawn),
        "may": _may,
        "data": lambda r: "not to be used" if r.data_flagged else "",
    }
    show("consents", rows, columns, as_json=as_json)


@app.command()
def strata(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    at: AtOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The strata that wait for a result, the most urgent first."""
    book = opened_as(registry, who, Surface.SCREENINGS, trial=trial)
    with closing(book), book.reading() as views:
        rows = views.strata(trial, at=moment(at), past=at is not None)
    columns: Columns = {
        "patient": lambda r: r.patient,
        "trial / domain": lambda r: f"{r.trial} / {r.domain}",
        "factor": lambda r: r.factor,
        "state": lambda r: r.state,
        "waited for until": lambda r: told(r.waited_until),
        "window closes": lambda r: told(r.deadline),
        "classifier": lambda r: ", ".join(" ".join(pair) for pair in r.classifiers),
    }
    show("strata", rows, columns, as_json=as_json)


@app.command()
def outcomes(
    registry: RegistryOption = None,
    patient: PatientOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The outcomes, each by its latest revision."""
    book = opened_as(registry, who, Surface.OUTCOMES)
    with closing(book), book.reading() as views:
        rows = views.outcomes(patient=patient)
    columns: Columns = {
        "patient": lambda r: r.patient,
        "trial": lambda r: r.trial,
        "outcome": lambda r: r.outcome,
        "status": lambda r: r.status if r.amends is None else f"{r.status}, amended",
        "value": value,
        "final from": lambda r: told(r.determinable_from),
        "reason": lambda r: r.reason or "",
        "judged": judged,
    }
    show("outcomes", rows, columns, as_json=as_json)


@app.command()
def deviations(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """The departures from the protocol, in the order in which they happened."""
    book = opened_as(registry, who, Surface.DEVIATIONS, trial=trial)
    with closing(book), book.reading() as views:
        rows = views.deviations(trial)
    columns: Columns = {
        "participant": lambda r: r.participant,
        "no": lambda r: r.number,
        "domain": lambda r: r.domain,
        "kind": lambda r: r.kind,
        "important": lambda r: "yes" if r.important else "no",
        "happened": lambda r: told(r.happened_at),
        "what": lambda r: r.description,
        "recorded by": lambda r: r.actor,
    }
    show("deviations", rows, columns, as_json=as_json)


@app.command()
def agreement(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """How often human and machine say the same, criterion by criterion."""
    book = opened_as(registry, who, Surface.ANSWERS, trial=trial)
    with closing(book), book.reading() as views:
        rows = views.agreement(trial)
    if not rows and not as_json:
        print("No criterion was answered by a human yet.")
        return
    columns: Columns = {
        "trial / domain": lambda r: f"{r.trial} / {r.domain}",
        "criterion": lambda r: f"{r.criterion} ({r.role})",
        "answered": lambda r: r.answered,
        "both spoke": lambda r: r.both,
        "agree": lambda r: r.agree,
        "human yes, machine no": lambda r: r.human_true_machine_false,
        "human no, machine yes": lambda r: r.human_false_machine_true,
        "agreement": lambda r: "" if r.agreement is None else f"{r.agreement:.0%}",
    }
    show("agreement", rows, columns, as_json=as_json)


@app.command()
def separation(
    registry: RegistryOption = None,
    trial: TrialOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What each arm received, of domains whose arms may be seen: adherence, crossover."""
    book = opened_as(registry, who, Surface.RECEIVED, trial=trial)
    with closing(book), book.reading() as views:
        rows = received.separation(views, trial)
    columns: Columns = {
        "trial / domain": lambda r: f"{r.trial} / {r.domain}",
        "treatment": lambda r: r.outcome,
        "arm": lambda r: r.received.arm,
        "participants": lambda r: r.received.participants,
        "known": lambda r: r.received.known,
        "mean days": _mean_days,
        "as allocated": lambda r: r.received.as_allocated,
        "crossed over": lambda r: r.received.crossed_over,
        "departed": lambda r: r.received.departed,
    }
    show("separation", rows, columns, as_json=as_json)


def _mean_days(row: received.SeparationView) -> str:
    mean = row.received.mean_days
    return "unknown" if mean is None else f"{mean:.1f}"


def _check_definition(name: str, held: set[str]) -> None:
    """Refuse what is no definition; raises `SettingsError` EMB-402.

    One of which the registry holds flags is one, whatever this version knows.
    """
    known = {ANCHORING, *FLAGGABLE}
    if name not in known | held:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"There is no definition {name!r} that can be flagged.",
            f"Use one of: {listed(known | held)}.",
        )


def _urgency(row: ConsentView) -> tuple[bool, datetime, str]:
    """Who has a deadline comes first, the nearest before the others."""
    latest = datetime.max.replace(tzinfo=UTC)
    return row.deadline is None, row.deadline or latest, row.participant


def _may(row: ConsentView) -> str:
    """The acts that are allowed, in words."""
    acts = ("randomise", "treat", "follow_up", "collect", "use")
    allowed = (act for act in acts if getattr(row, f"may_{act}"))
    return ", ".join(allowed).replace("_", " ")


def show(name: str, rows: Sequence[RowT], columns: Columns, *, as_json: bool) -> None:
    """Print the rows: as one JSON array, or as a table with these columns."""
    if as_json:
        print(ANSWERS[name].dump_json(tuple(rows)).decode())
        return
    print_table(name, rows, columns)
