"""Key files: made once, for their owner alone."""

from base64 import b64encode

import pytest

from streams.adapters.identity.keys import make_key, read_key, read_keys
from streams.vocabulary.errors import ErrorCode, SettingsError


def test_a_new_key_is_read_again_by_its_owner_alone(tmp_path):
    make_key(tmp_path / "one")
    make_key(tmp_path / "two")

    keys = read_keys({1: tmp_path / "one", 2: tmp_path / "two"})

    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    assert {len(key) for key in keys.values()} == {32}
    assert keys[1] != keys[2]


def test_a_key_that_is_there_is_never_written_over(tmp_path):
    make_key(tmp_path / "key")
    before = (tmp_path / "key").read_bytes()

    with pytest.raises(SettingsError) as raised:
        make_key(tmp_path / "key")

    assert raised.value.code is ErrorCode.PATH_NOT_FOUND
    assert (tmp_path / "key").read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    make_key(tmp_path / "key")
    (tmp_path / "key").chmod(mode)

    with pytest.raises(SettingsError, match="others than its owner") as raised:
        read_key(tmp_path / "key")

    assert raised.value.code is ErrorCode.SECRET_MISSING


@pytest.mark.parametrize(
    "written",
    [b"", b"s3cret, not a key", b64encode(bytes(31)), b64encode(bytes(32))[:-2]],
)
def test_a_file_that_holds_no_key_is_refused_without_quoting_it(tmp_path, written):
    file = tmp_path / "key"
    file.write_bytes(written)
    file.chmod(0o600)

    with pytest.raises(SettingsError) as raised:
        read_key(file)

    assert raised.value.code is ErrorCode.SECRET_MISSING
    assert not written or written.decode() not in str(raised.value)


def test_a_key_that_is_missing_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_key(tmp_path / "none")
