"""What a coordinator does at three in the morning, and the exit status that tells how."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from made_up.role_holders import let
from typer.testing import CliRunner

from registry.app.by_obstacle import BY_OBSTACLE
from registry.app.cli import app
from registry.app.obstacles import WORDS, hindrances
from registry.app.published import published_schemas
from registry.app.trials import activate
from registry.domain.consent import EVERYTHING, Scope
from registry.domain.consent_terms import recorded
from registry.domain.enrolment import Obstacle
from registry.domain.mode import Mode
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.set_green_light import SetGreenLight, set_green_light
from registry.usecases.set_mode import SetMode, set_mode
from streams.clinical.criteria.loading import load_protocol
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import revision_identity, screening_identity
from streams.vocabulary.messages import CriterionVerdict, TrialScreening


NOW = datetime.now(UTC)
KEY = bytes(range(32))
PAGE = Path(__file__).parents[3] / "deploy/docs/errors.md"
DOCUMENT = """
id: little
title: LITTLE (made up)
version: "1.0"
evidence: verified
summary: Adults who were admitted.
consent: {model: prospective, text: Before.}
outcomes: [mortality_28d]
domains:
  - id: one
    title: One question
    status: open
    blinding: BLINDING
    arms: [{id: alpha, title: A}, {id: beta, title: B}]
    allocation: {method: permuted_blocks, sizes: [4]}
    recruitment:
      entry: {kind: admission}
      anchor: entry.known_at
      window: 24 h
    inclusion:
      - {id: I1, text: Adults, rule: {kind: age, is: ">= 18 years"}}
      - id: I2
        text: Either arm would do
        rule: {kind: confirm, name: e, question: "?", by: treating_clinician}
    alert: {title: Look, body: There.}
