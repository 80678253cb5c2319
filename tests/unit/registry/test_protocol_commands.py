"""`ember protocol`: what it says, and the exit status that tells whose fault it is."""

import json
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
import yaml
from made_up.role_holders import let
from typer.testing import CliRunner

from registry.app.commands.protocol import app
from registry.app.embedded import EmbeddedRunner
from registry.app.published import published_schemas
from registry.domain.mode import Mode
from registry.domain.roles import Role
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.stream_state import ChunkKey
from streams.clinical.criteria.loading import load_protocol
from streams.pipeline.patient import Rules
from streams.vocabulary.events import Demographics, Encounter
from streams.vocabulary.messages import EhrMessage


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
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
    blinding: open_label
    arms: [{id: a, title: A}, {id: b, title: B}]
    allocation: {method: permuted_blocks, sizes: [4]}
    recruitment:
      entry: {kind: admission}
      anchor: entry.known_at
      window: 24 h
    inclusion:
      - {id: I1, text: Adults, rule: {kind: age, is: ">= 18 years"}}
    exclusion:
      - {id: E1, text: Dead, rule: {kind: died, absent_means: false}}
    alert: {title: Look, body: There.}
"""
VIGNETTES = """
protocol: little
now: "2026-03-01T12:00:00Z"
vignettes:
  - name: man-of-70
    story: A man of 70 was admitted an hour ago.
    domain: one
    known: -1
    happened: -1
    facts:
      - {at: -1, kind: encounter, phase: admitted, encounter_class: inpatient}
      - {at: -1, kind: demographics, birth_year: 1956}
    expect: {status: eligible}
