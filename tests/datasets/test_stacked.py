"""Three digits as the colours of one picture: every digit once a channel, in orders that know nothing of each other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gan_core import datasets
from gan_core.datasets.stacked import stack
from gan_core.errors import DatasetError


def test_each_channel_holds_every_digit_once() -> None:
    digits = datasets.load("digits")
    stacked = stack(digits)
    assert stacked.samples.shape == (len(digits), 3, 28, 28) and stacked.labels is None and stacked.n_classes == 0
    wanted = sorted(picture.numpy().tobytes() for picture in digits.samples)
    for channel in stacked.samples.split(1, 1):
        assert sorted(picture.numpy().tobytes() for picture in channel) == wanted


def test_the_channels_are_independent() -> None:
    digits = datasets.load("digits")
    assert digits.labels is not None
    known = {picture.numpy().tobytes(): int(y) for picture, y in zip(digits.samples, digits.labels, strict=True)}
    a, b, c = (
        torch.tensor([known[picture.numpy().tobytes()] for picture in channel])
        for channel in stack(digits).samples.split(1, 1)
    )
    for one, other in ((a, b), (a, c), (b, c)):  # 1,797 pairs, each equal with probability 0.1: 180 ± 13
        assert 120 < (one == other).sum() < 240
    assert len((100 * a + 10 * b + c).unique()) > 780  # of 1,000 kinds 834 are to be expected


def test_the_files_are_those_of_mnist(tmp_path: Path, mnist_files: dict[str, bytes]) -> None:
    assert datasets.download_size("stacked-mnist") == datasets.download_size("mnist")
    with pytest.raises(DatasetError, match="mnist"):
        datasets.load("stacked-mnist", tmp_path)
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in mnist_files.items():
        (raw / name).write_bytes(content)
    stacked = datasets.load("stacked-mnist", tmp_path)
    assert stacked.samples.shape == (30, 3, 28, 28)
    assert stacked.fingerprint == stack(datasets.load("mnist", tmp_path)).fingerprint
