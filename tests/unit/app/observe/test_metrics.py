import math

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from streams.app.observe.metric import KNOWN_VALUES, OPEN_LABELS, OPEN_VALUES
from streams.app.observe.metric_table import METRICS
from streams.app.observe.metrics import (
    FeedMetrics,
    InboxMetrics,
    IntakeMetrics,
    ListenerMetrics,
    Metrics,
    ProcessMetrics,
    RelayMetrics,
    SignerMetrics,
    SubscriberMetrics,
    WorkerMetrics,
)


GROUPS = (
    *(WorkerMetrics, InboxMetrics, RelayMetrics, SubscriberMetrics),
    *(FeedMetrics, ProcessMetrics, IntakeMetrics, ListenerMetrics, SignerMetrics),
)


def sampled(metrics, name):
    """The samples of that name: label values, by their labels' names -> value."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.name == name
    }


def test_every_metric_of_the_table_is_offered_by_one_group_and_no_other_is():
    metrics = Metrics()
    for group in GROUPS:
        group(metrics)
    told = {
        line.split()[2]
        for line in metrics.text().decode().splitlines()
        if line.startswith("# TYPE ember_")
    }
    assert told == {metric.name for metric in METRICS}


def test_nothing_is_registered_in_the_clients_global_registry():
    for group in GROUPS:
        group(Metrics())
    assert not [m.name for m in REGISTRY.collect() if m.name.startswith("ember")]


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_a_row_of_the_table_is_well_formed(metric):
    assert metric.name.startswith("ember_")
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert metric.processes
    assert (metric.unit == "seconds") == metric.name.endswith("_seconds")


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_no_label_can_hold_an_arm_or_a_patient(metric):
    assert set(metric.labels) <= set(KNOWN_VALUES) | OPEN_LABELS
    assert not set(metric.labels) & {"arm", "patient", "participant", "episode", "key"}


def test_a_value_that_is_not_known_is_counted_as_other():
    metrics = Metrics()
    records = WorkerMetrics(metrics).records
    records.add(topic="ehr.raw", outcome="applied")
    records.add(3, topic="Anna Schmidt", outcome="applied")
    records.add(topic="ehr.raw", outcome="Anna Schmidt")
    assert sampled(metrics, "ember_worker_records_total") == {
        ("applied", "ehr.raw"): 1,
        ("applied", "other"): 3,
        ("other", "ehr.raw"): 1,
    }


def test_an_open_label_holds_a_bounded_number_of_values():
    metrics = Metrics()
    verdicts = WorkerMetrics(metrics).verdicts
    for number in range(OPEN_VALUES + 50):
        verdicts.add(trial=f"trial-{number}", domain="d", status="eligible")
    told = sampled(metrics, "ember_worker_verdicts_total")
    assert len(told) == OPEN_VALUES + 1
    assert told["d", "eligible", "other"] == 50


def test_an_open_label_takes_no_free_text():
    metrics = Metrics()
    FeedMetrics(metrics).silence.set(5, kind="ward", site="main", name="Anna Schmidt")
    assert sampled(metrics, "ember_feed_silence_seconds") == {
        ("ward", "other", "main"): 5
    }


def test_a_wrong_label_name_is_a_fault_of_the_program():
    with pytest.raises(ValueError, match="topic"):
        RelayMetrics(Metrics()).sent.add(patient="7")


def test_a_level_that_follows_is_asked_when_it_is_read():
    metrics = Metrics()
    ages = iter((1.0, 2.0))
    InboxMetrics(metrics).commit_age.follow(lambda: next(ages))
    assert sampled(metrics, "ember_inbox_commit_age_seconds") == {(): 1.0}
    assert sampled(metrics, "ember_inbox_commit_age_seconds") == {(): 2.0}


def test_a_level_that_cannot_be_told_hides_no_other():
    metrics = Metrics()
    inbox, relay = InboxMetrics(metrics), RelayMetrics(metrics)
    inbox.commit_age.follow(lambda: 1 / 0)
    relay.waiting.set(2)
    assert math.isnan(sampled(metrics, "ember_inbox_commit_age_seconds")[()])
    assert sampled(metrics, "ember_relay_waiting") == {(): 2}


def test_a_level_goes_up_and_down():
    metrics = Metrics()
    waiting = RelayMetrics(metrics).waiting
    waiting.add(5)
    waiting.add(-2)
    assert sampled(metrics, "ember_relay_waiting") == {(): 3}


def test_a_block_that_fails_is_timed_too():
    metrics = Metrics()
    spread = WorkerMetrics(metrics).batch_seconds
    with pytest.raises(ZeroDivisionError), spread.time():
        1 / 0  # noqa: B018
    assert sampled(metrics, "ember_worker_batch_seconds_count") == {(): 1}


def test_a_labelled_spread_is_kept_apart():
    metrics = Metrics()
    delay = WorkerMetrics(metrics).known_delay
    delay.observe(30, provenance="live")
    delay.observe(90_000, provenance="history")
    told = sampled(metrics, "ember_worker_known_delay_seconds_sum")
    assert told == {("live",): 30, ("history",): 90_000}
