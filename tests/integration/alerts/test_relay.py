import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook
from werkzeug import Response

from registry.alerts.relay import LEASE_MARGIN, Fate, relay_once
from registry.alerts.sending import Standing
from registry.alerts.webhook import WebhookSender, WebhookSettings
from registry.domain.mode import Mode
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.outbox import ALERTS, OutboxItem
from registry.usecases.record_screening import RecordScreening, record_screening
from registry.usecases.records import ModeRevision
from registry.usecases.set_green_light import SetGreenLight, set_green_light
from streams.vocabulary.messages import TrialScreening


SECRET = "whsec_" + "QUJD" * 8
SECOND = timedelta(seconds=1)


class MovedClock:
    def __init__(self):
        self.moment = datetime.now(UTC).replace(microsecond=0)

    def now(self):
        return self.moment

    def move(self, by):
        self.moment += by


class Crash(BaseException):
    """The process ends here."""


class DyingSender:
    """Sends in earnest, and dies before it can say so."""

    def __init__(self, sender):
        self.patience = sender.patience
        self.standing = sender.standing
        self._sender = sender

    def send(self, delivery_id, body, *, at):
        self._sender.send(delivery_id, body, at=at)
        raise Crash


@pytest.fixture
def clock():
    return MovedClock()


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path / 'ember.sqlite'}"
    migrate(url)
    return url


@pytest.fixture
def opened(url):
    """Opens the registry as another process would."""
    with ExitStack() as stack:

        def another():
            registry = open_registry(url)
            stack.callback(registry.close)
            return registry

        yield another


@pytest.fixture
def registry(opened, clock):
    registry = opened()
    switch(registry, Mode.LIVE, clock)
    light = SetGreenLight(
        trial="chase",
        site="north",
        given=True,
        reason="test",
        actor="t",
        at=clock.now(),
    )
    with registry.transaction() as uow:
        set_green_light(light, uow)
    return registry


@pytest.fixture
def make_sender(tmp_path, httpserver):
    secrets = tmp_path / "webhook.secret"
    secrets.write_text(SECRET, "ascii")

    def make():
        return WebhookSender(
            WebhookSettings(
                url=httpserver.url_for("/hook"),
                secret_files=(secrets,),
                disabled_marker=tmp_path / "webhook.disabled",
                allowed_hosts=frozenset({"localhost"}),
            )
        )

    return make


def switch(registry, mode, clock):
    revision = ModeRevision(mode=mode, reason="test", actor="t", at=clock.now())
    with registry.transaction() as uow:
        uow.modes.append(revision)


def screening(clock, number=1, **changes):
    told = TrialScreening(
        message_id=f"m{number}",
        site="north",
        patient=f"p{number}",
        happened_at=clock.now() - timedelta(hours=1),
        known_at=clock.now(),
        source="test",
        provenance="live",
        screening_id=f"s{number}",
        revision=1,
        status="eligible",
        trial="chase",
        domain="fluids",
        episode="e1",
        protocol_version="1",
        protocol_hash="0" * 64,
        software_version="0",
        definition_version="1",
        anchor="onset.known_at",
        anchor_at=clock.now() - timedelta(hours=1),
        deadline=clock.now() + timedelta(hours=5),
        window_open=True,
    )
    return replace(told, **changes)


def record(registry, clock, message):
    command = RecordScreening(message=message, recorded_at=clock.now())
    with registry.transaction() as uow:
        return record_screening(command, uow)


def answers(httpserver, *statuses):
    for status in statuses:
        httpserver.expect_ordered_request("/hook", method="POST").respond_with_data(
            status=status
        )


def ids_seen(httpserver):
    return [request.headers["webhook-id"] for request, _ in httpserver.log]


def bodies_seen(httpserver):
    return [json.loads(request.get_data()) for request, _ in httpserver.log]


def next_due(registry):
    with registry.transaction() as uow:
        return uow.outbox.next_due(ALERTS)


