"""Labels from outside: accepted with version, assay and time, or refused."""

from datetime import timedelta

import pytest

from streams.clinical.markers.external import (
    SPEC,
    ExternalPolicy,
    classifier,
    external,
)
from streams.vocabulary.errors import InputError


@pytest.fixture
def label(timeline_of, at):
    """What stands of a classifier at a moment."""

    def ask(table, moment="1 12:00", name="srs", **changed):
        timeline = timeline_of("at | what | value\n" + table)
        policy = ExternalPolicy(**changed)
        return external(classifier(name), timeline, at(moment), policy)

    return ask


def test_a_label_comes_with_assay_version_and_time(label, at):
    found = label("1 08:00 | label srs | SRS1 2022 rna-seq")
    assert (found.state, found.label) == ("known", "SRS1")
    assert (found.assay, found.version) == ("rna-seq", "2022")
    assert found.made_at == at("1 08:00")
    assert found.evidence == ("e0",)


def test_mars_is_accepted_too(label):
    found = label("1 08:00 | label mars | Mars1 1.0 array", name="mars")
    assert (found.state, found.label) == ("known", "MARS1")


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("SRS1 - rna-seq", "no version"),
        ("SRS1 2022", "no assay"),
        ("SRS4 2022 rna-seq", "label SRS4"),
        ("1.2 2022 rna-seq", "score 1.2 outside 0 to 1"),
    ],
)
def test_what_is_refused_and_why(label, told, reason):
    found = label(f"1 08:00 | label srs | {told}")
    assert (found.state, found.label) == ("unknown", None)
    assert found.refused == (("e0", reason),)


@pytest.mark.parametrize("score", ["0", "0.5", "1"])
def test_a_score_alone_is_enough(label, score):
    found = label(f"1 08:00 | label srs | {score} 2022 rna-seq")
    assert (found.state, found.label, found.score) == ("known", None, float(score))


def test_a_refused_result_does_not_hide_an_earlier_one(label):
    table = """
    1 08:00 | label srs | SRS2 2022 rna-seq
    1 10:00 | label srs | SRS9 2022 rna-seq
    """
    found = label(table)
    assert (found.label, found.refused) == ("SRS2", (("e1", "label SRS9"),))


def test_the_last_stands_and_grows_stale(label):
    table = """
    1 08:00 | label srs | SRS2 2022 rna-seq
    2 08:00 | label srs | SRS1 2022 rna-seq
    """
    assert label(table, "1 12:00").label == "SRS2"
    assert label(table, "2 08:00").label == "SRS1"
    assert label(table, "5 08:00").state == "known"
    assert label(table, "5 08:01").state == "stale"
    assert label(table, "2 09:00", stale_after=timedelta(minutes=1)).state == "stale"


def test_a_trajectory_does_not_grow_stale(label):
    table = "3 08:00 | label temperature_trajectory | hypothermic 2019"
    found = label(table, "90 08:00", name="temperature_trajectory")
    assert (found.state, found.label) == ("known", "hypothermic")


def test_two_results_of_one_time_that_differ_conflict(label):
    table = """
    1 08:00 | label srs | SRS1 2022 rna-seq
    1 08:00 | label srs | SRS2 2022 rna-seq
    """
    found = label(table)
    assert (found.state, found.label) == ("conflict", None)
    assert found.evidence == ("e0", "e1")
    assert label(table.replace("SRS2", "srs1")).state == "known"


def test_a_trial_may_name_versions_and_assays(label):
    table = "1 08:00 | label srs | SRS1 2022 rna-seq"
    assert label(table, versions=frozenset({"2022"})).label == "SRS1"
    assert label(table, versions=frozenset({"2024"})).label is None
    assert label(table, assays=frozenset({"qpcr"})).refused == (
        ("e0", "assay rna-seq"),
    )


def test_an_unlisted_label_may_be_taken_as_it_came(label):
    table = "1 08:00 | label srs | SRS4 2022 rna-seq"
    assert label(table, unlisted="accepted").label == "SRS4"


def test_another_classifiers_label_is_not_this_ones(label):
    assert label("1 08:00 | label mars | MARS1 1.0 array").state == "unknown"


def test_an_unknown_classifier_is_an_error():
    with pytest.raises(InputError, match="no classifier 'horoscope'"):
        classifier("horoscope")
    assert SPEC.inputs == ("classification",)
