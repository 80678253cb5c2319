"""The Glasgow coma scale of a patient with a tube, as each policy reads it."""

import pytest

from streams.clinical.catalogue.rules import rule_named


TUBE = """
at      | what       | value
1 08:00 | gcs_motor  | 6
1 08:00 | gcs_verbal | 4
1 08:00 | gcs_eye    | 4
1 10:00 | gcs_motor  | 4
1 10:00 | gcs_verbal | No Response-ETT
1 10:00 | gcs_eye    | 2
"""


@pytest.mark.parametrize(
    ("policy", "least", "most"),
    [
        ("ember", 14, 14),
        ("assume_normal", 15, 15),
        ("as_charted", 7, 7),
        ("unknown", 3, 15),
    ],
)
def test_a_tube_leaves_the_total_to_the_policy(timeline_of, at, policy, least, most):
    told = rule_named("gcs_sedation").evaluate(timeline_of(TUBE), at("1 11:00"), policy)
    assert (told.lower, told.upper) == (least, most)


def test_with_no_total_before_the_tube_all_is_possible(timeline_of, at):
    table = """
    at      | what       | value
    1 10:00 | gcs_motor  | 4
    1 10:00 | gcs_verbal | No Response-ETT
    1 10:00 | gcs_eye    | 2
    """
    told = rule_named("gcs_sedation").evaluate(timeline_of(table), at("1 11:00"))
    assert (told.total, told.lower, told.upper) == (None, 3, 15)


def test_without_a_tube_the_parts_make_the_total(timeline_of, at):
    table = """
    at      | what       | value
    1 10:00 | gcs_motor  | 5
    1 10:00 | gcs_verbal | 3
    1 10:00 | gcs_eye    | 2
    """
    told = rule_named("gcs_sedation").evaluate(timeline_of(table), at("1 11:00"))
    assert told.total == 10