"""


STRICTER = (">= 18", ">= 75")
AMENDED = (STRICTER, ('version: "1.0"', 'version: "1.1"'))
OLDER = VIGNETTES.replace("1956", "1936").replace("of 70", "of 90")


@pytest.fixture
def written(tmp_path):
    """Writes a version of the protocol, with its patients beside it or without."""

    def write(*changes, name="little", vignettes=VIGNETTES):
        text = DOCUMENT
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / f"{name}.yaml"
        path.write_text(text)
        if vignettes is not None:
            path.with_name(f"{name}.vignettes.yaml").write_text(vignettes)
        return str(path)

    return write


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(bytes(range(32)))
    return str(path)


@pytest.fixture
def url(tmp_path):
    told = f"sqlite:///{tmp_path}/r.sqlite"
    migrate(told)
    return told


def run(*args):
    return CliRunner().invoke(app, [*args])


def answer(*args):
    """What `--json` prints, held against its published schema."""
    done = run(*args, "--json")
    told = json.loads(done.stdout)
    jsonschema.validate(told, published_schemas()[f"protocol.{args[0]}"])
    return done.exit_code, told


def test_lint_is_clean_with_warnings_alone_and_lists_what_who_misses(written):
    status, told = answer("lint", written())

    assert status == 0
    assert {finding["severity"] for finding in told} == {"warning"}
    missing = [f for f in told if f["code"] == "who-item-missing"]
    assert len(missing) == 21  # all but interventions, criteria, and results not due


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (">= 18 years", ">= 18", "EMB-204"),
        ("kind: died", "kind: dies", "EMB-202"),
        ("id: little", "id: little: 1", "EMB-201"),
    ],
)
def test_lint_tells_a_load_error_with_its_line(tmp_path, old, new, code):
    path = tmp_path / "x.yaml"
    text = DOCUMENT.replace(old, new)
    path.write_text(text)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if new in row)

    status, told = answer("lint", str(path))

    assert status == 1
    assert told[0]["code"] == code
    assert told[0]["line"] == line


def test_lint_tells_what_the_language_can_tell(written):
    everybody = ("kind: died, absent_means: false", 'kind: age, is: ">= 10 years"')

    status, told = answer("lint", written(everybody))

    assert status == 1
    assert "included_is_excluded" in {finding["code"] for finding in told}


def test_vignettes_tell_what_comes_out_otherwise(written):
    good = answer("vignettes", written())
    bad = answer("vignettes", written(STRICTER))

    assert good[0] == 0
    assert bad[0] == 1
    assert bad[1][0]["differences"] == ["man-of-70: status is ineligible, not eligible"]


def test_a_protocol_without_patients_is_told_so(written):
    done = run("vignettes", written(vignettes=None))

    assert done.exit_code == 1
    assert "EMB-211" in done.stderr


@pytest.mark.parametrize("command", ["lint", "vignettes", "explain"])
def test_a_file_that_is_not_there_is_the_calls_fault(command):
    done = run(command, "nowhere.yaml")

    assert done.exit_code == 2
    assert "EMB-403" in done.stderr


def test_explain_reads_one_criterion_aloud(written):
    status, told = answer("explain", written(), "--criterion", "I1")

    assert status == 0
    assert [passage["rule"] for passage in told] == [["the age is at least 18 years"]]
    assert run("explain", written(), "--criterion", "I9").exit_code == 2
    whole = run("explain", written()).stdout
    assert "an admission to hospital" in whole
    assert "24 h from when what opened the screening was known" in whole


def test_diff_names_what_changed_in_words(written):
    old = written()
    new = written(*AMENDED, name="new")

    status, told = answer("diff", old, new)

    assert status == 0
    assert [(c["place"], c["what"]) for c in told["changes"]] == [
        ("protocol", "version"),
        ("domain one", "I1"),
    ]
    assert "at least 75 years" in told["changes"][1]["after"]
    assert answer("diff", old, old)[1] == {"changes": [], "patients": []}


def test_activation_is_refused_while_a_patient_comes_out_otherwise(written, key, url):
    done = run("activate", written(STRICTER), "--key", key, "--registry", url)

    assert done.exit_code == 1
    assert "EMB-212" in done.stderr
    with open_registry(url).reading() as views:
        assert views.protocols() == ()


@pytest.mark.parametrize(
    ("evidence", "mode", "status"),
    [
        ("verified", "live", 0),
        ("partial", "live", 1),
        ("unverified", "live", 1),
        ("partial", "demo", 1),
        ("unverified", "demo", 0),
        ("partial", "silent", 0),
    ],
)
def test_what_is_not_verified_never_runs_live(
    written, key, url, evidence, mode, status
):
    book = open_registry(url)
    with book.transaction() as uow:
        set_mode(SetMode(mode=Mode(mode), reason="a test", actor="admin", at=NOON), uow)
    let(book, "sponsor", roles=(Role.SPONSOR,))
    book.close()
    path = written(("evidence: verified", f"evidence: {evidence}"))

    named = ("--actor", "sponsor", "--registry", url)
    done = run("activate", path, "--key", key, *named)

    assert done.exit_code == status, done.stderr
    assert ("EMB-213" in done.stderr) is bool(status)


def admitted(patient, born):
    same = {"happened_at": NOON, "known_at": NOON}
    return EhrMessage(
        message_id=f"m-{patient}",
        site="A",
        patient=patient,
        source="made up",
        provenance="history",
        **same,
        events=(
            Demographics(event_id=f"d-{patient}", birth_year=born, **same),
            Encounter(
                event_id=f"e-{patient}",
                encounter="stay",
                phase="admitted",
                encounter_class="inpatient",
                **same,
            ),
        ),
    )


@pytest.fixture
def screened(written, key, url):
    """Two patients in window, screened by version 1.0, which is in force."""
    path = written()
    assert run("activate", path, "--key", key, "--registry", url).exit_code == 0
    book = open_registry(url)
    with open(path) as text:  # noqa: PTH123 - the path is a string here
        protocol = load_protocol(text.read())
    runner = EmbeddedRunner(
        book,
        Rules(protocols=(protocol,), software_version="test"),
        source="made up",
        fingerprint="f",
    )
    runner.begin()
    runner.catch_up(
        [admitted("p40", 1985), admitted("p80", 1945)], NOON + timedelta(hours=1)
    )
    yield book
    book.close()


def test_an_amendment_shows_whose_verdict_changes_and_why(screened, written, url):
    new = written(*AMENDED, name="new")

    status, told = answer("diff", written(), new, "--registry", url)

    assert status == 0
    turns = {turn["patient"]: turn for turn in told["patients"]}
    assert turns["p40"]["before"] == "eligible"
    assert turns["p40"]["after"] == "ineligible"
    assert turns["p40"]["why"] == ["I1: TRUE -> FALSE"]
    assert turns["p80"]["before"] == turns["p80"]["after"] == "eligible"
    with screened.reading() as views:
        assert {s.protocol_version for s in views.screenings()} == {"1.0"}


def test_activating_an_amendment_screens_the_patients_in_window_anew(
    screened, written, url, key
):
    new = written(*AMENDED, name="new", vignettes=OLDER)

    status, told = answer("activate", new, "--key", key, "--registry", url)

    assert status == 0
    assert all(turn["recorded"] for turn in told["patients"])
    with screened.reading() as views:
        said = {s.patient: (s.status, s.protocol_version) for s in views.screenings()}
    assert said == {"p40": ("ineligible", "1.1"), "p80": ("eligible", "1.1")}
    again = answer("activate", new, "--key", key, "--registry", url)[1]
    assert (again["changed"], again["patients"]) == (False, [])


def test_every_shipped_protocol_is_what_the_published_schema_says(request):
    folder = request.config.rootpath / "streams" / "protocols"
    schema = json.loads(
        (request.config.rootpath / "deploy/schemas/protocol.json").read_text()
    )
    sort = jsonschema.validators.validator_for(schema)
    sort.check_schema(schema)
    names = [p for p in folder.glob("*.yaml") if ".vignettes" not in p.name]
    assert names
    for path in names:
        told = yaml.safe_load(path.read_text("utf-8"))
        sort(schema).validate(json.loads(json.dumps(told, default=str)))


def test_whom_workers_hold_is_told_of_by_what_the_registry_was_told(
    screened, written, url, key
):
    """Without a head in the registry the patient is a worker's: nothing is recorded."""
    with screened.transaction() as uow:
        uow.stream.drop_chunks([ChunkKey("A", n, "head") for n in ("p40", "p80")])
    new = written(*AMENDED, name="new", vignettes=OLDER)

    status, told = answer("activate", new, "--key", key, "--registry", url)

    assert status == 0
    turns = {t["patient"]: (t["before"], t["after"]) for t in told["patients"]}
    assert turns == {
        "p40": ("eligible", "ineligible"),
        "p80": ("eligible", "eligible"),
    }
    assert not any(turn["recorded"] for turn in told["patients"])
    with screened.reading() as views:
        assert {s.protocol_version for s in views.screenings()} == {"1.0"}


