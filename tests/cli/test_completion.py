"""What a TAB offers, asked as the shells' scripts ask."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_cli.completion.bash_line import split_line
from aimd_cli.completion.cache import cache_directory, recall, remember, remember_folders
from tests.conftest import Account
from tests.support.home import Home
from tests.support.trials import TRIAL_ID, record, write_trial

NAME = "cnn_keras_261123_150327_f9by70"
OTHER = "图像 分类_v1.2_261124_000001_zzz999"


@pytest.fixture(autouse=True)
def stay_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program ends without tidying up, which this process must not."""
    monkeypatch.setattr(os, "_exit", sys.exit)


def offered(home: Home, *words: str, shell: str = "fish") -> list[str]:
    _, *lines = home.aimd("__complete", shell, *words).out.splitlines()
    return [line.split("\t")[0] for line in lines]


@pytest.fixture
def trials(home: Home) -> Path:
    place = home.work / ".aimd" / "trials"
    for name in (NAME, OTHER):
        write_trial(place, name)
    (place / "not a trial").mkdir()
    return place


def test_commands_come_with_a_sentence(home: Home) -> None:
    ran = home.aimd("__complete", "fish", "lo")
    assert ran.out.splitlines()[0] == "values"
    assert [line.split("\t")[0] for line in ran.out.splitlines()[1:]] == ["login", "logout"]
    assert all("\t" in line for line in ran.out.splitlines()[1:])


def test_every_visible_command_and_option_is_offered(home: Home) -> None:
    from aimd_cli.app import root

    def check(command: object, words: list[str], context: object) -> None:
        here = command.context_class(command, info_name="x", parent=context)  # type: ignore[attr-defined]
        children = command.list_commands(here) if hasattr(command, "list_commands") else []
        visible = [name for name in children if not command.get_command(here, name).hidden]  # type: ignore[attr-defined]
        if visible:
            assert offered(home, *words, "") == visible
        options = [p for p in command.params if p.param_type_name == "option" and not p.hidden]  # type: ignore[attr-defined]
        found = offered(home, *words, "--")
        assert {max(option.opts, key=len) for option in options} <= set(found), words
        for name in visible:
            check(command.get_command(here, name), [*words, name], here)  # type: ignore[attr-defined]

    check(root(), [], None)


@pytest.mark.parametrize("shell", ["zsh", "fish", "powershell"])
def test_trial_names_come_straight_from_the_directory(home: Home, trials: Path, shell: str) -> None:
    assert offered(home, "trial", "upload", "-n", "", shell=shell) == sorted([NAME, OTHER])
    assert offered(home, "trial", "describe", "-n", "cnn", shell=shell) == [NAME]


def test_names_are_looked_up_where_the_line_says(home: Home, trials: Path) -> None:
    os.chdir(home.path)
    assert offered(home, "trial", "upload", "-n", "") == []
    assert offered(home, "trial", "upload", "-d", str(home.work), "-n", "cnn") == [NAME]
    assert offered(home, "trial", "upload", f"--dir={home.work}", "--name", "cnn") == [NAME]
    assert offered(home, "trial", "upload", "-d", str(trials), "-ncnn", "-n", "cnn") == [NAME]


def test_ids_come_from_what_was_listed_before(home: Home, trials: Path) -> None:
    assert offered(home, "trial", "upload", "-n", TRIAL_ID[:4]) == []
    remember(".", [(NAME, TRIAL_ID)], [], [])
    assert offered(home, "trial", "upload", "-n", TRIAL_ID[:4]) == [TRIAL_ID]


