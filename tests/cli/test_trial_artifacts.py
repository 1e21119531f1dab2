"""The artifacts of a trial, and where it was uploaded, in its description: here and on a server."""

from __future__ import annotations

from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home

ELSEWHERE = "0f2c7a52-9be1-4a07-8d7e-6f0b2c4d5e6f"


def recorded(home: Home) -> aimd.Trial:
    """Return a trial that has ended, with two inputs, an output and checkpoints."""
    trial = aimd.create_trial(trial_name="mnist", capture_output=False)
    weights = home.work / "weights.pt"
    weights.write_bytes(b"weights")
    data = aimd.create_artifact("digits", "dataset", "small ones", aliases=["clean"])
    data.add_file(weights)
    trial.mark_input(data)
    trial.mark_input(ELSEWHERE)
    model = aimd.create_artifact("model", "model")
    model.add_file(weights)
    trial.mark_output(model)
    for step, acc in enumerate((0.1, 0.9, 0.5)):
        trial.checkpoint(weights, step, {"val.acc": acc}, keep="best(val.acc):1, last:1")
    trial.finish()
    return trial


def described(home: Home, *words: str) -> dict[str, list[object]]:
    (trial,) = home.aimd("trial", "describe", *words, "--json").json["trials"]
    return {name: trial[name] for name in ("artifacts", "uploads")}


def test_a_description_shows_what_a_trial_used_and_made_and_its_checkpoints(home: Home) -> None:
    trial = recorded(home)
    rows = described(home, "mnist")["artifacts"]
    shown = [(row["role"], row["name"], row["type"], row["size_bytes"], row["aliases"]) for row in rows]  # type: ignore[index]
    assert shown == [
        ("input", "digits", "dataset", 7, ["clean"]),
        ("input", None, None, None, None),
        ("output", "model", "model", 7, []),
        ("checkpoint", trial.alternative_name, "checkpoint", 7, ["best"]),
        ("checkpoint", trial.alternative_name, "checkpoint", 7, ["last"]),
    ]
    terminal = home.aimd_terminal("trial", "describe", "mnist", columns=120, NO_COLOR="1")
    for part in ("digits", "small ones", "not here", "step 1", "best", ELSEWHERE[:8]):
        assert part in terminal
    lines = {row["key"]: row["value"] for row in home.aimd("trial", "describe", "mnist").table}
    assert lines[f"input.{ELSEWHERE}"] == ""
    assert "digits dataset 7 clean" in lines.values()
    assert "input." not in home.aimd("trial", "describe", "mnist", "-m").out


def test_a_server_describes_the_same_artifacts_with_their_versions(signed_in: Account, home: Home) -> None:
    recorded(home)
    assert described(home, "mnist")["uploads"] == []
    assert home.aimd("trial", "upload", "mnist", "-P", "digits", "-m").code == 0
    here, there = described(home, "mnist"), described(home, "remote:mnist")
    (noted,), (told,) = here["uploads"], there["uploads"]
    assert (noted["host"], noted["path"]) == (told["host"], told["path"]) == (signed_in.url, "/digits/mnist")  # type: ignore[index]
    kept = ("role", "id", "name", "type", "version", "aliases", "description", "size_bytes", "object_count")
    rows = [[[row[name] for name in kept] for row in side["artifacts"]] for side in (here, there)]  # type: ignore[index]
    assert rows[0] == rows[1]
    assert [row[4] for row in rows[0]] == ["v1", None, "v1", "v1", "v2"]


def test_a_deleted_or_broken_memory_of_uploads_hides_nothing_else(signed_in: Account, home: Home) -> None:
    trial = recorded(home)
    assert home.aimd("trial", "upload", "mnist").code == 0
    memory = home.work / ".aimd" / "uploads" / f"{trial.id}.json"
    before = memory.read_bytes()
    for content in (b"", b"[", b"[1, {}]", b'[{"host": "h", "path": [], "at": "x"}]', b"\xff" * 100, b"[" * 100_000):
        memory.write_bytes(content)
        assert described(home, "mnist")["uploads"] == []
    memory.unlink()
    assert home.aimd("trial", "upload", "mnist").code == 0
    assert len(described(home, "mnist")["uploads"]) == 1
    memory.write_bytes(before)
    assert home.aimd("trial", "upload", "mnist").code == 0
    assert memory.read_bytes() == before  # nothing was sent, so the time stays
