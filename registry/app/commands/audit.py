"""`ember audit`: walk the hash chains."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import orjson
import typer

from registry.app.commands.options import JsonOption, RegistryOption, opened
from registry.usecases.verify_audit import ChainReport, verify_audit


app = typer.Typer(help="The audit trail.", no_args_is_help=True, add_completion=False)


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
    with closing(opened(registry)) as found, found.inspection() as uow:
        reports = verify_audit(uow)
    if as_json:
        print(orjson.dumps([_row(report) for report in reports]).decode())
    elif not quiet:
        for report in reports:
            print(_told(report))
        if not reports:
            print("The audit is empty.")
    if any(report.break_ is not None for report in reports):
        raise typer.Exit(1)


def _row(report: ChainReport) -> dict[str, object]:
    """One object of the JSON array; `break` is null where the chain holds."""
    found = report.break_
    return {
        "site": report.site,
        "trial": report.trial,
        "rows": report.rows,
        "head_hash": report.head_hash,
        "arms_read": report.arms_read,
        "break": None
        if found is None
        else {"sequence": found.sequence, "reason": found.reason},
    }


def _told(report: ChainReport) -> str:
    chain = f"{report.site or '-'} / {report.trial or '-'}"
    found = report.break_
    if found is not None:
        return f"BROKEN  {chain} breaks at row {found.sequence}: {found.reason}."
    told = f"ok      {chain}: {report.rows} rows, head {report.head_hash[:16]}"
    return told if report.arms_read else f"{told}; arms not read, as the role may not"
