"""A feature extractor made for the data: a small convolutional classifier, trained once per data set.

Inception's features (Heusel 2017) come from photographs and say little of small grey pictures, and its weights are a
download of 90 MB. These are those of a network that tells the data's own classes apart, as in the FID on MNIST of
Bińkowski 2018, section 5.1.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional as F

from gan_core.datasets import Dataset
from gan_core.errors import DatasetError
from gan_core.evaluation.digest import digest_of
from gan_core.networks.layers import initialise
from gan_core.store.files import write_atomic
from gan_core.trainer import stream

FEATURES = 84
VERSION = 2
"""Of the network and its training: a kept one of another version is trained anew."""

SHIPPED = Path(__file__).parent / "weights"
"""That of the embedded digits: `python -m gan_core.evaluation.embedded` makes it anew."""

_HELD_OUT = 10  # one of so many samples is not trained on
_EPOCHS = 4
_LEAST_SHOWN = 24_000  # pictures, where the data is small
_BATCH = 128


class Classifier(nn.Module):
    """Pictures [B, C, S, S] in [-1, 1] → logits [B, classes], after LeNet-5 (LeCun 1998)."""

    name = "classifier"
    measured: Tensor

    def __init__(self, shape: tuple[int, ...], n_classes: int) -> None:
        super().__init__()
        channels, size, _ = shape
        self.body = nn.Sequential(
            nn.Conv2d(channels, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(32 * (size // 4) ** 2, FEATURES), nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, n_classes)
        self.register_buffer("measured", torch.zeros(()))

    @property
    def accuracy(self) -> float:
        """On the samples held out, in [0, 1]."""
        return float(self.measured)

    @property
    def digest(self) -> str:
        """12 hex digits that change with any weight."""
        return digest_of(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))

    @torch.no_grad()
    def features(self, samples: Tensor, batch: int = 500) -> Tensor:
        """uint8 [N, C, S, S] → float32 [N, 84]."""
        return torch.cat([self.body(_scaled(part)) for part in samples.split(batch)])

    @torch.no_grad()
    def probabilities(self, features: Tensor) -> Tensor:
        """Of samples with these `features`: float32 [N, 84] → [N, classes]."""
        return self.head(features).softmax(1)


def _scaled(samples: Tensor) -> Tensor:
    return samples.float() / 127.5 - 1


def train(dataset: Dataset, on_progress: Callable[[float], None] | None = None) -> Classifier:
    """A classifier of the data set's classes: the same for the same data, machine and number of threads.

    Args:
        on_progress: called with the share done, in [0, 1].

    Raises:
        DatasetError: the data has fewer than two classes, or its samples are no pictures.
    """
    if dataset.labels is None or dataset.n_classes < 2 or len(dataset.shape) != 3:
        raise DatasetError(f"{dataset.name}: a classifier needs pictures of at least two classes")
    random = stream(0, "classifier")
    order = torch.randperm(len(dataset), generator=random)
    held_out, shown = order[::_HELD_OUT], order[torch.arange(len(order)) % _HELD_OUT != 0]
    net = Classifier(dataset.shape, dataset.n_classes)
    initialise(net, random)
    optimiser = torch.optim.Adam(net.parameters(), lr=2e-3, fused=True)
    steps = max(1, max(_LEAST_SHOWN, _EPOCHS * len(dataset)) // _BATCH)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 2e-3 * (1 - step / steps)
        indices = shown[torch.randint(len(shown), (_BATCH,), generator=random)]
        x, y = dataset.batch(indices, random)
        assert y is not None
        loss = F.cross_entropy(net(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if on_progress:
            on_progress((step + 1) / steps)
    net.requires_grad_(False).eval()
    right = net.probabilities(net.features(dataset.samples[held_out])).argmax(1) == dataset.labels[held_out]
    net.measured.fill_(right.float().mean())
    return net


def load_or_train(
    dataset: Dataset, folder: Path, on_progress: Callable[[float], None] | None = None
) -> Classifier:
    """`train`, or what an earlier call kept in `folder` under the data's fingerprint.

    Raises:
        DatasetError: see `train`.
        OSError: it cannot be kept there.
    """
    net = at_hand(dataset, folder)
    if net is None:
        net = train(dataset, on_progress)
        keep(net, dataset, folder)
    return net


def at_hand(dataset: Dataset, folder: Path) -> Classifier | None:
    """What an earlier `load_or_train` kept in `folder`, or what comes with the program (for the embedded digits)."""
    for place in (folder, SHIPPED):
        net = Classifier(dataset.shape, max(1, dataset.n_classes))
        try:
            net.load_state_dict(load((place / _file_name(dataset)).read_bytes()))
            return net.requires_grad_(False).eval()
        except (OSError, SafetensorError, RuntimeError):  # not there, or not whole
            continue
    return None


def keep(net: Classifier, dataset: Dataset, folder: Path) -> None:
    """
    Raises:
        OSError: it cannot be kept there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / _file_name(dataset), save(net.state_dict()))


def _file_name(dataset: Dataset) -> str:
    return f"{dataset.fingerprint[:32]}-classifier-{VERSION}.safetensors"
