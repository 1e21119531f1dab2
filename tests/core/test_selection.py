from __future__ import annotations

from pathlib import Path

import pytest

from aimd_core.errors import AmbiguousTrialError, NoTrialsError, TrialNotFoundError
from aimd_core.reading.directory import TrialIndex
from aimd_core.reading.selection import select_trials, trial_at, trial_named, trials_in
from tests.support.trials import write_trial

FIRST, SECOND, OTHER = "cnn_261123_150327_aaaaaa", "cnn_261124_150327_bbbbbb", "图像_261125_150327_cccccc"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    trials = tmp_path / ".aimd" / "trials"
    write_trial(trials, FIRST, name="cnn", trial_id="11111111-a3ca-4103-ae8b-b74a872f6b07")
    write_trial(trials, SECOND, name="cnn", trial_id="22222222-a3ca-4103-ae8b-b74a872f6b07")
    write_trial(trials, OTHER, name="图像", trial_id="22223333-a3ca-4103-ae8b-b74a872f6b07")
    return tmp_path


def test_a_whole_name_means_that_trial_though_it_is_a_prefix_of_another(place: Path) -> None:
    longer = f"{FIRST}_261123_150327_aaaaaa"
    write_trial(place / ".aimd" / "trials", longer)
    assert trial_named(FIRST, place).alternative_name == FIRST


@pytest.mark.parametrize(("prefix", "meant"), [("cnn_261124", SECOND), ("图", OTHER), (FIRST[:-1], FIRST)])
def test_a_prefix_of_one_name_means_that_trial(prefix: str, meant: str, place: Path) -> None:
    assert trial_named(prefix, place).alternative_name == meant


def test_a_whole_name_means_the_trial_of_that_name_though_others_begin_with_it(place: Path) -> None:
    write_trial(place / ".aimd" / "trials", "bad_261123_150327_cccccc", name="bad")
    write_trial(place / ".aimd" / "trials", "bad3_261123_150327_dddddd", name="bad3")
    assert trial_named("bad", place).alternative_name == "bad_261123_150327_cccccc"
    with pytest.raises(AmbiguousTrialError):
        trial_named("ba", place)


def test_a_prefix_of_several_names_is_ambiguous_and_lists_them(place: Path) -> None:
    with pytest.raises(AmbiguousTrialError) as caught:
        trial_named("cnn", place)
    assert caught.value.facts["candidates"] == [SECOND, FIRST]


def test_of_very_many_candidates_the_error_shows_the_first_and_counts_the_rest() -> None:
    error = AmbiguousTrialError("a", [f"a{number}" for number in range(20)])
    assert str(error).endswith("a7 and 12 more")


@pytest.mark.parametrize(("prefix", "meant"), [("1111", FIRST), ("22222222-a3ca-4103-ae8b-b74a872f6b07", SECOND)])
def test_a_prefix_of_one_id_means_that_trial(prefix: str, meant: str, place: Path) -> None:
    assert trial_named(prefix, place).alternative_name == meant


def test_a_prefix_of_several_ids_is_ambiguous(place: Path) -> None:
    with pytest.raises(AmbiguousTrialError):
        trial_named("2222", place)


def test_fewer_than_four_characters_are_no_prefix_of_an_id(place: Path) -> None:
    with pytest.raises(TrialNotFoundError):
        trial_named("111", place)


def test_a_name_that_is_not_there_is_answered_with_near_ones(place: Path) -> None:
    with pytest.raises(TrialNotFoundError) as caught:
        trial_named("cmn", place)
    assert caught.value.advice == f"Did you mean: {SECOND}, {FIRST}"


def test_a_name_like_none_is_answered_with_the_command_that_lists_them(place: Path) -> None:
    with pytest.raises(TrialNotFoundError) as caught:
        trial_named("zzzzzzzzz", place)
    assert caught.value.advice == "Run: aimd trial ls"


@pytest.mark.parametrize("where", ["nowhere", "empty", "file"])
def test_a_directory_without_trials_is_an_error_that_names_it(where: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_bytes(b"")
    expected = (
        f"{tmp_path / where} holds no trials" if where == "empty" else f"there is no directory {tmp_path / where}"
    )
    for lists in (trials_in, TrialIndex, lambda directory: select_trials([], [], directory)):
        with pytest.raises(NoTrialsError) as caught:
            lists(tmp_path / where)
        assert str(caught.value) == expected


def test_the_directory_of_a_trial_may_be_named_from_inside(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = place / ".aimd" / "trials" / FIRST
    (trial / "inner").mkdir()
    monkeypatch.chdir(trial / "inner")
    assert trial_at(Path("..")).alternative_name == FIRST
    monkeypatch.chdir(trial)
    assert trial_at(Path()).alternative_name == FIRST


def test_a_path_that_is_no_trial_is_an_error_that_names_it(place: Path) -> None:
    with pytest.raises(TrialNotFoundError, match="'trials' in "):
        trial_at(place / ".aimd" / "trials")


def test_what_is_named_twice_is_meant_once_and_the_order_is_kept(place: Path) -> None:
    path = place / ".aimd" / "trials" / OTHER
    selected = select_trials([path, path], [FIRST, "cnn_261123", "图"], place)
    assert [trial.alternative_name for trial in selected] == [OTHER, FIRST]


def test_a_directory_alone_means_all_trials_in_it(place: Path) -> None:
    assert [trial.alternative_name for trial in select_trials([], [], place)] == [OTHER, SECOND, FIRST]


def test_a_directory_beside_a_name_is_only_where_the_name_is_looked_up(place: Path) -> None:
    assert len(select_trials([], [FIRST], place)) == 1


def test_nothing_named_means_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    assert select_trials([], [], None) == []


def test_a_name_is_looked_up_in_the_working_directory_unless_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    assert len(select_trials([], [FIRST], None)) == 1


def test_a_directory_is_ordered_by_start_though_all_began_within_a_second(tmp_path: Path) -> None:
    names = [f"cnn_261123_150327_{suffix * 6}" for suffix in "bdac"]
    for microsecond, name in enumerate(names):
        path = write_trial(tmp_path, name)
        text = (path / "metadata.yaml").read_text()
        (path / "metadata.yaml").write_text(text.replace("27.664883", f"27.00000{microsecond}"))
    selected = [trial.alternative_name for trial in select_trials([], [], tmp_path)]
    assert selected == names[::-1]
    assert selected == [row.alternative_name for row in TrialIndex(tmp_path).rows()]
