"""Sealed lists on paper: pages and manifest as they are written, openings as they come."""

from __future__ import annotations

import json
import os
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AwareDatetime, Field, ValidationError

from registry.domain.sealed_list import SealedList, SealedPage
from registry.usecases.enter_opening import EnterOpening
from streams.vocabulary.clock import in_utc, iso
from streams.vocabulary.document import Document
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


_OWNER_ONLY = 0o600
_ARM_BYTES = 64
"""An arm's name is filled up to it, and with it the page: else its size tells the arm."""
_NUMBER_DIGITS = 9

_PAGE = """\
SEALED ALLOCATION: open only while the registry is down, and in order

trial {trial}   domain {domain}   site {site}
list {list_id}
page {envelope:<{digits}}

Open no other page. Before you read on, write here:
participant ______________   date, time, offset ____________________   who ____________
{who}
================================== fold and seal ==================================

arm           {arm}
opening code  {nonce}

Afterwards: ember fallback backfill FILE (deploy/docs/when_things_go_wrong.md).
"""
_FOR_WHOM = "This domain is blinded: for the unblinded pharmacist alone.\n"


class OutageTold(Document):
    """From when until when the registry was down."""

    begin: AwareDatetime = Field(alias="from")
    until: AwareDatetime


class OpenedPage(Document):
    """One page, as the site has it in hand."""

    envelope: int
    """Its number."""
    participant: str
    """The code, as registered after the outage."""
    opened_at: AwareDatetime
    by: Annotated[str, Field(min_length=1)]
    """Who opened it."""
    arm: str = Field(repr=False)
    """As printed."""
    opening_code: str = Field(repr=False)
    """As printed."""
    episode: str | None = None
    """The stay, where several were screened."""


class OpenedFile(Document):
    """What a site opened in one outage."""

    list_id: str = Field(alias="list")
    """As printed on each page."""
    outage: OutageTold
    opened: Annotated[list[OpenedPage], Field(min_length=1)]

    def commands(self, *, actor: str, at: datetime) -> list[EnterOpening]:
        """One act a page, in the order of the pages."""
        return [
            EnterOpening(
                list_id=self.list_id,
                envelope=page.envelope,
                participant=page.participant,
                opened_at=in_utc(page.opened_at),
                opened_by=page.by,
                arm=page.arm,
                nonce=page.opening_code,
                episode=page.episode,
                outage_from=in_utc(self.outage.begin),
                outage_until=in_utc(self.outage.until),
                actor=actor,
                at=at,
            )
            for page in sorted(self.opened, key=lambda one: one.envelope)
        ]


def read_opened(path: Path) -> OpenedFile:
    """What was opened, as the file tells.

    Raises `SettingsError` EMB-403 where it is not there, `InputError` EMB-113 where it
    cannot be read as one; neither repeats what is in it.
    """
    try:
        return OpenedFile.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{path} cannot be read ({fault.strerror}).",
            "Name a file that is there.",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise _unreadable(path, "it is no YAML") from None
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise _unreadable(path, f"{place}: {first['msg']}") from None


def write_pages(
    folder: Path, sealed: SealedList, pages: tuple[SealedPage, ...]
) -> Path:
    """A file a page, and the manifest, which tells no arm; gives the manifest's path.

    Raises `SettingsError` EMB-402 where there are other files, or none can be written.
    """
    texts = {f"page-{page.envelope:05d}.txt": _page(sealed, page) for page in pages}
    manifest = _manifest(sealed, pages, texts)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in {**texts, "manifest.json": manifest}.items():
            _write(folder / name, text)
    except OSError as fault:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"The pages cannot be written to {folder} ({fault.strerror}).",
            "Name a folder that is empty or not there, of the custodian's own.",
        ) from None
    return folder / "manifest.json"


def _page(sealed: SealedList, page: SealedPage) -> str:
    return _PAGE.format(
        trial=sealed.trial,
        domain=sealed.domain,
        site=sealed.site,
        list_id=sealed.list_id,
        envelope=page.envelope,
        digits=_NUMBER_DIGITS,
        who=_FOR_WHOM if sealed.blinded else "",
        arm=_filled(page.arm, sealed),
        nonce=page.nonce,
    )


def _filled(arm: str, sealed: SealedList) -> str:
    """The name and blanks: as many bytes in the file for every arm of the list."""
    most = max(_ARM_BYTES, *(len(name.encode()) for name, _ in sealed.ratio))
    return arm + " " * (most - len(arm.encode()))


def _manifest(
    sealed: SealedList, pages: tuple[SealedPage, ...], texts: dict[str, str]
) -> str:
    told = {
        "list": sealed.list_id,
        "trial": sealed.trial,
        "domain": sealed.domain,
        "site": sealed.site,
        "first_no": sealed.first_no,
        "last_no": sealed.last_no,
        "blinded": sealed.blinded,
        "key_commitment": sealed.key_commitment,
        "made_at": iso(sealed.made_at),
        "pages": [
            {
                "envelope": page.envelope,
                "file": name,
                "commitment": page.commitment,
                "sha256": sha256(text.encode()).hexdigest(),
            }
            for page, (name, text) in zip(pages, texts.items(), strict=True)
        ],
    }
    return json.dumps(told, indent=2) + "\n"


def _write(path: Path, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, _OWNER_ONLY), "w", encoding="utf-8") as file:
        file.write(text)


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        ErrorCode.UNREADABLE_FILE,
        f"{path} tells no opened pages: {why.rstrip('.')}.",
        "See deploy/docs/when_things_go_wrong.md.",
    )