def test_folders_are_those_of_the_host_that_the_line_goes_to(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_config("# x\naimd_host: 'https://a.example' # y\naimd_hosts:\n  https://b.example:\n    api_key: k\n")
    remember_folders("https://a.example", ["/vision/mnist", "/nlp"])
    remember_folders("https://b.example", ["/elsewhere"])
    assert offered(home, "trial", "upload", "-P", "vi") == ["vision/mnist"]
    assert offered(home, "trial", "upload", "-P", "/v") == ["/vision/mnist"]
    assert offered(home, "trial", "ls", "--remote", "-H", "b.ex", "-P", "") == ["elsewhere"]
    monkeypatch.setenv("AIMD_HOST", "https://b.example")
    assert offered(home, "trial", "upload", "--folder-path=e") == ["--folder-path=elsewhere"]
    assert offered(home, "trial", "upload", "-H", "https://b") == ["https://b.example"]
    assert offered(home, "config", "use", "") == ["https://a.example", "https://b.example"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("trial", "upload", "-c", ""), ["skip", "error", "new", "replace"]),
        (("trial", "upload", "-mc", "re"), ["replace"]),
        (("trial", "upload", "--conflict-strategy=n"), ["--conflict-strategy=new"]),
        (("config", "get", "a"), ["aimd_host", "api_key", "asset_hub_host"]),
        (("help", "e"), ["environment", "exit-codes"]),
        (("help", "trial", "up"), ["upload"]),
        (("trial", "upload", "--", "-"), []),
        (("-v", "trial", "uplo"), ["upload"]),
        (("no", "such", "command", ""), []),
        (("trial", "upload", "-I", ""), []),
    ],
)
def test_values_of_all_kinds_are_offered(home: Home, words: tuple[str, ...], found: list[str]) -> None:
    assert offered(home, *words) == found


def test_names_of_metrics_and_parameters_complete_inside_lists_and_queries(home: Home) -> None:
    from aimd_cli.completion.values import Typed, candidates

    remember(".", [], ["lr", "optimizer.lr"], ["val.loss", "train.loss"])
    assert candidates("metric", Typed("val", {}, [])) == ["val.loss"]
    assert candidates("param", Typed("", {}, [])) == ["lr", "optimizer.lr"]
    assert candidates("names", Typed("name,-val.loss.m", {}, [])) == [
        "name,-val.loss.max",
        "name,-val.loss.max_step",
        "name,-val.loss.mean",
        "name,-val.loss.min",
        "name,-val.loss.min_step",
    ]
    assert candidates("query", Typed("state = Running and (params.l", {}, [])) == [
        "state = Running and (params.lr",
    ]


def test_a_listing_teaches_completion_and_never_fails_by_it(home: Home, signed_in: Account) -> None:
    for number in (1, 2):
        write_trial(
            home.work / ".aimd" / "trials",
            f"run_261123_15032{number}_f9by70",
            trial_id=str(uuid.uuid4()),
            parameters=f"lr: {number}\n",
            metrics=record(1),
        )
    assert home.aimd("trial", "ls").code == 0
    assert recall(home.work, "metric") == ["train.loss"]
    assert recall(home.work, "param") == ["lr"]
    assert len(recall(home.work, "id")) == 2
    assert home.aimd("trial", "ls", "-L", "1").code == 0
    assert len(recall(home.work, "id")) == 2
    assert home.aimd("trial", "upload", "-d", ".", "-P", "a/b", "-m").code == 0
    assert home.aimd("trial", "ls", "--remote").code == 0
    assert offered(home, "trial", "upload", "-P", "a") == ["a", "a/b"]
    for file in Path(cache_directory()).iterdir():
        file.unlink()
    Path(cache_directory()).rmdir()
    Path(cache_directory()).write_text("in the way")
    assert home.aimd("trial", "ls").code == 0


@pytest.mark.parametrize(
    "arguments", [[], ["bash"], ["nonsense"], ["zsh"], ["fish", "\udcff", "\0"], ["bash", "aimd '"]]
)
def test_nothing_that_is_asked_breaks_the_prompt(home: Home, arguments: list[str]) -> None:
    ran = home.aimd("__complete", *arguments)
    assert ran.code == 0
    assert ran.err == ""


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("aimd trial upload -n cnn", NAME),
        ("aimd trial upload -n 图", OTHER.replace(" ", "\\ ")),
        ("aimd trial upload -n '图", OTHER),
        ('aimd trial upload -n "图像 ', OTHER),
        ("aimd trial upload -n 图像\\ 分", OTHER.replace(" ", "\\ ")),
        ("aimd trial upload --name=cnn", NAME),
        ("aimd   trial upload -c 're", "replace"),
        ("aimd config use https://al", "//alpha.example"),
    ],
)
def test_bash_gets_only_what_lies_behind_its_last_word_break_quoted_as_begun(
    home: Home, trials: Path, line: str, answer: str
) -> None:
    home.write_config("aimd_host: https://alpha.example\n")
    assert home.aimd("__complete", "bash", line, " \t\n\"'><=;|&(:").out.splitlines()[1:] == [answer]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\0"), min_size=1), min_size=1))
