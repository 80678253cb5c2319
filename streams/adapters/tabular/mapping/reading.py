"""Reading a mapping: its YAML checked as a whole, its code files read in."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import ValidationError

from streams.adapters.site.configuration import code_file, with_code_files
from streams.adapters.tabular.mapping.document import MappingDocument
from streams.vocabulary.errors import ErrorCode, SettingsError


Shipped = Literal["clif", "omop"]


def read_mapping(path: Path) -> MappingDocument:
    """The mapping in the file; raises `SettingsError` EMB-402/403, naming the place."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"The mapping {path} cannot be read ({fault}).",
            "Name a mapping in YAML; see deploy/docs/mapping.md.",
        ) from None
    return _checked(text, path.name, path.parent)


def shipped_mapping(name: Shipped) -> MappingDocument:
    """One of the mappings Ember ships."""
    folder = Path(str(files("streams.adapters.tabular.mapping"))) / "shipped"
    return _checked(
        (folder / f"{name}.yaml").read_text("utf-8"), f"{name}.yaml", folder
    )


def _checked(text: str, name: str, folder: Path) -> MappingDocument:
    try:
        document = MappingDocument.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as fault:
        raise _invalid(name, " ".join(str(fault).split())) from None
    except ValidationError as fault:
        raise _invalid(name, _told(fault)) from None
    codes = [e for file in document.code_files for e in code_file(folder / file)]
    site = document.site and with_code_files(document.site, folder)
    return document.model_copy(
        update={"codes": (*document.codes, *codes), "site": site}
    )


def _told(fault: ValidationError) -> str:
    """What is wrong, and where; of several readings, in the one that got farthest."""
    error = max(
        fault.errors(),
        key=lambda one: (len(_place(one["loc"])), one["type"] == "value_error"),
    )
    place = ".".join(_place(error["loc"])) or "as a whole"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"


def _place(parts: tuple[int | str, ...]) -> list[str]:
    """The place as its writer sees it, without the names of the readings tried."""
    words = [str(part) for part in parts]
    return [word for word in words if not any(sign in word for sign in "[]()`")]


def _invalid(name: str, told: str) -> SettingsError:
    return SettingsError(
        ErrorCode.BAD_SETTING, f"{name}: {told}.", "See deploy/docs/mapping.md."
    )
