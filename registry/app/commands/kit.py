"""`ember kit`: lists, shipments and what becomes of kits."""

from __future__ import annotations

import getpass
import os
from collections import Counter
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from registry.app.blinded_arms import put_stock_on_record, stock_on_record
from registry.app.clocks import SystemClock
from registry.app.commands.asking import (
    AsOption,
    expect_allowed,
    expect_there,
    opened_as,
)
from registry.app.commands.exits import FORBIDDEN, told_in_words
from registry.app.commands.naming import JsonOption, ReasonOption
from registry.app.commands.options import ActorOption, RegistryOption, opened
from registry.app.commands.tables import Columns, print_table
from registry.app.drawing import drawing
from registry.app.kit_files import read_kits
from registry.app.stock import KITS, STOCK, StockTold, kit_told, stock, stock_by_arm
from registry.domain.kit import DEPOT, KitAct
from registry.domain.roles import Place, Surface
from registry.store.unit_of_work import Registry, UnitOfWork
from registry.usecases.import_kits import ImportKits, KitListRefused
from registry.usecases.move_kit import MoveKit
from registry.usecases.replace_kit import ReplaceKit
from streams.vocabulary.errors import ErrorCode, SettingsError


app = typer.Typer(
    help="Kits of blinded domains.", no_args_is_help=True, add_completion=False
)

TrialOption = Annotated[str, typer.Option(help="The trial.")]
SiteOption = Annotated[str, typer.Option(help="The site, as its events name it.")]
PlaceOption = Annotated[
    str, typer.Option("--site", help="The site it is at. Default: the depot.")
]
KitArgument = Annotated[str, typer.Argument(help="The code on the label.")]
KeyOption = Annotated[
    Path | None,
    typer.Option(help="The file with the trial's allocation key, on SQLite alone."),
]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV: kit, arm, lot, expires_on.")],
    trial: TrialOption,
    domain: Annotated[str, typer.Option(help="The domain.")],
    actor: ActorOption,
    ahead: Annotated[
        bool, typer.Option(help="An amendment is to bring the domain.")
    ] = False,
    key: KeyOption = None,
    registry: RegistryOption = None,
) -> None:
    """Take in a supplier's list; for the unblinded, since it tells what kits hold.

    Exit 1 for a list by whose codes, order, lots or expiries arms could be told apart.
    """
    with told_in_words(), closing(opened(registry)) as book:
        expect_allowed(registry, actor, Surface.IMPORT_KITS, trial=trial)
        command = ImportKits(
            trial=trial,
            domain=domain,
            lines=read_kits(file),
            ahead=ahead,
            actor=actor,
            at=SystemClock().now(),
        )
        with drawing(book, trial, key=key, environ=os.environ) as signer:
            done = signer.import_kits(command)
        if isinstance(done, KitListRefused):
            code = ErrorCode.KIT_LIST_REFUSED.value
            for fault in done.faults:
                typer.echo(f"{code} The list cannot be used: {fault}.", err=True)
            raise typer.Exit(FORBIDDEN)
        before = " (as before)" if done.repeated else ""
        print(f"{trial}: list {done.list_id} of {done.kits} kits is kept{before}.")


@app.command()
def receive(
    kits: Annotated[list[str], typer.Argument(help="The codes on the labels.")],
    trial: TrialOption,
    site: SiteOption,
    actor: ActorOption,
    registry: RegistryOption = None,
) -> None:
    """A shipment has come to a site: all of its kits, or none."""
    _move(trial, kits, KitAct.RECEIVE, site, None, actor, registry)


@app.command()
def dispense(
    kit: KitArgument,
    trial: TrialOption,
    site: SiteOption,
    actor: ActorOption,
    registry: RegistryOption = None,
) -> None:
    """A reserved kit was handed out."""
    _move(trial, [kit], KitAct.DISPENSE, site, None, actor, registry)


@app.command("return")
def return_(
    kit: KitArgument,
    trial: TrialOption,
    site: SiteOption,
    actor: ActorOption,
    reason: ReasonOption = None,
    registry: RegistryOption = None,
) -> None:
    """A dispensed kit, or what is left of it, came back."""
    _move(trial, [kit], KitAct.RETURN, site, reason, actor, registry)


@app.command()
def damage(
    kit: KitArgument,
    trial: TrialOption,
    actor: ActorOption,
    reason: ReasonOption = None,
    site: PlaceOption = DEPOT,
    registry: RegistryOption = None,
) -> None:
    """A kit is damaged or lost, and is not to be used."""
    _move(trial, [kit], KitAct.DAMAGE, site, reason, actor, registry)


@app.command()
def quarantine(
    kit: KitArgument,
    trial: TrialOption,
    actor: ActorOption,
    reason: ReasonOption = None,
    site: PlaceOption = DEPOT,
    registry: RegistryOption = None,
) -> None:
    """Set a kit aside until it is released."""
    _move(trial, [kit], KitAct.QUARANTINE, site, reason, actor, registry)


@app.command()
def release(
    kit: KitArgument,
    trial: TrialOption,
    actor: ActorOption,
    reason: ReasonOption = None,
    site: PlaceOption = DEPOT,
    registry: RegistryOption = None,
) -> None:
    """End a quarantine: the kit may be used."""
    _move(trial, [kit], KitAct.RELEASE, site, reason, actor, registry)


