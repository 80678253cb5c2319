"""The page of metrics and the alert rules say what the table says."""

import re
from pathlib import Path

import pytest
import yaml

from streams.app.observe.metric import KNOWN_VALUES
from streams.app.observe.metric_table import METRICS


ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "deploy/docs/metrics.md").read_text("utf-8")
RULES = yaml.safe_load((ROOT / "deploy/prometheus/ember.rules.yml").read_text("utf-8"))
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
PARTS = ("_bucket", "_sum", "_count")


def row(metric):
    every = len(metric.processes) > 3
    cells = (
        f"`{metric.name}`",
        metric.kind,
        ", ".join(metric.labels),
        metric.unit,
        "every" if every else ", ".join(metric.processes),
        metric.meaning,
    )
    return f"| {' | '.join(cells)} |"


def test_the_page_shows_the_table_and_nothing_else():
    shown = [line for line in PAGE.splitlines() if line.startswith("| `ember_")]
    assert shown == [row(metric) for metric in METRICS]


def known_names():
    for metric in METRICS:
        if metric.kind == "histogram":
            yield from (metric.name + part for part in PARTS)
        else:
            yield metric.name


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_asks_only_for_metrics_and_labels_that_exist(alert):
    named = set(re.findall(r"\bember_\w+", alert["expr"]))
    assert named <= set(known_names())
    assert named or alert["alert"] == "EmberProcessGone"
    for name, selector in re.findall(r"\b(ember_\w+)\{([^}]*)\}", alert["expr"]):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        labels = next(m.labels for m in METRICS if m.name in (name, base))
        for label, values in re.findall(r'(\w+)!?=~?"([^"]*)"', selector):
            assert label in labels
            assert set(values.split("|")) <= KNOWN_VALUES[label]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_urgent_it_is_and_what_to_do(alert):
    assert set(alert) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+[smhd]", alert.get("for", "1m"))
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert set(alert["annotations"]) == {"summary", "action"}
    assert alert["expr"].count("(") == alert["expr"].count(")")


def test_no_two_alerts_share_a_name():
    names = [alert["alert"] for alert in ALERTS]
    assert len(set(names)) == len(names)