"""


class House:
    """A registry with the little trial in force, and a screened patient p1."""

    def __init__(
        self, folder, monkeypatch, *, mode=Mode.LIVE, blinding="open_label", within=None
    ):
        self.url = f"sqlite:///{folder}/r.sqlite"
        self.key = folder / "little.key"
        self.key.write_bytes(KEY)
        monkeypatch.setenv("EMBER_REGISTRY", self.url)
        monkeypatch.delenv("EMBER_ALLOCATION_KEYS", raising=False)
        migrate(self.url)
        self.book = open_registry(self.url)
        document = DOCUMENT.replace("BLINDING", blinding)
        if within is not None:
            document = document.replace(
                "prospective, text", f"deferred, within: {within}, text"
            )
        protocol = load_protocol(document)
        self.digest = protocol.digest
        let(self.book, "nurse", "doctor")
        told = SetMode(mode=mode, reason="a test", actor="admin", at=NOW)
        with self.book.transaction() as uow:
            set_mode(told, uow)
        signer = KeyedSigner({"little": KEY})
        activate(protocol, self.book, signer=signer, actor="admin", at=NOW)
        light = SetGreenLight(
            trial="little", site="A", given=True, reason="a test", actor="admin", at=NOW
        )
        with self.book.transaction() as uow:
            set_green_light(light, uow)

    def hear(
        self,
        patient="p1",
        episode="stay",
        site="A",
        provenance="live",
        status="needs_human",
    ):
        name = screening_identity(
            site=site, patient=patient, trial="little", domain="one", episode=episode
        )
        verdict = TrialScreening(
            message_id=revision_identity(name, 0),
            site=site,
            patient=patient,
            happened_at=NOW - timedelta(hours=1),
            known_at=NOW - timedelta(hours=1),
            source="screen",
            provenance=provenance,
            screening_id=name,
            revision=0,
            status=status,
            trial="little",
            domain="one",
            episode=episode,
            protocol_version="1.0",
            protocol_hash=self.digest,
            software_version="test",
            definition_version="1",
            anchor="entry.known_at",
            anchor_at=NOW - timedelta(hours=1),
            deadline=NOW + timedelta(hours=23),
            window_open=True,
            stratum=(),
            covariates=(),
            criteria=(
                CriterionVerdict(criterion_id="I1", role="inclusion", truth="TRUE"),
                CriterionVerdict(
                    criterion_id="I2", role="inclusion", truth="UNKNOWN", human=True
                ),
            ),
        )
        with self.book.transaction() as uow:
            record_batch(RecordBatch(messages=(verdict,), recorded_at=NOW), uow)


@pytest.fixture
def house_of(tmp_path, monkeypatch):
    made = []

    def make(**how):
        made.append(House(tmp_path, monkeypatch, **how))
        made[-1].hear()
        return made[-1]

    yield make
    for house in made:
        house.book.close()


@pytest.fixture
def house(house_of):
    return house_of()


def ember(*words, by="nurse"):
    actor = ("--actor", by) if by else ()
    return CliRunner().invoke(app, [*words, *actor])


def told(name, *words, status=0):
    """What `--json` prints, held against its published schema."""
    done = ember(*words, "--json")
    assert done.exit_code == status, done.output
    answer = json.loads(done.stdout)
    jsonschema.validate(answer, published_schemas()[name])
    return answer


def consented(*patients):
    for patient in patients:
        assert (
            ember("consent", "record", patient, "given", "--basis", "written").exit_code
            == 0
        )
        done = ember(
            "screening", "answer", patient, "I2", "true", "--as", "treating_clinician"
        )
        assert done.exit_code == 0


def test_from_the_call_to_the_arm(house):
    answer = told("consent.record", "consent", "record", "p1", "asked")
    assert (answer["done"], answer["participant"]) == (True, "little-A-0001")
    told("consent.record", "consent", "record", "p1", "given", "--basis", "verbal")
    asked = ("screening", "answer", "p1", "I2", "true", "--as", "treating_clinician")
    assert told("screening.answer", *asked)["status"] == "eligible"

    key = ("--key", str(house.key))
    first = told("randomise", "randomise", "p1", *key)
    again = told("randomise", "randomise", "p1", *key)

    assert first["arm"] in ("alpha", "beta")
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert {**again, "repeated": False} == first


def test_the_gate_says_everything_that_keeps_it_shut_and_what_to_do(house):
    done = ember("randomise", "p1", "--key", str(house.key))
    assert done.exit_code == 1
    assert "EMB-307 no_consent (not asked)" in done.stderr
    assert "Record consent first." in done.stderr
    ember("consent", "record", "p1", "given", "--basis", "proxy")
    shut = told("randomise", "randomise", "p1", "--key", str(house.key), status=1)
    assert [(o["name"], o["detail"]) for o in shut["obstacles"]] == [
        ("human_answer_missing", "I2")
    ]
    assert shut["request"] == told("randomise", "randomise", "p1", status=1)["request"]


@pytest.mark.usefixtures("house")
def test_without_a_key_nothing_is_drawn_and_with_one_of_another_trial_neither(
    tmp_path, monkeypatch
):
    consented("p1")
    other = tmp_path / "keys" / "little.key"
    other.parent.mkdir()
    other.write_bytes(bytes(32))
    for words, why in (
        ((), "no allocation key"),
        (("--key", str(other)), "not the one little was activated with"),
        (("--key", str(tmp_path / "none")), "cannot be read"),
    ):
        done = ember("randomise", "p1", *words)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "EMB-312" in done.stderr
        assert why in done.stderr

    monkeypatch.setenv("EMBER_ALLOCATION_KEYS", str(other.parent))
    other.write_bytes(KEY)
    assert ember("randomise", "p1").exit_code == 0


@pytest.mark.parametrize(
    ("mode", "provenance", "opens"),
    [
        (Mode.LIVE, "live", True),
        (Mode.LIVE, "history", False),
        (Mode.SILENT, "live", False),
        (Mode.DEMO, "simulated", True),
        (Mode.DEMO, "live", False),
    ],
)
def test_the_mode_says_who_may_be_randomised(house_of, mode, provenance, opens):
    house = house_of(mode=mode)
    house.hear("p2", provenance=provenance)
    consented("p2")

    done = ember("randomise", "p2", "--key", str(house.key))

    assert done.exit_code == (0 if opens else 1)
    assert ("EMB-319 mode_forbids" in done.stderr) is not opens


def test_in_a_blinded_domain_no_arm_is_told_anywhere(house_of):
    house = house_of(mode=Mode.DEMO, blinding="blinded")
    house.hear("p2", provenance="simulated")
    consented("p2")

    key = ("--key", str(house.key))
    words = ember("randomise", "p2", *key)
    answer = told("randomise", "randomise", "p2", *key)

    assert answer["done"]
    assert answer["arm"] is None
    assert not re.search("alpha|beta", words.output + json.dumps(answer))
    assert "the arm is hidden" in words.stdout


def test_a_request_of_another_patient_is_refused(house):
    house.hear("p2")
    consented("p1", "p2")
    key = ("--key", str(house.key), "--request", "r1")
    assert ember("randomise", "p1", *key).exit_code == 0

    done = ember("randomise", "p2", *key)

    assert done.exit_code == 1
    assert "EMB-314" in done.stderr


@pytest.mark.usefixtures("house")
def test_a_step_that_does_not_exist_records_nothing():
    answer = told("consent.record", "consent", "record", "p1", "withdrawn", status=1)
    assert (answer["done"], answer["state"]) == (False, None)
    assert [o["code"] for o in answer["obstacles"]] == ["EMB-316"]


def stands_of(participant, house):
    with house.book.transaction() as uow:
        return recorded(uow.participants.consents_of([participant]))


def test_what_is_withdrawn_in_part_leaves_the_rest(house):
    consented("p1")
    record = ("consent", "record", "p1", "withdrawn")

    done = ember(*record, "--scope", "treatment")
    assert "withdrawn (treatment) is recorded" in done.stdout
    assert stands_of("little-A-0001", house).scopes == {Scope.TREATMENT}

    assert ember(*record, "--scope", "data", "--scope", "treatment").exit_code == 0
    assert stands_of("little-A-0001", house).scopes == {Scope.TREATMENT, Scope.DATA}

    assert ember(*record).exit_code == 0
    assert stands_of("little-A-0001", house).scopes == EVERYTHING


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize("state", ["refused", "asked", "given"])
def test_a_scope_of_what_is_no_withdrawal_is_never_dropped(state):
    done = ember("consent", "record", "p1", state, "--scope", "data")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "EMB-402" in done.stderr
    assert "--scope says nothing of" in done.stderr


DEFERRED = ("consent", "record", "p1", "deferred", "--decided-at")


def test_by_when_who_is_deferred_is_asked_can_be_said(house_of):
    house_of(within='"72 h"')
    deadline = NOW + timedelta(hours=24)

    answer = told(
        "consent.record", *DEFERRED, NOW.isoformat(), "--deadline", deadline.isoformat()
    )

    assert datetime.fromisoformat(answer["deadline"]) == deadline


def test_a_deadline_later_than_the_protocols_is_told_as_the_protocols(house_of):
    house_of(within='"72 h"')
    late = (NOW + timedelta(hours=100)).isoformat()

    done = ember(*DEFERRED, NOW.isoformat(), "--deadline", late)

    latest = (NOW + timedelta(hours=72)).isoformat()
    assert f"deferred (until {latest}) is recorded" in done.stdout


def test_where_the_protocol_has_no_deadline_one_is_to_be_said(house_of):
    house_of(within="null")
    deadline = (NOW + timedelta(hours=24)).isoformat()

    assert "EMB-316 no_deadline" in ember(*DEFERRED, NOW.isoformat()).stderr
    done = ember(*DEFERRED, NOW.isoformat(), "--deadline", deadline)
    assert done.exit_code == 0


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    ("state", "deadline"),
    [("asked", "2026-03-04T03:10+01:00"), ("deferred", "2026-03-04T03:10")],
)
def test_a_deadline_is_of_a_deferral_and_names_its_offset(state, deadline):
    done = ember("consent", "record", "p1", state, "--deadline", deadline)

    assert (done.exit_code, done.stdout) == (2, "")
    assert "EMB-402" in done.stderr


@pytest.mark.usefixtures("house")
def test_who_may_not_answer_is_told_who_may():
    asked = ("screening", "answer", "p1", "I2", "true", "--as", "research_team")
    answer = told("screening.answer", *asked, status=1)
    assert [(o["code"], o["detail"]) for o in answer["obstacles"]] == [
        ("EMB-325", "treating_clinician")
    ]
    asked = ("screening", "answer", "p1", "nope", "true")
    assert "EMB-321" in ember(*asked).stderr


@pytest.mark.usefixtures("house")
def test_an_opt_out_stands_until_it_is_withdrawn():
    answer = told("opt-out", "opt-out", "record", "p1")
    assert (answer["stands"], answer["known"], answer["trial"]) == (True, True, "")
    again = told("opt-out", "opt-out", "record", "p1", status=1)
    assert (again["done"], again["stands"]) == (False, True)
    assert told("opt-out", "opt-out", "withdraw", "p1")["stands"] is False
    assert ember("opt-out", "withdraw", "p1").exit_code == 1


@pytest.mark.usefixtures("house")
def test_who_is_not_on_record_may_opt_out_once_the_site_is_named(monkeypatch):
    monkeypatch.delenv("EMBER_SITE", raising=False)
    done = ember("opt-out", "record", "p9", "--trial", "little")
    assert (done.exit_code, done.stdout) == (2, "")
    done = ember("opt-out", "record", "p9", "--trial", "little", "--site", "A")
    assert done.exit_code == 0
    assert "check it" in done.stdout
    done = ember("opt-out", "record", "p9", "--trial", "litle", "--site", "A")
    assert done.exit_code == 2


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("consent", "record", "nobody", "asked"), "EMB-320"),
        (("consent", "record", "p1", "asked", "--trial", "x"), "EMB-320"),
        (("screening", "answer", "nobody", "I2", "true"), "EMB-320"),
        (("screening", "answer", "p1", "I2", "true", "--as", "me"), "EMB-402"),
        (("randomise", "nobody"), "EMB-320"),
        (("randomise", "p1", "--registry", "sqlite:///nowhere.sqlite"), "EMB-302"),
        (
            ("consent", "record", "p1", "asked", "--decided-at", "2026-03-01T03:10"),
            "EMB-402",
        ),
        (("consent", "record", "p1", "asked", "--decided-at", "soon"), "EMB-402"),
    ],
)
def test_what_is_called_wrongly_ends_with_2_and_says_so(words, code):
    done = ember(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert code in done.stderr


@pytest.mark.usefixtures("house")
def test_nobody_is_acted_for_anonymously():
    done = ember("consent", "record", "p1", "asked", by=None)
    assert done.exit_code == 2
    assert "--actor" in done.stderr


def test_of_two_stays_nobody_guesses_which_is_meant(house):
    house.hear(episode="second")
    done = ember("randomise", "p1")
    assert done.exit_code == 2
    assert "A / little / stay" in done.stderr
    assert ember("randomise", "p1", "--episode", "second").exit_code == 1


def test_of_two_sites_with_one_pseudonym_nobody_guesses_either(house):
    house.hear(site="B")
    assert ember("consent", "record", "p1", "asked").exit_code == 2
    answer = told("consent.record", "consent", "record", "B/p1", "asked")
    assert answer["participant"] == "little-B-0001"


def test_the_words_of_every_obstacle_are_those_of_the_page():
    rows = re.findall(
        r"^\| (EMB-\d+) \| (.*) \| (.*) \|$", PAGE.read_text(), re.MULTILINE
    )
    page = {code: (problem, cure) for code, problem, cure in rows}
    assert {code.value: page[code.value] for code in WORDS} == {
        code.value: words for code, words in WORDS.items()
    }


def test_the_words_of_obstacles_that_share_a_code_are_those_of_the_page():
    rows = re.findall(
        r"^\| `([^`]+)` \| (EMB-\d+) \| (.*) \| (.*) \|$",
        PAGE.read_text(),
        re.MULTILINE,
    )
    assert {(code, called): words for called, code, *words in rows} == {
        (code.value, called): list(words)
        for (code, called), words in BY_OBSTACLE.items()
    }


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    ("words", "name", "cure"),
    [
        (("given",), "no_basis", "--basis written"),
        (("deferred",), "not_in_this_model", "deploy/docs/consent.md"),
        (
            ("asked", "--decided-at", "2999-01-01T00:00+00:00"),
            "decided_in_the_future",
            "Correct `--decided-at`",
        ),
        (("withdrawn",), "no_such_step", "in order"),
    ],
)
def test_what_cannot_be_recorded_says_what_mends_it(words, name, cure):
    answer = told("consent.record", "consent", "record", "p1", *words, status=1)

    (why,) = answer["obstacles"]
    assert (why["code"], why["name"]) == ("EMB-316", name)
    assert cure in why["cure"]


def test_who_waits_for_a_result_is_not_told_that_the_rules_say_no(house):
    house.hear("p2", status="needs_data")
    house.hear("p3", status="ineligible")
    consented("p2", "p3")

    key = ("--key", str(house.key))
    waits = ember("randomise", "p2", *key).stderr
    never = ember("randomise", "p3", *key).stderr

    assert "EMB-306 not_eligible (needs_data): " in waits
    assert "not known yet" in waits
    assert "Wait for the result" in waits
    assert "rules say so" not in waits
    assert "The patient is not eligible. Nothing: the trial's rules say so." in never


def test_who_signs_what_a_human_has_to_answer_is_told_to_answer():
    told = Obstacle(ErrorCode.NOT_ELIGIBLE, "not_eligible", "needs_human")
    (words,) = hindrances([told])
    assert "not known yet" in words.problem
    assert "Answer it" in words.cure


def test_every_reason_why_a_word_is_no_step_has_its_own_words():
    domain = Path(__file__).parents[3] / "registry/domain/consent_terms.py"
    named = set(re.findall(r'"(\w\w+)", f?"', domain.read_text())) - {"no_such_step"}
    assert len(named) > 5
    assert {(ErrorCode.CONSENT_STEP, name) for name in named} <= set(BY_OBSTACLE)


def test_every_obstacle_of_an_act_has_its_words():
    code = "".join(
        (Path(__file__).parents[3] / "registry" / name).read_text()
        for name in (
            "domain/enrolment.py",
            "usecases/randomise.py",
            "usecases/record_answer.py",
            "usecases/record_consent.py",
            "usecases/record_opt_out.py",
        )
    )
    met = set(re.findall(r"Obstacle\(\s*ErrorCode\.(\w+)", code))
    assert {ErrorCode[name] for name in met} <= set(WORDS)
    assert len(met) > 15
