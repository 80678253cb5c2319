"""A whole export over real HTTP, with tokens of a real OAuth server."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import httpx2
import orjson
import pytest
from servers.fhir_house import FhirHouse, fhir_house
from servers.oauth import CLIENT, SCOPE, oauth_server
from typer.testing import CliRunner

from registry.app.cli import app
from streams.adapters.fhir import bulk as bulk_module
from streams.adapters.fhir.bulk import BulkExport, Line, split
from streams.adapters.fhir.export import BegunFile, ExportRequest
from streams.adapters.fhir.server import AskedToStop, FhirServer
from streams.adapters.fhir.smart import Credentials, Tokens
from streams.app.fhir.connection import fhir_settings
from streams.vocabulary.errors import (
    ErrorCode,
    InputError,
    SettingsError,
    UserError,
)


OUTCOME = (
    b'{"resourceType":"OperationOutcome","issue":[{"severity":"error",'
    b'"code":"processing","diagnostics":"Zebediah Planted"}]}'
)


def resources(count: int, kind: str = "Observation") -> list[bytes]:
    made = ({"resourceType": kind, "id": f"{kind}-{at}"} for at in range(count))
    return [orjson.dumps(one) for one in made]


@dataclass
class Waits:
    """Waits for nothing, and remembers how long it was asked to."""

    asked: list[float] = field(default_factory=list)
    stop_after: int = 10_000

    def __call__(self, seconds: float) -> bool:
        self.asked.append(seconds)
        return len(self.asked) > self.stop_after


@pytest.fixture
def house():
    with fhir_house(FhirHouse(files={"output": {"a": resources(50)}})) as one:
        yield one


@pytest.fixture
def client():
    with httpx2.Client(timeout=10) as one:
        yield one


@pytest.fixture
def waits():
    return Waits()


@pytest.fixture
def export(house, client, waits):
    return exporting(house, client, waits)


def exporting(house, client, waits, *, tokens=None, path=None, **request):
    server = FhirServer(house.base, client, waits, tokens)
    return BulkExport(server, ExportRequest(**request), BegunFile(path))


def from_the_start(_: str) -> int:
    return -1


def taken(export: BulkExport) -> list[Line]:
    return list(export.lines(from_the_start))


def refusal(export: BulkExport) -> InputError:
    with pytest.raises(InputError) as refused:
        taken(export)
    return refused.value


# -- a whole export ----------------------------------------------------------------


def test_every_resource_comes_once_in_order_and_the_files_are_given_up(house, export):
    house.files = {
        "output": {"a": resources(50), "b": resources(3, "Patient")},
        "deleted": {"gone": [b'{"resourceType":"Bundle","type":"transaction"}']},
        "error": {
            "wrong": [
                OUTCOME,
                b"no json",
            ]
        },
    }
    lines = taken(export)
    export.clear_up(export.server)
    assert [line.payload for line in lines[:50]] == resources(50)
    assert [(x.stream[13:], x.position) for x in lines[50:53]] == [
        ("output/1", 0),
        ("output/1", 1),
        ("output/1", 2),
    ]
    assert [line.stream[13:] for line in lines[53:]] == ["deleted/0"]
    assert export.report.errors == {"error processing": 1, "unreadable": 1}
    assert "Planted" not in str(export.report)
    assert export.report.lines == {"output": 53, "deleted": 1}
    assert house.deleted_export


def test_what_is_asked_for_is_in_the_address(house, client, waits):
    export = exporting(
        house, client, waits, level="Group/icu", types=("Patient", "Observation"),
        filters=("Observation?category=laboratory",),
    )  # fmt: skip
    taken(export)
    asked = next(one for one in house.asked if one.path.endswith("$export"))
    assert asked.path == "/Group/icu/$export"
    assert asked.query["_type"] == ["Patient,Observation"]
    assert asked.query["_typeFilter"] == ["Observation?category=laboratory"]
    assert asked.headers["accept"] == "application/fhir+json"


def test_a_level_there_is_not_is_refused():
    with pytest.raises(SettingsError) as refused:
        ExportRequest(level="Patient/1/../../admin")
    assert refused.value.code is ErrorCode.BAD_SETTING


def test_it_waits_as_long_as_the_server_asks(house, export, waits):
    house.busy = [(202, "7"), (202, None), (429, "11"), (503, "999999")]
    assert len(taken(export)) == 50
    assert waits.asked == [7.0, 5.0, 11.0, 120.0]


def test_a_manifest_may_have_pages(house, export):
    house.files = {"output": {f"f{at}": resources(2) for at in range(5)}}
    house.pages = 3
    assert len(taken(export)) == 10
    assert export.report.files == 5


def test_who_is_asked_to_stop_stops_within_a_wait(house, client):
    house.busy = [(202, "7")] * 3
    export = exporting(house, client, Waits(stop_after=1))
    with pytest.raises(AskedToStop):
        taken(export)


# -- what breaks -------------------------------------------------------------------


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_that_breaks_off_is_taken_up_where_it_broke(house, export, compress):
    house.compress = compress
    house.cuts = {"a": [30, 100, 0, 150]}
    assert [line.payload for line in taken(export)] == resources(50)
    assert house.paths().count("/files/a") == 5


def test_a_file_that_never_comes_whole_is_told_with_its_error(house, export):
    house.cuts = {"a": [100] * 50}
    assert refusal(export).code is ErrorCode.EXPORT_FAILED


def test_a_file_that_changes_between_two_tries_is_not_mixed(house, export):
    house.cuts = {"a": [400]}
    lines = export.lines(from_the_start)
    next(lines)
    house.files["output"]["a"] = resources(50, "Condition")
    with pytest.raises(InputError) as refused:
        list(lines)
    assert refused.value.code is ErrorCode.EXPORT_FAILED


def test_fewer_resources_than_the_manifest_says_are_no_whole_export(house, export):
    house.counts_off_by = 1
    assert refusal(export).code is ErrorCode.EXPORT_FAILED


@pytest.mark.parametrize("status", [404, 410, 500])
def test_an_export_that_is_gone_is_told(house, export, status):
    house.busy = [(status, None)]
    assert refusal(export).code is ErrorCode.EXPORT_FAILED


def test_a_file_that_is_gone_is_told(house, export):
    house.refuses = {"/files/a": 410}
    assert refusal(export).code is ErrorCode.EXPORT_FAILED


def test_a_server_that_is_not_there_is_told_by_its_host_alone(client, waits):
    nobody = FhirHouse(port=9)
    fault = refusal(exporting(nobody, client, waits))
    assert fault.code is ErrorCode.FHIR_SERVER
    assert "127.0.0.1" in fault.problem
    assert "export" in fault.problem
    assert len(waits.asked) == 5


def test_the_next_run_goes_on_with_the_same_export(house, client, waits, tmp_path):
    path = tmp_path / "progress.export"
    first = exporting(house, client, waits, path=path)
    lines = first.lines(from_the_start)
    seen = [next(lines) for _ in range(20)]
    lines.close()
    assert path.stat().st_mode & 0o077 == 0
    second = exporting(house, client, waits, path=path)
    rest = list(second.lines(lambda _: seen[-1].position))
    assert [x.payload for x in (*seen, *rest)] == resources(50)
    assert house.paths().count("/Patient/$export") == 1
    second.clear_up(second.server)
    assert not path.exists()


def test_the_progress_of_another_export_is_refused(house, client, waits, tmp_path):
    path = tmp_path / "progress.export"
    next(exporting(house, client, waits, path=path).lines(from_the_start))
    other = exporting(house, client, waits, path=path, level="")
    with pytest.raises(SettingsError) as refused:
        taken(other)
    assert refused.value.code is ErrorCode.CURSOR_MISMATCH


def test_a_line_beyond_reason_is_counted_and_left(house, export, monkeypatch):
    monkeypatch.setattr(bulk_module, "LONGEST_LINE", 1000)
    house.files["output"]["a"][10] = b"x" * 5000
    assert len(taken(export)) == 49
    assert export.report.too_long == 1


def test_memory_holds_a_line_and_not_a_file(monkeypatch):
    monkeypatch.setattr(bulk_module, "LONGEST_LINE", 100)
    blocks = iter([b"a" * 60] * 1_000 + [b"\n", b"good\n", b"last"])
    assert list(split(blocks)) == [None, b"good", b"last"]


# -- tokens ------------------------------------------------------------------------


@pytest.mark.parametrize("rsa", [False, True], ids=["ES384", "RS384"])
def test_a_token_of_a_real_server_opens_the_export(
    house, client, waits, oauth_packages, rsa
):
    with oauth_server(oauth_packages, audience=house.base, rsa=rsa) as oauth:
        house.issuer, house.token_endpoint = oauth.issuer, oauth.token_endpoint
        tokens = tokens_of(house, client, Credentials(CLIENT, oauth.key, (SCOPE,)))
        export = exporting(house, client, waits, tokens=tokens)
        assert len(taken(export)) == 50
        assert tokens.granted == 1
        sent = [a for a in house.asked if "smart" not in a.path]
        assert all(a.headers["authorization"].startswith("Bearer ") for a in sent)


def test_a_token_is_renewed_before_it_ends(house, client, oauth_packages):
    """The server lets nobody in with an ended one: no request was refused."""
    house.busy = [(202, "2")] * 4
    with oauth_server(oauth_packages, audience=house.base, seconds=4) as oauth:
        house.issuer, house.token_endpoint = oauth.issuer, oauth.token_endpoint
        tokens = tokens_of(house, client, Credentials(CLIENT, oauth.key, (SCOPE,)))

        def wait(seconds: float) -> bool:
            time.sleep(seconds)  # the server's own clock is what ends a token
            return False

        export = exporting(house, client, wait, tokens=tokens)
        assert len(taken(export)) == 50
        assert tokens.granted >= 3
    assert house.turned_away == 0


def test_a_token_the_server_no_longer_takes_is_asked_for_again(
    house, client, waits, oauth_packages
):
    with oauth_server(oauth_packages, audience=house.base) as oauth:
        house.issuer, house.token_endpoint = oauth.issuer, oauth.token_endpoint
        tokens = tokens_of(house, client, Credentials(CLIENT, oauth.key, (SCOPE,)))
        tokens._token, tokens._renew_at = "withdrawn", float("inf")  # noqa: SLF001
        assert len(taken(exporting(house, client, waits, tokens=tokens))) == 50
        assert tokens.granted == 1


def test_a_key_the_server_does_not_know_is_told_in_oauths_own_word(
    house, client, waits, oauth_packages
):
    with (
        oauth_server(oauth_packages, audience=house.base) as oauth,
        oauth_server(oauth_packages, audience=house.base) as other,
    ):
        house.issuer, house.token_endpoint = oauth.issuer, oauth.token_endpoint
        tokens = tokens_of(house, client, Credentials(CLIENT, other.key, (SCOPE,)))
        fault = refusal(exporting(house, client, waits, tokens=tokens))
    assert fault.code is ErrorCode.NO_TOKEN
    assert "invalid_client" in fault.problem


def test_a_statement_is_taken_once_by_a_real_server(house, client, oauth_packages):
    with oauth_server(oauth_packages, audience=house.base) as oauth:
        credentials = Credentials(CLIENT, oauth.key, (SCOPE,))
        statement = credentials.statement(oauth.token_endpoint, time.time())
        form = {
            "grant_type": "client_credentials",
            "scope": SCOPE,
            "client_assertion_type": (
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            ),
            "client_assertion": statement,
        }
        first = client.post(oauth.token_endpoint, data=form)
        again = client.post(oauth.token_endpoint, data=form)
    assert (first.status_code, again.status_code) == (200, 401)


def tokens_of(house: FhirHouse, client: httpx2.Client, who: Credentials) -> Tokens:
    return Tokens(house.base, who, client, time.time)


def test_the_command_says_whether_the_server_lets_ember_in(
    house, oauth_packages, tmp_path, monkeypatch
):
    house.resources["metadata"] = {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
    }
    with oauth_server(oauth_packages, audience=house.base) as oauth:
        house.issuer, house.token_endpoint = oauth.issuer, oauth.token_endpoint
        refused = CliRunner().invoke(app, ["fhir", "check", house.base])
        key = tmp_path / "fhir.jwk"
        key.write_bytes(orjson.dumps(oauth.key.as_dict(private=True)))
        key.chmod(0o600)
        monkeypatch.setenv("EMBER_FHIR", f"{house.base}/")
        monkeypatch.setenv("EMBER_FHIR_CLIENT_ID", CLIENT)
        monkeypatch.setenv("EMBER_FHIR_KEY_FILE", str(key))
        told = CliRunner().invoke(app, ["fhir", "check"])
    assert isinstance(refused.exception, InputError)
    assert told.stdout == "It answers, speaks FHIR 4.0.1 and gave a token.\n"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"EMBER_FHIR": "http://ehr.test/fhir"},
        {"EMBER_FHIR": "https://ehr.test/fhir", "EMBER_FHIR_CLIENT_ID": "ember"},
    ],
    ids=["none", "no TLS", "half a client"],
)
def test_settings_that_cannot_be_used_are_told(environ):
    with pytest.raises(UserError):
        fhir_settings(environ)