def test_a_line_of_quoted_words_is_split_as_the_shell_splits_it(words: list[str]) -> None:
    import shlex

    assert split_line(" ".join(shlex.quote(word) for word in words))[0] == words


def test_the_cache_is_where_platformdirs_says_and_for_this_user_only(home: Home) -> None:
    from platformdirs import user_cache_path

    remember("a", [("n", "i")], ["p"], ["m"])
    assert Path(cache_directory()) == user_cache_path("aimd") / "completion"
    (file,) = Path(cache_directory()).iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [recall(home.work / "a", kind) for kind in ("id", "param", "metric")] == [["i"], ["p"], ["m"]]


def test_a_cache_that_is_damaged_or_cannot_be_written_harms_nothing(home: Home) -> None:
    remember("a", [("n", "i")], [], [])
    (file,) = Path(cache_directory()).iterdir()
    file.write_bytes(b"\xff\0\n\t\t\t\t\n")
    assert recall(home.work / "a", "id") == []
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("in the way")
    remember("a", [("n", "i")], [], [])
    assert recall(home.work / "a", "id") == []


def test_a_name_that_would_break_the_cache_is_left_out(home: Home) -> None:
    remember("a", [("bad", "tab\there"), ("good", "j")], ["line\nbreak"], [])
    assert recall(home.work / "a", "id") == ["j"]
    assert recall(home.work / "a", "param") == []


def test_metrics_and_parameters_are_those_of_the_trials_that_the_line_names(home: Home) -> None:
    place = home.work / ".aimd" / "trials"
    points = record(1, 0.5, "train", "loss") + record(1, 0.5, "val", "acc")
    write_trial(
        place, "a_261123_150327_f9by70", metrics=points, parameters="lr: 0.1\noptim:\n  name: sgd\nlayers:\n- 64\n"
    )
    write_trial(place, "b_261124_150327_f9by70", metrics=record(1, 1.0, "test", "f1"), parameters="seed: 3\n")
    remember(home.work, [], ["lr", "seed"], ["train.loss", "val.acc", "test.f1"])
    assert offered(home, "trial", "plot", "a", "-m", "") == ["train.loss", "val.acc"]
    assert offered(home, "trial", "plot", "-n", "b", "-m", "") == ["test.f1"]
    assert offered(home, "trial", "plot", "@latest", "-m", "") == ["test.f1"]
    assert offered(home, "trial", "compare", "a", "b", "-m", "t") == ["test.f1", "train.loss"]
    assert offered(home, "trial", "plot", str(place / "b_261124_150327_f9by70"), "-m", "") == ["test.f1"]
    assert "params.optim.name" in offered(home, "trial", "check", "a", "params.")
    assert "params.seed" not in offered(home, "trial", "check", "a", "params.")
    assert offered(home, "trial", "plot", "-m", "") == ["test.f1", "train.loss", "val.acc"]
    assert offered(home, "trial", "plot", "nothing", "-m", "") == ["test.f1", "train.loss", "val.acc"]


def test_saved_views_are_offered_by_name(home: Home, trials: Path) -> None:
    assert home.aimd("trial", "views", "save", "night", "mnist", "-m", "val.acc", "--sort", "name").code == 0
    assert home.aimd("trial", "views", "save", "day", "mnist").code == 0
    assert offered(home, "trial", "ls", "@") == ["@day", "@night"]
    assert offered(home, "trial", "top", "@n") == ["@night"]
    assert offered(home, "trial", "import", "@n") == []
    assert offered(home, "trial", "describe", "@") == ["@day", "@failed", "@latest", "@night", "@running"]