def put(registry, clock, payload, outbox_id="o1"):
    """What a mistake might leave in the outbox."""
    item = OutboxItem(
        outbox_id=outbox_id,
        topic=ALERTS,
        key="north/p1",
        payload=payload,
        created_at=clock.now(),
        next_attempt_at=clock.now(),
    )
    with registry.transaction() as uow:
        uow.outbox.add([item])


def test_an_alert_is_delivered_once_and_its_signature_verifies(
    registry, make_sender, httpserver, clock
):
    answers(httpserver, 204)
    record(registry, clock, screening(clock))
    report = relay_once(registry, make_sender(), clock, limit=10)
    assert [(r.attempt, r.fate) for r in report.relayed] == [(1, Fate.DELIVERED)]
    assert report.next_due is None
    (request, _), *others = httpserver.log
    assert others == []
    body = Webhook(SECRET).verify(request.get_data(), dict(request.headers))
    assert body["type"] == "alert.raised"
    assert body["data"]["patient"] == "p1"
    assert request.headers["webhook-id"] == report.relayed[0].outbox_id
    assert relay_once(registry, make_sender(), clock, limit=10).relayed == ()


def test_nothing_beyond_the_limit_is_sent_in_one_round(
    registry, make_sender, httpserver, clock
):
    answers(httpserver, *[200] * 3)
    for number in range(3):
        record(registry, clock, screening(clock, number))
    first = relay_once(registry, make_sender(), clock, limit=2)
    assert first.count(Fate.DELIVERED) == 2
    assert first.next_due == clock.now()
    assert (
        relay_once(registry, make_sender(), clock, limit=2).count(Fate.DELIVERED) == 1
    )


def test_a_failure_is_tried_again_after_the_schedules_wait_under_the_same_id(
    registry, make_sender, httpserver, clock
):
    answers(httpserver, 500, 200)
    record(registry, clock, screening(clock))
    sender = make_sender()
    first = relay_once(registry, sender, clock, limit=10)
    assert [(r.fate, r.reason) for r in first.relayed] == [
        (Fate.TO_RETRY, "the target answered 500")
    ]
    wait = first.next_due - clock.now()
    assert 5 * SECOND <= wait < 5.5 * SECOND
    clock.move(wait - timedelta(microseconds=1))
    assert relay_once(registry, sender, clock, limit=10).relayed == ()
    clock.move(SECOND)
    second = relay_once(registry, sender, clock, limit=10)
    assert [(r.attempt, r.fate) for r in second.relayed] == [(2, Fate.DELIVERED)]
    assert len(ids_seen(httpserver)) == 2
    assert len(set(ids_seen(httpserver))) == 1
    stamps = [int(r.headers["webhook-timestamp"]) for r, _ in httpserver.log]
    assert stamps[1] - stamps[0] == 6
    for request, _ in httpserver.log:
        Webhook(SECRET).verify(request.get_data(), dict(request.headers))


def test_after_ten_attempts_a_message_is_given_up(
    registry, make_sender, httpserver, clock
):
    far = clock.now() + timedelta(days=9)
    answers(httpserver, *[500] * 10)
    record(registry, clock, screening(clock, deadline=far))
    sender, fates = make_sender(), []
    while (due := next_due(registry)) is not None:
        clock.move(max(due - clock.now(), timedelta(0)))
        fates += [r.fate for r in relay_once(registry, sender, clock, limit=9).relayed]
    assert fates == [*[Fate.TO_RETRY] * 9, Fate.GIVEN_UP]
    assert len(set(ids_seen(httpserver))) == 1


def test_a_410_disables_the_target_and_nothing_more_is_tried(
    registry, make_sender, httpserver, clock
):
    answers(httpserver, 410)
    for number in range(2):
        record(registry, clock, screening(clock, number))
    report = relay_once(registry, make_sender(), clock, limit=10)
    assert [r.fate for r in report.relayed] == [Fate.GIVEN_UP]
    assert report.standing == Standing(disabled=True)
    assert report.next_due is None
    clock.move(timedelta(hours=1))
    assert relay_once(registry, make_sender(), clock, limit=10).relayed == ()
    assert len(httpserver.log) == 1


