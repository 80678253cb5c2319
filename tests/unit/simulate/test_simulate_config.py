from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from streams.simulate.config import Delay, HospitalConfig
from streams.vocabulary.errors import ErrorCode, SettingsError


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ({"start": datetime(2026, 1, 1)}, "start"),  # noqa: DTZ001 - naive is the case
        ({"start": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))}, "start"),
        ({"ward_beds": 0}, "ward_beds"),
        ({"icu_beds": -1}, "icu_beds"),
        ({"admissions_per_day": 0.0}, "admissions_per_day"),
        ({"duration": timedelta(0)}, "duration"),
        ({"sepsis_share": 0.7, "infection_share": 0.4}, "sepsis_share"),
        ({"shock_share": 1.2}, "shock_share"),
        ({"mortality_shock": -0.1}, "mortality_shock"),
        ({"culture_yield": 2.0}, "culture_yield"),
        ({"late_share": float("nan")}, "late_share"),
        ({"icu_vitals_every": timedelta(seconds=1)}, "icu_vitals_every"),
    ],
)
def test_a_hospital_that_cannot_be_is_refused_by_the_name_of_its_setting(
    setting: dict[str, Any], word: str
) -> None:
    with pytest.raises(SettingsError, match=word) as refused:
        HospitalConfig(**setting)
    assert refused.value.code is ErrorCode.BAD_SETTING


def test_the_usual_hospital_can_be() -> None:
    assert HospitalConfig().start.tzinfo is UTC


def test_an_average_draw_gives_the_median_delay_and_no_draw_less_than_the_least() -> (
    None
):
    delay = Delay(timedelta(hours=1), 0.5, timedelta(minutes=20))
    assert delay.seconds(0.0) == 3600
    assert delay.seconds(1.0) > 3600
    assert delay.seconds(-50.0) == 1200