def test_a_tab_loads_neither_typer_nor_anything_of_weight(home: Home, trials: Path) -> None:
    code = (
        "import os, sys\n"
        "def leave(code):\n    print('@@' + ' '.join(sys.modules), flush=True)\n    raise SystemExit\n"
        "os._exit = leave; sys.argv = ['aimd', '__complete', 'zsh', 'trial', 'upload', '-n', '']\n"
        "from aimd_cli.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert NAME in done.stdout
    modules = set(done.stdout.rpartition("@@")[2].split())
    assert not modules & {"typer", "rich", "yaml", "httpx", "platformdirs", "re", "pathlib", "dataclasses", "inspect"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_that_is_shown_is_the_one_in_the_repository(home: Home, shell: str) -> None:
    from aimd_cli.completion.scripts import FILES

    shipped = Path(__file__).resolve().parents[2] / "completions" / FILES[shell]
    assert home.aimd("--show-completion", shell).out == shipped.read_text()
    assert home.aimd(f"--show-completion={shell}").out == shipped.read_text()


@pytest.mark.parametrize(
    ("shell", "place", "profile"),
    [
        ("bash", "data/bash-completion/completions/aimd", ".bashrc"),
        ("zsh", "data/zsh/site-functions/_aimd", ".zshrc"),
        ("fish", ".config/fish/completions/aimd.fish", None),
    ],
)
def test_an_installation_can_be_repeated(
    home: Home, monkeypatch: pytest.MonkeyPatch, shell: str, place: str, profile: str | None
) -> None:
    for name in ("XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    if profile:
        (home.path / profile).write_text("echo mine")
    assert home.aimd("--install-completion", shell).code == 0
    assert home.aimd("--install-completion", shell).code == 0
    assert (home.path / place).read_text() == home.aimd("--show-completion", shell).out
    if profile:
        lines = (home.path / profile).read_text().splitlines()
        assert lines[0] == "echo mine"
        assert len(lines) == 2


def test_a_shell_without_a_script_is_a_usage_error(home: Home) -> None:
    ran = home.aimd("--install-completion", "tcsh")
    assert ran.code == 2
    assert "bash, zsh, fish, powershell" in ran.err


def test_trials_and_folders_of_servers_are_offered_level_by_level(home: Home) -> None:
    home.write_config(
        "aimd_host: https://a.example\naimd_names:\n  team: https://b.example/x/\n  'own': https://a.example\n"
    )
    remember_folders("https://a.example", ["/vision", "/vision/resnet", "/audio"], ["/vision/resnet/run7", "/top"])
    remember_folders("https://b.example/x", ["/speech"])
    for name in ("own", "remote"):
        assert offered(home, "trial", "plot", f"{name}:/") == [
            f"{name}:{path}" for path in ("/audio/", "/top", "/vision/")
        ]
    assert offered(home, "trial", "plot", "own:/vision/") == ["own:/vision/resnet/"]
    assert offered(home, "trial", "plot", "own:vision/resnet/r") == ["own:vision/resnet/run7"]
    assert offered(home, "trial", "mv", "team:") == ["team:speech/"]
    assert offered(home, "trial", "plot", "--remote", "/vision/resnet/") == ["/vision/resnet/run7"]
    assert offered(home, "trial", "plot", "-d", "own:/v") == ["own:/vision/"]
    assert offered(home, "trial", "plot", "te") == ["team:"]
    assert offered(home, "trial", "plot", "nobody:/") == []
    assert home.aimd("__complete", "fish", "trial", "plot", "own:/v").out.startswith("open\n")
    assert home.aimd("__complete", "fish", "trial", "plot", "own:/vision/resnet/").out.startswith("values\n")


def test_ways_to_choose_are_offered_with_the_metrics_of_the_directory(home: Home, trials: Path) -> None:
    remember(home.work, [], [], ["val.acc", "val.loss"])
    assert offered(home, "trial", "describe", "@") == [
        "@best:val.acc",
        "@best:val.loss",
        "@failed",
        "@latest",
        "@running",
    ]
    assert offered(home, "trial", "describe", "@l") == ["@latest"]
