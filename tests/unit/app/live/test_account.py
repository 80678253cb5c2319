from faust.types import TP

from streams.app.live.account import Account
from streams.app.observe.metrics import Metrics


LOG = TP("ehr.events", 0)


class Beats:
    """Counts what would have kept the worker well."""

    def __init__(self):
        self.count = 0

    def beat(self):
        self.count += 1


def account():
    counted = Account(Metrics())
    counted.committed, counted.answered = Beats(), Beats()
    return counted


def test_a_worker_that_commits_nothing_while_records_wait_is_not_kept_well():
    counted = account()
    for _ in range(3):
        counted.behind({LOG: 7}, commits=0, skipped=0)
    assert counted.committed.count == 0


def test_each_commit_the_broker_took_keeps_it_well():
    counted = account()
    counted.behind({LOG: 7}, commits=1, skipped=0)
    counted.behind({LOG: 7}, commits=1, skipped=0)
    counted.behind({LOG: 7}, commits=2, skipped=0)
    assert counted.committed.count == 2


def test_a_worker_with_nothing_to_read_is_well_while_the_broker_says_so():
    counted = account()
    counted.told(0)
    assert (counted.answered.count, counted.committed.count) == (1, 1)


def test_what_was_fetched_last_does_not_speak_for_a_broker_that_is_silent():
    counted = account()
    counted.behind({LOG: 0}, commits=0, skipped=0)
    assert (counted.answered.count, counted.committed.count) == (0, 0)


def test_a_broker_that_answers_does_not_excuse_records_that_wait():
    counted = account()
    counted.told(7)
    assert (counted.answered.count, counted.committed.count) == (1, 0)


def test_records_that_retention_took_are_counted_once():
    metrics = Metrics()
    counted = Account(metrics)
    for skipped in (0, 3, 3):
        counted.behind({LOG: 0}, commits=0, skipped=skipped)
    assert b"ember_worker_skipped_total 3.0" in metrics.text()
