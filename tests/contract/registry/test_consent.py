"""Consent as a state machine, through the gate, the roster and the worklist."""

from datetime import timedelta

import pytest

from registry.domain.consent import ConsentState, Standing
from registry.usecases.activate_protocol import activate_protocol
from registry.usecases.outbox import ROSTER
from registry.usecases.randomise import NotRandomised, Randomised
from registry.usecases.record_consent import (
    ConsentRecorded,
    ConsentRefused,
    RecordConsent,
    record_consent,
)
from streams.vocabulary.errors import ErrorCode


HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
INSTANT = timedelta.resolution


def sought(model, **rest):
    return {"model": model, "text": "As a test has it.", **rest}


def say(bedside, state, *, patient="p1", after=timedelta(0), **rest):
    """One word, so long after noon."""
    command = RecordConsent(
        trial="TIDE",
        site="A",
        patient=patient,
        episode="e1",
        state=ConsentState(state),
        decided_at=rest.pop("decided_at", bedside.noon + after),
        actor="nurse",
        at=bedside.noon + after,
        **rest,
    )
    with bedside.registry.transaction() as uow:
        return record_consent(command, uow)


def obstacles(done):
    assert isinstance(done, NotRandomised)
    return [(o.name, o.detail) for o in done.gate.obstacles]


def line(registry, at, patient="p1"):
    with registry.reading() as views:
        rows = views.consent_stands(at=at)
    return next(row for row in rows if row.patient == patient)


@pytest.mark.parametrize(
    ("model", "word"),
    [("deferred", "deferred"), ("waiver", "waived"), ("opt_out", "informed")],
)
def test_who_takes_part_without_being_asked_is_randomised(bedside, model, word):
    bedside.declare(consent=sought(model, within="72 h"))
    bedside.hear(bedside.verdict())

    assert isinstance(say(bedside, word), ConsentRecorded)
    assert isinstance(bedside.randomise(), Randomised)
    assert bedside.broken_chains() == []


def test_a_prospective_trial_defers_nothing(bedside, registry):
    bedside.declare(consent=sought("prospective"))
    done = say(bedside, "deferred", deadline=bedside.noon + DAY)

    assert isinstance(done, ConsentRefused)
    assert done.obstacle.name == "not_in_this_model"
    with registry.reading() as views:
        assert views.participants() == ()


def test_a_site_may_have_terms_of_its_own(bedside):
    own = {"id": "A", "status": "open", "consent": sought("deferred", within="24 h")}
    bedside.declare(consent=sought("prospective"), sites=[own])

    done = say(bedside, "deferred")

    assert done.deadline == bedside.noon + DAY


def test_the_protocols_deadline_is_the_latest(bedside):
    bedside.declare(consent=sought("deferred", within="72 h"))

    assert say(bedside, "deferred", deadline=bedside.noon + 9 * DAY).deadline == (
        bedside.noon + 3 * DAY
    )
    sooner = say(bedside, "deferred", patient="p2", deadline=bedside.noon + DAY)
    assert sooner.deadline == bedside.noon + DAY


def test_a_deadline_matures_on_the_worklist_and_at_the_gate(bedside, registry):
    bedside.declare(consent=sought("deferred", within="3 h"))
    bedside.hear(bedside.verdict())
    say(bedside, "deferred")
    over = bedside.noon + 3 * HOUR

    assert (line(registry, over).standing, line(registry, over).due) == (
        "deferred",
        "ask_by_the_deadline",
    )
    late = line(registry, over + INSTANT)
    assert (late.standing, late.due, late.deadline) == (
        "deferred_overdue",
        "overdue",
        over,
    )
    assert obstacles(bedside.randomise(at=over + INSTANT)) == [
        ("no_consent", "deferred overdue")
    ]
    assert isinstance(bedside.randomise(at=over), Randomised)


def test_a_worklist_of_the_past_shows_what_was_recorded_then(bedside, registry):
    bedside.declare(consent=sought("deferred", within="72 h"))
    say(bedside, "deferred")
    say(bedside, "given", after=5 * HOUR, basis="written", document_version="1.0")

    assert line(registry, bedside.noon + 4 * HOUR).standing is Standing.DEFERRED
    assert line(registry, bedside.noon + 5 * HOUR).standing is Standing.WRITTEN
    with registry.reading() as views:
        assert views.consent_stands(at=bedside.noon - HOUR) == ()


