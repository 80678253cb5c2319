"""`ember signature`: sign records, show who signed, and verify what stands."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.asking import AsOption, expect_there, opened_as
from registry.app.commands.options import (
    ActorOption,
    JsonOption,
    RegistryOption,
    opened,
)
from registry.app.commands.renamed import ActorWasAs
from registry.app.settings import signers_file
from registry.app.signed import (
    SIGNATURES,
    SignatureTold,
    signature_in_words,
    signature_told,
)
from registry.domain.roles import Surface
from registry.domain.signature import Meaning, RecordSignature, Signable, Standing
from registry.store.signers import FileOfSigners, enrol_signer
from registry.usecases.sign_record import (
    RecordNotSigned,
    SignRecord,
    StandingSignature,
    sign_record,
    standing_signatures,
)
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError


app = typer.Typer(
    help="Electronic signatures under records.",
    no_args_is_help=True,
    add_completion=False,
)

KindArgument = Annotated[Signable, typer.Argument(help="The sort of record.")]
RecordArgument = Annotated[
    str, typer.Argument(metavar="RECORD_ID", help="Its identity, as the audit has it.")
]
SignersOption = Annotated[
    Path | None,
    typer.Option(help="The file of signers. Default: EMBER_SIGNERS."),
]
SecretOption = Annotated[
    Path | None,
    typer.Option(
        help="A file whose first line is the secret; without it, it is asked."
    ),
]


@app.command()
def enrol(
    name: Annotated[str, typer.Argument(help="As the audit is to name them.")],
    printed_name: Annotated[str, typer.Option(help="Their name in full.")],
    secret_file: SecretOption = None,
    signers: SignersOption = None,
) -> None:
    """Let somebody sign; a name is given to one person, for ever."""
    secret = secret_of(secret_file, asked_twice=True)
    enrol_signer(signers_file(os.environ, signers), name, printed_name, secret)
    print(f"{name} may sign as {printed_name}.")


@app.command(cls=ActorWasAs)
def sign(
    kind: KindArgument,
    record: RecordArgument,
    meaning: Annotated[Meaning, typer.Option(help="What is said by signing.")],
    actor: ActorOption,
    secret_file: SecretOption = None,
    signers: SignersOption = None,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a record as it is now; who signs shows anew that it is them."""
    authenticator = FileOfSigners(signers_file(os.environ, signers))
    secret = secret_of(secret_file)
    command = SignRecord(
        kind=kind,
        record_id=record,
        meaning=meaning,
        signer=actor,
        secret=secret,
        at=SystemClock().now(),
    )
    with (
        closing(opened_as(registry, actor, Surface.SIGN_RECORDS)) as book,
        book.transaction() as uow,
    ):
        done = sign_record(command, uow, authenticator)
        if not isinstance(done, RecordNotSigned):
            put = done.signature
            expect_there(book, Surface.SIGN_RECORDS, site=put.site, trial=put.trial)
    if isinstance(done, RecordNotSigned):
        named = done.obstacle.name.replace("_", " ")
        raise Refused(done.obstacle.code, f"Nothing was signed: {named}.")
    _show([signature_told(StandingSignature(done.signature, Standing.HOLDS))], as_json)


@app.command()
def show(
    kind: KindArgument,
    record: RecordArgument,
    registry: RegistryOption = None,
    who: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who signed a record, when, with which meaning, and whether it stands."""
    with closing(opened_as(registry, who, Surface.SIGNATURES)) as asked:
        with asked.inspection() as uow:
            given = uow.record_signatures.under(kind, record)
        found = _standing(registry, given)
    _show(found, as_json)


@app.command()
def verify(
    registry: RegistryOption = None, who: AsOption = None, as_json: JsonOption = False
) -> None:
    """Hold every signature against its record; exit 1 where one does not stand.

    Whether the signatures are those that were given, `ember audit verify` tells.
    """
    with closing(opened_as(registry, who, Surface.SIGNATURES)) as asked:
        with asked.inspection() as uow:
            given = uow.record_signatures.all()
        found = _standing(registry, given)
    _show(found, as_json)
    if any(one.standing not in (Standing.HOLDS, Standing.REDACTED) for one in found):
        raise typer.Exit(1)


def _standing(
    registry: str | None, given: Iterable[RecordSignature]
) -> list[SignatureTold]:
    """How each stands; the records under them are held against it, and not shown."""
    with closing(opened(registry)) as book, book.inspection() as uow:
        return [signature_told(one) for one in standing_signatures(uow, given)]


def _show(found: list[SignatureTold], as_json: bool) -> None:
    if as_json:
        print(SIGNATURES.dump_json(tuple(found)).decode())
        return
    for one in found:
        print(signature_in_words(one))
    if not found:
        print("No signatures.")


def secret_of(file: Path | None, *, asked_twice: bool = False) -> str:
    """The secret: the first line of the file, or what is typed.

    Raises `SettingsError` EMB-312 for a file that cannot be read.
    """
    if file is None:
        told: str = typer.prompt(
            "Secret", hide_input=True, confirmation_prompt=asked_twice, err=True
        )
        return told
    try:
        first, *_ = file.read_text("utf-8").splitlines() or [""]
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            ErrorCode.SECRET_MISSING,
            f"The secret's file {file.name} cannot be read.",
            "Name a file whose first line is the secret.",
        ) from None
    return first
