"""Every table there is, by name."""

from __future__ import annotations

from streams.app.history.tables.charlson import CHARLSON
from streams.app.history.tables.first_day_sofa import FIRST_DAY_SOFA
from streams.app.history.tables.kdigo_stages import KDIGO_STAGES
from streams.app.history.tables.norepinephrine_equivalent_dose import (
    NOREPINEPHRINE_EQUIVALENT_DOSE,
)
from streams.app.history.tables.sepsis3 import SEPSIS3
from streams.app.history.tables.sirs import SIRS
from streams.app.history.tables.sofa import SOFA
from streams.app.history.tables.suspicion_of_infection import SUSPICION_OF_INFECTION
from streams.app.history.tables.table import Table
from streams.app.history.tables.ventilation import VENTILATION
from streams.vocabulary.errors import ErrorCode, SettingsError


TABLES = {
    table.name: table
    for table in (
        SUSPICION_OF_INFECTION,
        SOFA,
        FIRST_DAY_SOFA,
        SIRS,
        KDIGO_STAGES,
        CHARLSON,
        VENTILATION,
        NOREPINEPHRINE_EQUIVALENT_DOSE,
        SEPSIS3,
    )
}


def table_named(name: str) -> Table:
    """The table of that name; raises `SettingsError` EMB-402 where there is none."""
    if name not in TABLES:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"There is no table {name!r}.",
            f"Use one of: {', '.join(TABLES)}.",
        )
    return TABLES[name]