@pytest.mark.parametrize(
    ("document", "taken"),
    [
        ("1.0", True),
        ("ICF-3_2026/02", True),
        ("he is on hydrocortisone, arm 1", False),
        ("hydrocortisone", False),
        ("", False),
    ],
)
def test_the_version_of_a_form_is_a_version_and_no_words(
    bedside, registry, document, taken
):
    """It leaves in every extract as it is."""
    bedside.open_trial()
    done = say(bedside, "given", basis="written", document_version=document)

    if taken:
        assert done.standing is Standing.WRITTEN
        return
    assert (done.obstacle.code, done.obstacle.name) == (
        ErrorCode.CONSENT_STEP,
        "no_version",
    )
    with registry.inspection() as uow:
        details = [row.detail for row in uow.audit.rows(site="A", trial="TIDE")]
    assert "no_version" in details[-1]
    assert not any("hydrocortisone" in detail for detail in details)


@pytest.mark.parametrize(
    ("rule", "used"), [((), True), (("refused_later",), False)], ids=["kept", "flagged"]
)
def test_a_refusal_of_deferred_consent_flags_the_data_where_the_law_says_so(
    bedside, registry, sql, rule, used
):
    terms = sought("deferred", within="72 h", data_not_used_after=list(rule))
    bedside.declare(consent=terms)
    bedside.hear(bedside.verdict())
    say(bedside, "deferred")
    bedside.randomise()

    done = say(bedside, "refused", after=2 * HOUR)

    now = line(registry, bedside.noon + 3 * HOUR)
    assert done.standing is Standing.REFUSED_LATER
    assert (now.may_use, now.data_flagged) == (used, not used)
    assert (now.may_treat, now.may_collect, now.may_follow_up) == (False,) * 3
    assert sql("SELECT count(*) FROM randomisation") == [(1,)]
    assert [e.get("refusal") for e in bedside.told(ROSTER)] == [None, "refused"]


