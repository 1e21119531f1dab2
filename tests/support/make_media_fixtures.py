"""Makes the archives in tests/fixtures/importing/media/ with the real libraries, each in an environment of its own.

    python -m tests.support.make_media_fixtures mlflow|mlflow-sqlite|trackio|swanlab OUT

The store is made in STORE, which the library writes into its files. Needs numpy, pillow and, for MLflow, pandas.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.support.make_import_fixtures import pack

STORE = Path("/srv/fixture")


def _picture(shade: int) -> Any:
    import numpy as np

    return np.full((4, 5, 3), shade, np.uint8)


def make_mlflow(uri: str) -> None:
    """Log artifacts of every kind, and a model."""
    os.environ.update(MLFLOW_ALLOW_FILE_STORE="true", LOGNAME="lin")
    sys.argv[0] = "train.py"
    import mlflow
    import pandas
    from PIL import Image

    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("fixture")
    with mlflow.start_run(run_name="resnet"):
        mlflow.log_metric("loss", 0.5, step=1)
        mlflow.log_image(_picture(0), key="val/samples", step=3, timestamp=1_700_000_000_000)
        mlflow.log_image(_picture(9), key="val/samples", step=4, timestamp=1_700_000_001_000)
        mlflow.log_image(Image.fromarray(_picture(0)), "static.png")
        mlflow.log_text("words", "notes/a.txt")
        mlflow.log_dict({"a": 1}, "conf/d.json")
        mlflow.log_table({"id": [1, 2], "word": ["x", "y"]}, "t.json")
        shown = [Image.fromarray(_picture(shade)) for shade in (1, 2)]
        mlflow.log_table(pandas.DataFrame({"id": [1, 2], "pic": shown}), "tables/pics.json")
        client = mlflow.MlflowClient()
        run = mlflow.active_run().info
        model = client.create_logged_model(run.experiment_id, name="net", source_run_id=run.run_id)
        (STORE / "weights.bin").write_bytes(b"abc" * 10)
        client.log_model_artifact(model.model_id, str(STORE / "weights.bin"))
    (STORE / "weights.bin").unlink()


def make_trackio() -> None:
    """Log media of every kind."""
    os.environ.update(TRACKIO_DIR=str(STORE), HF_HUB_OFFLINE="1")
    import numpy as np
    import trackio

    video = STORE / "a.mp4"
    video.write_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom")
    cells = [[1, trackio.Image(_picture(1)), [trackio.Image(_picture(2)), trackio.Image(_picture(3))]], [2, None, []]]
    trackio.init(project="fixture", name="resnet")
    trackio.log({"loss": 0.5, "pic": trackio.Image(_picture(0), caption="cat")}, step=1)
    values = {
        "table": trackio.Table(columns=["id", "pic", "pics"], data=cells),
        "counts": trackio.Histogram([0.0, 1.0, 1.0], num_bins=4),
        "notes": trackio.Markdown("**bold**"),
        "sound": trackio.Audio(np.zeros(80, np.int16), sample_rate=8000, format="wav"),
        "film": trackio.Video(str(video), caption="v"),
        "page": trackio.Html("<b>x</b>"),
        "asked": trackio.Trace(messages=[{"role": "user", "content": "hi"}]),
        "words": "plain",
    }
    for key, value in values.items():
        trackio.log({key: value}, step=2)
    trackio.finish()
    shutil.rmtree(STORE / "traces", ignore_errors=True)
    for file in (video, *STORE.glob("*.lock"), *STORE.glob("*-shm")):
        file.unlink()


def make_swanlab() -> None:
    """Log media of every kind, and save a file."""
    os.environ.update(SWANLAB_LOG_DIR=str(STORE), SWANLAB_SAVE_DIR=str(STORE / "home"))
    os.chdir(STORE)
    import numpy as np
    import swanlab

    has_messages = int(version("swanlab").split(".")[1]) >= 8
    name = {"name": "resnet"} if has_messages else {"experiment_name": "resnet", "logdir": str(STORE)}
    swanlab.init(mode="offline", project="fixture", **name)
    table = swanlab.echarts.Table()
    table.add(["id", "word"], [[1, "x"], [2, "y"]])
    values = {
        "pic": swanlab.Image(_picture(0), caption="cat"),
        "pics": [swanlab.Image(_picture(1), caption="a"), swanlab.Image(_picture(2), caption="b")],
        "words": swanlab.Text("hello", caption="t"),
        "sound": swanlab.Audio(np.zeros((1, 80), np.float32), sample_rate=8000),
        "cloud": swanlab.Object3D(np.zeros((5, 3), np.float32)),
        "table": table,
        "bars": swanlab.echarts.Bar().add_xaxis(["a"]).add_yaxis("s", [1]),
    }
    swanlab.log({"loss": 0.5}, step=1)
    for key, value in values.items():
        swanlab.log({f"m/{key}": value}, step=2)
    (STORE / "weights.bin").write_bytes(b"abc" * 10)
    swanlab.save(str(STORE / "weights.bin"), base_path=str(STORE))
    swanlab.finish()
    (STORE / "weights.bin").unlink()
    own = ("requirements.txt", "swanlab-metadata.json", "debug.log", ".gitignore")
    for path in list(STORE.rglob("*")):
        if path.name in own:
            path.unlink()
    shutil.rmtree(STORE / "home", ignore_errors=True)


if __name__ == "__main__":
    kind, out = sys.argv[1], Path(sys.argv[2]).absolute()
    shutil.rmtree(STORE, ignore_errors=True)
    STORE.mkdir(parents=True)
    if kind == "mlflow":
        make_mlflow((STORE / "mlruns").as_uri())
    elif kind == "mlflow-sqlite":
        os.chdir(STORE)
        make_mlflow(f"sqlite:///{STORE}/mlflow.db")
    else:
        {"trackio": make_trackio, "swanlab": make_swanlab}[kind]()
    library = "mlflow-skinny" if kind.startswith("mlflow") else kind
    pack(STORE, out / f"{kind}-{version(library)}.tar.gz")
