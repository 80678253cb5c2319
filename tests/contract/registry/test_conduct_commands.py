"""`ember site`, `ember delegation` and the worklists, as people call them."""

import json

import pytest
import typer
from typer.testing import CliRunner

from registry.app.commands import delegation, query, site
from registry.app.commands.export import export_
from registry.domain.consent import ConsentState
from registry.usecases.randomise import NotRandomised
from registry.usecases.record_batch import RecordBatch, record_batch
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError, UserError


WHERE = ("--trial", "TIDE", "--site", "A", "--actor", "principal")
WHY = ("--reason", "moved")


@pytest.fixture
def ember(registry_url, somebody):
    def run(app, *words):
        done = CliRunner().invoke(
            app, [*words, "--registry", registry_url], env={"EMBER_ACTOR": somebody}
        )
        if isinstance(done.exception, UserError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_a_green_light_is_given_and_taken_back(bedside, ember):
    bedside.open_trial()
    bedside.admit("p1")
    words = ("TIDE", "A", "--reason", "monitor's visit", "--actor", "sponsor")

    assert ember(site.app, "revoke", *words) == "A does not recruit for TIDE\n"
    assert isinstance(bedside.randomise(), NotRandomised)
    assert ember(site.app, "green-light", *words) == "A recruits for TIDE\n"
    assert "(as before)" in ember(site.app, "green-light", *words)
    assert not isinstance(bedside.randomise(), NotRandomised)


def test_a_site_that_is_not_the_protocols_is_refused_in_words(bedside, ember):
    bedside.declare(sites=[{"id": "B"}])

    with pytest.raises(Refused) as why:
        ember(
            site.app, "green-light", "TIDE", "A", "--reason", "r", "--actor", "sponsor"
        )

    assert why.value.code is ErrorCode.SITE_CLOSED
    assert "does not name the site A" in why.value.problem


@pytest.mark.parametrize("trial", ["TIDE", "tide"])
def test_no_site_is_paused_for_a_trial_that_has_no_protocol(bedside, ember, trial):
    """Told as paused, it would recruit on in the trial that was meant."""
    bedside.declare("WAVE")
    words = ("pause", trial, "A", "--reason", "r", "--actor", "sponsor")

    with pytest.raises(Refused) as why:
        ember(site.app, *words)

    assert why.value.code is ErrorCode.UNKNOWN_PART


def test_somebody_is_delegated_signs_and_is_ended(bedside, ember):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    duty = ("--duty", "sign_eligibility", "--duty", "randomise")
    entry = ember(delegation.app, "add", "doctor", *WHERE, *duty).strip()
    case = ("p1", "--trial", "TIDE", "--site", "A", "--domain", "fluids")
    sign = ("sign", *case, "--episode", "e1", "--actor", "doctor")

    assert ember(delegation.app, *sign).startswith("signed: ")
    log = ember(delegation.app, "list", "--trial", "TIDE", "--site", "A")
    assert "randomise, sign_eligibility" in log
    assert ember(delegation.app, "end", entry, *WHERE, *WHY).startswith("doctor: ends ")
    with pytest.raises(Refused) as why:
        ember(delegation.app, *sign)
    assert why.value.code is ErrorCode.NOT_DELEGATED
    assert bedside.broken_chains() == []


def test_what_cannot_be_ended_is_refused_in_words(bedside, ember):
    bedside.open_trial()

    with pytest.raises(Refused, match="no such entry"):
        ember(delegation.app, "end", "nothing", *WHERE, *WHY)
    with pytest.raises(Refused, match="ends before it begins"):
        ember(
            *(delegation.app, "add", "doctor", *WHERE, "--duty", "randomise"),
            *("--starts", "2026-03-02T00:00Z", "--ends", "2026-03-01T00:00Z"),
        )


def test_the_worklist_shows_the_nearest_deadline_first(bedside, ember):
    bedside.declare(consent={"model": "deferred", "text": "A test.", "within": "24 h"})
    bedside.consent("p1", state=ConsentState.GIVEN)
    bedside.consent("p2", state=ConsentState.GIVEN, basis="proxy")
    bedside.consent("p2", state=ConsentState.REGAINED)
    bedside.consent("p3", state=ConsentState.DEFERRED)
    asked = ("consents", "--due", "--trial", "TIDE", "--at", "2026-03-02T11:00Z")

    told = json.loads(ember(query.app, *asked, "--json"))
    everybody = json.loads(ember(query.app, "consents", "--json"))
    table = ember(query.app, "consents", "--due", "--at", "2026-03-02T13:00Z")

    assert [(row["patient"], row["due"]) for row in told] == [
        ("p3", "ask_by_the_deadline"),
        ("p2", "ask_the_patient"),
    ]
    assert [row["patient"] for row in everybody] == ["p1", "p2", "p3"]
    assert "overdue" in table
    assert "2026-03-02 12:00" in table


def test_the_strata_that_are_waited_for_are_listed(bedside, ember):
    bedside.open_trial()
    bedside.hear(bedside.verdict(stratum=(("phenotype", "UNKNOWN"),)))

    table = ember(query.app, "strata", "--at", "2026-03-01T13:00Z")
    later = ember(query.app, "strata", "--trial", "TIDE")

    assert "phenotype" in table
    assert "2026-03-01 18:00" in table
    assert later == "No strata.\n"


def test_strata_of_a_past_moment_are_those_that_were_waited_for_then(bedside, ember):
    bedside.open_trial()
    bedside.hear(bedside.verdict(stratum=(("phenotype", "UNKNOWN"),)))
    known = bedside.verdict(revision=1, stratum=(("phenotype", "alpha"),))
    closed = bedside.verdict(revision=2, window_open=False, status="ineligible")
    for hours, verdict in ((1, known), (6, closed)):
        at = bedside.noon + hours * HOUR
        with bedside.registry.transaction() as uow:
            record_batch(RecordBatch(messages=(verdict,), recorded_at=at), uow)

    def waiting(at):
        return json.loads(ember(query.app, "strata", "--at", at, "--json"))

    assert [row["factor"] for row in waiting("2026-03-01T12:59Z")] == ["phenotype"]
    assert waiting("2026-03-01T13:00Z") == []
    assert waiting("2026-03-01T18:00Z") == []


def test_who_was_not_registered_or_screened_by_then_is_not_listed(bedside, ember):
    bedside.declare(consent={"model": "deferred", "text": "A test.", "within": "24 h"})
    bedside.hear(bedside.verdict(stratum=(("phenotype", "UNKNOWN"),)))
    bedside.consent("p1", state=ConsentState.DEFERRED)

    def listed(what, at):
        return json.loads(ember(query.app, what, "--at", at, "--json"))

    for what in ("consents", "strata"):
        assert listed(what, "2026-03-01T11:59Z") == []
        assert [row["patient"] for row in listed(what, "2026-03-01T12:00Z")] == ["p1"]


@pytest.mark.parametrize("what", ["consents", "strata", "flow"])
def test_nothing_is_told_of_a_moment_to_come(bedside, ember, what):
    bedside.open_trial()
    to_come = "--at: 2126-03-01T12:00:00Z is to come"
    with pytest.raises(SettingsError, match=to_come) as why:
        ember(query.app, what, "--at", "2126-03-01T12:00Z")
    assert why.value.code is ErrorCode.BAD_SETTING


def test_no_extract_is_cut_at_a_moment_to_come(bedside, ember, tmp_path):
    bedside.open_trial()
    cut = ("--profile", "limited", "--at", "2126-03-01T12:00Z")
    app = typer.Typer()
    app.command()(export_)
    with pytest.raises(SettingsError, match="is to come"):
        ember(app, "participants", "--out", str(tmp_path / "out"), *cut)
    assert not (tmp_path / "out").exists()