def test_a_target_that_asks_for_peace_gets_it_for_all_that_waits(
    registry, make_sender, httpserver, clock
):
    httpserver.expect_ordered_request("/hook").respond_with_data(
        status=503, headers={"retry-after": "60"}
    )
    answers(httpserver, 200, 200)
    for number in range(2):
        record(registry, clock, screening(clock, number))
    sender = make_sender()
    report = relay_once(registry, sender, clock, limit=10)
    until = clock.now() + 60 * SECOND
    assert [r.fate for r in report.relayed] == [Fate.TO_RETRY]
    assert report.standing == Standing(held_until=until)
    assert report.next_due == until
    clock.move(59 * SECOND)
    assert relay_once(registry, sender, clock, limit=10).relayed == ()
    clock.move(SECOND)
    again = relay_once(registry, sender, clock, limit=10)
    assert again.count(Fate.DELIVERED) == 2


def test_the_wait_a_target_asked_for_outlives_a_restart_for_that_message(
    registry, make_sender, httpserver, clock
):
    httpserver.expect_ordered_request("/hook").respond_with_data(
        status=429, headers={"retry-after": "60"}
    )
    record(registry, clock, screening(clock))
    relay_once(registry, make_sender(), clock, limit=10)
    assert next_due(registry) == clock.now() + 60 * SECOND


def test_a_redirect_counts_as_a_failure_and_the_alert_goes_nowhere_else(
    registry, make_sender, httpserver, clock
):
    httpserver.expect_ordered_request("/hook").respond_with_data(
        status=307, headers={"location": httpserver.url_for("/elsewhere")}
    )
    record(registry, clock, screening(clock))
    report = relay_once(registry, make_sender(), clock, limit=10)
    assert [r.fate for r in report.relayed] == [Fate.TO_RETRY]
    assert [request.path for request, _ in httpserver.log] == ["/hook"]


def test_a_crash_between_sending_and_settling_sends_again_under_the_same_id(
    registry, make_sender, httpserver, clock
):
    answers(httpserver, 200, 200)
    record(registry, clock, screening(clock))
    sender = make_sender()
    with pytest.raises(Crash):
        relay_once(registry, DyingSender(sender), clock, limit=10)
    lease = sender.patience + LEASE_MARGIN
    clock.move(lease - SECOND)
    assert relay_once(registry, sender, clock, limit=10).relayed == ()
    clock.move(SECOND)
    report = relay_once(registry, sender, clock, limit=10)
    assert [(r.attempt, r.fate) for r in report.relayed] == [(2, Fate.DELIVERED)]
    first, second = ids_seen(httpserver)
    assert first == second
    assert len({json.dumps(body) for body in bodies_seen(httpserver)}) == 1


def test_while_one_relay_waits_for_the_answer_another_does_not_send_the_same(
    registry, opened, make_sender, httpserver, clock
):
    asked, may_answer = threading.Event(), threading.Event()

    def slowly(_request):
        asked.set()
        may_answer.wait(10)
        return Response(status=200)

    httpserver.expect_request("/hook").respond_with_handler(slowly)
    record(registry, clock, screening(clock))
    with ThreadPoolExecutor(1) as other_process:
        running = other_process.submit(
            relay_once, opened(), make_sender(), clock, limit=10
        )
        assert asked.wait(10)
        assert relay_once(registry, make_sender(), clock, limit=10).relayed == ()
        may_answer.set()
        assert running.result().count(Fate.DELIVERED) == 1
    assert len(httpserver.log) == 1


