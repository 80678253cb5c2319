"""`ember demo`: a simulated hospital through the whole chain, in simulated time."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from shutil import which
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from registry.app.commands.options import RegistryOption
from registry.app.embedded import EmbeddedRunner, Tally
from registry.app.summary import print_summary
from registry.app.team import ScriptedTeam
from registry.app.trials import activate, give_green_light
from registry.domain.mode import Mode
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.migrate import migrate
from registry.store.unit_of_work import Registry, open_registry
from registry.usecases.set_mode import SetMode, set_mode
from streams.app.flagging import DefinitionOption, flagged_beside
from streams.app.protocols import DEMONSTRATION, shipped_protocol
from streams.pipeline.flaggable import described
from streams.pipeline.patient import Rules
from streams.simulate.config import HospitalConfig
from streams.simulate.hospital import Simulation
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.protocol import Protocol


_PLACE = Path("demo/ember.sqlite")
_AFTER = timedelta(days=92)
"""How long the last patients are followed after the last admission."""
_SOURCE = "synthetic-hospital"
_DAYS = "UTC"
"""The simulated hospital's own time zone."""
_ACTOR = "ember demo"


def demo(
    registry: RegistryOption = None,
    seed: Annotated[
        int, typer.Option(help="Another seed, another hospital.", min=0)
    ] = 1,
    days: Annotated[int, typer.Option(help="Days of admissions.", min=1)] = 30,
    definition: DefinitionOption = None,
) -> None:
    """Simulate a hospital, run the chain, let a scripted team act, and show the result.

    Everything in it is made up. Without --registry it writes demo/ember.sqlite anew.
    """
    beside = flagged_beside(os.environ, definition, own_days=_DAYS)
    url = registry or _fresh_file()
    migrate(url)
    book = open_registry(url)
    config = HospitalConfig(seed=seed, duration=timedelta(days=days))
    protocol = shipped_protocol(DEMONSTRATION)
    signer = KeyedSigner({protocol.id: sha256(f"ember demo {seed}".encode()).digest()})
    _open_the_trial(book, protocol, signer, config.start, site=config.site)
    team = ScriptedTeam(registry=book, signer=signer, seed=seed)
    with _bar(config) as progress:
        task = progress.add_task("simulating", total=1.0, events="0")

        def show(tally: Tally) -> None:
            if tally.now is not None:
                passed = _span(config, tally.now - config.start)
                progress.update(task, completed=passed, events=f"{tally.events:,}")

        runner = EmbeddedRunner(
            book,
            Rules(
                protocols=(protocol,),
                definitions=beside.definitions,
                zone=beside.zone,
                software_version=version("ember-registry"),
            ),
            source=_SOURCE,
            fingerprint=", ".join(
                (
                    f"seed {seed}, {days} days, {protocol.digest}",
                    *described(beside.definitions, beside.zone),
                )
            ),
            people=team,
            on_progress=show,
        )
        team.runner = runner
        tally = runner.run(Simulation(config).messages())
    print_summary(book, tally, team, url=url, ember=_called_as(), console=Console())


def _called_as() -> str:
    """Ember as the user called it: by its name alone where the shell finds it so."""
    called, found = Path(sys.argv[0]), which("ember")
    if found is not None and called.exists() and called.samefile(found):
        return "ember"
    return str(called) if called.name == "ember" else "ember"


def _fresh_file() -> str:
    """The demonstration's own file, empty."""
    _PLACE.parent.mkdir(exist_ok=True)
    for file in _PLACE.parent.glob(f"{_PLACE.name}*"):
        file.unlink()
    return f"sqlite:///{_PLACE}"


def _open_the_trial(
    book: Registry,
    protocol: Protocol,
    signer: KeyedSigner,
    at: datetime,
    *,
    site: str,
) -> None:
    """Set the mode, activate the protocol, let the site recruit.

    Refuses a registry that is in use.
    """
    with book.reading() as views:
        in_use = views.onsets() or views.runs() or views.mode() is Mode.LIVE
    if in_use:
        raise SettingsError(
            ErrorCode.REGISTRY_MODE,
            "This registry is in use; the demonstration would mix made-up patients in.",
            "Give --registry an empty database, or leave it away.",
        )
    command = SetMode(mode=Mode.DEMO, reason="demonstration", actor=_ACTOR, at=at)
    with book.transaction() as uow:
        set_mode(command, uow)
    activate(protocol, book, signer=signer, actor=_ACTOR, at=at)
    give_green_light(
        protocol.id, book, site=site, reason="demonstration", actor=_ACTOR, at=at
    )


def _bar(config: HospitalConfig) -> Progress:
    return Progress(
        TextColumn(f"{config.site}, {config.duration.days} days"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[events]} events"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _span(config: HospitalConfig, passed: timedelta) -> float:
    """Simulated time on the bar: most events lie in the days of admission."""
    admitted = min(passed, config.duration)
    after = max(passed - config.duration, timedelta())
    return admitted / config.duration * 0.9 + min(after / _AFTER, 1.0) * 0.1
