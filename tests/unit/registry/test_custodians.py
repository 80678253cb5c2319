"""The custodian's key is a file of their own, or it is refused."""

import pytest

from registry.store.custodians import read_custodian_key
from streams.vocabulary.errors import ErrorCode, SettingsError


@pytest.mark.parametrize(
    ("written", "mode", "told"),
    [
        (b"x" * 31, 0o600, "31 bytes"),
        (b"x" * 32, 0o640, "others"),
        (b'{"TIDE": "' + b"0" * 64 + b'"}', 0o600, "signer's key file"),
    ],
)
def test_what_is_no_key_of_a_custodian_is_refused(tmp_path, written, mode, told):
    file = tmp_path / "key"
    file.write_bytes(written)
    file.chmod(mode)
    with pytest.raises(SettingsError, match=told) as fault:
        read_custodian_key(file)
    assert fault.value.code is ErrorCode.SECRET_MISSING


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_custodian_key(tmp_path / "none")
