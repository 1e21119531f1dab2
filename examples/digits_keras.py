"""Train a small network in Keras 3 on scikit-learn's handwritten digits, and record the trial.

1,797 real images of 8 x 8 pixels; one image in five is held out. Any backend will do, TensorFlow is not needed:

    KERAS_BACKEND=jax python examples/digits_keras.py --learning-rate 0.003
"""

from __future__ import annotations

import argparse
import os

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

os.environ.setdefault("KERAS_BACKEND", "torch")  # Keras reads it when it is imported
import keras

from t9k import aimd
from t9k.aimd.keras import AIMDEvalCallback, AIMDFitCallback

Images = NDArray[np.float32]
Labels = NDArray[np.int64]


def load_data(seed: int) -> tuple[Images, Labels, Images, Labels]:
    """Return training images and labels, then held-out images and labels; images are (n, 8, 8, 1) in 0..1."""
    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.target))
    images, labels = (digits.images[order, :, :, None] / 16.0).astype("float32"), digits.target[order]
    held_out = len(labels) // 5
    return images[held_out:], labels[held_out:], images[:held_out], labels[:held_out]


def make_model(channels: int, learning_rate: float) -> keras.Model:
    """Return a compiled model of one convolution and one hidden layer."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(channels, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(48, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam(learning_rate=learning_rate)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main() -> None:
    """Train once with the settings of the command line."""
    parser = argparse.ArgumentParser(description="Train on handwritten digits and record the trial.")
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--channels", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--name", default="digits_keras")
    parser.add_argument("--folder", default="examples/digits")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(arguments.seed)
    train_images, train_labels, held_images, held_labels = load_data(arguments.seed)
    model = make_model(arguments.channels, arguments.learning_rate)

    with aimd.create_trial(trial_name=arguments.name, folder_path=arguments.folder, make_folder=True) as trial:
        settings = {key: value for key, value in vars(arguments).items() if key not in ("name", "folder")}
        trial.params.update({**settings, "network": "cnn", "backend": keras.backend.backend()})
        model.fit(
            train_images,
            train_labels,
            batch_size=arguments.batch_size,
            epochs=arguments.epochs,
            validation_split=0.1,
            callbacks=[AIMDFitCallback(trial)],
            verbose=0,
        )
        model.evaluate(held_images, held_labels, callbacks=[AIMDEvalCallback(trial)], verbose=0)


if __name__ == "__main__":
    main()
