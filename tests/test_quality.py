"""`quick` on the embedded digits really learns to draw them: judged by a classifier trained here on the real ones."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from gan_core import datasets
from gan_core.datasets import Dataset
from gan_core.evaluation import Classifier, classifier
from gan_core.pictures import to_uint8
from gan_core.presets import make_config
from gan_core.trainer import Trainer, stream

IMAGES = 24_000
EACH = 40
"""Samples of each class that are judged."""


@dataclass
class Verdict:
    """What the classifier says of samples, EACH of every class.

    Attributes:
        right: share that it takes for the class they were asked for.
        classes: how many classes it finds in at least half of those asked for.
        confidence: its mean probability for the class it takes them for.
        spread: mean distance between two samples of one class, as a share of the real digits' own.
        nearest: mean distance to the nearest real digit, as a share of that between a real digit and its nearest.
    """

    right: float
    classes: int
    confidence: float
    spread: float
    nearest: float


@torch.inference_mode()
def _judge(generator: nn.Module, net: Classifier, digits: Dataset) -> Verdict:
    labels = torch.arange(10).repeat_interleave(EACH)
    z = torch.randn(len(labels), 64, generator=stream(1, "judged"))
    fakes = generator.eval()(z, labels)
    probabilities = net.probabilities(net.features(to_uint8(fakes)))
    found = probabilities.argmax(1)
    hits = [(found[labels == label] == label).float().mean().item() for label in range(10)]
    real = digits.samples.float() / 127.5 - 1
    real_labels = digits.labels
    assert real_labels is not None
    ours, theirs = [], []
    for label in range(10):
        ours.append(_pairs(fakes[labels == label]))
        theirs.append(_pairs(real[real_labels == label][:EACH]))
    between = torch.cdist(real.flatten(1), real.flatten(1)).fill_diagonal_(float("inf"))
    own = between.min(1).values.mean()
    return Verdict(
        right=sum(hits) / 10, classes=sum(hit >= 0.5 for hit in hits),
        confidence=probabilities.max(1).values.mean().item(), spread=sum(ours) / sum(theirs),
        nearest=(torch.cdist(fakes.flatten(1), real.flatten(1)).min(1).values.mean() / own).item(),
    )


def _pairs(pictures: Tensor) -> float:
    return torch.pdist(pictures.flatten(1)).mean().item()


@pytest.fixture(scope="module", autouse=True)
def two_threads() -> Iterator[None]:
    """As the training has them; tiny networks elsewhere gain nothing from more than one."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return datasets.load("digits")


@pytest.fixture(scope="module")
def net(digits: Dataset) -> Classifier:
    """Trained here, on the real ones, moved about as the GAN sees them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "_LEAST_SHOWN", 20_000)
        return classifier.train(digits)


def test_the_judge_knows_real_digits(net: Classifier) -> None:
    assert net.accuracy > 0.95  # of those it was not shown


def test_quick_draws_all_ten_digits(digits: Dataset, net: Classifier) -> None:
    trainer = Trainer(make_config("quick", device="cpu"), digits)
    start = _judge(copy.deepcopy(trainer.ema), net, digits)
    assert start.right < 0.3 and start.spread < 0.3  # an untrained generator does not pass
    while trainer.images < IMAGES:
        trainer.step()
    end = _judge(trainer.ema, net, digits)
    # Measured at 8,000 images already: right 0.94, all 10 classes, confidence 0.95, spread 1.07, nearest 1.5.
    assert end.right > 0.85 and end.classes == 10 and end.confidence > 0.85, end
    assert 0.6 < end.spread < 1.5, end  # no class has collapsed to one picture
    assert end.nearest > 0.8, end  # none are copies: as far from the nearest real digit as another real one is
