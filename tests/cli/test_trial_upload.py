import httpx
import pytest

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home
from tests.support.strangers import unused_port


def record(
    name: str = "cnn", points: int = 3, folder: str | None = "image/mnist", make_folder: bool = True
) -> aimd.Trial:
    # Without output: what these tests make the command print is no part of the trial.
    trial = aimd.create_trial(trial_name=name, folder_path=folder, make_folder=make_folder, capture_output=False)
    trial.params.update({"lr": 0.1})
    for step in range(points):
        trial.log("train", {"loss": 1.0 / (step + 1)}, step=step)
    return trial


def stored_bytes(account: Account, trial_id: str) -> bytes:
    answer = httpx.get(
        f"{account.url}/apis/v2/trials/{trial_id}/files/metrics",
        headers={"Authorization": f"Bearer {account.key}"},
        verify=False,
    )
    assert answer.status_code == 200
    return answer.content


def test_an_upload_brings_the_bytes_of_the_journal(home: Home, signed_in: Account) -> None:
    trial = record()
    trial.finish()
    ran = home.aimd("trial", "upload", "-n", "cnn")
    assert ran.code == 0
    (row,) = ran.table
    assert (row["outcome"], row["folder"], row["remote_name"]) == ("created", "/image/mnist", "cnn")
    assert row["address"].endswith(f"/t9k/experiment/web/#/trials/{trial.id}/")
    assert stored_bytes(signed_in, trial.id) == (trial.path / "metrics").read_bytes()


def test_a_second_upload_changes_nothing(home: Home, signed_in: Account) -> None:
    trial = record()
    trial.finish()
    assert home.aimd("trial", "upload", "-n", "cnn").code == 0
    (row,) = home.aimd("trial", "upload", "-n", "cnn").table
    assert (row["outcome"], row["sent_bytes"]) == ("unchanged", "0")


def test_after_more_logging_only_the_new_bytes_are_sent(home: Home, signed_in: Account) -> None:
    trial = record()
    assert home.aimd("trial", "upload", "-n", "cnn").code == 0
    before = (trial.path / "metrics").stat().st_size
    trial.log("train", {"loss": 0.01}, step=99)
    (row,) = home.aimd("trial", "upload", "-n", "cnn").table
    after = (trial.path / "metrics").stat().st_size
    assert (row["outcome"], row["sent_bytes"]) == ("updated", str(after - before))
    assert stored_bytes(signed_in, trial.id) == (trial.path / "metrics").read_bytes()


def test_the_server_lists_what_was_uploaded(home: Home, signed_in: Account) -> None:
    trials = record("a"), record("b", folder="other")
    for trial in trials:
        trial.finish()
    home.aimd("trial", "upload", "-d", ".")
    rows = home.aimd("trial", "ls", "--remote").table
    assert {row["name"] for row in rows} == {trial.alternative_name for trial in trials}
    assert rows[0]["params.lr"] == "0.1"
    assert float(rows[0]["train.loss"]) == pytest.approx(1 / 3)
    rows = home.aimd("trial", "ls", "--remote", "-P", "other").table
    assert [row["name"] for row in rows] == [trials[1].alternative_name]


