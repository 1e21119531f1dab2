"""Records what progress bars of real libraries write, for tests/core/test_terminal.py.

    .venv/bin/python -m tests.support.make_terminal_fixtures [NAME ...]

Each program runs in a pseudo terminal of 100 columns, and each of its writes is kept as it was made.
"""

from __future__ import annotations

import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import textwrap
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "terminal"
_RECORD = """
import json, os, sys
_file = open(os.environ["RECORDED"], "w")
def _heard(name, stream):
    real = stream.write
    def write(text):
        written = real(text)
        _file.write(json.dumps([name, text]) + "\\n")
        _file.flush()
        return written
    stream.write = write
_heard("stdout", sys.stdout)
_heard("stderr", sys.stderr)
"""
PROGRAMS = {
    "tqdm_nested": """
        import time
        from tqdm import tqdm
        for epoch in tqdm(range(2), desc="epochs"):
            for batch in tqdm(range(3), desc=f"epoch {epoch}", leave=False):
                for part in tqdm(range(2), desc="parts", leave=False):
                    time.sleep(0.06)
            tqdm.write(f"epoch {epoch}: loss 0.5")
        print("done")
    """,
    "tqdm_left": """
        import time
        from tqdm import tqdm
        with tqdm(total=2, desc="all", position=0) as whole, tqdm(total=4, desc="data 数据", position=1) as data:
            for step in range(4):
                time.sleep(0.11)
                data.update()
                whole.update(step % 2)
        for epoch in range(2):
            for batch in tqdm(range(3), desc=f"epoch {epoch}"):
                time.sleep(0.05)
            print(f"epoch {epoch}: loss 0.5")
    """,
    "rich_progress": """
        import time
        from rich.progress import Progress
        with Progress() as progress:
            first = progress.add_task("train", total=6)
            for step in range(6):
                progress.advance(first)
                if step == 1:
                    second = progress.add_task("validate", total=4)
                if step > 1:
                    progress.advance(second)
                    progress.console.print(f"step {step}: loss 0.5")
                time.sleep(0.06)
        print("done")
    """,
    "keras_fit": """
        import os
        os.environ["KERAS_BACKEND"] = "torch"
        import keras, numpy
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mae"])
        x, y = numpy.random.rand(48, 4), numpy.random.rand(48)
        model.fit(x, y, epochs=2, batch_size=8, validation_split=0.25)
        model.evaluate(x, y)
        model.predict(x)
    """,
    "lightning_fit": """
        import logging, warnings
        warnings.simplefilter("ignore")
        import torch, lightning
        class Net(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(4, 1)
            def training_step(self, batch, number):
                loss = self.layer(batch[0]).pow(2).mean()
                self.log("loss", loss, prog_bar=True)
                return loss
            def validation_step(self, batch, number):
                self.log("val_loss", self.layer(batch[0]).pow(2).mean(), prog_bar=True)
            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), 0.1)
        data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.rand(12, 4)), batch_size=4)
        trainer = lightning.Trainer(max_epochs=2, logger=False, enable_checkpointing=False, accelerator="cpu")
        trainer.fit(Net(), data, data)
    """,
    "pip_download": """
        import functools, http.server, os, threading, zipfile
        os.mkdir("served")
        wheel = zipfile.ZipFile("served/large-1.0-py3-none-any.whl", "w")
        about = "large-1.0.dist-info/"
        wheel.writestr(about + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(about + "METADATA", "Metadata-Version: 2.1\\nName: large\\nVersion: 1.0\\n")
        wheel.writestr(about + "RECORD", "")
        wheel.writestr("large/data", os.urandom(60_000_000))
        wheel.close()
        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass
        handler = functools.partial(Handler, directory="served")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 8765), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ["PIP_CONFIG_FILE"] = os.devnull
        from pip._internal.cli.main import main
        main(["download", "--isolated", "--no-deps", "--no-index", "--no-cache-dir", "--disable-pip-version-check",
            "-f", "http://127.0.0.1:8765/", "--trusted-host", "127.0.0.1", "-d", "out", "large"])
    """,
    "transformers_train": """
        import torch, transformers
        from transformers import Trainer, TrainingArguments
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Linear(4, 1)
            def forward(self, x, labels=None):
                out = self.layer(x)
                return {"loss": (out.squeeze(-1) - labels).pow(2).mean(), "logits": out}
        rows = [{"x": torch.rand(4), "labels": torch.rand(())} for _ in range(12)]
        arguments = TrainingArguments("out", num_train_epochs=2, per_device_train_batch_size=4, logging_steps=2,
            eval_strategy="epoch", save_strategy="no", report_to=[], use_cpu=True)
        Trainer(Net(), arguments, train_dataset=rows, eval_dataset=rows).train()
    """,
}


def record(name: str, code: str) -> list[list[str]]:
    """Run one program in a terminal and return its writes, as pairs of stream and text."""
    leader, follower = pty.openpty()
    ioctl(follower, TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    with tempfile.TemporaryDirectory() as directory:
        recorded = Path(directory, "recorded")
        environment = {**os.environ, "RECORDED": str(recorded), "TERM": "xterm-256color", "COLUMNS": "100"}
        command = [sys.executable, "-c", _RECORD + textwrap.dedent(code)]
        with subprocess.Popen(
            command, stdin=follower, stdout=follower, stderr=follower, cwd=directory, env=environment
        ) as process:
            os.close(follower)
            try:
                while os.read(leader, 65536):
                    pass
            except OSError:  # how Linux says that the other side has closed
                pass
            os.close(leader)
        if process.returncode:
            raise SystemExit(f"{name}: exit status {process.returncode}:\n{recorded.read_text()}")
        return [json.loads(line) for line in recorded.read_text().splitlines()]


def main() -> None:
    """Record the programs named, or all."""
    for name in sys.argv[1:] or PROGRAMS:
        writes = [json.dumps(write) for write in record(name, PROGRAMS[name])]
        (FIXTURES / f"{name}.jsonl").write_text("\n".join(writes) + "\n", encoding="utf-8")
        print(name, len(writes), "writes")


if __name__ == "__main__":
    main()
