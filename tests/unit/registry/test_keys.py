import json

import pytest

from registry.store.keys import read_keys, read_or_make_keys, trial_signer
from streams.vocabulary.errors import ErrorCode, SettingsError


def test_a_new_key_file_is_its_owners_alone_and_is_read_again(tmp_path):
    file = tmp_path / "keys.json"

    made = read_or_make_keys(file, ["TIDE"])

    assert file.stat().st_mode & 0o777 == 0o600
    assert read_keys(file).commitment("TIDE") == made.commitment("TIDE")
    assert [f.name for f in tmp_path.iterdir()] == ["keys.json"]


def test_a_key_that_is_there_is_never_changed(tmp_path):
    file = tmp_path / "keys.json"
    first = read_or_make_keys(file, ["TIDE"])

    second = read_or_make_keys(file, ["TIDE", "EBB"])

    assert second.commitment("TIDE") == first.commitment("TIDE")
    assert second.commitment("EBB") != second.commitment("TIDE")
    assert read_or_make_keys(file, ["EBB"]).has("TIDE")


def faulty(fault, tmp_path):
    file = tmp_path / "keys.json"
    if fault == "open to others":
        read_or_make_keys(file, ["TIDE"])
        file.chmod(0o640)
    elif fault != "missing":
        file.write_text(fault, "ascii")
        file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    "fault",
    [
        "missing",
        "open to others",
        "not json",
        "[]",
        json.dumps({"TIDE": "zz"}),
        json.dumps({"TIDE": "abcd"}),
        json.dumps({"TIDE": 7}),
    ],
)
def test_a_key_file_that_cannot_be_trusted_is_refused(tmp_path, fault):
    with pytest.raises(SettingsError) as told:
        read_keys(faulty(fault, tmp_path))

    assert told.value.code is ErrorCode.SECRET_MISSING


def test_one_trials_key_is_read_alone_or_out_of_the_signers_file(tmp_path):
    alone, together = tmp_path / "tide.key", tmp_path / "signer.keys"
    signer = read_or_make_keys(together, ["tide", "wave"])
    alone.write_bytes(bytes.fromhex(json.loads(together.read_text())["tide"]))

    for path in (alone, together):
        assert trial_signer(path, "tide").commitment("tide") == signer.commitment(
            "tide"
        )


@pytest.mark.parametrize("written", [None, b"short", b"{}"])
def test_a_key_that_is_not_there_is_not_to_be_made_anew_for_a_trial_that_runs(
    tmp_path, written
):
    path = tmp_path / "tide.key"
    if written is not None:
        path.write_bytes(written)
        path.chmod(0o600)

    with pytest.raises(SettingsError) as refused:
        trial_signer(path, "tide")

    assert refused.value.code is ErrorCode.SECRET_MISSING
    assert "only before it is activated" in str(refused.value)
