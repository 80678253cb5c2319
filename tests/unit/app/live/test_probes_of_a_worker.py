"""A probe may come before the worker has begun, and from a thread of its own."""

from concurrent.futures import ThreadPoolExecutor

from streams.app.live.worker import WorkerPlan, make_app
from streams.app.observe.metrics import Metrics
from streams.app.settings import KafkaSettings
from streams.pipeline.patient import Rules


def test_a_probe_before_the_group_has_spoken_makes_nothing(tmp_path):
    plan = WorkerPlan(
        kafka=KafkaSettings(servers=("127.0.0.1:9",)),
        datadir=tmp_path,
        rules=Rules(software_version="test"),
    )
    live = make_app(plan, Metrics())
    with ThreadPoolExecutor(1) as probes:
        assert not probes.submit(live.is_ready).result()
    made = vars(live.app.tables).get("_recovery"), vars(live.app).get("_consumer")
    assert made == (None, None)  # it would wait in a loop that nobody runs
