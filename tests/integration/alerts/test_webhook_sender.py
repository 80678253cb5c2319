import logging
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from werkzeug import Response

from registry.alerts.sending import Delivered, Failed, Gone, Standing, Throttled
from registry.alerts.webhook import WebhookSender, WebhookSettings
from streams.vocabulary.errors import ErrorCode, SettingsError


SECRET = "whsec_" + "QUJD" * 8
NEWER = "whsec_" + "WFla" * 8
CERTIFICATE = Path(__file__).with_name("alerts.example.pem")
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = '{"type":"alert.raised","data":{"patient":"p1","missing":["ä"]}}'
SHORT = timedelta(seconds=0.3)


@pytest.fixture
def make_sender(tmp_path):
    def make(url, *, lines=(SECRET,), resolve=None, **settings):
        secrets = tmp_path / "webhook.secret"
        secrets.write_text("\n".join(lines), "ascii")
        usual = {
            "disabled_marker": tmp_path / "webhook.disabled",
            "allowed_hosts": frozenset({"localhost", "127.0.0.1", "alerts.example"}),
        }
        options = WebhookSettings(
            url=url, secret_files=(secrets,), **{**usual, **settings}
        )
        if resolve is None:
            return WebhookSender(options)
        return WebhookSender(options, resolve=resolve)

    return make


