"""What is not known bounds the points; what is known is named as evidence."""

import pytest


@pytest.mark.parametrize(
    ("name", "facts", "points", "lower", "upper"),
    [
        ("brain", "", None, 0, 4),
        ("brain", "given=haloperidol", 1, 1, 4),
        ("brain", "propofol=20", 0, 0, 4),
        ("respiratory", "", None, 0, 4),
        ("respiratory", "pao2=60; fio2=50", 2, 2, 3),
        ("respiratory", "pao2=30; fio2=50", 2, 2, 4),
        ("respiratory", "pao2=120; fio2=50", 1, 1, 1),
        ("cardiovascular", "", None, 0, 4),
        ("cardiovascular", "map=60", 1, 1, 1),
        ("cardiovascular", "norepinephrine=?", 2, 2, 4),
        ("cardiovascular", "vasopressin=?", 2, 2, 2),
        ("cardiovascular", "dopamine=?", 2, 2, 4),
        ("cardiovascular", "norepinephrine=0.1; epinephrine=?", 2, 2, 4),
        ("cardiovascular", "map=80; procedure=ecmo", 0, 0, 4),
        ("liver", "bilirubin_total=>3", 2, 2, 4),
        ("liver", "bilirubin_total=<0.1", 0, 0, 0),
        ("haemostasis", "platelets=<50", 4, 4, 4),
        ("haemostasis", "platelets=>100", 0, 0, 1),
        ("kidney", "", None, 0, 4),
        ("kidney", "creatinine=3", 2, 2, 4),
        ("kidney", "creatinine=3; potassium=4; ph_arterial=7.4", 2, 2, 3),
        ("kidney", "creatinine=3; potassium=4; bicarbonate=24", 2, 2, 3),
        ("kidney", "creatinine=1; potassium=4; bicarbonate=24", 0, 0, 3),
    ],
)
def test_the_bounds_are_what_is_still_possible(
    organ, name, facts, points, lower, upper
):
    told = organ(name, facts)
    assert (told.points, told.lower, told.upper) == (points, lower, upper)


def test_nothing_known_is_nothing_established_and_everything_possible(score):
    told = score("")
    assert (told.lower, told.total, told.upper) == (0, 0, 24)
    assert [c.points for c in told.components] == [None] * 6
    assert told.missing == (
        *("gcs", "pao2_fio2", "map", "bilirubin_total", "creatinine", "urine"),
        *("potassium", "ph_arterial", "bicarbonate", "platelets"),
    )


def test_footnote_b_makes_the_missing_zero_and_leaves_the_bounds(score):
    told = score("platelets=40", missing="normal")
    assert [c.points for c in told.components] == [0, 0, 0, 0, 0, 4]
    assert (told.lower, told.total, told.upper) == (4, 4, 24)


def test_the_evidence_is_what_gave_the_points(score):
    told = score("platelets=90; platelets=40; bilirubin_total=1; map=60; gcs_total=8")
    evidence = {c.name: c.evidence for c in told.components}
    assert evidence == {
        "brain": ("e4",),
        "respiratory": (),
        "cardiovascular": ("e3",),
        "liver": ("e2",),
        "kidney": (),
        "haemostasis": ("e1",),
    }
    assert told.evidence == ("e4", "e3", "e2", "e1")
