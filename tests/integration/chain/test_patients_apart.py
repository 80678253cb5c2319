"""Judged patient by patient, as a backtest does, or all in one run: the same is said."""

from collections import defaultdict

import pytest
from integration.chain.test_embedded_runner import RULES, run
from servers.under_two_names import RETIRED, record, under_two_names, who

from registry.store.unit_of_work import open_registry
from streams.app.backtest.judging import judge_history
from streams.app.protocols import shipped_protocol
from streams.clinical.feasibility.probe import plan
from streams.pipeline.alone import Alone
from streams.vocabulary.messages import SepsisOnset, TrialScreening


PROTOCOL = shipped_protocol("ember_demo")


def apart(messages, together=()):
    """Each patient's messages; of these patients all in one."""
    groups = defaultdict(list)
    for message in messages:
        name = "together" if message.patient in together else message.patient
        groups[name].append(message)
    return list(groups.values())


def said(groups):
    return [
        message
        for group in groups
        for message in Alone(RULES).run(group)
        if isinstance(message, SepsisOnset | TrialScreening)
    ]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory):
    """What the embedded runner made of the hospital in which one has two names."""
    url = f"sqlite:///{tmp_path_factory.mktemp('embedded')}/ember.sqlite"
    tally = run(url, under_two_names())
    book = open_registry(url)
    with book.reading() as views:
        latest = {s.screening_id: s for s in views.screenings()}
        flags = {(f.flag_id, f.status) for f in views.onsets()}
    book.close()
    return tally, latest, flags


def test_apart_says_what_the_embedded_runner_says(embedded):
    tally, latest, flags = embedded
    told = said(apart(under_two_names(), together=(who(), RETIRED)))
    screenings = [m for m in told if isinstance(m, TrialScreening)]
    onsets = [m for m in told if isinstance(m, SepsisOnset)]
    assert (len(onsets), len(screenings)) == (tally.onsets, tally.screenings)
    last = {m.screening_id: m for m in screenings}
    assert {i: (m.revision, m.status) for i, m in last.items()} == {
        i: (m.revision, m.status) for i, m in latest.items()
    }
    assert {(m.flag_id, m.status) for m in {o.flag_id: o for o in onsets}.values()} == (
        flags
    )


def test_all_in_one_is_no_other_than_each_apart():
    assert {m.message_id: m for m in said([record()])} == {
        m.message_id: m for m in said(apart(record()))
    }


def test_who_came_under_two_names_is_counted_once():
    by = plan(PROTOCOL, (), domains=["corticosteroid"])
    whole = judge_history(by, apart(record()), RULES)
    merged = judge_history(
        by, apart(under_two_names(), together=(who(), RETIRED)), RULES
    )
    assert merged.patients == whole.patients
    assert merged.in_hospital == whole.in_hospital
    counts = [j.domains["corticosteroid"] for j in (merged, whole)]
    assert counts[0].screened == counts[1].screened
    assert counts[0].screened.stays > 0
