"""`ember allocation`, `site`, `domain`, `arm` and `randomisation`, as typed."""

import json
from datetime import UTC, datetime
from fractions import Fraction
from importlib.resources import files

import pytest
from typer.testing import CliRunner

from registry.app.commands.allocation import app as allocation
from registry.app.commands.pausing import arm, domain, site
from registry.app.commands.randomisation import app as randomisation
from registry.app.trials import activate, design_of
from registry.domain.randomisation.methods import Adaptive, Limit, PermutedBlocks
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.verify_audit import verify_audit
from streams.vocabulary.errors import ErrorCode, InputError, Refused, SettingsError
from streams.vocabulary.protocol_text import parse_protocol


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BLOCKS = "method: permuted_blocks\n      sizes: [4, 6, 8]"
DEMO = files("streams.protocols").joinpath("ember_demo.yaml").read_text("utf-8")
PROTOCOL = parse_protocol(
    DEMO.replace(BLOCKS, "{method: adaptive, floors: {hydrocortisone: 0.2}}")
)
TRIAL, DOMAIN = PROTOCOL.id, PROTOCOL.domains[0].id
FIRST, SECOND = (a.id for a in PROTOCOL.domains[0].arms)
KEY = bytes(range(32))
VECTOR = f"""
trial: {TRIAL}
domain: {DOMAIN}
analysis_id: interim-1
data_cut: 2026-03-01T00:00:00Z
p_best: {{{FIRST}: 0.96, {SECOND}: 0.04}}
"""


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path / 'registry.sqlite'}"
    migrate(url)
    book = open_registry(url)
    activate(PROTOCOL, book, signer=KeyedSigner({TRIAL: KEY}), actor="a", at=NOON)
    yield url
    with book.inspection() as uow:
        assert [r for r in verify_audit(uow) if r.break_ is not None] == []
    book.close()


def run(app, *words):
    return CliRunner().invoke(app, words)


def test_a_vector_is_published_from_its_file_and_a_second_time_changes_nothing(
    url, tmp_path
):
    file = tmp_path / "vector.yaml"
    file.write_text(VECTOR)
    first = run(allocation, "publish", str(file), "--registry", url)
    second = run(allocation, "publish", str(file), "--registry", url)

    assert first.exit_code == 0, first.exception
    assert f"{FIRST}: 0.960000000" in first.output
    assert "is in force" in first.output
    assert "was published before" in second.output


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("p_best:", "best:", "best"),
        ("00Z", "00", "timezone"),
        ("trial:", "{trial:", "no YAML"),
        ("analysis_id: interim-1", "stratum: {shock: yes}\nanalysis_id: i", "string"),
        ("analysis_id: interim-1", "analysis_id: shock does harm", "in one word"),
        ("analysis_id: interim-1", "analysis_id: ''", "in one word"),
        (f"p_best: {{{FIRST}: 0.96, {SECOND}: 0.04}}", "", "either"),
    ],
)
def test_a_file_that_is_no_vector_is_told(url, tmp_path, old, new, words):
    file = tmp_path / "vector.yaml"
    assert old in VECTOR
    file.write_text(VECTOR.replace(old, new))
    done = run(allocation, "publish", str(file), "--registry", url)

    assert isinstance(done.exception, InputError)
    assert words in done.exception.problem


def test_a_stratum_that_the_domain_does_not_have_takes_no_vector(url, tmp_path):
    """Every factor, and each at one of its levels."""
    file = tmp_path / "vector.yaml"
    right = {f.id: f.if_true for f in PROTOCOL.domains[0].strata}
    wrong = [{}, {**right, "moon": "full"}, dict.fromkeys(right, "perhaps")]

    for stratum in wrong:
        file.write_text(f"stratum: {json.dumps(stratum)}\n{VECTOR}")
        done = run(allocation, "publish", str(file), "--registry", url)
        assert isinstance(done.exception, Refused)
        assert done.exception.code is ErrorCode.VECTOR_REFUSED
    file.write_text(f"stratum: {json.dumps(right)}\n{VECTOR}")
    assert (
        "is in force" in run(allocation, "publish", str(file), "--registry", url).output
    )


def test_a_file_that_is_not_there_is_told(url, tmp_path):
    done = run(allocation, "publish", str(tmp_path / "none.yaml"), "--registry", url)

    assert isinstance(done.exception, SettingsError)
    assert done.exception.code is ErrorCode.PATH_NOT_FOUND


@pytest.mark.parametrize(
    ("app", "place"),
    [(domain, (DOMAIN,)), (arm, (DOMAIN, FIRST))],
    ids=["domain", "arm"],
)
def test_a_part_of_a_trial_pauses_and_resumes_as_typed(url, app, place):
    why = ("--reason", "safety", "--registry", url)
    said = [
        run(app, act, TRIAL, *place, *why).output
        for act in ("resume", "pause", "pause", "resume")
    ]

    assert ["as before" in told for told in said] == [True, False, True, False]
    assert "is paused" in said[1]
    assert "recruits" in said[3]


def test_a_site_nobody_heard_of_cannot_pause(url):
    for act in ("pause", "resume"):
        done = run(site, act, TRIAL, "A", "--reason", "safety", "--registry", url)
        assert isinstance(done.exception, Refused)
        assert done.exception.code is ErrorCode.UNKNOWN_PART


def test_nobody_is_excluded_who_was_not_randomised(url):
    done = run(
        allocation,
        *("exclude", TRIAL, DOMAIN, "nobody", "--reason", "error", "--registry", url),
    )

    assert isinstance(done.exception, Refused)
    assert done.exception.code is ErrorCode.UNKNOWN_PART


def test_a_pause_says_why(url):
    done = run(domain, "pause", TRIAL, DOMAIN, "--reason", "", "--registry", url)

    assert done.exit_code == 2


def test_draws_are_verified_with_the_key_and_not_with_another(url, tmp_path):
    right, wrong = tmp_path / "right.key", tmp_path / "wrong.key"
    right.write_bytes(KEY)
    wrong.write_bytes(bytes(32))
    said = {
        file.stem: run(
            randomisation, "verify", TRIAL, "--key", str(file), "--registry", url
        )
        for file in (right, wrong)
    }
    as_json = run(
        randomisation, "verify", TRIAL, "--key", str(right), "--registry", url, "--json"
    )
    unknown = run(
        randomisation, "verify", "other", "--key", str(right), "--registry", url
    )

    assert (said["right"].exit_code, said["wrong"].exit_code) == (0, 1)
    assert "0 draws made again, 0 differ." in said["right"].output
    assert "OTHER KEY" in said["wrong"].output
    told = json.loads(as_json.output)
    assert told["published"] == [told["key_commitment"]]
    assert unknown.exit_code == 1
    assert "ever activated" in unknown.output


def test_a_document_becomes_the_design_that_draws():
    demo = design_of(parse_protocol(DEMO).domains[0])
    adaptive = design_of(PROTOCOL.domains[0])

    assert demo.method == PermutedBlocks((2, 3, 4))
    assert isinstance(adaptive.method, Adaptive)
    assert dict(adaptive.method.limits)[FIRST] == Limit(floor=Fraction(1, 5))
    assert adaptive.method.initial == ((FIRST, 500_000_000), (SECOND, 500_000_000))
