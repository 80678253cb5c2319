import json
import socket
import threading
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from typer.testing import CliRunner

from registry.app.cli import app
from streams.app.observe.http import Check, Checks, Health, Heartbeat, ObserveServer
from streams.vocabulary.errors import ErrorCode, SettingsError


WELL = Health((Check("loop", ok=True),))
ILL = Health((Check("loop", ok=True), Check("database", ok=False, detail="silent")))


@pytest.fixture
def served():
    """A server whose health the test decides."""
    state = {"health": WELL}
    with ObserveServer(
        "127.0.0.1", 0, lambda: b"ember_x 1\n", lambda: state["health"]
    ) as server:
        yield server, state


def asked(server, path, method="GET"):
    request = Request(f"http://127.0.0.1:{server.port}{path}", method=method)
    try:
        with urlopen(request, timeout=5) as answer:
            return answer.status, answer.read(), answer.headers
    except HTTPError as answer:
        with answer:
            return answer.code, answer.read(), answer.headers


def test_metrics_are_told_as_prometheus_reads_them(served):
    server, _ = served
    status, body, headers = asked(server, "/metrics")
    assert (status, body) == (200, b"ember_x 1\n")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")


def test_a_well_process_answers_200_with_its_checks(served):
    server, _ = served
    status, body, _ = asked(server, "/health")
    assert status == 200
    assert json.loads(body) == {
        "ok": True,
        "checks": [{"name": "loop", "ok": True, "detail": ""}],
    }


def test_an_ill_process_answers_503_and_says_which_check_failed(served):
    server, state = served
    state["health"] = ILL
    status, body, _ = asked(server, "/health")
    assert status == 503
    assert json.loads(body)["checks"][1] == {
        "name": "database",
        "ok": False,
        "detail": "silent",
    }


@pytest.mark.parametrize("path", ["/", "/table/", "/router/", "/metrics/x"])
def test_any_other_path_is_not_found(served, path):
    assert asked(served[0], path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_but_get_is_answered(served, method):
    assert asked(served[0], "/health", method)[0] == 501


def test_the_server_does_not_say_what_it_is_made_of(served):
    _, body, headers = asked(served[0], "/nothing")
    assert headers["Server"].strip() == "ember"
    assert b"Python" not in body
    assert b"nothing" not in body


def test_a_request_is_not_written_down(served, capfd):
    asked(served[0], "/patient/4711")
    assert capfd.readouterr() == ("", "")


def test_it_answers_while_another_caller_hangs(served):
    server, _ = served
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as idle:
        idle.sendall(b"GET /hea")
        assert asked(server, "/health")[0] == 200


def test_it_answers_while_the_main_thread_is_busy(served):
    server, _ = served
    told = []
    asking = threading.Thread(target=lambda: told.append(asked(server, "/health")[0]))
    asking.start()
    asking.join(5)
    assert told == [200]


def test_after_the_stop_the_port_is_free_again():
    server = ObserveServer("127.0.0.1", 0, bytes, lambda: WELL)
    server.stop()
    with ObserveServer("127.0.0.1", server.port, bytes, lambda: WELL) as again:
        assert asked(again, "/health")[0] == 200


def test_an_address_that_cannot_be_had_is_told_in_a_sentence(served):
    with pytest.raises(SettingsError, match="EMBER_HTTP") as told:
        ObserveServer("127.0.0.1", served[0].port, bytes, lambda: WELL)
    assert told.value.code is ErrorCode.BAD_SETTING


def test_a_heartbeat_grows_old_until_the_next_beat():
    now = [10.0]
    heartbeat = Heartbeat(lambda: now[0])
    now[0] = 14.0
    assert heartbeat.age() == 4.0
    heartbeat.beat()
    assert heartbeat.age() == 0.0


def test_a_clock_that_jumps_back_makes_no_negative_age():
    now = [10.0]
    heartbeat = Heartbeat(lambda: now[0])
    now[0] = 3.0
    assert heartbeat.age() == 0.0


def test_a_check_says_what_is_wrong_in_words():
    checks = Checks()
    checks.add("broker", lambda: "no broker answers")
    checks.add("database", lambda: True)
    checks.add("disk", lambda: False)
    assert checks().checks == (
        Check("broker", ok=False, detail="no broker answers"),
        Check("database", ok=True),
        Check("disk", ok=False),
    )


def test_a_check_that_raises_fails_without_telling_what_it_read():
    def raises():
        raise ValueError("patient 4711")

    checks = Checks()
    checks.add("state", raises)
    assert checks().checks == (Check("state", ok=False, detail="ValueError"),)


def test_a_heart_that_stopped_is_no_health():
    now = [0.0]
    heartbeat = Heartbeat(lambda: now[0])
    checks = Checks()
    checks.fresh("loop", heartbeat, 10)
    assert checks().ok
    now[0] = 11.0
    assert checks().checks == (Check("loop", ok=False, detail="silent for 11 s"),)


def test_ember_health_exits_0_for_a_well_process_and_1_for_an_ill_one(served):
    server, state = served
    url = f"http://127.0.0.1:{server.port}/health"
    well = CliRunner().invoke(app, ["health", "--url", url])
    state["health"] = ILL
    ill = CliRunner().invoke(app, ["health", "--url", url])
    assert (well.exit_code, ill.exit_code) == (0, 1)
    assert json.loads(well.stdout)["ok"] is True
    assert json.loads(ill.stdout)["ok"] is False


def test_ember_health_finds_the_process_where_its_settings_say(served):
    environ = {"EMBER_HTTP": f"0.0.0.0:{served[0].port}"}
    told = CliRunner().invoke(app, ["health"], env=environ)
    assert told.exit_code == 0


def test_ember_health_exits_1_where_nobody_answers(served):
    server, _ = served
    server.stop()
    url = f"http://127.0.0.1:{server.port}/health"
    told = CliRunner().invoke(app, ["health", "--url", url, "--timeout", "1"])
    assert told.exit_code == 1
    assert json.loads(told.stdout)["ok"] is False


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "health"])
def test_ember_health_asks_over_http_only(url):
    told = CliRunner().invoke(app, ["health", "--url", url])
    assert isinstance(told.exception, SettingsError)


def test_ember_health_says_so_where_no_port_is_set():
    told = CliRunner().invoke(app, ["health"], env={"EMBER_HTTP": "127.0.0.1:0"})
    assert isinstance(told.exception, SettingsError)
