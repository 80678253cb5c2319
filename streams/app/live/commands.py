"""`ember worker`: one stream worker."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from streams.app.flagging import flagged_beside
from streams.app.live.running import run_worker
from streams.app.live.shadow import protocols_in_force
from streams.app.live.worker import WorkerPlan
from streams.app.readers import readers_of
from streams.app.remembering import fhir_site
from streams.app.settings import kafka_settings, process_settings
from streams.pipeline.patient import Rules


def worker(
    datadir: Annotated[
        Path | None,
        typer.Option(
            help="Its local state; no two workers share it. EMBER_WORKER_DIR."
        ),
    ] = None,
    http: Annotated[
        str | None,
        typer.Option(help="host:port of /metrics and /health. EMBER_HTTP."),
    ] = None,
    shadow: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Run beside the live workers: own state, own output topics.",
        ),
    ] = None,
) -> None:
    """Judge patients as their records come; stop with SIGTERM, start as many as wanted.

    Something wrong around it ends it with status 1, and nothing is skipped: what
    supervises it starts it again.
    """
    environ = dict(os.environ)
    if http is not None:
        environ["EMBER_HTTP"] = http
    settings = process_settings(environ)
    if datadir is not None:
        settings = replace(settings, worker_dir=datadir)
    kafka = kafka_settings(environ)
    beside = flagged_beside(environ)
    rules = Rules(
        protocols=() if shadow is None else protocols_in_force(kafka),
        definitions=beside.definitions,
        zone=beside.zone,
        software_version=version("ember-registry"),
        outcomes_of_flags=True,
    )
    plan = WorkerPlan(
        kafka=kafka,
        datadir=settings.worker_dir,
        rules=rules,
        readers=readers_of(environ),
        fhir=fhir_site(environ),
        batch=settings.batch,
        shadow=shadow,
        standby_replicas=settings.standby_replicas,
    )
    run_worker(plan, settings)
