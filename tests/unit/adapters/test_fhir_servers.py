"""What goes to a FHIR server, and what is never sent there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from typer.testing import CliRunner

from registry.app.cli import app
from streams.adapters.fhir.bulk import LONGEST_LINE, split
from streams.adapters.fhir.server import FhirServer, retry_after, secured
from streams.adapters.fhir.smart import Credentials, Tokens, read_credentials
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


NOW = 1_800_000_000.0
KEY = ECKey.generate_key("P-384", auto_kid=True)


def written(tmp_path, key, mode=0o600):
    file = tmp_path / "key.jwk"
    file.write_text(json.dumps(key))
    file.chmod(mode)
    return file


# -- statements and keys -----------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(KEY, "ES384"), (RSAKey.generate_key(2048, auto_kid=True), "RS384")],
    ids=["EC", "RSA"],
)
def test_a_statement_says_who_to_whom_for_how_long_and_is_signed(key, algorithm):
    told = Credentials("ember", key).statement("https://ehr.test/token", NOW)
    read = jwt.decode(told, key, algorithms=[algorithm])
    assert read.header["alg"] == algorithm
    assert read.header["kid"] == key.kid
    claims = read.claims
    assert claims["iss"] == claims["sub"] == "ember"
    assert claims["aud"] == "https://ehr.test/token"
    assert NOW < claims["exp"] <= NOW + 300


def test_no_two_statements_are_the_same():
    credentials = Credentials("ember", KEY)
    said = {
        jwt.decode(
            credentials.statement("https://ehr.test/token", NOW), KEY, ["ES384"]
        ).claims["jti"]
        for _ in range(50)
    }
    assert len(said) == 50


def test_a_key_is_never_printed():
    secret = KEY.as_dict(private=True)["d"]
    assert secret not in repr(Credentials("ember", KEY))


@pytest.mark.parametrize(
    "key",
    [
        KEY.as_dict(private=False),
        ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True),
        {k: v for k, v in KEY.as_dict(private=True).items() if k != "kid"},
        OctKey.generate_key(256, auto_kid=True).as_dict(),
        ["no", "key"],
        {"kty": "EC"},
    ],
    ids=["public", "curve", "no kid", "symmetric", "list", "empty"],
)
def test_what_is_no_private_key_is_refused(tmp_path, key):
    with pytest.raises(SettingsError) as refused:
        read_credentials("ember", written(tmp_path, key), ())
    assert refused.value.code is ErrorCode.BAD_SETTING


def test_a_key_that_others_may_read_is_refused(tmp_path):
    file = written(tmp_path, KEY.as_dict(private=True), 0o644)
    with pytest.raises(SettingsError) as refused:
        read_credentials("ember", file, ())
    assert "others" in refused.value.problem


def test_the_command_makes_a_key_and_tells_its_public_half_alone(tmp_path):
    file = tmp_path / "fhir.jwk"
    told = CliRunner().invoke(app, ["fhir", "key", str(file)])
    assert told.exit_code == 0
    (public,) = json.loads(told.stdout)["keys"]
    assert "d" not in public
    read = read_credentials("ember", file, ())
    assert read.key.kid == public["kid"]
    again = CliRunner().invoke(app, ["fhir", "key", str(file)])
    assert again.exit_code == 1


# -- where a token may go ----------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["http://ehr.test/fhir", "ftp://127.0.0.1/x", "", "Patient/1", "http://[", "//x"],
)
def test_nothing_is_asked_without_tls_but_on_this_machine(url):
    with pytest.raises(InputError) as refused:
        secured(url)
    assert refused.value.code is ErrorCode.FHIR_SERVER


@pytest.mark.parametrize("url", ["https://ehr.test/fhir", "http://127.0.0.1:8080/fhir"])
def test_tls_or_this_machine_will_do(url):
    assert secured(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://files.test/a",
        "https://ehr.test:8443/a",
        "https://ehr.test.evil.test/a",
        "https://ehr.test@evil.test/a",
    ],
)
def test_a_token_goes_to_the_server_itself_alone(url):
    with httpx2.Client() as client:
        tokens = Tokens("https://ehr.test/fhir", Credentials("e", KEY), client, float)
        server = FhirServer("https://ehr.test/fhir", client, bool, tokens)
        with pytest.raises(InputError) as refused, server.asked("GET", url, "a file"):
            pass
    assert refused.value.code is ErrorCode.FHIR_SERVER
    assert "not named" in refused.value.problem


# -- times to wait -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("²", None),
        ("", None),
    ],
)
def test_a_server_may_say_when_in_two_ways(said, seconds):
    answer = httpx2.Response(202, headers=[(b"retry-after", said.encode())])
    now = datetime.fromtimestamp(NOW, UTC)
    assert retry_after(answer, now) == seconds


# -- lines -------------------------------------------------------------------------


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_lines_are_the_same_however_the_stream_is_cut(whole, cuts):
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    blocks = [whole[a:b] for a, b in pairwise(places)]
    expected = [line.strip() for line in whole.split(b"\n") if line.strip()]
    assert list(split(iter(blocks))) == expected
    assert len(whole) < LONGEST_LINE


# -- whose a resource is -----------------------------------------------------------
