"""Train a small neural network in NumPy on scikit-learn's handwritten digits, and record the trial.

1,797 real images of 8 x 8 pixels; one image in five is held out. Run it where the trial should be kept:

    python examples/digits_numpy.py --learning-rate 0.3
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from t9k import aimd

Array = NDArray[np.float64]


def load_data(seed: int) -> tuple[Array, NDArray[np.int64], Array, NDArray[np.int64]]:
    """Return training images and labels, then held-out images and labels; images are (n, 64) in 0..1."""
    digits = load_digits()
    order = np.random.default_rng(seed).permutation(len(digits.target))
    images, labels = digits.data[order] / 16.0, digits.target[order]
    held_out = len(labels) // 5
    return images[held_out:], labels[held_out:], images[:held_out], labels[:held_out]


class Network:
    """One hidden layer of rectified linear units, softmax on top, trained by gradient descent with momentum."""

    def __init__(self, hidden: int, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.weights = [random.normal(0, 0.18, (64, hidden)), random.normal(0, 0.1, (hidden, 10))]
        self.biases = [np.zeros(hidden), np.zeros(10)]
        self.speeds = [np.zeros_like(part) for part in (*self.weights, *self.biases)]

    def forward(self, images: Array) -> tuple[Array, Array]:
        """Return hidden activations and class probabilities of (n, 64) images."""
        hidden = np.maximum(0.0, images @ self.weights[0] + self.biases[0])
        scores = hidden @ self.weights[1] + self.biases[1]
        exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
        return hidden, exponents / exponents.sum(axis=1, keepdims=True)

    def step(self, images: Array, labels: NDArray[np.int64], learning_rate: float, momentum: float) -> float:
        """Take one step on a batch and return its loss before the step."""
        hidden, probabilities = self.forward(images)
        rows = np.arange(len(labels))
        loss = float(-np.log(probabilities[rows, labels] + 1e-12).mean())
        slope = probabilities
        slope[rows, labels] -= 1.0
        slope /= len(labels)
        hidden_slope = (slope @ self.weights[1].T) * (hidden > 0)
        slopes = (images.T @ hidden_slope, hidden.T @ slope, hidden_slope.sum(axis=0), slope.sum(axis=0))
        for part, speed, part_slope in zip((*self.weights, *self.biases), self.speeds, slopes, strict=True):
            speed *= momentum
            speed -= learning_rate * part_slope
            part += speed
        return loss

    def evaluate(self, images: Array, labels: NDArray[np.int64]) -> dict[str, float]:
        """Return loss and accuracy on (n, 64) images."""
        _, probabilities = self.forward(images)
        loss = -np.log(probabilities[np.arange(len(labels)), labels] + 1e-12).mean()
        return {"loss": float(loss), "accuracy": float((probabilities.argmax(axis=1) == labels).mean())}


def main() -> None:
    """Train once with the settings of the command line."""
    parser = argparse.ArgumentParser(description="Train on handwritten digits and record the trial.")
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--hidden", type=int, default=48)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--name", default="digits_numpy")
    parser.add_argument("--folder", default="examples/digits")
    arguments = parser.parse_args()

    trial = aimd.create_trial(trial_name=arguments.name, folder_path=arguments.folder, make_folder=True)
    settings = {key: value for key, value in vars(arguments).items() if key not in ("name", "folder")}
    trial.params.update({**settings, "network": "mlp", "activation": "relu"})
    params = trial.params

    train_images, train_labels, held_images, held_labels = load_data(arguments.seed)
    network = Network(arguments.hidden, arguments.seed)
    random = np.random.default_rng(arguments.seed)
    step = 0
    for epoch in range(1, arguments.epochs + 1):
        order = random.permutation(len(train_labels))
        for start in range(0, len(order), arguments.batch_size):
            batch = order[start : start + arguments.batch_size]
            loss = network.step(
                train_images[batch], train_labels[batch], float(params["learning_rate"]), arguments.momentum
            )
            step += 1
            if step % 10 == 0:
                trial.log("train", {"loss": loss}, step=step, epoch=epoch)
        held_out = network.evaluate(held_images, held_labels)
        trial.log("val", held_out, step=step, epoch=epoch)
        trial.log_histogram("weights/hidden", network.weights[0], step)
        if epoch % 5 == 0:
            print(f"epoch {epoch:>3}  loss {held_out['loss']:.4f}  accuracy {held_out['accuracy']:.4f}", flush=True)
    _, probabilities = network.forward(held_images)
    guesses = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(guesses != held_labels)[:12]
    captions = [f"{held_labels[index]}, taken for {guesses[index]}" for index in wrong]
    trial.log_image("val/wrong", list(held_images[wrong].reshape(-1, 8, 8)), step, captions)
    trial.finish()


if __name__ == "__main__":
    main()
