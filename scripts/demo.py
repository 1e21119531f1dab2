"""The whole story with real training: serve, record, list, describe, upload, list the server's trials.

It runs unattended in `.demo/` and touches nothing else. Start it with `make demo`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from aimd_core.language import CHINESE, language

ROOT = Path(__file__).resolve().parent.parent
DEMO = Path(os.environ.get("AIMD_DEMO_DIR") or ROOT / ".demo")
AIMD = str(Path(sys.executable).with_name("aimd"))
LEARNING_RATES = ("0.01", "0.03", "0.1")
SENTENCES = {  # in English and Chinese
    "listening": ("Listening on {address}", "服务器地址：{address}"),
    "again": (
        "Again: the server is asked where it stands, so nothing is sent twice.",
        "再次上传：先询问服务器已有的数据，因此不会重复发送。",
    ),
    "dead": ("the server did not start, see {log}", "服务器未能启动，详见 {log}"),
    "done": (
        "Done; the server was stopped. See the trials in a browser, with no account and nothing to set up:",
        "演示结束，服务器已停止。在浏览器中查看试验，无需账号和任何设置：",
    ),
    "server": (
        "or on the server; start it again, open the address, and sign in with the key in {key}:",
        "或在服务器上查看：再次启动它，打开该地址，用 {key} 中的 API Key 登录：",
    ),
    "path": ("To type aimd without its directory:", "如需直接输入 aimd："),
}


def run(*words: str, environment: dict[str, str], show: bool = True) -> None:
    """Run a command of the demo in its directory; a failure ends the demo."""
    if show:
        shown = ["aimd" if word == AIMD else "python" if word == sys.executable else word for word in words]
        print(f"\n$ {' '.join(shown)}", flush=True)
    subprocess.run(words, cwd=DEMO, env=environment, check=True)


def start_server(environment: dict[str, str]) -> tuple[subprocess.Popen[str], str]:
    """Start the server on a free port and return its process and address."""
    words = [AIMD, "server", "start", "--data-dir", "server", "--port", "0"]
    print(f"\n$ {' '.join(['aimd', *words[1:]])} &", flush=True)
    with (DEMO / "server.log").open("w") as log:
        process = subprocess.Popen(words, cwd=DEMO, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if "http" not in line:
        process.kill()
        raise SystemExit(told("dead").format(log=DEMO / "server.log"))
    address = line[line.index("http") :].strip()
    print(told("listening").format(address=address))
    return process, address


def create_account(environment: dict[str, str]) -> str:
    """Add a user and return a key for them."""
    run(AIMD, "server", "user", "add", "demo", "--data-dir", "server", environment=environment)
    words = [AIMD, "server", "key", "create", "--user", "demo", "--data-dir", "server"]
    print("\n$ aimd server key create --user demo --data-dir server > key")
    created = subprocess.run(words, cwd=DEMO, env=environment, check=True, capture_output=True, text=True)
    key_file = DEMO / "key"
    key_file.touch(mode=0o600)
    key_file.write_text(created.stdout)
    return created.stdout.strip()


def tell_story(environment: dict[str, str], address: str) -> None:
    """Record three trials, look at them, upload them, and look again."""
    run(AIMD, "login", "-H", address, "-k", "@key", environment=environment)
    script = ROOT / "examples" / "digits_numpy.py"
    shutil.copy(script, DEMO / script.name)
    for rate in LEARNING_RATES:
        run(sys.executable, script.name, "--learning-rate", rate, environment=environment)
    run(AIMD, "trial", "ls", environment=environment)
    newest = max((DEMO / ".aimd" / "trials").iterdir(), key=lambda path: path.stat().st_ctime)
    run(AIMD, "trial", "describe", "-n", newest.name, "-a", environment=environment)
    run(AIMD, "trial", "upload", "-d", ".", environment=environment)
    print(f"\n{told('again')}")
    run(AIMD, "trial", "upload", "-d", ".", environment=environment)
    run(AIMD, "trial", "ls", "--remote", environment=environment)


def main() -> None:
    """Run the demo in a fresh `.demo/`."""
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    environment = {
        key: value for key, value in os.environ.items() if key == "AIMD_LANG" or not key.startswith(("AIMD_", "T9K_"))
    }
    environment["T9K_CONFIG"] = str(DEMO / "t9k-sdk-config.yaml")
    environment["AIMD_PAGER"] = ""  # it runs unattended, also on a terminal
    server, address = start_server(environment)
    try:
        create_account(environment)
        tell_story(environment, address)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
    port = address.split("/")[2].rpartition(":")[2]
    directory = shown_path(DEMO)
    print(
        f"\n{told('done')}\n"
        f"  .venv/bin/aimd console {directory}\n"
        f"{told('server').format(key=f'{directory}/key')}\n"
        f"  .venv/bin/aimd server start --data-dir {directory}/server --port {port}\n"
        f"  {address.rpartition('/')[0]}/web/\n"
        f"{told('path')}\n"
        f'  export PATH="{ROOT / ".venv" / "bin"}:$PATH"'
    )


def told(name: str) -> str:
    """Return a sentence of the demo in the language of the terminal."""
    return SENTENCES[name][language() == CHINESE]


def shown_path(place: Path) -> str:
    """Return a path as typed in this checkout."""
    return os.path.relpath(place, ROOT) if place.is_relative_to(ROOT) else str(place)


if __name__ == "__main__":
    main()