def test_a_refusal_of_an_earlier_stay_turns_a_criterion(written):
    rule = "kind: refused, trials: [little], absent_means: false"
    told = VIGNETTES.replace(
        "    expect: {status: eligible}",
        '    refused: [""]\n    expect: {status: ineligible, criteria: {E1: "TRUE"}}',
    )

    path = written(("kind: died, absent_means: false", rule), vignettes=told)

    assert answer("vignettes", path)[0] == 0


def test_what_is_left_to_a_human_is_left_to_somebody(written):
    left = ("text: Adults,", "text: Adults, unencoded: Well,")

    status, told = answer("lint", written(left))

    assert status == 0
    assert "left-to-nobody" in {finding["code"] for finding in told}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: &a [*a]\n", 1),  # a node that holds itself
        ("a: !foo b\n", 1),
        ("? [a]\n: b\n", 1),
        ("a: 2026-99-99\n", None),
        ("a: " + "[" * 3000, None),
        ('a: "\x01"\n', None),
    ],
)
def test_a_hostile_text_is_a_fault_of_the_document(tmp_path, text, place):
    path = tmp_path / "x.yaml"
    path.write_text(text)

    status, (told,) = answer("lint", str(path))

    assert status == 1
    assert told["code"] in ("EMB-201", "EMB-202")
    assert told["line"] == place


@pytest.mark.parametrize("named", ["", ".", "/", "nosuch", "no/such.yaml"])
def test_what_is_no_file_is_a_fault_of_the_call(named):
    for command in ("lint", "vignettes", "explain"):
        done = run(command, named)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "EMB-403" in done.stderr


def test_patients_that_cannot_be_read_are_told_without_a_traceback(written, tmp_path):
    path = written()
    beside = tmp_path / "little.vignettes.yaml"
    for content, status, code in (
        (b"\xff\xfe", 2, "EMB-403"),
        (b"a: [", 1, "EMB-201"),
        (b"vignettes: 3", 1, "EMB-202"),
    ):
        beside.write_bytes(content)
        done = run("vignettes", path)
        assert (done.exit_code, done.stdout) == (status, "")
        assert code in done.stderr


def test_the_protocol_of_the_demonstration_misses_nothing_but_its_truth():
    status, told = answer("lint", "ember_demo")
    assert status == 0
    assert [finding["code"] for finding in told] == ["evidence"]
    assert run("lint", "ember_demo").stdout.endswith("0 errors, 1 warning.\n")
