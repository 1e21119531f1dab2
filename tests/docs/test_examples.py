"""Every example in help and in the documents runs: in a prepared home, against a real server, as it is written.

An example that needs nothing special needs no entry anywhere: it has to end with exit code 0. What needs more, stands
in SPECIAL with its reason; an entry there that no example uses any more is a failure.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import NamedTuple

import pytest

from aimd_core.errors import UsageError
from aimd_core.format.media import TABLE_TYPE
from aimd_core.objects.store import store_of
from aimd_server.accounts import add_user, set_group
from t9k import aimd
from tests.conftest import Account
from tests.support.home import Home, Ran
from tests.support.patience import PATIENCE_S
from tests.support.server import RunningServer, clean_environment
from tests.support.trials import record, write_trial

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from command_tree import document_examples, examples  # noqa: E402

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "README.zh.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.name not in ("cli.md", "topics.md")),
]


class Special(NamedTuple):
    """What an example needs beyond the prepared home.

    Attributes:
        before: A command that comes first.
        ends: False for what runs until it is stopped: it has to say something, and to end when it is asked to.
        replace: Words that a test must not use as they are, such as a place of the whole machine.
        codes: The exit codes that are right.
    """

    before: str = ""
    ends: bool = True
    replace: tuple[tuple[str, str], ...] = ()
    codes: tuple[int, ...] = (0,)


RUNS = ROOT / "tests" / "fixtures" / "importing"
# Trials by the names that some examples use, made of one that is there.
NAMED = (
    "cd .aimd/trials && printf '%s\\n' cnn_a cnn_b cnn_keras_a cnn_keras_b"
    " | xargs -I{} cp -r $(echo cnn_keras_261*) {}_261123_150400_a1b2c3"
)

ON_SERVER = "aimd trial upload -d . -P image_classification/mnist -m"
FOLDERS = "aimd folder mk -p image_classification/mnist; aimd folder mk image_classification/old; aimd folder mk mnist"
# A server of one's own: what the fixture `own_servers` has made, put where a server has its data.
OWN_SERVER = 'mkdir -p "$XDG_DATA_HOME" && cp -r "$OWN_SERVERS/user/." "$XDG_DATA_HOME"'
GROUP = 'mkdir -p "$XDG_DATA_HOME" && cp -r "$OWN_SERVERS/group/." "$XDG_DATA_HOME"'

VIEW = "aimd trial views save night 'cnn' -m train.loss"
IN_FOLDER = "aimd trial upload -n cnn_keras -P image_classification/mnist -m"
OF_TEAM = ("team:/models/resnet", "team:/image_classification/mnist_model")
SPECIAL = {
    "aimd trial baseline remote:/image_classification/mnist/cnn_keras": Special(before=IN_FOLDER),
    "aimd trial check cnn_keras 'val.acc >= baseline - 0.005'": Special(before="aimd trial baseline cnn_keras"),
    "aimd artifact download image_classification/mnist_model:best": Special(before="mv .aimd elsewhere"),
    "aimd artifact download team:/models/resnet:v3 --to from_the_cluster": Special(replace=(OF_TEAM,)),
    "aimd artifact lineage team:/models/resnet:v3": Special(replace=(OF_TEAM,)),
    "aimd artifact ls team:/models": Special(replace=(("team:/models", "team:/image_classification"),)),
    "aimd artifact restore mnist_model:v1": Special(
        before="aimd artifact rm --remote image_classification/mnist_model:v1 --yes"
    ),
    # The newest of them is here only, which is what they say.
    "aimd artifact upload mnist_model --check": Special(codes=(1,)),
    "aimd artifact verify mnist_model --remote": Special(codes=(1,)),
    "aimd trial media remote:/image_classification/cnn_keras confusion --sort=-wrong": Special(
        before="aimd trial upload -n cnn_keras -P image_classification -m"
    ),
    "aimd artifact rm mnist_model": Special(codes=(2,)),  # it asks a person
    "aimd trial files cnn_keras --remote": Special(
        before=f"cd .aimd/trials/cnn_keras_* && mkdir files && echo hello > files/notes.txt; {IN_FOLDER}"
    ),
    "aimd folder note image_classification": Special(before=FOLDERS),
    "aimd folder note image_classification - < report.md": Special(before=f"{FOLDERS}; echo '# Night' > report.md"),
    "aimd folder note": Special(before="echo '# Night' > .aimd/note.md"),
    "aimd folder report": Special(before="echo '# Night' > .aimd/note.md"),
    "aimd folder report --html report.html": Special(before="echo '# Night' > .aimd/note.md"),
    "aimd folder report image_classification --html report.html": Special(before=FOLDERS),
    "aimd folder ls-shares image_classification": Special(before=FOLDERS),
    "aimd folder share image_classification mei editor": Special(before=FOLDERS),
    "aimd folder share image_classification --group vision": Special(before=FOLDERS),
    "aimd folder unshare image_classification mei": Special(
        before=f"{FOLDERS}; aimd folder share image_classification mei editor"
    ),
    "aimd folder unshare image_classification --number 3": Special(
        before=f"{FOLDERS}; aimd folder share image_classification --link",
        replace=(("--number 3", "--number $(aimd folder ls-shares image_classification | tail -n 1 | cut -f 1)"),),
    ),
    "aimd folder rm image_classification/old": Special(before=FOLDERS, codes=(2,)),  # it asks a person
    "aimd folder restore image_classification/old": Special(
        before=f"{FOLDERS}; aimd folder rm image_classification/old --yes"
    ),
    "aimd folder mv mnist image_classification/mnist": Special(
        before="aimd folder mk image_classification; aimd folder mk mnist"
    ),
    "aimd trial upload -d . --check": Special(before=ON_SERVER),
    "aimd trial download cnn_keras --to there": Special(before=ON_SERVER),
    "aimd trial download cnn_keras": Special(before=f"{ON_SERVER} && mv .aimd elsewhere"),
    "aimd trial download 0f2c7a52-... --to from_the_cluster": Special(
        before=ON_SERVER, replace=(("0f2c7a52-...", "$(aimd trial ls --remote -q | head -n 1)"),)
    ),
    "aimd relay /scratch/$USER": Special(ends=False, replace=(("/scratch/$USER", ". 2>&1"),)),
    "aimd relay /scratch/$USER --once": Special(replace=(("/scratch/$USER", "."),)),
    "aimd server group add vision": Special(before=OWN_SERVER),
    "aimd server group leave vision lin": Special(before=f"{GROUP}; aimd server group join vision lin"),
    "aimd server quota set lin 50GB --folder image_classification": Special(before=OWN_SERVER, codes=(3,)),  # no folder
    "aimd server quota rm lin": Special(before=f"{OWN_SERVER}; aimd server quota set lin 5GB"),
    "aimd server user demote lin": Special(before=f"{OWN_SERVER}; aimd server user promote lin"),
    "aimd server status --data-dir /srv/aimd --json": Special(
        before="aimd server user add lin --data-dir srv", replace=(("/srv/aimd", "srv"),)
    ),
    "aimd server restore aimd-backup.db --data-dir /srv/aimd": Special(
        before=f"{OWN_SERVER}; aimd server backup aimd-backup.db", replace=(("/srv/aimd", "srv"),)
    ),
    "aimd trial logs cnn_keras --tail 20": Special(before="echo hello > $(echo .aimd/trials/cnn_keras_*)/stdout.log"),
    # It needs a terminal, and is run in one by tests/cli/test_trial_top_terminal.py.
    "aimd trial ls @night": Special(before=VIEW),
    "aimd trial plot @night": Special(before=VIEW),
    "aimd trial views rm night": Special(before=VIEW),
    "aimd trial top @night": Special(before=VIEW, codes=(2,)),
    "aimd trial top": Special(codes=(2,)),
    "aimd trial top remote:/image_classification": Special(codes=(2,)),
    "aimd trial top ~/runs --where 'state = Running' --sort=-val.acc.max -m val.acc": Special(codes=(2,)),
    "aimd trial rm cnn_keras": Special(codes=(2,)),  # it asks a person, and there is none
    "aimd trial rm cnn_a cnn_b --yes": Special(before=NAMED),
    "aimd trial restore cnn_keras": Special(before="aimd trial rm cnn_keras --yes"),
    "aimd trial tag -n cnn_a -n cnn_b lr-sweep paper": Special(before=NAMED),
    "aimd trial compare cnn_keras_a cnn_keras_b": Special(before=NAMED),
    "aimd trial check cnn_keras 'val.acc > 0.9 and state = Succeeded'": Special(codes=(1,)),  # it does not hold here
    "aimd trial check cnn_keras 'val.acc >= best(tag:main) - 0.005'": Special(before="aimd trial tag mnist main"),
    "aimd trial import runs/": Special(replace=(("runs/", f"{RUNS / 'tensorboard'}"),)),
    "aimd trial import --from tensorboard runs/": Special(replace=(("runs/", f"{RUNS / 'tensorboard'}"),)),
    "aimd trial import --from wandb wandb/offline-run-20261123_150327-abc": Special(
        replace=(("wandb/offline-run-20261123_150327-abc", f"{RUNS / 'run-fixture1.wandb'}"),)
    ),
    **dict.fromkeys(
        (
            "aimd trial import --from wandb wandb/",
            "aimd trial ls wandb/",
            "aimd trial describe -d wandb/ @latest",
            "aimd trial plot -d wandb/",
            "aimd trial export -d wandb/",
        ),
        Special(before=f"mkdir -p wandb/run-1 && cp {RUNS / 'run-fixture1.wandb'} wandb/run-1/"),
    ),
    "aimd trial import --from csv points.csv --name resnet": Special(
        before="aimd trial export cnn_keras -o points.csv"
    ),
    "aimd trial import --from mlflow mlflow.db": Special(
        before=f"tar xzf {RUNS / 'mlflow-sqlite3.17.2.tar.gz'} ./mlflow.db"
    ),
    "aimd login -H https://HOST/t9k/experiment/server": Special(  # it asks a person for the key
        replace=(("aimd login", 'AIMD_API_KEY="$KEY" aimd login'),)
    ),
    "aimd trial ls remote:/image_classification/mnist": Special(before=IN_FOLDER),
    "aimd trial describe remote:/image_classification/mnist/cnn_keras -m": Special(before=IN_FOLDER),
    "aimd trial download 'remote:/image_classification/mnist/@best(val.acc)'": Special(
        before=f"{IN_FOLDER} && mv .aimd elsewhere"
    ),
    "aimd trial compare cnn_keras 'remote:/image_classification/mnist/@best(val.acc)'": Special(before=IN_FOLDER),
    "aimd trial plot --remote @latest -m train.loss": Special(before=IN_FOLDER),
    "aimd trial mv remote:/image_classification/cnn_keras /best -m": Special(
        before="aimd trial upload -n cnn_keras -P image_classification -m"
    ),
    "aimd login -H https://HOST/t9k/experiment/server --as team": Special(
        replace=(("aimd login", 'AIMD_API_KEY="$KEY" aimd login'),)
    ),
    "aimd console": Special(ends=False, replace=(("aimd console", "aimd console --no-open"),)),
    "aimd console ~/project --port 8000 --no-open": Special(ends=False, replace=(("~/project", "."), ("8000", "0"))),
    "aimd server start": Special(ends=False, replace=(("server start", "server start --port 0"),)),
    "aimd server start --data-dir /srv/aimd --host 0.0.0.0 --port 2463": Special(
        ends=False, replace=(("/srv/aimd", "srv"), ("0.0.0.0", "127.0.0.1"), ("2463", "0"))
    ),
    "aimd server start --data-dir /srv/aimd --host 127.0.0.1 --port 2463": Special(
        ends=False, replace=(("/srv/aimd", "srv"), ("2463", "0"))
    ),
    "aimd server user add lin --data-dir /srv/aimd": Special(replace=(("/srv/aimd", "srv"),)),
    "aimd server key create --user lin --data-dir /srv/aimd": Special(
        before="aimd server user add lin --data-dir srv", replace=(("/srv/aimd", "srv"),)
    ),
    "aimd server migrate --to postgresql://aimd@db.example.org/aimd --to-blobs s3://aimd/prod": Special(
        before="aimd server user add lin",
        replace=(("db.example.org", "127.0.0.1:9"),),
        codes=(5,),  # nothing is there
    ),
    "aimd server key create --user lin": Special(before="aimd server user add lin"),
    "aimd config unset asset_hub_host": Special(before="aimd config set asset_hub_host https://hub.example"),
}


def all_examples() -> dict[str, list[str]]:
    """Return each example and where it stands: the same line on several pages does the same."""
    places: dict[str, list[str]] = {}
    for place, line in examples():
        places.setdefault(line, []).append(place)
    for path in DOCUMENTS:
        for line in document_examples(path):
            places.setdefault(line, []).append(str(path.relative_to(ROOT)))
    return places


EXAMPLES = all_examples()


@pytest.fixture(scope="module")
def own_servers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a server with a user and three keys, and of one with a group too, by the commands that make them."""
    place = tmp_path_factory.mktemp("own-servers")

    def run(name: str, *words: str) -> None:
        environment = {**clean_environment(), "XDG_DATA_HOME": str(place / name), "HOME": str(place)}
        command = [sys.executable, "-m", "aimd_cli", "server", *words]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=PATIENCE_S)

    run("user", "user", "add", "lin")
    for _ in range(3):
        run("user", "key", "create", "--user", "lin")
    shutil.copytree(place / "user", place / "group")
    run("group", "group", "add", "vision")
    return place


