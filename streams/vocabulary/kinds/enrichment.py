"""Rules about who is like whom: phenotypes, endotypes, biomarkers by their assay."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from streams.vocabulary.concepts import concepts
from streams.vocabulary.document import Named, Recorded
from streams.vocabulary.kinds.fitting import expect_comparable, refuse
from streams.vocabulary.quantities import ComparisonText, Duration


class Phenotype(Recorded):
    """The label of a phenotype or endotype, computed here or from outside."""

    kind: Literal["phenotype"]
    classifier: Named
    """Of the catalogue: `seneca`, `hyperinflammatory`, a scheme of markers; or one that
    runs outside: `srs`, `mars`."""
    any_of: tuple[str, ...] = Field(min_length=1)
    """Labels."""
    min_probability: float | None = Field(default=None, gt=0, le=1)
    """Of the label, where the classifier tells one; below it is UNKNOWN."""
    within: Duration | None = None
    """How old a label from outside may be; else as old as the classifier allows."""


class Marker(Recorded):
    """A biomarker's last result, by an assay that counts."""

    kind: Literal["marker"]
    marker: Named
    """A concept compared as `is` says, or a rule of the table of markers (`mals`)."""
    is_: ComparisonText | None = Field(default=None, alias="is")
    """A comparison in a unit of the concept's dimension."""
    assay: str | None = None
    """A word of the assay's name, in any case; other assays' results do not count."""
    within: Duration | None = None
    """How old the specimen may be; a rule of the table has a time of its own."""

    @model_validator(mode="after")
    def _fits(self) -> Marker:
        if self.is_ is None:
            return self
        if self.marker not in concepts():
            raise refuse(
                f"{self.marker} is no concept of the dictionary, so it cannot be compared; "
                "leave `is` out where it is a rule of the table of markers"
            )
        expect_comparable(self.marker, self.is_)
        if self.within is None:
            raise refuse(f"how old may {self.marker} be? give `within`")
        return self