@app.command()
def transfer(
    kits: Annotated[list[str], typer.Argument(help="The codes on the labels.")],
    trial: TrialOption,
    site: Annotated[str, typer.Option(help="The site they are at.")],
    actor: ActorOption,
    to: Annotated[
        str, typer.Option(help="The site that has them. Default: the depot.")
    ] = DEPOT,
    reason: ReasonOption = None,
    registry: RegistryOption = None,
) -> None:
    """Kits leave a site that nobody needs them for, or never were at: all, or none."""
    _move(trial, kits, KitAct.TRANSFER, site, reason, actor, registry, to=to)


@app.command()
def replace(
    kit: KitArgument,
    trial: TrialOption,
    site: SiteOption,
    actor: ActorOption,
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")],
    key: KeyOption = None,
    registry: RegistryOption = None,
) -> None:
    """Reserve another kit of the same contents, and print its code."""
    command = ReplaceKit(
        trial=trial,
        kit=kit,
        site=site,
        reason=reason,
        actor=actor,
        at=SystemClock().now(),
    )
    with (
        told_in_words(),
        closing(opened_as(registry, actor, Surface.HANDLE_KITS)) as book,
        drawing(book, trial, key=key, environ=os.environ) as signer,
    ):
        expect_there(book, Surface.HANDLE_KITS, site=site, trial=trial)
        print(signer.replace_kit(command).kit)


@app.command("list")
def list_(
    trial: TrialOption,
    site: Annotated[str | None, typer.Option(help="Only this site.")] = None,
    who: AsOption = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Where each kit stands; what it holds is told to nobody here."""
    book = opened_as(registry, who, Surface.KITS, trial=trial)
    with closing(book), book.inspection() as uow:
        kits = tuple(kit_told(kit) for kit in uow.kits.all_of(trial, site=site))
    columns: Columns = {
        "kit": lambda r: r.kit,
        "domain": lambda r: r.domain,
        "site": lambda r: r.site or "depot",
        "state": lambda r: r.state.value,
        "lot": lambda r: r.lot,
        "expires": lambda r: r.expires_on.isoformat(),
    }
    if as_json:
        print(KITS.dump_json(kits).decode())
    else:
        print_table("kits", kits, columns)


@app.command("stock")
def stock_(
    trial: TrialOption,
    below: Annotated[int, typer.Option(help="Fewer than these are low.")] = 0,
    unblinded: Annotated[
        bool,
        typer.Option(help="By arm: for the custodian, or who analyses by arm."),
    ] = False,
    who: AsOption = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """How many kits can be reserved where: of all arms together, or by arm.

    That you look by arm is in the audit before you are answered, under the name that
    you give; before any role is given, without one, under the system's user. On
    PostgreSQL it is read by your own login, of that name.
    """
    surface = Surface.KIT_CONTENTS if unblinded else Surface.KIT_STOCK
    with (
        told_in_words(),
        closing(opened_as(registry, who, surface, trial=trial)) as book,
    ):
        if unblinded:
            told = _by_arm(book, trial, below, who)
        else:
            told = _of_all_arms(book, trial, below)
    columns: Columns = {
        "domain": lambda r: r.domain,
        "site": lambda r: r.site or "depot",
        **({"arm": lambda r: r.arm} if unblinded else {}),
        "in stock": lambda r: str(r.in_stock),
        "low": lambda r: "low" if r.low else "",
    }
    if as_json:
        print(STOCK.dump_json(told).decode())
    else:
        print_table("places", told, columns)


def _of_all_arms(book: Registry, trial: str, below: int) -> tuple[StockTold, ...]:
    now = SystemClock().now()
    with book.inspection() as uow:
        kits, least = uow.kits.all_of(trial), _least(uow, trial, now)
    return stock(kits, today=now.date(), below=below, least=least)


def _by_arm(
    book: Registry, trial: str, below: int, who: str | None
) -> tuple[StockTold, ...]:
    now = SystemClock().now()
    with book.inspection() as uow:
        least = _least(uow, trial, now)
    if book.person is not None:
        rows = stock_on_record(book, trial, at=now)
        return stock_by_arm(rows, today=now.date(), below=below, least=least)
    with book.inspection() as uow:
        if not uow.allocations.may_read_arms():
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                "This role may not know what kits hold.",
                "Connect as the role that draws, or leave --unblinded out.",
            )
        kits, arms = uow.kits.all_of(trial), uow.kits.arms_of(trial)
    seen = Counter(Place(kit.site, kit.trial) for kit in kits)
    put_stock_on_record(book, seen, actor=who or getpass.getuser(), at=now)
    return stock(kits, today=now.date(), below=below, least=least, arms=arms)


def _least(uow: UnitOfWork, trial: str, now: datetime) -> dict[str, date]:
    """By domain the earliest expiry of a kit that is given now."""
    return {
        design.domain: design.kits.least_expiry(now)
        for design in uow.protocols.designs(trial)
        if design.kits is not None
    }


def _move(
    trial: str,
    kits: list[str],
    act: KitAct,
    site: str,
    reason: str | None,
    actor: str,
    registry: str | None,
    *,
    to: str = DEPOT,
) -> None:
    now = SystemClock().now()
    with (
        told_in_words(),
        closing(opened_as(registry, actor, Surface.HANDLE_KITS)) as book,
    ):
        expect_there(book, Surface.HANDLE_KITS, site=site, trial=trial)
        if to != DEPOT:
            expect_there(book, Surface.HANDLE_KITS, site=to, trial=trial)
        commands = [
            MoveKit(
                trial=trial,
                kit=kit,
                act=act,
                site=site,
                to=to,
                reason=reason,
                actor=actor,
                at=now,
            )
            for kit in kits
        ]
        with drawing(book, trial, key=None, environ=os.environ) as signer:
            done = signer.move_kits(commands)
        for one in done:
            print(f"{one.kit}: {one.state.value}")