def test_two_relays_side_by_side_deliver_each_message_exactly_once(
    registry, opened, make_sender, httpserver, clock
):
    httpserver.expect_request("/hook").respond_with_data()
    for number in range(12):
        record(registry, clock, screening(clock, number))
    together = threading.Barrier(2)

    def run(own):
        together.wait(10)
        return relay_once(own, make_sender(), clock, limit=100)

    with ThreadPoolExecutor(2) as processes:
        reports = list(processes.map(run, [registry, opened()]))
    assert sum(report.count(Fate.DELIVERED) for report in reports) == 12
    assert len(ids_seen(httpserver)) == 12
    assert {body["data"]["patient"] for body in bodies_seen(httpserver)} == {
        f"p{number}" for number in range(12)
    }


def test_a_screening_told_twice_alerts_once(registry, make_sender, httpserver, clock):
    answers(httpserver, 200)
    assert record(registry, clock, screening(clock)).duplicates == 0
    assert record(registry, clock, screening(clock)).duplicates == 1
    later = screening(clock, message_id="m1-again", revision=2)
    record(registry, clock, later)
    report = relay_once(registry, make_sender(), clock, limit=10)
    assert report.count(Fate.DELIVERED) == 1
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("mode", "provenance", "sent"),
    [
        (Mode.SILENT, "live", 0),
        (Mode.SILENT, "simulated", 0),
        (Mode.SILENT, "history", 0),
        (Mode.LIVE, "history", 0),
        (Mode.LIVE, "simulated", 0),
        (Mode.LIVE, "live", 1),
        (Mode.DEMO, "live", 0),
        (Mode.DEMO, "history", 0),
        (Mode.DEMO, "simulated", 1),
    ],
)
def test_only_what_mode_and_provenance_allow_is_sent(
    registry, make_sender, httpserver, clock, mode, provenance, sent
):
    httpserver.expect_request("/hook").respond_with_data()
    switch(registry, mode, clock)
    record(registry, clock, screening(clock, provenance=provenance))
    report = relay_once(registry, make_sender(), clock, limit=10)
    assert len(report.relayed) == len(httpserver.log) == sent


@pytest.mark.parametrize("mode", [Mode.SILENT, Mode.DEMO])
def test_what_waited_when_the_mode_changed_is_withheld_for_good(
    registry, make_sender, httpserver, clock, mode
):
    record(registry, clock, screening(clock))
    switch(registry, mode, clock)
    report = relay_once(registry, make_sender(), clock, limit=10)
    assert [r.fate for r in report.relayed] == [Fate.WITHHELD]
    assert report.relayed[0].reason.startswith("refused: ")
    switch(registry, Mode.LIVE, clock)
    clock.move(timedelta(days=1))
    assert relay_once(registry, make_sender(), clock, limit=10).relayed == ()
    assert httpserver.log == []


@pytest.mark.parametrize(
    "payload",
    [
        '{"type":"t","data":{"alert_id":"a","screening_id":"s","provenance":"history"}}',
        '{"type":"alert.raised","data":{"mode":"live"}}',
        "nonsense",
    ],
)
def test_what_should_never_have_been_in_the_outbox_does_not_leave_it(
    registry, make_sender, httpserver, clock, payload
):
    put(registry, clock, payload)
    report = relay_once(registry, make_sender(), clock, limit=10)
    assert [r.fate for r in report.relayed] == [Fate.WITHHELD]
    assert report.next_due is None
    assert httpserver.log == []


def test_a_call_that_failed_is_not_repeated_after_its_alert_was_retracted(
    registry, make_sender, httpserver, clock
):
    answers(httpserver, 500, 200)
    record(registry, clock, screening(clock))
    sender = make_sender()
    relay_once(registry, sender, clock, limit=10)
    clock.move(10 * SECOND)
    withdrawn = screening(clock, message_id="m2", revision=2, status="ineligible")
    record(registry, clock, withdrawn)
    report = relay_once(registry, sender, clock, limit=10)
    assert [r.fate for r in report.relayed] == [Fate.WITHHELD, Fate.DELIVERED]
    told = [body["type"] for body in bodies_seen(httpserver)]
    assert told == ["alert.raised", "alert.retracted"]
