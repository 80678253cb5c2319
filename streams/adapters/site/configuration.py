"""A site's configuration: one YAML document, checked as a whole when it is read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from streams.vocabulary.concepts import concepts
from streams.vocabulary.drugs import drugs
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.messages import Site
from streams.vocabulary.units import canonical_unit


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone; write it as Europe/London")
    return name


def _concept(name: str) -> str:
    if name not in concepts():
        raise ValueError(f"there is no concept {name!r}; see `ember concepts`")
    return name


def _unit(written: str) -> str:
    unit = canonical_unit(written)
    if unit is None:
        raise ValueError(f"the unit {written!r} is not known; write UCUM")
    return unit


def _drug(name: str) -> str:
    if name not in drugs():
        raise ValueError(f"there is no drug {name!r}")
    return name


def _text(written: object) -> object:
    """A code that YAML reads as a number is meant as it stands."""
    plain = isinstance(written, int) and not isinstance(written, bool)
    return str(written) if plain else written


Text = Annotated[str, BeforeValidator(_text)]
Unit = Annotated[str, AfterValidator(_unit)]
Level = Literal["icu", "intermediate", "ward", "emergency", "theatre", "other"]
VisitKind = Literal["hospital", "icu", "emergency"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CodeEntry(_Part):
    """One local code and what it means."""

    system: Text = Field(
        default="",
        description="The system as the source writes it; empty for the site's own.",
    )
    code: Text = Field(description="`*` stands for every other code of its system.")
    kind: Literal[
        "observation",
        "culture",
        "organism",
        "antimicrobial",
        "fluid",
        "support",
        "procedure",
        "drug",
        "ignored",
    ] = Field(
        default="observation",
        description="What it names: something measured or assessed, a test for "
        "microbes, what grew, what it was tried against, a volume in or out, support "
        "of breathing, something done, a drug, or nothing Ember needs.",
    )
    concept: str = Field(
        default="",
        description="The concept, drug, or (of a fluid) substance; empty for cultures.",
    )
    unit: Unit | None = Field(
        default=None, description="What a result without a unit is in."
    )
    specimen: Text | None = None
    method: Text | None = None

    @model_validator(mode="after")
    def _meant(self) -> Self:
        check = {"observation": _concept, "drug": _drug}.get(self.kind)
        if check is not None:
            check(self.concept)
        return self


class Ward(_Part):
    """One ward and what sort of place it is."""

    level: Level


class SiteConfiguration(_Part):
    """Everything a reader must be told of the site whose messages it reads."""

    site: Site
    zone: Annotated[str, AfterValidator(_zone)] = Field(
        description="The time zone of times that name none: America/New_York."
    )
    identity: Literal["pseudonymous", "public"] = Field(
        default="pseudonymous",
        description="`public` keeps identifiers as they are: research data alone.",
    )
    authorities: tuple[Text, ...] = Field(
        default=(),
        description="Who assigns patient identifiers, the one to go by first: an "
        "authority, `TYPE@AUTHORITY`, or `TYPE@` for any authority.",
    )
    authority_names: dict[Text, Text] = Field(
        default_factory=dict,
        description="What else an authority is called: by FHIR identifier system or "
        "OID, its one name.",
    )
    visits: dict[Text, VisitKind] = Field(
        default_factory=dict,
        description="Who assigns the numbers of FHIR Encounters, the one to go by "
        "first, and what they number; without any, Encounters go by their own id.",
    )
    fhir_servers: tuple[Text, ...] = Field(
        default=(),
        description="Base addresses under which the site's FHIR server is spoken of.",
    )
    systems: dict[Text, Text] = Field(
        default_factory=dict,
        description="Code systems by the names the site gives them, and their own.",
    )
    units: dict[Text, Unit] = Field(
        default_factory=dict, description="The site's spellings of units."
    )
    codes: tuple[CodeEntry, ...] = ()
    code_files: tuple[str, ...] = Field(
        default=(),
        description="CSV files beside this one: system,code,kind,concept,unit,"
        "specimen,method.",
    )
    wards: dict[Text, Ward] = Field(default_factory=dict)
    vasoactives: dict[
        Annotated[str, AfterValidator(_drug)], Literal["salt", "base"]
    ] = Field(
        default_factory=dict,
        description="Whether rates are charted as the salt or as the base.",
    )

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.zone)


def read_site(path: Path) -> SiteConfiguration:
    """The configuration in the file, with its code files read in.

    Raises `SettingsError` EMB-403 where a file cannot be read, EMB-402 for what is in
    it, naming the place.
    """
    try:
        written = yaml.safe_load(path.read_text("utf-8-sig"))
        site = SiteConfiguration.model_validate(written)
    except (OSError, UnicodeDecodeError) as fault:
        raise _unreadable(path, fault) from None
    except yaml.YAMLError as fault:
        told = " ".join(str(fault).split())
        raise _invalid(path, told) from None
    except ValidationError as fault:
        raise _invalid(path, _first(fault)) from None
    return with_code_files(site, path.parent)


def with_code_files(site: SiteConfiguration, folder: Path) -> SiteConfiguration:
    """The configuration with the entries of its code files behind its own."""
    entries = [e for name in site.code_files for e in _code_file(folder / name)]
    return site.model_copy(update={"codes": (*site.codes, *entries)})


def _code_file(path: Path) -> Iterator[CodeEntry]:
    """The entries of one CSV; empty cells say nothing."""
    try:
        rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise _unreadable(path, fault) from None
    for line, row in enumerate(rows, start=2):
        try:
            yield CodeEntry.model_validate({k: v for k, v in row.items() if v})
        except ValidationError as fault:
            raise _invalid(path, f"line {line}, {_first(fault)}") from None


def _first(fault: ValidationError) -> str:
    error = fault.errors()[0]
    place = ".".join(str(part) for part in error["loc"]) or "as a whole"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"


def _unreadable(path: Path, fault: Exception) -> SettingsError:
    return SettingsError(
        ErrorCode.PATH_NOT_FOUND,
        f"{path} cannot be read ({fault}).",
        "Name a site's configuration in YAML.",
    )


def _invalid(path: Path, told: str) -> SettingsError:
    return SettingsError(
        ErrorCode.BAD_SETTING,
        f"{path}: {told}.",
        "See deploy/docs/intake.md for what a site's configuration holds.",
    )