def test_who_can_decide_again_is_asked_before_anything_further(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    say(bedside, "given", basis="proxy")
    say(bedside, "regained_capacity", after=HOUR)

    assert obstacles(bedside.randomise()) == [("no_consent", "regained capacity")]
    assert line(registry, bedside.noon + HOUR).due == "ask_the_patient"
    say(bedside, "given", after=HOUR, basis="verbal")
    assert isinstance(bedside.randomise(), Randomised)
    assert line(registry, bedside.noon + HOUR).due == "writing_follows"


def test_nobody_says_yes_for_who_said_no(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    say(bedside, "refused")
    say(bedside, "asked")

    done = say(bedside, "given", basis="proxy")

    assert done.obstacle.name == "patient_said_no"
    assert obstacles(bedside.randomise()) == [("no_consent", "asked again")]


def amend(bedside, affects):
    """Another version of the protocol, on which consent is sought again."""
    made = {
        "version": "1.1",
        "date": "2026-02-01",
        "summary": "A third arm.",
        "reason": "It came.",
        "reconsent": {"document": "2.0", "affects": affects},
    }
    command = bedside.protocol(
        bedside.fluids, protocol_hash="hash-2", document={"amendments": [made]}
    )
    with bedside.registry.transaction() as uow:
        activate_protocol(command, uow, signer=bedside.signer)


@pytest.mark.parametrize(
    ("affects", "asked"),
    [("everybody", {"p1", "p3"}), ("not_yet_randomised", {"p1"})],
)
def test_an_amendment_has_consent_sought_again(bedside, registry, affects, asked):
    people = {"p1": "1.0", "p2": "2.0", "p3": "1.0"}
    bedside.open_trial()
    bedside.hear(*map(bedside.verdict, people))
    for patient, form in people.items():
        say(bedside, "given", patient=patient, basis="written", document_version=form)
    bedside.randomise("p3")

    amend(bedside, affects)
    judged = {"revision": 1, "protocol_hash": "hash-2"}
    bedside.hear(*(bedside.verdict(patient, **judged) for patient in people))

    with registry.reading() as views:
        rows = views.consent_stands(at=bedside.noon + DAY)
    assert {r.patient for r in rows if r.due == "ask_again"} == asked
    assert {r.renew for r in rows if r.due == "ask_again"} == {"2.0"}
    assert obstacles(bedside.randomise()) == [("reconsent_due", "2.0")]
    assert isinstance(bedside.randomise("p2"), Randomised)
    say(bedside, "given", after=HOUR, basis="written", document_version="2.0")
    assert isinstance(bedside.randomise(), Randomised)
    assert bedside.broken_chains() == []


def test_scopes_add_up_and_are_told_in_the_audit(bedside, registry, sql):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.consent()
    bedside.randomise()
    say(bedside, "withdrawn", after=HOUR, scopes=("treatment",))
    once = line(registry, bedside.noon + HOUR)
    again = say(bedside, "withdrawn", after=HOUR, scopes=("treatment",))
    say(bedside, "withdrawn", after=2 * HOUR, scopes=("follow_up",))
    twice = line(registry, bedside.noon + 2 * HOUR)

    assert (once.may_treat, once.may_follow_up, once.may_collect) == (False, True, True)
    assert isinstance(again, ConsentRefused)
    assert again.obstacle.name == "nothing_more_withdrawn"
    assert (twice.may_follow_up, twice.may_collect, twice.may_use) == (
        False,
        True,
        True,
    )
    assert twice.withdrawn == ("follow_up", "treatment")
    recorded = "SELECT detail FROM audit_event WHERE action = 'consent:recorded'"
    assert sum('"scopes"' in detail for (detail,) in sql(recorded)) == 2
    say(bedside, "withdrawn", after=3 * HOUR, scopes=("data",))
    assert told_collect(bedside) == [True, True, False]
    assert bedside.broken_chains() == []


def told_collect(bedside):
    """Of each no the workers hear of, whether they may read the record on."""
    return [e.get("collect", True) for e in bedside.told(ROSTER) if "refusal" in e]


def test_the_no_of_who_consented_is_a_withdrawal_of_everything(bedside, registry):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.consent()

    done = say(bedside, "refused")

    assert (done.state, done.standing) == (ConsentState.WITHDRAWN, Standing.WITHDRAWN)
    assert obstacles(bedside.randomise()) == [("no_consent", "withdrawn")]
    with registry.reading() as views:
        assert views.flow()[0].withdrawn == 1
    assert [e["refusal"] for e in bedside.told(ROSTER)] == ["withdrawn"]
    assert told_collect(bedside) == [False]


def test_who_died_before_consent_is_called_about_no_more(bedside, registry):
    bedside.declare(consent=sought("deferred", within="72 h"))
    bedside.hear(bedside.verdict())
    say(bedside, "deferred")
    say(bedside, "died_before_consent", after=HOUR)

    now = line(registry, bedside.noon + HOUR)
    assert (now.standing, now.due, now.may_use) == ("died_before_consent", None, True)
    assert bedside.alerts() == {("TIDE", "p1", "e1"): ("acted", None)}
    assert isinstance(say(bedside, "given", after=HOUR, basis="proxy"), ConsentRefused)


def test_a_yes_decided_before_the_last_no_comes_too_late(bedside):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    say(bedside, "refused", after=2 * HOUR)
    say(bedside, "asked", after=3 * HOUR)
    early = bedside.noon + HOUR

    done = say(bedside, "given", after=4 * HOUR, decided_at=early, basis="written")

    assert done.obstacle.name == "decided_before_the_last"
    assert done.obstacle.code is ErrorCode.CONSENT_STEP


def test_an_opt_out_shows_on_the_worklist_until_it_is_taken_back(bedside, registry):
    bedside.open_trial()
    bedside.consent()
    bedside.opt_out(at=bedside.noon + HOUR)
    out = line(registry, bedside.noon + HOUR)
    bedside.opt_out(at=bedside.noon + 2 * HOUR, stands=False)

    assert (out.standing, out.may_randomise) == ("opted_out", False)
    assert line(registry, bedside.noon + HOUR).standing is Standing.OPTED_OUT
    assert line(registry, bedside.noon + 2 * HOUR).standing is Standing.WRITTEN
