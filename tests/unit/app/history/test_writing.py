"""Files that commands write are whole, or not there."""

import pytest

from streams.app.history.writing import writing
from streams.app.moments import moment_of
from streams.vocabulary.errors import ErrorCode, SettingsError


def refusal(path):
    with pytest.raises(SettingsError) as refused, writing(path):
        pass
    return refused.value


def test_a_folder_is_no_file_and_nothing_is_left_beside_it(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    assert refusal(folder).code is ErrorCode.PATH_NOT_FOUND
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_in_no_folder_is_refused(tmp_path):
    assert refusal(tmp_path / "nowhere" / "a.csv").code is ErrorCode.PATH_NOT_FOUND


def test_what_fails_half_way_leaves_the_old_file(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("old", "utf-8")
    with pytest.raises(ZeroDivisionError), writing(file) as out:
        out.write(str(1 / 0))
    assert file.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00Z", "9999-12-31T23:59Z", "2026-11-22T20:00", "yesterday"]
)
def test_a_moment_outside_any_record_or_without_a_zone_is_refused(text):
    with pytest.raises(SettingsError) as refused:
        moment_of(text, "--at")
    assert refused.value.code is ErrorCode.BAD_SETTING
