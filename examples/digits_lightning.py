"""Train a small network with PyTorch Lightning on scikit-learn's handwritten digits, and record the trial.

1,797 real images of 8 x 8 pixels; one image in five is held out. Run it where the trial should be kept:

    python examples/digits_lightning.py --learning-rate 0.003
"""

from __future__ import annotations

import argparse

import lightning.pytorch as pl
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset, random_split

from t9k import aimd
from t9k.aimd.lightning import AIMDCallback

Batch = tuple[Tensor, Tensor]


def load_data(batch_size: int, seed: int) -> tuple[DataLoader[Batch], DataLoader[Batch]]:
    """Return loaders of training and of held-out data: (n, 64) images in 0..1, (n,) labels."""
    digits = load_digits()
    images = torch.tensor(digits.data / 16.0, dtype=torch.float32)
    data = TensorDataset(images, torch.tensor(digits.target))
    held_out, train = random_split(data, [0.2, 0.8], torch.Generator().manual_seed(seed))
    return DataLoader(train, batch_size, shuffle=True), DataLoader(held_out, batch_size=len(held_out))


class Digits(pl.LightningModule):
    """A network of one hidden layer."""

    def __init__(self, learning_rate: float, hidden: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.network = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))

    def training_step(self, batch: Batch, _: int) -> Tensor:
        images, labels = batch
        loss = functional.cross_entropy(self.network(images), labels)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        self.measure("val", batch)

    def test_step(self, batch: Batch, _: int) -> None:
        self.measure("test", batch)

    def measure(self, phase: str, batch: Batch) -> None:
        """Log loss and accuracy on a batch."""
        images, labels = batch
        scores = self.network(images)
        accuracy = (scores.argmax(dim=1) == labels).float().mean()
        self.log_dict({f"{phase}_loss": functional.cross_entropy(scores, labels), f"{phase}_accuracy": accuracy})

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.hparams["learning_rate"])


def main() -> None:
    """Train once with the settings of the command line."""
    parser = argparse.ArgumentParser(description="Train on handwritten digits and record the trial.")
    parser.add_argument("--learning-rate", type=float, default=0.003)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--hidden", type=int, default=48)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--name", default="digits_lightning")
    parser.add_argument("--folder", default="examples/digits")
    arguments = parser.parse_args()

    pl.seed_everything(arguments.seed)
    train, held_out = load_data(arguments.batch_size, arguments.seed)
    model = Digits(arguments.learning_rate, arguments.hidden)

    with aimd.create_trial(trial_name=arguments.name, folder_path=arguments.folder, make_folder=True) as trial:
        trial.params.update({"epochs": arguments.epochs, "batch_size": arguments.batch_size, "seed": arguments.seed})
        trainer = pl.Trainer(
            max_epochs=arguments.epochs,
            accelerator="cpu",
            callbacks=AIMDCallback(trial),
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(model, train, held_out)
        trainer.test(model, held_out, verbose=False)


if __name__ == "__main__":
    main()
