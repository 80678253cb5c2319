"""`ember audit`: walk the hash chains."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import orjson
import typer

from registry.app.commands.options import JsonOption, RegistryOption, opened
from registry.usecases.verify_audit import ChainReport, verify_audit


app = typer.Typer(help="The audit trail.", no_args_is_help=True)


@app.callback()
def trail() -> None:
    """The audit trail."""


@app.command()
def verify(
    registry: RegistryOption = None,
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option(help="Print nothing; only exit.")] = False,
) -> None:
    """Walk every chain; exit 1 at the first row that was changed, removed or added."""
    with opened(registry).transaction() as uow:
        reports = verify_audit(uow)
    if as_json:
        print(orjson.dumps([asdict(report) for report in reports]).decode())
    elif not quiet:
        for report in reports:
            print(_told(report))
        if not reports:
            print("The audit is empty.")
    if any(report.break_ is not None for report in reports):
        raise typer.Exit(1)


def _told(report: ChainReport) -> str:
    chain = f"{report.site} / {report.trial or '-'}"
    if report.break_ is None:
        return f"ok      {chain}: {report.rows} rows, head {report.head_hash[:16]}"
    return f"BROKEN  {chain}: {report.break_}"
