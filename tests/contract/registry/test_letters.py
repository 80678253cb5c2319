"""Dead letters: kept once, shown on record, sent again as they were."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.inbox.reading import Letters
from registry.usecases.retry_letters import RetryLetters, retry_letters
from registry.usecases.show_letter import ShowLetter, show_letter
from streams.vocabulary.letters import dead_letter
from streams.vocabulary.topics import LETTERS_KEPT


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def letter(offset, *, topic="ehr.raw", code="EMB-110", form="hl7v2", value=b"MSH|^~"):
    return dead_letter(
        topic=topic,
        partition=0,
        offset=offset,
        key=b"north/p1-anna",
        value=value,
        code=code,
        reason=f"{code}: it is bad",
        rejected_by="worker",
        rejected_at=NOON + timedelta(minutes=offset),
        form=form,
        headers={
            "ember-received": b"2026-03-01T11:59:00Z",
            "ember-sender": b"LAB|NORTH",
            "traceparent": b"of another time",
        },
    )


@pytest.fixture
def book(registry):
    with registry.transaction() as uow:
        uow.letters.add([letter(1), letter(2, code="EMB-107"), letter(3)])
    return registry


def listing(book, *, code=None, waiting=True, limit=10):
    with book.inspection() as uow:
        found = uow.letters.listing(code=code, waiting=waiting, limit=limit)
    return [one.record_offset for one in found]


def retry(book, letters, send):
    with book.transaction() as uow:
        command = RetryLetters(letters=letters, actor="engineer", at=NOON)
        return retry_letters(command, uow, send=send)


def all_of(book):
    with book.inspection() as uow:
        return uow.letters.listing(code=None, waiting=True, limit=10)


def test_a_letter_is_kept_once(book):
    with book.transaction() as uow:
        again = uow.letters.add([letter(3), letter(4), letter(4)])
    assert again == (0, 2)
    assert listing(book) == [4, 3, 2, 1]


def test_letters_are_listed_the_latest_first_and_by_code(book):
    assert listing(book, code="EMB-110") == [3, 1]
    assert listing(book, limit=1) == [3]


def test_a_letter_is_sent_again_byte_for_byte_and_noted(book):
    sent = []

    done = retry(book, all_of(book), sent.extend)

    assert [(one.record_key, one.value, one.form) for one in sent] == [
        (b"north/p1-anna", b"MSH|^~", "hl7v2")
    ] * 3
    assert sent[0].headers == {
        "ember-sender": "LAB|NORTH",
        "ember-received": "2026-03-01T11:59:00Z",
    }
    assert len(done.sent) == 3
    assert listing(book) == []
    assert listing(book, waiting=False) == [3, 2, 1]


def test_what_the_broker_did_not_take_is_not_noted(book):
    class AwayError(Exception):
        pass

    def away(_):
        raise AwayError

    with pytest.raises(AwayError):
        retry(book, all_of(book), away)
    assert listing(book) == [3, 2, 1]


@pytest.mark.parametrize(
    "bad",
    [
        letter(9, topic="sepsis.onsets"),
        letter(9, value=bytes(800_000)),
        letter(9, form=None),
    ],
)
def test_what_cannot_be_sent_again_stays_with_a_reason(registry, bad):
    with registry.transaction() as uow:
        uow.letters.add([bad])
    sent = []

    done = retry(registry, all_of(registry), sent.extend)

    assert sent == []
    assert [why for _, why in done.kept if why]
    assert listing(registry) == [9]


def test_who_looks_into_a_letter_is_on_record(book):
    name = letter(1).message_id
    with book.transaction() as uow:
        command = ShowLetter(message_id=name[:13], actor="engineer", at=NOON)
        assert show_letter(command, uow).value == b"MSH|^~"
        nobody = ShowLetter(message_id="zzz", actor="engineer", at=NOON)
        assert show_letter(nobody, uow) is None
        (row,) = uow.audit.rows(site="", trial="")
    assert (row.action, row.actor, row.subject) == ("letter:shown", "engineer", name)


def test_a_letter_is_kept_as_long_as_on_its_topic(book):
    with book.transaction() as uow:
        Letters().apply([letter(4)], uow, NOON + LETTERS_KEPT + timedelta(minutes=2))
    assert listing(book) == [4, 3, 2]


def test_a_beginning_that_several_letters_share_names_none(book):
    with book.inspection() as uow:
        assert uow.letters.one("") is None
        assert uow.letters.one("%") is None
