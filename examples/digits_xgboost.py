"""Train boosted trees with XGBoost on scikit-learn's handwritten digits, and record the trial.

1,797 real images of 8 x 8 pixels; one image in five is held out. Run it where the trial should be kept:

    python examples/digits_xgboost.py --learning-rate 0.3
"""

from __future__ import annotations

import argparse

import numpy as np
import xgboost
from sklearn.datasets import load_digits

from t9k import aimd
from t9k.aimd.xgboost import AIMDCallback


def load_data(seed: int) -> tuple[xgboost.DMatrix, xgboost.DMatrix]:
    """Return training and held-out data: (n, 64) images in 0..16, (n,) labels."""
    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.target))
    images, labels = digits.data[order], digits.target[order]
    held_out = len(labels) // 5
    return xgboost.DMatrix(images[held_out:], labels[held_out:]), xgboost.DMatrix(images[:held_out], labels[:held_out])


def main() -> None:
    """Train once with the settings of the command line."""
    parser = argparse.ArgumentParser(description="Train on handwritten digits and record the trial.")
    parser.add_argument("--learning-rate", type=float, default=0.3)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--max-depth", type=int, default=4)
    parser.add_argument("--threads", type=int, default=0, help="0 takes all cores")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--name", default="digits_xgboost")
    parser.add_argument("--folder", default="examples/digits")
    arguments = parser.parse_args()

    train, held_out = load_data(arguments.seed)
    settings = {
        "objective": "multi:softprob",
        "num_class": 10,
        "eta": arguments.learning_rate,
        "max_depth": arguments.max_depth,
        "nthread": arguments.threads,
        "seed": arguments.seed,
        "eval_metric": ["mlogloss", "merror"],
    }
    with aimd.create_trial(trial_name=arguments.name, folder_path=arguments.folder, make_folder=True) as trial:
        booster = xgboost.train(
            settings,
            train,
            num_boost_round=arguments.rounds,
            evals=[(train, "train"), (held_out, "val")],
            callbacks=[AIMDCallback(trial)],
            verbose_eval=False,
        )
        accuracy = float((booster.predict(held_out).argmax(axis=1) == held_out.get_label()).mean())
        trial.log("test", {"accuracy": accuracy}, step=arguments.rounds)


if __name__ == "__main__":
    main()