@pytest.fixture(scope="module")
def people(running_server: RunningServer) -> None:
    """Who is there on the server that the tests share; somebody else may have made them."""
    for make in (
        lambda: add_user(running_server.data_dir, "mei"),
        lambda: set_group(running_server.data_dir, "vision", "add"),
    ):
        with contextlib.suppress(UsageError):
            make()


@pytest.fixture
def prepared(home: Home, account: Account, people: None, own_servers: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """A home in which the names that examples use mean something."""
    journal = b"".join(
        record(step, 1 / step, kind, name)
        for step in range(1, 6)
        for kind, name in (("train", "loss"), ("val", "loss"), ("val", "acc"))
    )
    for place in (home.work / ".aimd" / "trials", home.path / "runs" / ".aimd" / "trials"):
        for number, status in enumerate(("Succeeded", "Failed", "Succeeded"), 1):
            name = ("cnn_keras", "mnist", "resnet50")[number - 1]
            write_trial(
                place,
                f"{name}_261123_15032{number}_f9by7{number}",
                name=name,
                status=status,
                trial_id=str(uuid.uuid4()),
                parameters=f"batch_size: 32\nlr: 0.{number}\nseed: {number}\n",
                metrics=journal,
            )
    home.write_config(
        f"aimd_host: {account.url}\napi_key: {account.key}\naimd_names: {{team: {account.url}}}\n"
        "aimd_hosts:\n  https://staging.example/t9k: {api_key: 00000000-0000-4000-8000-000000000000}\n"
    )
    programs = home.path / "bin"
    programs.mkdir()
    shim = programs / "aimd"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m aimd_cli "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("KEY", account.key)
    monkeypatch.setenv("OWN_SERVERS", str(own_servers))
    monkeypatch.setenv("VISUAL", "true")
    monkeypatch.setenv("SHELL", "/bin/bash")  # a machine that runs tests may have none
    return account


def keep_artifacts(home: Home) -> None:
    """Make what examples call mnist_model: three versions on the server and here, one of them best, and a new one."""
    for number in range(1, 5):
        Path("weights.pt").write_bytes(b"%d" % number)
        artifact = aimd.create_artifact("mnist_model", "model", aliases=["best"] if number in (2, 4) else [])
        artifact.add_file("weights.pt")
        if number < 4:
            artifact.upload(folder_path="image_classification", make_folder=True)
    shutil.copytree(".aimd/artifacts", home.path / "runs" / ".aimd" / "artifacts")


def keep_media(home: Home) -> None:
    """Give the trials that examples call cnn_keras and resnet media: a text, and a table."""
    for trial in (home.work / ".aimd" / "trials").iterdir():
        table = store_of(trial).add_bytes(b'{"columns": ["name", "wrong"], "data": [["a", 3], ["b", 1]]}')
        lines = [
            {"key": "val/samples", "step": 400, "kind": "text", "text": "a seven"},
            {"key": "confusion", "step": 400, "kind": "table", "type": TABLE_TYPE}
            | {"digest": table.digest, "size": table.size_bytes},
        ]
        (trial / "media").write_text("".join(json.dumps(line) + "\n" for line in lines))


def usual(line: str) -> str:
    """Return what comes before every example of a group: folders on the server, or people on a server of one's own."""
    if line.startswith("aimd folder ") and not line.startswith("aimd folder mk"):
        return FOLDERS
    if line.startswith("aimd server ") and " add " not in line and " start" not in line and "completion" not in line:
        return GROUP
    return ""


def filled_in(line: str, account: Account, special: Special) -> str:
    """Return an example with the placeholders that stand for a person's own server and key filled in."""
    for word, own in special.replace:
        assert word in line
        line = line.replace(word, own)
    for address in ("https://HOST/t9k/experiment/server", "http://127.0.0.1:2463/t9k/experiment/server"):
        line = line.replace(address, account.url)
    return line.replace(" URL", f" {account.url}").replace("-k KEY", f"-k {account.key}")


@pytest.mark.parametrize("line", EXAMPLES, ids=[f"{places[0]}: {line}" for line, places in EXAMPLES.items()])
def test_an_example_runs(line: str, home: Home, prepared: Account) -> None:
    if line.startswith("aimd artifact "):
        keep_artifacts(home)
    if line.startswith("aimd trial media "):
        keep_media(home)
    special = SPECIAL.get(line) or Special(before=usual(line))
    for before in filter(None, special.before.split("; ")):
        ran = run(home, before)
        assert ran.code == 0, ran.err
    command = filled_in(line, prepared, special)
    if not special.ends:
        run_until_it_speaks(["bash", "-c", command])
        return
    ran = run(home, command)
    assert ran.code in special.codes, ran.err
    assert "Traceback" not in ran.err


def run(home: Home, line: str) -> Ran:
    """Run a line in a shell; one in which nothing means anything to a shell needs none, nor a process of its own."""
    if line.startswith("aimd ") and not set(line) & set("$`|&;<>(){}*?[]~#!\\\n"):
        return home.aimd(*shlex.split(line)[1:])
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def run_until_it_speaks(command: list[str]) -> None:
    with subprocess.Popen(
        [*command[:2], f"exec {command[2]}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        said = running.stdout.readline()
        running.send_signal(signal.SIGTERM if said else signal.SIGKILL)
        _, told = running.communicate(timeout=PATIENCE_S)
        assert said, told
        assert running.returncode in (0, 130, 143, -signal.SIGTERM), told


def test_every_special_case_is_one_of_the_examples() -> None:
    assert set(SPECIAL) <= EXAMPLES.keys()


def test_there_are_examples_and_each_command_has_one() -> None:
    from command_tree import walk

    with_examples = {place for places in EXAMPLES.values() for place in places}
    commands = {" ".join(node.words) for node in walk() if not node.children}
    missing = sorted(commands - with_examples - {"aimd trial show"})  # which is `describe` by another name
    assert missing == []
    assert shutil.which("bash")
