from datetime import UTC, datetime

import pytest

from registry.alerts.signing import Secret, read_secrets, signed_headers
from streams.vocabulary.errors import BrokenInvariant, ErrorCode, SettingsError


KNOWN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "QUJD" * 8
AT = datetime.fromtimestamp(1_614_265_330, UTC)
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = '{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def written(folder, text, name="webhook.secret"):
    file = folder / name
    file.write_text(text, "utf-8")
    return file


def test_the_signature_is_that_of_the_standards_own_test_vector(tmp_path):
    secrets = read_secrets([written(tmp_path, KNOWN)])
    assert signed_headers(ID, BODY, at=AT, secrets=secrets) == {
        "webhook-id": ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_a_part_of_a_second_changes_neither_the_timestamp_nor_the_signature(tmp_path):
    secrets = read_secrets([written(tmp_path, KNOWN)])
    later = AT.replace(microsecond=999_999)
    headers = signed_headers(ID, BODY, at=later, secrets=secrets)
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == SIGNATURE


def test_each_secret_of_a_rotation_gives_its_own_signature(tmp_path):
    both = read_secrets([written(tmp_path, f"{OTHER}\n\n{KNOWN}\n")])
    first, second = signed_headers(ID, BODY, at=AT, secrets=both)[
        "webhook-signature"
    ].split(" ")
    assert second == SIGNATURE
    assert first != second
    assert first.startswith("v1,")


def test_secrets_in_several_files_are_read_in_order_and_once(tmp_path):
    new = written(tmp_path, OTHER, "new")
    old = written(tmp_path, f"{KNOWN}\n{OTHER}", "old")
    assert read_secrets([new, old]) == read_secrets([new, written(tmp_path, KNOWN)])


@pytest.mark.parametrize(
    "line",
    [
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_",
        "whsec_c2hvcnQ=",
        "whsec_not*base64*at*all*not*base64*at*all",
        "whsec_" + "QUJD" * 22,
        "whsec_schlüssel",
        "whsk_" + "QUJD" * 8,
    ],
)
def test_a_malformed_secret_is_refused_without_being_repeated(tmp_path, line):
    with pytest.raises(SettingsError) as caught:
        read_secrets([written(tmp_path, line)])
    told = f"{caught.value} {caught.value.__cause__} {caught.value!r}"
    assert caught.value.code is ErrorCode.BAD_SETTING
    assert line == "whsec_" or line not in told


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file_holds_no_secret(tmp_path, text):
    with pytest.raises(SettingsError) as caught:
        read_secrets([written(tmp_path, text)])
    assert caught.value.code is ErrorCode.SECRET_MISSING


def test_a_missing_file_is_told_by_its_name(tmp_path):
    with pytest.raises(SettingsError, match=r"EMB-312: .*absent\.secret"):
        read_secrets([tmp_path / "absent.secret"])


def test_a_secret_does_not_show_in_its_repr():
    assert repr(Secret(b"a" * 24)) == "Secret()"


def test_an_id_with_a_dot_or_no_secret_at_all_is_never_signed():
    with pytest.raises(BrokenInvariant):
        signed_headers("a.b", BODY, at=AT, secrets=(Secret(b"a" * 24),))
    with pytest.raises(BrokenInvariant):
        signed_headers(ID, BODY, at=AT, secrets=())
