"""How a trial looks in a notebook."""

from pathlib import Path
from xml.etree import ElementTree

from t9k import aimd
from t9k.aimd.silent import SilentTrial


def test_a_notebook_shows_state_parameters_and_curves(work: Path) -> None:
    trial = aimd.create_trial(trial_name="cnn", trial_params={"lr": 0.1, "opt": {"name": "sgd"}})
    for step in range(5):
        trial.log("train", {"loss": 1 / (step + 1), "flat": 2.0}, step=step)
    trial.finish()
    page = ElementTree.fromstring(trial._repr_html_().replace("&middot;", "·"))
    rows = [[cell.text or "" for cell in row] for row in page.iter("tr")]
    assert "".join(page.itertext()).startswith("cnn · Succeeded · cnn_")
    assert ["lr", "0.1"] in rows
    assert ["opt.name", "sgd"] in rows
    assert ["train.loss", "0.2", "0.2", "1", ""] in rows
    curves = [line.get("points", "").split() for line in page.iter("polyline")]
    assert [len(points) for points in curves] == [5, 5]
    assert (curves[0][0], curves[0][-1]) == ("0.0,1.0", "120.0,21.0")  # from the top to the bottom


def test_text_in_a_trial_is_never_markup(work: Path) -> None:
    trial = aimd.create_trial(trial_name="<b>x", trial_params={"<script>": "</td>&\"'"})
    trial.log("<i>", {"<img src=x>": 1.0}, step=1)
    html = trial._repr_html_()
    trial.finish()
    ElementTree.fromstring(html.replace("&middot;", "·"))
    assert not any(tag in html for tag in ("<script", "<img", "<i>", "<b>x"))


def test_a_trial_that_records_nothing_shows_its_name(work: Path) -> None:
    assert "quiet" in SilentTrial("quiet", {})._repr_html_()
