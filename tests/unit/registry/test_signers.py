"""Who may sign: known by name and secret, and by nothing less."""

import stat

import pytest

from registry.domain.audit import Account
from registry.domain.signature import MOST_FAILURES, Signable, is_locked
from registry.store.signers import METHOD, FileOfSigners, enrol_signer
from registry.usecases.recorded import BY_IDENTITY, actions_of
from registry.usecases.signature_ports import Authenticated
from streams.vocabulary.errors import ErrorCode, SettingsError


SECRET = "correct horse battery"


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory):
    """Two made-up signers; Argon2id takes its time, so they are made once."""
    path = tmp_path_factory.mktemp("signers") / "signers"
    enrol_signer(path, "doctor", "Dr Ada Made-Up", SECRET)
    enrol_signer(path, "nurse", "Nurse Bo Made-Up", "another long secret")
    return path


@pytest.mark.parametrize(
    ("person", "secret", "told"),
    [
        ("doctor", SECRET, Authenticated("Dr Ada Made-Up", METHOD)),
        ("doctor", f"{SECRET} ", None),
        ("doctor", "another long secret", None),
        ("doctor", "", None),
        ("nobody", SECRET, None),
        ("", "", None),
    ],
)
def test_only_name_and_secret_together_are_known(enrolled, person, secret, told):
    assert FileOfSigners(enrolled).authenticated(person, secret) == told


def test_the_file_is_its_owners_and_holds_no_secret(enrolled):
    assert stat.S_IMODE(enrolled.stat().st_mode) == 0o600
    assert SECRET not in enrolled.read_text()
    assert enrolled.read_text().count("$argon2id$") == 2


def test_a_file_open_to_others_is_refused(enrolled, tmp_path):
    open_file = tmp_path / "signers"
    open_file.write_text(enrolled.read_text())
    open_file.chmod(0o640)

    with pytest.raises(SettingsError, match="by others") as told:
        FileOfSigners(open_file)

    assert told.value.code is ErrorCode.SECRET_MISSING


@pytest.mark.parametrize("line", ["doctor", "doctor\tDr\tplain", "a\tb\tc\td", "\n"])
def test_a_line_that_is_no_signer_is_named(tmp_path, line):
    path = tmp_path / "signers"
    path.write_text(f"{line}\n")
    path.chmod(0o600)

    with pytest.raises(SettingsError, match="no signer in line 1"):
        FileOfSigners(path)


def test_a_name_that_two_lines_give_is_nobodys(enrolled, tmp_path):
    path = tmp_path / "signers"
    path.write_text(enrolled.read_text() + enrolled.read_text().splitlines()[0])
    path.chmod(0o600)

    with pytest.raises(SettingsError, match="names doctor twice"):
        FileOfSigners(path)


def test_a_mangled_verifier_opens_nothing(tmp_path):
    path = tmp_path / "signers"
    path.write_text("doctor\tDr Ada\t$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA\n")
    path.chmod(0o600)

    assert FileOfSigners(path).authenticated("doctor", "") is None


@pytest.mark.parametrize(
    ("person", "name", "secret"),
    [
        ("doctor", "Somebody Else", SECRET),
        ("", "Nobody", SECRET),
        ("tab\ted", "Dr Tab", SECRET),
        ("other", "two\nlines", SECRET),
        ("other", "Dr Other", "short"),
    ],
)
def test_who_cannot_be_enrolled_is_refused(enrolled, person, name, secret):
    before = enrolled.read_bytes()

    with pytest.raises(SettingsError) as told:
        enrol_signer(enrolled, person, name, secret)

    assert told.value.code is ErrorCode.BAD_SETTING
    assert enrolled.read_bytes() == before


@pytest.mark.parametrize("kind", Signable)
def test_whatever_can_be_signed_is_read_by_its_identity(kind):
    assert kind.account in BY_IDENTITY
    assert actions_of(kind.account)


def test_every_record_with_an_identity_can_be_signed_but_what_is_said_of_records():
    signable = {kind.account for kind in Signable}

    assert set(BY_IDENTITY) - signable == {
        Account.RECORD_SIGNATURES,
        Account.REDACTIONS,
    }


def test_a_name_is_locked_from_the_fifth_failure_on():
    assert [is_locked(n) for n in (0, MOST_FAILURES - 1, MOST_FAILURES)] == [
        False,
        False,
        True,
    ]
