"""An allocation vector as a statistician writes it."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AwareDatetime, Field, ValidationError, model_validator

from registry.domain.stratum import stratum_key
from registry.usecases.publish_vector import PublishVector
from streams.vocabulary.document import Document
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.quantities import protocol_fault


_ONE_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]{0,59}")


class VectorFile(Document):
    """What an analysis found."""

    trial: str
    """Whose arms these are."""
    domain: str
    """Of the trial."""
    stratum: dict[str, str] | None = None
    """The level of each factor; left out: every stratum."""
    analysis_id: str
    """Names the analysis, in one word; it is published once."""
    data_cut: AwareDatetime
    """What was known then is in the analysis, and nothing later."""
    p_best: dict[str, Annotated[float, Field(ge=0, le=1)]] | None = None
    """By arm, the probability of being best."""
    shares: dict[str, Annotated[float, Field(gt=0, lt=1)]] | None = None
    """By arm, the shares themselves, where the analysis reckoned them."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> VectorFile:
        if not _ONE_WORD.fullmatch(self.analysis_id):
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID,
                "name the analysis in one word of letters, digits and ._+/-, "
                "as interim-1: `analysis_id` leaves in extracts as it is",
            )
        if (self.p_best is None) is (self.shares is None):
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID, "write either `p_best` or `shares`"
            )
        return self

    def command(self, *, actor: str, at: datetime) -> PublishVector:
        """The act of publishing it."""
        return PublishVector(
            trial=self.trial,
            domain=self.domain,
            stratum=None if self.stratum is None else stratum_key(self.stratum.items()),
            analysis_id=self.analysis_id,
            data_cut=self.data_cut,
            p_best=self.p_best,
            shares=self.shares,
            actor=actor,
            at=at,
        )


def read_vector_file(path: Path) -> VectorFile:
    """The vector of this file.

    Raises `SettingsError` EMB-403 where it is not there, `InputError` EMB-113 where it
    cannot be read as one.
    """
    try:
        told = yaml.safe_load(path.read_text("utf-8"))
        return VectorFile.model_validate(told)
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


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(
        ErrorCode.UNREADABLE_FILE,
        f"{path} is no allocation vector: {why.rstrip('.')}.",
        "See deploy/docs/randomisation.md.",
    )
