"""Somebody of one role at a terminal, and what a refusal may tell them."""

from __future__ import annotations

from base64 import b64encode

import typer
from typer.testing import CliRunner

from made_up.two_houses import BLINDED_ARMS, OPEN_ARMS
from registry.domain.role_matrix import MATRIX
from registry.domain.roles import Sight, Surface
from streams.vocabulary.errors import ErrorCode, Refused


NOBODY = "-A-", "-B-"
KEY = bytes(range(32))


def let_in(server, one):
    """A login for who has this role, in the groups that the role wants."""
    apart = (Surface.BLINDED_ARMS, Surface.KIT_CONTENTS)
    unblinded = any(sight(one, surface) is not Sight.NOTHING for surface in apart)
    groups = "ember_person, ember_unblinded" if unblinded else "ember_person"
    server.run(
        f"DO $$ BEGIN CREATE ROLE {one.value} LOGIN; "
        "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    )
    server.run(f"GRANT {groups} TO {one.value}")


class Terminal:
    """Runs commands as somebody; gives all that they could read of it."""

    def __init__(self, url, who, folder):
        self.url, self.who, self.folder = url, who, folder
        self.code = None

    def _vault_key(self):
        file = self.folder / "vault.key"
        file.write_bytes(b64encode(KEY))
        file.chmod(0o600)
        return file

    def __call__(self, command, *words, who=True, url=None):
        named = ("--as", self.who.value) if who else ()
        ran = CliRunner().invoke(
            command,
            [*words, *named, "--registry", url or self.url],
            env={"EMBER_VAULT_KEYS": f"1:{self._vault_key()}"},
        )
        self.code = None
        if isinstance(ran.exception, Refused):
            self.code = ran.exception.code
            return str(ran.exception)
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        if ErrorCode.NOT_THIS_ROLE in ran.output:
            self.code = ErrorCode.NOT_THIS_ROLE
        return ran.output


def sight(one, surface):
    return MATRIX[surface][one].sight


def alone(function):
    """A command that has no group, as an app of its own."""
    made = typer.Typer()
    made.command()(function)
    return made


def assert_refused(told, terminal):
    """Refused, and by words that say nothing of anybody."""
    assert terminal.code is ErrorCode.NOT_THIS_ROLE, told
    assert not [mark for mark in NOBODY if mark in told]
    assert not [arm for arm in (*OPEN_ARMS, *BLINDED_ARMS) if arm in told]
