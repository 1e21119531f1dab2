"""English and Chinese: one catalogue, complete, and nothing translated that a program reads."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimd_cli.text import cells
from aimd_core.errors import UsageError
from aimd_core.language import CHINESE, ENGLISH, Said, joined, language, said, translated
from t9k import aimd
from tests.conftest import Account
from tests.support import texts
from tests.support.home import Home
from tests.support.snapshots import assert_looks_like

PLURAL = "s"  # the place of English's ending, which Chinese does without
HOW = 'add it to the languages/zh of its package, see CONTRIBUTING.md, "Messages"'
CATALOGUES = {package: import_module(module).MESSAGES for package, module in texts.CATALOGUES.items()}
CORE = CATALOGUES["aimd_core"]


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIMD_LANG", "zh")


@pytest.fixture
def run_in_home(home: Home) -> Home:
    trial = aimd.create_trial(trial_name="cnn_试验")
    trial.params.update({"lr": 0.1})
    for step in range(1, 4):
        trial.log("train", {"loss": 3.0 / step}, step=step)
    trial.finish()
    return home


@cache
def all_texts() -> list[texts.Text]:
    return [*texts.help_texts(), *texts.message_texts(), *texts.sentences(), *texts.topic_texts()]


def test_every_text_has_its_chinese() -> None:
    said_texts = all_texts()
    missing = {
        f"{text.text!r} ({text.where}): {HOW}"
        for text in said_texts
        if text.text not in CATALOGUES[text.package] and text.text not in CORE
    }
    assert len(said_texts) > 700
    assert {text.package for text in said_texts} == set(CATALOGUES)
    assert not missing, "\n".join(sorted(missing))


def test_no_message_is_made_where_the_catalogue_cannot_follow() -> None:
    made = [f"{text.where}: say it with said(template, name=...)" for text in texts.message_texts() if text.is_made]
    assert not made, "\n".join(made)


@pytest.mark.parametrize("package", CATALOGUES)
def test_no_chinese_is_left_of_what_is_no_longer_said(package: str) -> None:
    used = {text.text for text in all_texts() if text.package == package} | texts.literals(package)
    assert not [text for text in CATALOGUES[package] if text not in used]


def test_each_text_has_one_chinese() -> None:
    merged = dict(CORE)
    for package in CATALOGUES.keys() - {"aimd_core"}:
        assert not [text for text in CATALOGUES[package] if text in CORE], "the core has it already"
        for text, chinese in CATALOGUES[package].items():
            assert merged.setdefault(text, chinese) == chinese, f"{text!r} in {package}"


def test_the_sdk_raises_in_the_persons_language() -> None:
    assert not list(texts.unspoken())


@pytest.mark.parametrize("package", CATALOGUES)
def test_both_languages_have_the_same_places(package: str) -> None:
    pairs = CATALOGUES[package].items()
    assert [pair for pair in pairs if places(pair[0]) - {PLURAL} != places(pair[1])] == []
    assert [english for english, chinese in pairs if not chinese.strip()] == []
    narrow = [chinese for _, chinese in pairs if re.search(r"[,;:!?] ?[\u4e00-\u9fff]", chinese)]
    assert narrow == [], "Chinese takes wide punctuation"


def places(template: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(template) if name}
    except ValueError:  # a text without facts, in which a brace is a brace
        return set()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8"}, CHINESE),
        ({"LANG": "zh_TW"}, CHINESE),
        ({"LANG": "de_DE.UTF-8"}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, ENGLISH),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, ENGLISH),
        ({"LC_MESSAGES": "zh_CN.UTF-8", "LANG": "C"}, CHINESE),
        ({"AIMD_LANG": "zh", "LC_ALL": "C"}, CHINESE),
        ({"AIMD_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, ENGLISH),
        ({"AIMD_LANG": "", "LANG": "zh"}, CHINESE),
    ],
)
def test_the_language_is_that_of_the_first_variable_set(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AIMD_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


def test_a_sentence_is_english_text_until_it_is_translated(chinese: None) -> None:
    reason = said("no answer in time")
    sentence = said("cannot reach {host}: {reason}", host="h", reason=reason)
    assert sentence == "cannot reach h: no answer in time"
    assert json.dumps([sentence]) == '["cannot reach h: no answer in time"]'
    assert translated(sentence) == "无法连接 h：未及时应答"
    assert translated(joined("; ", [reason, "data"])) == "未及时应答；data"


def test_a_fact_is_never_taken_for_words_of_ours(chinese: None) -> None:
    assert translated(said("no trial {name!r} in {where}", name="none", where="state")) == "state 中没有试验 'none'"
    assert translated(Said("a {brace} without facts", {})) == "a {brace} without facts"


def test_a_reason_that_is_passed_on_stays_chinese_whether_or_not_it_has_facts(chinese: None) -> None:
    for reason in ("it is empty", said("it is longer than {limit} characters", limit=9)):
        passed_on = said("alias {alias!r} cannot be used: {fault}", alias="x", fault=said(reason))
        assert "it is" not in translated(passed_on)


def test_chinese_within_chinese_has_no_space_and_data_keeps_its_own(chinese: None) -> None:
    template = "no metric {metric} in {where}"
    several = said("any of the {count} trials", count=2)
    assert translated(said(template, metric="'x'", where=several)) == "这 2 个试验中没有指标 'x'"
    assert translated(said(template, metric="'x'", where="试验")) == "试验 中没有指标 'x'"


def commands() -> list[list[str]]:
    sys.path.insert(0, str(texts.ROOT / "scripts"))
    from command_tree import walk

    return [node.words[1:] for node in walk()]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_the_help_of_every_command_holds_no_english_sentence(home: Home, chinese: None, words: list[str]) -> None:
    shown = home.aimd(*words, "--help")
    assert shown.code == 0
    prose = re.sub(r"^用法：.*(\n {9}.*)*$", "", shown.out, flags=re.MULTILINE)
    prose = re.sub(r"^ +aimd .*(\n {6}\S.*)*$", "", prose, flags=re.MULTILINE)  # examples
    prose = re.sub(r"`[^`]*`|'[^']*'|pip install \S+", "", prose)
    assert not re.findall(r"\b[a-z]+ [a-z]+ [a-z]+\b", prose)
    assert shown.out.startswith("用法：")
    from rich.cells import cell_len

    assert max(map(cell_len, prose.splitlines())) <= 80


def test_the_labels_of_what_is_described_are_chinese(home: Home, chinese: None) -> None:
    with aimd.create_trial(trial_name="t") as trial:
        (home.work / "a.txt").write_text("a")
        trial.save("a.txt")
        artifact = aimd.create_artifact("data", "dataset", "all of it", aliases=["best"])
        artifact.add_file("a.txt")
    for words in (("artifact", "describe", "data", "-a"), ("trial", "describe", "t")):
        shown = re.sub(r"\x1b\[[0-9;?]*[a-z]", "", home.aimd_terminal(*words))
        labels = {line.partition("  ")[0] for line in shown.splitlines()[1:] if "  " in line.strip()}
        assert {label for label in labels if label.isascii()} <= {"id", "a.txt", ""}, shown


def test_errors_and_their_advice_are_chinese(home: Home, chinese: None) -> None:
    nowhere = home.aimd("trial", "ls", "./nowhere")
    assert nowhere.code == 3
    assert nowhere.err.startswith(f"aimd：错误：没有目录 {home.work / 'nowhere'}")
    assert nowhere.err.endswith("\n  请进入 .aimd 所在的目录，或指定该目录\n")
    fault = home.aimd("trial", "ls", "--where", "val.acc >")
    assert fault.code == 2
    assert "查询：" in fault.err
    assert "^" in fault.err


def test_damage_and_what_is_left_out_of_an_upload_are_told_in_chinese(
    signed_in: Account, home: Home, chinese: None
) -> None:
    (home.work / "a.txt").write_text("a")
    names = ("lost", "list", "refers", "repo")
    with aimd.create_trial(trial_name="t", capture_output=False) as trial:
        for name in names:
            artifact = aimd.create_artifact(name, "model")
            artifact.add_file("a.txt")
            trial.mark_output(artifact)
    artifacts = home.work / ".aimd" / "artifacts"
    next(artifacts.glob("lost/*/objects/a.txt")).unlink()
    next(artifacts.glob("list/*/object_list.yaml")).write_text("- 1")
    (next(artifacts.glob("refers/*/objects")) / "references.json").write_text("[]")
    next(artifacts.glob("repo/*/metadata.yaml")).write_text("- 1")
    (trial.path / "parameters.yaml").write_text("text")
    (trial.path / "git.diff").mkdir()
    for words in (
        ["trial", "upload", "t"],
        ["trial", "upload", "t", "--check"],
        ["artifact", "upload", *names],
        ["artifact", "verify"],
        ["artifact", "describe", *names],
    ):
        shown = home.aimd_terminal(*words, columns=300, NO_COLOR="1")
        assert not re.findall(r"\b[a-z]+ [a-z]+ [a-z]+\b", shown.replace("aimd trial upload t", "")), shown


def test_wrong_calls_are_told_in_chinese(home: Home, chinese: None) -> None:
    assert "错误：没有命令 'lz'。" in home.aimd("trial", "lz").err
    assert "您是否想要 'trial'？" in home.aimd("trail").err
    assert "没有命令 'plot'。您是否想要 'trial plot'？" in home.aimd("plot").err
    assert "请运行：aimd trial ls --help" in home.aimd("trial", "ls", "-Z").err
    assert "缺少参数 'PATH'。" in home.aimd("folder", "mk").err
    assert "'-L' / '--limit' 的值无效：'x' 不是整数。" in home.aimd("trial", "ls", "-L", "x").err
    assert "'--smooth' 的值无效：'x' 不是数字。" in home.aimd("trial", "plot", "--smooth", "x").err
    assert "此处应为值，而不是结尾" in home.aimd("trial", "ls", "--where", "state =").err


@pytest.mark.parametrize(
    "words",
    [
        ("trial", "ls"),
        ("trial", "ls", "--json"),
        ("trial", "describe", "-d", ".", "-a"),
        ("trial", "describe", "-d", ".", "--json"),
        ("trial", "check", "-d", ".", "train.loss < 0", "--json"),
        ("trial", "check", "-d", ".", "train.loss < 0"),
        ("trial", "verify", "-d", "."),
        ("trial", "plot", "-d", "."),
        ("config", "list"),
        ("help",),
        ("__complete", "fish", "trial", "ls", "--sort", ""),
    ],
    ids=" ".join,
)
def test_what_programs_read_is_the_same_in_both_languages(
    run_in_home: Home, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ran(lang: str) -> tuple[int, bytes]:
        command = [sys.executable, "-m", "aimd_cli", *words]
        done = subprocess.run(command, capture_output=True, env={**os.environ, "AIMD_LANG": lang}, check=False)
        return done.returncode, done.stdout

    assert ran("en") == ran("zh")


def test_completion_offers_the_same_with_chinese_sentences(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def offered(lang: str) -> list[list[str]]:
        monkeypatch.setenv("AIMD_LANG", lang)
        code = "import sys; from aimd_cli.completion.answer import main; main(['fish', 'trial', ''])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        return [line.split("\t") for line in done.stdout.decode().splitlines()[1:]]

    english, chinese = offered("en"), offered("zh")
    assert [line[0] for line in english] == [line[0] for line in chinese]
    assert all(re.search(r"[\u4e00-\u9fff]", line[1]) for line in chinese)


def test_the_receipt_of_the_sdk_is_chinese(home: Home, chinese: None, capfd: pytest.CaptureFixture[str]) -> None:
    trial = aimd.create_trial(trial_name="t")
    trial.log("train", {"loss": 1.0}, step=1)
    trial.finish()
    assert f"aimd: 试验 {trial.alternative_name} 已完成：记录了 1 条，已存盘 1 条" in capfd.readouterr().err


@pytest.mark.parametrize("columns", [80, 120])
def test_help_in_chinese_looks_the_same_as_ever(home: Home, columns: int) -> None:
    shown = home.aimd_terminal("trial", "ls", "--help", columns=columns, AIMD_LANG="zh")
    assert_looks_like(f"zh-help-ls-{columns}", shown)
    assert_looks_like(f"zh-help-{columns}", home.aimd_terminal("--help", columns=columns, AIMD_LANG="zh"))


@given(st.text(st.sampled_from("中文试验，。（）ab `- 12"), max_size=120), st.integers(20, 60))
def test_lines_of_chinese_fit_and_lose_nothing(text: str, width: int) -> None:
    from aimd_cli.translated_help import wrap_text

    before = os.environ.get("AIMD_LANG")
    os.environ["AIMD_LANG"] = "zh"
    try:
        lines = wrap_text(text, width, "  ", "    ").splitlines()
    finally:
        os.environ["AIMD_LANG"] = before or "en"
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        longest = max(map(cells, re.findall(r"[!-~]+[，。）]*|[^ ][，。（）]*", line)), default=0)
        assert cells(line) <= width or cells(line.strip()) <= longest + 4


@pytest.mark.parametrize("speaks", ["en", "zh"])
def test_a_terminal_breaks_no_word_of_a_long_error(home: Home, speaks: str) -> None:
    words = ("trial", "ls", "--where", "params.lr >= 1 and nothing_of_that_name = 3", home.work)
    shown = home.aimd_terminal(*words, columns=50, AIMD_LANG=speaks)
    whole = home.aimd_process(*words, AIMD_LANG=speaks).err
    assert "".join(shown.split()) == "".join(whole.split())
    assert max(map(len, whole.splitlines())) > 50 >= max(map(cells, shown.splitlines()))
    assert set(re.findall(r"[\w.]{3,}", whole, re.ASCII)) <= set(re.findall(r"[\w.]{3,}", shown, re.ASCII))


def test_topics_are_chinese(home: Home, chinese: None) -> None:
    for topic in ("environment", "exit-codes", "formatting", "query"):
        shown = home.aimd("help", topic)
        assert shown.code == 0
        assert re.search(r"[\u4e00-\u9fff]", shown.out)


def test_a_terminal_without_chinese_letters_shows_escapes_and_no_error(home: Home) -> None:
    environment = {**os.environ, "AIMD_LANG": "zh", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "aimd_cli", "trial", "ls", "nowhere"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 3
    assert b"\\u9519\\u8bef" in done.stderr


def test_exceptions_of_the_sdk_are_chinese(home: Home, chinese: None) -> None:
    with pytest.raises(UsageError, match="trial_name 必须是字符串，而不是 int"):
        aimd.create_trial(trial_name=7)  # type: ignore[arg-type]
    trial = aimd.create_trial(trial_name="t")
    with pytest.raises(TypeError, match="指标 'loss' 必须是数字，而不是 str"):
        trial.log("train", {"loss": "low"}, step=1)
    with pytest.raises(TypeError, match="参数名必须是字符串，而不是 int：7"):
        trial.params.update({7: 1})  # type: ignore[dict-item]
    trial.finish()


def test_the_sdk_loads_no_catalogue_in_english(home: Home) -> None:
    code = (
        "import sys\nfrom t9k import aimd\ntrial = aimd.create_trial(trial_name='t')\ntrial.log('a', {'b': 1}, 1)\n"
        "trial.finish()\nassert not [name for name in sys.modules if 'languages' in name]\n"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


def test_english_loads_no_catalogue(home: Home) -> None:
    code = (
        "import sys\nsys.argv = ['aimd', 'trial', '--help']\nfrom aimd_cli.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert not [name for name in sys.modules if 'languages' in name or 'translated_help' in name]\n"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=Path(home.work))


def test_a_parameter_that_is_called_like_a_word_of_ours_keeps_its_name(home: Home, chinese: None) -> None:
    for epochs in (10, 20):
        trial = aimd.create_trial(trial_name="a")
        trial.params.update({"epochs": epochs})
        trial.finish()
    shown = home.aimd_terminal("trial", "ls", columns=120, NO_COLOR="1")
    assert re.search(r"^状态 .* epochs", shown, re.MULTILINE)


def test_names_that_people_gave_are_never_taken_for_headings_of_ours(home: Home, chinese: None) -> None:
    for number, name in enumerate(("STATE", "AGE")):  # trials, parameters, columns of a table
        with aimd.create_trial(trial_name=name, capture_output=False) as trial:
            trial.params.update({"NAME": number, "SIZE": f"text {number}"})
            trial.log("val", {"acc": number}, step=1)
            trial.log_table("errors", {"KIND": ["a"], "FOLDER": [number]}, step=1)
    listed = home.aimd_terminal("trial", "ls", columns=160, NO_COLOR="1")
    assert re.search(r"^状态 .* NAME .*SIZE|^状态 .* SIZE .*NAME", listed, re.MULTILINE), listed
    below = home.aimd_terminal("trial", "compare", "-d", ".", columns=40, NO_COLOR="1")
    beside = home.aimd_terminal("trial", "compare", "-d", ".", columns=160, NO_COLOR="1")
    groups = home.aimd_terminal("trial", "compare", "-d", ".", "--group-by", "params.NAME", columns=160, NO_COLOR="1")
    table = home.aimd_terminal("trial", "media", trial.alternative_name, "errors", NO_COLOR="1")
    for shown, names in ((below, "NAME"), (beside, "STATE AGE"), (groups, "NAME"), (table, "KIND FOLDER")):
        assert set(names.split()) <= set(re.split(r"[\s.]+", shown)), shown


def test_headings_of_the_live_screen_are_chinese_but_for_names_that_the_user_gave(chinese: None) -> None:
    from datetime import datetime, timezone

    from aimd_cli.screen.board import NEWEST
    from aimd_cli.views.live_table import LiveTable, Shown
    from aimd_core.reading.facts import WholeFacts

    params: dict[str, object] = {"NAME": "resnet"}
    row = WholeFacts(
        name="n",
        alternative_name="n",
        id="0b2bbf34",
        state="Running",
        started="2026-11-26T20:00:00+00:00",
        params=params,
    )
    table = LiveTable([row], Shown(NEWEST, {}, datetime.now(timezone.utc)), 120)
    table.lines(0, 1, 0)
    header = table.header().plain
    assert {"状态", "名称", "距今"} <= set(header.split())
    assert header.split().count("NAME") == 1
    assert not {"STATE", "AGE", "DURATION", "TAGS"} & set(header.split())


OTHER_WORDS = {
    "你": "您",
    "实验": "试验",
    "工件": "制品",
    "轮次": "回合",
    "管理者": "管理员",
    "缺省": "默认",
    "文件夹的说明": "文件夹的报告",
}


def test_chinese_has_one_word_for_each_thing_the_tutorials() -> None:
    words = (texts.ROOT / "console" / "src" / "words" / "zh.ts").read_text(encoding="utf-8")
    all_chinese = [
        *re.findall(r'": *\n? *"(.*)"', words),
        *(text for of in CATALOGUES.values() for text in of.values()),
    ]
    assert len(all_chinese) > 2000
    wrong = {
        f"{text}: {word} is {other}" for word, other in OTHER_WORDS.items() for text in all_chinese if word in text
    }
    assert wrong == set()