def test_a_journal_that_shrank_is_reported_and_not_overwritten(home: Home, signed_in: Account) -> None:
    trial = record()
    home.aimd("trial", "upload", "-n", "cnn")
    whole = (trial.path / "metrics").read_bytes()
    (trial.path / "metrics").write_bytes(whole[: len(whole) // 2])
    ran = home.aimd("trial", "upload", "-n", "cnn")
    assert ran.code == 1
    assert "nothing was overwritten" in ran.err
    assert stored_bytes(signed_in, trial.id) == whole


def test_a_journal_that_changed_is_reported_and_not_overwritten(home: Home, signed_in: Account) -> None:
    trial = record()
    home.aimd("trial", "upload", "-n", "cnn")
    whole = (trial.path / "metrics").read_bytes()
    (trial.path / "metrics").write_bytes(b"X" + whole[1:] + whole)
    ran = home.aimd("trial", "upload", "-n", "cnn")
    assert ran.code == 1
    assert "has changed within" in ran.err
    assert stored_bytes(signed_in, trial.id) == whole


def test_a_damaged_tail_is_uploaded_as_it_is_and_said(home: Home, signed_in: Account) -> None:
    trial = record()
    with (trial.path / "metrics").open("a") as journal:
        journal.write('{"train": {"val')
    (row,) = home.aimd("trial", "upload", "-n", "cnn").table
    assert "half-written last line" in row["note"]
    assert stored_bytes(signed_in, trial.id) == (trial.path / "metrics").read_bytes()
    trial.log("train", {"loss": 5.0}, step=100)
    assert home.aimd("trial", "upload", "-n", "cnn").code == 0
    (row,) = home.aimd("trial", "ls", "--remote").table
    assert row["train.loss"] == home.aimd("trial", "ls").table[0]["train.loss"]


@pytest.mark.parametrize(
    ("strategy", "code", "names"), [("new", 0, 2), ("skip", 0, 1), ("error", 1, 1), ("replace", 0, 1)]
)
def test_a_taken_name_is_met_as_the_strategy_says(
    home: Home, signed_in: Account, strategy: str, code: int, names: int
) -> None:
    first, second = record(), record(points=5)
    assert home.aimd("trial", "upload", "-p", first.path).code == 0
    assert home.aimd("trial", "upload", "-p", second.path, "-c", strategy).code == code
    listed = home.aimd("trial", "ls", "--remote").table
    assert len(listed) == names
    kept = {row["id"] for row in listed}
    assert (first.id in kept) == (strategy != "replace")
    assert (second.id in kept) == (strategy in ("new", "replace"))


def test_a_missing_folder_without_make_lands_in_the_default_one_and_says_so(home: Home, signed_in: Account) -> None:
    record(make_folder=False)
    (row,) = home.aimd("trial", "upload", "-n", "cnn").table
    assert row["folder"] == "/default"
    assert "-m creates it" in row["note"]


def test_arguments_win_over_what_the_trial_says(home: Home, signed_in: Account) -> None:
    record()
    (row,) = home.aimd("trial", "upload", "-n", "cnn", "-P", "else/where", "-m").table
    assert row["folder"] == "/else/where"


def test_one_bad_trial_of_several_is_partly_done(home: Home, signed_in: Account) -> None:
    record("good").finish()
    bad = record("bad")
    (bad.path / "metadata.yaml").write_text("{ not yaml")
    ran = home.aimd("trial", "upload", "-d", ".")
    assert ran.code == 8
    assert {row["name"][:3]: row["outcome"] for row in ran.table} == {"goo": "created", "bad": "failed"}
    assert home.aimd("trial", "upload", "-n", "bad").code == 6


def test_a_server_that_is_down_is_said_at_once_and_nothing_is_lost(home: Home) -> None:
    home.write_config(f"aimd_host: http://127.0.0.1:{unused_port()}\napi_key: 123e4567-e89b-12d3-a456-426614174000\n")
    record()
    ran = home.aimd("trial", "upload", "-n", "cnn")
    assert ran.code == 5
    assert "cannot reach" in ran.err
    assert "123e4567" not in ran.err


def test_a_link_in_a_trial_is_not_followed(home: Home, signed_in: Account) -> None:
    trial = record()
    secret = home.path / "secret"
    secret.write_text("my private file\n")
    (trial.path / "stdout.log").symlink_to(secret)
    ran = home.aimd("trial", "upload", "-n", "cnn")
    assert ran.code == 8
    assert "stdout.log (" in ran.err
    assert "private" not in ran.err + ran.out


def test_the_sdk_uploads_with_the_saved_settings(home: Home, signed_in: Account) -> None:
    trial = record()
    trial.finish()
    uploaded = trial.upload()
    assert (uploaded.outcome, uploaded.folder) == ("created", "/image/mnist")
    assert [again.outcome for again in aimd.upload_trial(trial_name="cnn")] == ["unchanged"]


def test_the_sdk_signs_in_for_this_process_only(home: Home, account: Account) -> None:
    trial = record()
    aimd.login(host=account.url, api_key=account.key)
    assert trial.upload().outcome == "created"
    assert not home.config.exists()
