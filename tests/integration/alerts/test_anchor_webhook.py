"""The audit's heads reach whoever keeps them, signed, and hold from there."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook
from typer.testing import CliRunner

from registry.app.commands.audit import app
from registry.domain.mode import Mode
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.set_mode import SetMode, set_mode
from streams.vocabulary.errors import SettingsError


SECRET = "whsec_" + "QUJD" * 8
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def url(tmp_path):
    """A registry of one act."""
    url = f"sqlite:///{tmp_path / 'registry.sqlite'}"
    migrate(url)
    registry = open_registry(url)
    with registry.transaction() as uow:
        set_mode(SetMode(mode=Mode.DEMO, reason="a test", actor="admin", at=NOON), uow)
    registry.close()
    return url


@pytest.fixture
def ember(url, tmp_path, httpserver):
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    environ = {
        "EMBER_ANCHOR_URL": httpserver.url_for("/anchors"),
        "EMBER_ANCHOR_SECRET_FILES": str(secret),
        "EMBER_WEBHOOK_ALLOWED_HOSTS": "localhost,127.0.0.1",
        "EMBER_STATE_DIR": str(tmp_path),
    }

    def run(*words, env=environ):
        return CliRunner().invoke(app, [*words, "--registry", url], env=env)

    return run


def test_what_was_posted_is_signed_and_is_an_anchor(ember, httpserver, tmp_path):
    httpserver.expect_request("/anchors", method="POST").respond_with_data(status=204)

    assert ember("anchor", "--webhook").exit_code == 0

    ((request, _),) = httpserver.log
    body = request.get_data(as_text=True)
    assert Webhook(SECRET).verify(body, dict(request.headers))["version"] == 1
    kept = tmp_path / "kept.jsonl"
    kept.write_text(f"{body}\n")
    assert ember("verify", "--anchors", str(kept)).exit_code == 0


def test_what_was_not_taken_is_told(ember, httpserver):
    httpserver.expect_request("/anchors").respond_with_data(status=500)

    done = ember("anchor", "--webhook")

    assert done.exit_code == 1
    assert "not posted: the target answered 500" in done.stdout


def test_a_webhook_that_is_not_named_is_refused(ember):
    done = ember("anchor", "--webhook", env={"EMBER_ANCHOR_URL": ""})

    assert isinstance(done.exception, SettingsError)
    assert "EMBER_ANCHOR_URL" in str(done.exception)
