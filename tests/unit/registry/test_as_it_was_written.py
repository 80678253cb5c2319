"""What a person wrote is shown as it was written, and a moment is taken as it was meant."""

from contextlib import redirect_stdout
from datetime import UTC, datetime
from io import StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from made_up.role_holders import LONG_AGO, let
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.app.commands.tables import print_table
from registry.domain.roles import EVERYWHERE, Role
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.hand_out_roles import GrantRole, grant_role
from streams.app.moments import moment_of


WORDS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40
)


@given(words=WORDS)
@example(words="dose_[10mg]_late,_[not]_given")
@example(words="see_[/note]")
@example(words="[redacted]")
@example(words="[bold]x[/bold]:smile:")
def test_a_table_shows_words_as_they_were_written(words):
    with redirect_stdout(StringIO()) as told:
        print_table("notes", [words], {"words": str})
    assert words in told.getvalue()


@pytest.fixture
def registry(tmp_path):
    url = f"sqlite:///{tmp_path}/r.sqlite"
    migrate(url)
    book = open_registry(url)
    yield book, url
    book.close()


def test_a_list_is_read_whatever_reason_somebody_wrote(registry):
    book, url = registry
    let(book, "ada", roles=(Role.SITE_ADMIN,))
    command = GrantRole(
        person="eve",
        role=Role.MONITOR,
        site=EVERYWHERE,
        trial=EVERYWHERE,
        starts_at=LONG_AGO,
        reason="as [/agreed] with [the board]",
        actor="ada",
        at=LONG_AGO,
    )
    with book.transaction() as uow:
        grant_role(command, uow)

    done = CliRunner().invoke(ember, ["role", "list", "--as", "ada", "--registry", url])

    assert done.exit_code == 0, done.exception
    assert "as [/agreed] with [the board]" in done.output


def test_a_moment_is_taken_by_its_offset():
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert moment_of("2026-03-01T13:00+01:00", "--at") == noon
    assert moment_of("2026-03-01T12:00Z", "--at") == noon


@pytest.mark.parametrize(
    ("ends", "kept"),
    [
        ("2126-03-01T13:00+01:00", datetime(2126, 3, 1, 12, tzinfo=UTC)),
        ("2126-03-01T12:00Z", datetime(2126, 3, 1, 12, tzinfo=UTC)),
    ],
)
def test_a_role_ends_when_it_was_said(registry, ends, kept):
    book, url = registry
    let(book, "ada", roles=(Role.SITE_ADMIN,))
    place = ("--site", "A", "--trial", "tide", "--reason", "r", "--actor", "ada")

    done = CliRunner().invoke(
        ember,
        ["role", "grant", "eve", "monitor", *place, "--ends", ends, "--registry", url],
    )

    assert done.exit_code == 0, (done.output, done.exception)
    with book.inspection() as uow:
        (grant,) = [one for one in uow.role_grants.latest() if one.person == "eve"]
    assert grant.ends_at == kept
