"""Train a small network in PyTorch on scikit-learn's handwritten digits, and record the trial.

1,797 real images of 8 x 8 pixels; one image in five is held out. Run it where the trial should be kept:

    python examples/digits_pytorch.py --learning-rate 0.003
"""

from __future__ import annotations

import argparse

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

from t9k import aimd


def load_data(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training images and labels, then held-out images and labels; images are (n, 1, 8, 8) in 0..1."""
    digits = load_digits()
    images = torch.tensor(digits.images / 16.0, dtype=torch.float32).unsqueeze(1)
    labels = torch.tensor(digits.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    held_out, train = order[: len(order) // 5], order[len(order) // 5 :]
    return images[train], labels[train], images[held_out], labels[held_out]


def make_network(channels: int) -> nn.Module:
    """Return a network of one convolution and one hidden layer, from (n, 1, 8, 8) images to (n, 10) scores."""
    return nn.Sequential(
        nn.Conv2d(1, channels, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(channels * 16, 48),
        nn.ReLU(),
        nn.Linear(48, 10),
    )


@torch.no_grad()
def evaluate(network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Return loss and accuracy on (n, 1, 8, 8) images."""
    scores = network(images)
    return {
        "loss": functional.cross_entropy(scores, labels),
        "accuracy": (scores.argmax(dim=1) == labels).float().mean(),
    }


def main() -> None:
    """Train once with the settings of the command line."""
    parser = argparse.ArgumentParser(description="Train on handwritten digits and record the trial.")
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--channels", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--name", default="digits_pytorch")
    parser.add_argument("--folder", default="examples/digits")
    arguments = parser.parse_args()

    torch.manual_seed(arguments.seed)
    train_images, train_labels, held_images, held_labels = load_data(arguments.seed)
    network = make_network(arguments.channels)
    optimizer = torch.optim.Adam(network.parameters(), lr=arguments.learning_rate)

    with aimd.create_trial(trial_name=arguments.name, folder_path=arguments.folder, make_folder=True) as trial:
        settings = {key: value for key, value in vars(arguments).items() if key not in ("name", "folder")}
        trial.params.update({**settings, "network": "cnn", "optimizer": "adam"})
        step = 0
        for epoch in range(1, arguments.epochs + 1):
            for batch in torch.randperm(len(train_labels)).split(arguments.batch_size):
                loss = functional.cross_entropy(network(train_images[batch]), train_labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                step += 1
                if step % 10 == 0:
                    trial.log("train", {"loss": loss}, step=step, epoch=epoch)
            trial.log("val", evaluate(network, held_images, held_labels), step=step, epoch=epoch)


if __name__ == "__main__":
    main()
