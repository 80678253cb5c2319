import io
import json
import os
import signal
import sys
import threading
from pathlib import Path
from urllib.request import urlopen

import pytest

from streams.app.observe.metrics import RelayMetrics
from streams.app.observe.process import Process
from streams.app.settings import ProcessSettings
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


def settings(port=0):
    return ProcessSettings(
        batch=1,
        http_host="127.0.0.1",
        http_port=port,
        log_level="info",
        worker_dir=Path("worker"),
        standby_replicas=0,
    )


def free_port():
    import socket  # noqa: PLC0415 - for this alone

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_process_tells_its_start_and_its_stop():
    stream = io.StringIO()
    with Process("relay", settings(), stream=stream):
        pass
    assert [line["event"] for line in lines(stream)] == ["started", "stopped"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_it_to_stop_and_wakes_it(number):
    before = signal.getsignal(number)
    with Process("relay", settings(), stream=io.StringIO()) as process:
        assert not process.stopping.is_set()
        threading.Timer(0.05, os.kill, (os.getpid(), number)).start()
        assert process.wait(10)
    assert signal.getsignal(number) == before


def test_a_process_with_a_loop_of_its_own_keeps_its_signals():
    before = signal.getsignal(signal.SIGTERM)
    with Process("worker", settings(), signals=False, stream=io.StringIO()) as process:
        assert signal.getsignal(signal.SIGTERM) == before
        process.stop()
        assert process.wait(10)


def test_metrics_and_health_are_served_while_it_runs():
    port = free_port()
    with Process("relay", settings(port), stream=io.StringIO()) as process:
        RelayMetrics(process.metrics).sent.add(2, topic="trial.roster")
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        process.ready()
        with urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            well = json.load(answer)
    assert 'ember_relay_sent_total{topic="trial.roster"} 2.0' in text
    assert "ember_heartbeat_age_seconds" in text
    assert [check["name"] for check in well["checks"]] == ["loop", "set up"]
    assert well["ok"]


def test_a_process_is_not_well_before_all_its_checks_are_named():
    with Process("relay", settings(), stream=io.StringIO()) as process:
        assert not process.checks().ok
        process.ready()
        assert process.checks().ok


def test_a_process_whose_loop_hangs_is_not_well():
    with Process("relay", settings(), max_silence=-1, stream=io.StringIO()) as process:
        process.ready()
        assert not process.checks().ok


def test_what_a_log_line_may_not_say_is_counted():
    with Process("relay", settings(), stream=io.StringIO()) as process:
        process.log.info("hello", patient="4711")
        text = process.metrics.text().decode()
    assert 'ember_log_withheld_total{kind="field"} 1.0' in text


def test_a_fault_ends_it_with_status_1_and_without_its_words():
    stream = io.StringIO()
    with (
        pytest.raises(SystemExit) as ended,
        Process("relay", settings(), stream=stream),
    ):
        raise InputError(ErrorCode.MALFORMED_MESSAGE, "patient 4711")
    assert ended.value.code == 1
    assert lines(stream)[-1]["code"] == "EMB-110"
    assert "4711" not in stream.getvalue()


def test_a_setting_at_fault_is_told_to_whoever_started_it():
    with (
        pytest.raises(SettingsError),
        Process("relay", settings(), stream=io.StringIO()),
    ):
        raise SettingsError(ErrorCode.BAD_SETTING, "EMBER_KAFKA names no broker.")


def test_a_fault_of_a_thread_is_told_without_its_words():
    def fails():
        raise ValueError("patient 4711")

    stream = io.StringIO()
    before = threading.excepthook
    with Process("relay", settings(), stream=stream):
        thread = threading.Thread(target=fails)
        thread.start()
        thread.join()
    assert threading.excepthook is before
    assert [line.get("error") for line in lines(stream)] == [None, "ValueError", None]
    assert "4711" not in stream.getvalue()


def test_a_fault_while_cleaning_up_is_told_without_its_words():
    class Fails:
        def __del__(self):
            raise ValueError("patient 4711")

    stream = io.StringIO()
    before = sys.unraisablehook
    with Process("relay", settings(), stream=stream):
        fails = Fails()
        del fails
    assert sys.unraisablehook is before
    assert lines(stream)[1]["error"] == "ValueError"
    assert "4711" not in stream.getvalue()


def test_a_port_that_is_taken_leaves_nothing_behind():
    port = free_port()
    before = signal.getsignal(signal.SIGTERM)
    with Process("relay", settings(port), stream=io.StringIO()):
        second = Process("relay", settings(port), stream=io.StringIO())
        with pytest.raises(SettingsError, match="EMBER_HTTP"), second:
            pass
    assert signal.getsignal(signal.SIGTERM) == before
