"""What was anchored cannot be taken back in silence, on either database."""

import json
from datetime import timedelta

import pytest
from contract.registry.test_audit import cut_the_last_row_off
from contract.registry.test_conduct import deviation
from made_up.role_holders import let
from typer.testing import CliRunner

from registry.alerts.sending import Delivered, Failed, Standing
from registry.app.anchoring import anchor_once
from registry.app.commands.audit import app
from registry.domain.roles import Role
from registry.store.anchor_file import read_anchors
from registry.usecases.anchor_audit import NotAnchored
from streams.vocabulary.errors import ErrorCode, SettingsError


LAST = "WHERE site = 'A' AND trial = 'TIDE'"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "anchors.jsonl"


@pytest.fixture
def ember(registry_url, somebody):
    """`ember audit ...` on this registry."""
    named = {"EMBER_ACTOR": somebody}
    where = ("--registry", registry_url)
    return lambda *words: CliRunner().invoke(app, [*words, *where], env=named)


class Clock:
    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


TAKEN, OPEN = Delivered(), Standing()


class Receiver:
    """A sender whose target keeps what it gets, or does not take it."""

    patience = timedelta(seconds=1)

    def __init__(self, answer=TAKEN, standing=OPEN):
        self.answer, self.stands, self.kept = answer, standing, []

    def standing(self, _at):
        return self.stands

    def send(self, delivery_id, body, **_at):
        self.kept.append((delivery_id, body))
        return self.answer


@pytest.mark.usefixtures("lived")
def test_an_audit_of_which_nothing_is_theirs_is_not_called_empty(ember, registry):
    let(registry, "far", roles=(Role.AUDITOR,), site="Z")

    done = ember("verify", "--as", "far")

    assert done.exit_code == 0
    assert done.stdout == (
        "No chain of the audit is yours to see, or none was begun there.\n"
    )


@pytest.mark.usefixtures("lived")
def test_all_heads_are_kept_and_hold(ember, file, registry):
    done = ember("anchor", "--file", str(file))

    assert done.exit_code == 0
    assert "4 chains anchored" in done.stdout
    (kept,) = read_anchors(file)
    with registry.inspection() as uow:
        assert kept.heads == uow.audit.heads()
    assert ember("verify", "--anchors", str(file)).exit_code == 0


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize(
    ("words", "env", "named"),
    [
        (("--actor", "keeper"), {"EMBER_ACTOR": "ada"}, "keeper"),
        ((), {"EMBER_ACTOR": "ada"}, "ada"),
        ((), {"EMBER_ACTOR": ""}, None),
    ],
)
def test_an_anchor_names_who_took_it_where_somebody_is_named(
    registry_url, file, words, env, named
):
    told = ["anchor", "--file", str(file), "--registry", registry_url, *words]

    done = CliRunner().invoke(app, told, env=env)

    assert done.exit_code == 0
    (kept,) = read_anchors(file)
    assert kept.actor == named


def test_a_registry_that_lives_on_still_holds_its_anchors(ember, file, lived):
    for patient in ("p3", "p4"):
        assert ember("anchor", "--file", str(file)).exit_code == 0
        lived.admit(patient)

    assert ember("verify", "--anchors", str(file)).exit_code == 0
    assert len(read_anchors(file)) == 2


def test_a_tail_cut_off_with_its_head_is_found_by_the_anchors_alone(
    lived, ember, file, tamper
):
    deviation(lived, "TIDE-A-0001")
    ember("anchor", "--file", str(file))
    cut_the_last_row_off(tamper)

    assert ember("verify").exit_code == 0
    done = ember("verify", "--anchors", str(file), "--json")

    assert done.exit_code == 1
    (broken,) = (row for row in json.loads(done.stdout) if row["break"])
    assert broken["break"] == {
        "sequence": 12,
        "reason": "an anchor remembers row 12",
    }


@pytest.mark.usefixtures("lived")
def test_a_file_that_was_emptied_is_refused_rather_than_held_to_nothing(ember, file):
    file.touch()

    done = ember("verify", "--anchors", str(file))

    assert done.exception.code is ErrorCode.UNREADABLE_FILE
    assert "holds no anchor" in str(done.exception)


def test_a_changed_chain_is_not_anchored_and_the_file_stays_as_it_was(
    lived, ember, file, tamper
):
    deviation(lived, "TIDE-A-0001")
    ember("anchor", "--file", str(file))
    before = file.read_bytes()
    cut_the_last_row_off(tamper)

    done = ember("anchor", "--file", str(file))

    assert done.exit_code == 1
    assert done.stdout.startswith("BROKEN  A / TIDE breaks at row 12")
    assert file.read_bytes() == before


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE audit_event SET actor = 'x' {LAST} AND sequence = 11",
        f"UPDATE audit_head SET sequence = 12 {LAST}",
        f"UPDATE audit_head SET row_hash = '{'0' * 64}' {LAST}",
    ],
)
def test_a_head_that_is_not_its_chains_end_is_not_anchored(
    registry, file, tamper, statement, bedside
):
    tamper(statement)

    taken = anchor_once(registry, Clock(bedside.noon), file=file, sender=None)

    assert isinstance(taken, NotAnchored)
    assert (taken.site, taken.trial) == ("A", "TIDE")
    assert not file.exists()


@pytest.mark.usefixtures("lived")
def test_the_webhook_gets_the_line_that_the_file_keeps(registry, file, bedside):
    receiver = Receiver()

    kept = anchor_once(registry, Clock(bedside.noon), file=file, sender=receiver)

    assert kept.missed == ()
    ((named, body),) = receiver.kept
    assert f"{body}\n" == file.read_text()
    assert "." not in named
    assert read_anchors(file) == (kept.anchor,)


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize(
    ("receiver", "why"),
    [
        (Receiver(Failed("the target answered 500")), "the target answered 500"),
        (Receiver(standing=Standing(disabled=True)), "the target is disabled"),
    ],
)
def test_what_was_not_taken_is_told_and_the_file_has_it(
    registry, file, bedside, receiver, why
):
    kept = anchor_once(registry, Clock(bedside.noon), file=file, sender=receiver)

    assert kept.missed == (why,)
    assert read_anchors(file) == (kept.anchor,)


def test_an_anchor_that_nobody_keeps_is_refused(ember):
    done = ember("anchor")

    assert isinstance(done.exception, SettingsError)