@contextmanager
def serving(converse):
    """A listener that lets `converse` speak on its first connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        over = threading.Event()

        def answer():
            # The caller may never come, and may leave in the middle of a sentence.
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    converse(connection, over)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            over.set()
            thread.join()


def requests_of(server):
    return [request for request, _ in server.log]


def test_the_receiver_verifies_what_was_sent_byte_for_byte(httpserver, make_sender):
    httpserver.expect_request("/hook", method="POST").respond_with_data(status=204)
    sender = make_sender(httpserver.url_for("/hook"))
    now = datetime.now(UTC)
    assert sender.send("id-1", BODY, at=now) == Delivered()
    (request,) = requests_of(httpserver)
    assert request.get_data() == BODY.encode()
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "id-1"
    told = Webhook(SECRET).verify(request.get_data(), dict(request.headers))
    assert told["data"]["missing"] == ["ä"]
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(request.get_data() + b" ", dict(request.headers))


def test_during_a_rotation_the_old_and_the_new_secret_both_verify(
    httpserver, make_sender
):
    httpserver.expect_request("/").respond_with_data()
    sender = make_sender(httpserver.url_for("/"), lines=(NEWER, SECRET))
    assert sender.send("id-1", BODY, at=datetime.now(UTC)) == Delivered()
    (request,) = requests_of(httpserver)
    for secret in (NEWER, SECRET):
        Webhook(secret).verify(request.get_data(), dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "MTIz" * 8).verify(request.get_data(), dict(request.headers))


def test_a_retry_keeps_the_id_and_has_its_own_timestamp(httpserver, make_sender):
    httpserver.expect_request("/").respond_with_data()
    sender = make_sender(httpserver.url_for("/"))
    for later in (0, 5):
        sender.send("id-1", BODY, at=AT + timedelta(seconds=later))
    first, second = requests_of(httpserver)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "id-1"
    stamps = [int(r.headers["webhook-timestamp"]) for r in (first, second)]
    assert stamps[1] - stamps[0] == 5
    signatures = {r.headers["webhook-signature"] for r in (first, second)}
    assert len(signatures) == 2


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_delivery(httpserver, make_sender, status):
    httpserver.expect_request("/").respond_with_data(status=status)
    assert make_sender(httpserver.url_for("/")).send("i", BODY, at=AT) == Delivered()


@pytest.mark.parametrize("status", [300, 304, 400, 401, 403, 404, 408, 500, 501])
def test_every_other_answer_is_a_failure_to_be_retried(httpserver, make_sender, status):
    httpserver.expect_request("/").respond_with_data(status=status)
    sender = make_sender(httpserver.url_for("/"))
    answer = sender.send("i", BODY, at=AT)
    assert answer == Failed(f"the target answered {status}")
    assert sender.standing(AT).is_open


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(httpserver, make_sender, status):
    there = httpserver.url_for("/there")
    httpserver.expect_request("/").respond_with_data(
        status=status, headers={"location": there}
    )
    httpserver.expect_request("/there").respond_with_data()
    answer = make_sender(httpserver.url_for("/")).send("i", BODY, at=AT)
    assert answer == Failed(f"the target answered {status}")
    assert [r.path for r in requests_of(httpserver)] == ["/"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, 5), ({"retry-after": "120"}, 120), ({"retry-after": "86400"}, 3600)],
)
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_target_that_asks_for_peace_is_held(
    httpserver, make_sender, status, headers, seconds
):
    httpserver.expect_request("/").respond_with_data(status=status, headers=headers)
    sender = make_sender(httpserver.url_for("/"))
    until = AT + timedelta(seconds=seconds)
    answer = sender.send("i", BODY, at=AT)
    assert answer == Throttled(f"the target answered {status}", until)
    just_before = until - timedelta(microseconds=1)
    assert sender.standing(just_before) == Standing(held_until=until)
    assert sender.standing(until).is_open


def test_a_410_disables_the_target_even_after_a_restart(
    httpserver, make_sender, tmp_path
):
    httpserver.expect_request("/").respond_with_data(status=410)
    url = httpserver.url_for("/")
    sender = make_sender(url)
    assert isinstance(sender.send("i", BODY, at=AT), Gone)
    assert sender.standing(AT) == Standing(disabled=True)
    assert make_sender(url).standing(AT) == Standing(disabled=True)
    assert make_sender(httpserver.url_for("/other")).standing(AT).is_open
    (tmp_path / "webhook.disabled").unlink()
    assert sender.standing(AT).is_open


def test_the_note_of_a_disabled_target_does_not_hold_its_address(
    httpserver, make_sender, tmp_path
):
    httpserver.expect_request("/T0K3N").respond_with_data(status=410)
    make_sender(httpserver.url_for("/T0K3N")).send("i", BODY, at=AT)
    note = (tmp_path / "webhook.disabled").read_text("ascii")
    assert note.endswith(" answered 410 at 2026-03-01T12:00:00Z\n")
    assert "T0K3N" not in note


def test_a_note_that_cannot_be_kept_is_told_at_the_start(make_sender, tmp_path):
    with pytest.raises(SettingsError) as caught:
        make_sender(
            "https://alerts.example/", disabled_marker=tmp_path / "absent" / "note"
        )
    assert caught.value.code is ErrorCode.PATH_NOT_FOUND


def test_a_server_that_takes_the_call_and_says_nothing_is_a_failure(make_sender):
    def hang(_connection, over):
        over.wait()

    with serving(hang) as url:
        answer = make_sender(url, timeout=SHORT).send("i", BODY, at=AT)
    assert answer == Failed("no answer within 0.3 s")


def test_a_server_that_drips_its_answer_does_not_outlast_the_whole_limit(make_sender):
    def drip(connection, over):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.02):
            connection.sendall(b"x-drip: 1\r\n")

    with serving(drip) as url:
        answer = make_sender(url, timeout=SHORT).send("i", BODY, at=AT)
    assert answer == Failed("no answer within 0.3 s")


def test_an_endless_body_is_not_waited_for(make_sender):
    def pour(connection, over):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        over.wait()

    with serving(pour) as url:
        answer = make_sender(url, timeout=timedelta(seconds=5)).send("i", BODY, at=AT)
    assert answer == Delivered()


def test_a_server_that_hangs_up_is_a_failure(make_sender):
    def hang_up(connection, _over):
        connection.recv(10)

    with serving(hang_up) as url:
        answer = make_sender(url).send("i", BODY, at=AT)
    assert isinstance(answer, Failed)
    assert answer.reason.startswith("the connection failed (")


def test_a_server_that_speaks_no_http_is_a_failure(make_sender):
    def babble(connection, over):
        connection.sendall(b"220 mail ready\r\n\r\n")
        over.wait()

    with serving(babble) as url:
        answer = make_sender(url).send("i", BODY, at=AT)
    assert answer == Failed("the connection failed (RemoteProtocolError)")


def test_a_closed_port_is_a_failure(make_sender):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = make_sender(f"http://127.0.0.1:{port}/").send("i", BODY, at=AT)
    assert answer == Failed("the connection failed (ConnectError)")


def test_the_next_address_is_tried_where_the_first_lets_nobody_in(
    httpserver, make_sender
):
    httpserver.expect_request("/").respond_with_data()
    both = (ip_address("127.0.0.77"), ip_address("127.0.0.1"))
    sender = make_sender(httpserver.url_for("/"), resolve=lambda _h, _p: both)
    assert sender.send("i", BODY, at=AT) == Delivered()
    assert len(httpserver.log) == 1


def test_a_host_that_is_not_allowed_inside_is_not_called(httpserver, make_sender):
    httpserver.expect_request("/").respond_with_data()
    url = httpserver.url_for("/")
    answer = make_sender(url, allowed_hosts=frozenset()).send("i", BODY, at=AT)
    assert isinstance(answer, Failed)
    assert answer.reason.endswith("a loopback address")
    assert httpserver.log == []


def test_the_environments_proxy_is_not_asked(httpserver, make_sender, monkeypatch):
    httpserver.expect_request("/").respond_with_data()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert make_sender(httpserver.url_for("/")).send("i", BODY, at=AT) == Delivered()


def test_nothing_secret_is_logged(httpserver, make_sender, caplog):
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/T0K3N").respond_with_data(status=500)
    sender = make_sender(httpserver.url_for("/T0K3N"))
    sender.send("i", BODY, at=AT)
    ours = [r.getMessage() for r in caplog.records if r.name != "werkzeug"]
    told = "\n".join([*ours, repr(sender)])
    for secret in ("T0K3N", SECRET, "QUJDQUJD", '"p1"'):
        assert secret not in told


@pytest.fixture
def tls_server():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with HTTPServer(host="127.0.0.1", ssl_context=context) as server:
        server.expect_request("/hook").respond_with_handler(
            lambda request: Response(request.headers["host"])
        )
        yield server


def here(_host, _port):
    return (ip_address("127.0.0.1"),)


def test_the_checked_address_is_called_under_the_name_the_certificate_bears(
    tls_server, make_sender
):
    url = f"https://alerts.example:{tls_server.port}/hook"
    sender = make_sender(url, resolve=here, ca_file=CERTIFICATE)
    assert sender.send("i", BODY, at=AT) == Delivered()
    (request,) = requests_of(tls_server)
    assert request.headers["host"] == f"alerts.example:{tls_server.port}"


def test_a_certificate_of_another_name_is_a_failure(tls_server, make_sender):
    url = f"https://localhost:{tls_server.port}/hook"
    answer = make_sender(url, resolve=here, ca_file=CERTIFICATE).send("i", BODY, at=AT)
    assert answer == Failed("the connection failed (ConnectError)")
    assert tls_server.log == []


def test_a_certificate_nobody_vouches_for_is_a_failure(tls_server, make_sender):
    url = f"https://alerts.example:{tls_server.port}/hook"
    answer = make_sender(url, resolve=here).send("i", BODY, at=AT)
    assert answer == Failed("the connection failed (ConnectError)")
    assert tls_server.log == []


def test_an_unreadable_certificate_file_is_told_at_the_start(make_sender, tmp_path):
    with pytest.raises(SettingsError, match=r"absent\.pem cannot be read"):
        make_sender("https://alerts.example/", ca_file=tmp_path / "absent.pem")
