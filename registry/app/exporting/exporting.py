"""One extract, by one profile, into one folder: the file, its columns, its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from registry.app.exporting.csv_file import write_csv
from registry.app.exporting.manifest import (
    CutTold,
    FileTold,
    Manifest,
    ProtocolTold,
    file_told,
    treated,
    withheld,
    written,
)
from registry.app.exporting.scattered import scattered
from registry.app.exporting.unfinished import held
from registry.app.exporting.writers import Format, Writer, writer_of
from registry.domain.disclosure import (
    Column,
    Kind,
    Profile,
    Told,
    Value,
    discloser,
    told,
)
from registry.domain.extracts import COLUMNS, Cut, Extract
from registry.store.extracts import Extracts, Wanted
from registry.store.unit_of_work import Registry
from streams.app.history.writing import writing_bytes
from streams.vocabulary.errors import ErrorCode, SettingsError


Rows = Iterable[tuple[Value, ...]]
Identify = Callable[[Sequence[Told], Rows], Iterator[tuple[Value, ...]]]
"""Fills in who each patient is, and has every look audited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is asked for."""

    extract: Extract
    format: Format
    profile: Profile
    cut: Cut
    trial: str | None
    out: Path
    key: bytes
    """By which `safe_harbor` names; 32 bytes, of this export or kept by the site."""
    arms: bool = True
    """False: none is written, nor words of a person, whatever the reader may see."""


def export(
    book: Registry, asked: Export, *, identify: Identify | None = None
) -> Manifest:
    """Write the files; the manifest last, so that what has one is whole.

    Each format has its own, so that others may lie in the same folder; what an export
    that was killed left there is taken away first.
    `identify` is for the profile `identified` alone. Raises `SettingsError` EMB-402
    for a format the extract has not, EMB-403 for a folder that cannot be written.
    """
    write = writer_of(asked.extract, asked.format)
    path = _made(asked.out) / f"{asked.extract.value}{asked.format.suffix}"
    beside = path.with_name(f"{path.name}.manifest.json")
    beside.unlink(missing_ok=True)
    with held(asked.out), book.extracts() as extracts:
        arms = asked.arms and extracts.may_see_arms()
        words = asked.arms and extracts.may_read_words(asked.extract, asked.trial)
        columns = told(COLUMNS[asked.extract], asked.profile, arms=arms, words=words)
        rows = _rows(extracts, asked, columns, identify, arms=arms)
        data = _data(path, columns, rows, write)
        manifest = _manifest(extracts, asked, columns, data, arms=arms)
        with writing_bytes(beside) as file:
            file.write(written(manifest))
    return manifest


def _rows(
    extracts: Extracts,
    asked: Export,
    columns: Sequence[Told],
    identify: Identify | None,
    *,
    arms: bool,
) -> Rows:
    """What is shown, row by row."""
    wanted = Wanted(extract=asked.extract, cut=asked.cut, trial=asked.trial, arms=arms)
    rows: Rows = extracts.rows(wanted)
    if identify is not None:
        rows = identify(columns, rows)
    shown = map(discloser(columns, asked.key), rows)
    if asked.profile is not Profile.SAFE_HARBOR:
        return shown
    return scattered(shown, key=asked.key, folder=asked.out)


def _data(
    path: Path, columns: Sequence[Told], rows: Rows, write: Writer
) -> tuple[FileTold, ...]:
    """The extract and the meaning of its columns."""
    shown = [one.shown for one in columns if one.treatment != "left_out"]
    number = write(path, shown, rows)
    meanings = path.with_name(f"{path.name}.columns.csv")
    lines = [
        (one.column.name, one.shown.form, one.treatment, one.column.meaning)
        for one in columns
        if one.treatment != "left_out"
    ]
    write_csv(meanings, _OF_A_COLUMN, lines)
    return file_told(path, number), file_told(meanings, len(lines))


_OF_A_COLUMN = tuple(
    Column(name=name, form="text", kind=Kind.PLAIN, meaning=meaning)
    for name, meaning in (
        ("column", "Name."),
        ("type", "Type of its values."),
        ("treatment", "What the profile did to them."),
        ("meaning", "What it says."),
    )
)


def _manifest(
    extracts: Extracts,
    asked: Export,
    columns: Sequence[Told],
    files: tuple[FileTold, ...],
    *,
    arms: bool,
) -> Manifest:
    cut = asked.cut
    hidden = extracts.hidden_outcomes() if asked.extract is Extract.OUTCOMES else ()
    return Manifest(
        software_version=version("ember-registry"),
        extract=asked.extract,
        profile=asked.profile,
        trial=asked.trial,
        cut=CutTold(
            recorded_until=cut.recorded_until, happened_until=cut.happened_until
        ),
        protocols=tuple(
            ProtocolTold(
                trial=one.trial, version=one.version, protocol_hash=one.protocol_hash
            )
            for one in extracts.protocols(cut.recorded_until)
            if asked.trial in (None, one.trial)
        ),
        files=files,
        left_out=treated(columns, left_out=True),
        changed=treated(columns, left_out=False),
        withheld=withheld(columns),
        arms="of_open_label_domains" if arms else "none",
        hidden_outcomes=tuple(
            one for one in sorted(hidden) if asked.trial in (None, one[0])
        ),
    )


def _made(folder: Path) -> Path:
    """The folder, there from now on; raises `SettingsError` EMB-403 if it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{folder} cannot be made ({fault.strerror}).",
            "Name a folder that can be written to.",
        ) from None
    return folder
