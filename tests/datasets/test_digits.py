import hashlib
import io

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits

from gan_core import datasets
from gan_core.datasets import digits


def test_facts() -> None:
    dataset = datasets.load("digits")
    assert len(dataset) == 1797 and dataset.shape == (1, 28, 28) and dataset.samples.dtype == torch.uint8
    assert dataset.classes == tuple("0123456789") and min(dataset.class_counts().values()) == 174
    assert dataset.jitter == datasets.Jitter() and dataset.skipped == ()
    assert (
        dataset.labels is not None and dataset.labels.tolist() == np.asarray(load_digits(return_X_y=True)[1]).tolist()
    )


def test_the_digit_fills_the_middle_with_full_contrast() -> None:
    samples = datasets.load("digits").samples
    inside = samples[:, :, 4:24, 4:24]
    assert samples.sum(dtype=torch.int64) == inside.sum(dtype=torch.int64)
    assert (samples.amax((1, 2, 3)) > 240).all()
    extreme = ((inside < 25) | (inside > 230)).float().mean()
    assert extreme > 0.65  # the soft Lanczos enlargement alone has fewer
    assert 0.15 < (samples > 127).float().mean() < 0.2  # MNIST itself: 0.13


def test_pictures_still_show_what_the_source_shows() -> None:
    small = torch.from_numpy(np.asarray(load_digits(return_X_y=True)[0])).float().view(-1, 8, 8) / 16
    large = datasets.load("digits").samples[:, :, 4:24, 4:24].float() / 255
    back = torch.nn.functional.interpolate(large, size=8, mode="area")[:, 0]
    both = torch.stack((small.flatten(1), back.flatten(1)))
    both = both - both.mean(2, keepdim=True)
    likeness = (both[0] * both[1]).sum(1) / (both[0].norm(dim=1) * both[1].norm(dim=1))
    assert likeness.min() > 0.9


def test_sharpening_keeps_the_ends_and_the_order() -> None:
    ramp = np.linspace(0, 1, 101, dtype=np.float32)
    sharp = digits._sharpen(ramp)
    assert sharp[0] == 0 and abs(sharp[-1] - 1) < 1e-12 and (np.diff(sharp) > 0).all()
    assert sharp[20] < 0.1 and sharp[80] > 0.95


def test_the_same_without_scikit_learns_file(monkeypatch) -> None:
    direct = digits.read().fingerprint
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert digits.read().fingerprint == direct


def test_preview_has_a_row_for_each_class() -> None:
    dataset = datasets.load("digits")
    shown = datasets.preview(dataset, columns=5)
    assert (shown.name, shown.shape, shown.count) == ("digits", (1, 28, 28), 1797)
    assert shown.title == datasets.DATASETS["digits"].title and shown.class_counts == dataset.class_counts()
    with Image.open(io.BytesIO(shown.picture)) as picture:
        sheet = np.asarray(picture)
    assert sheet.shape == (10 * 29 - 1, 5 * 29 - 1)
    assert dataset.labels is not None
    known = {
        hashlib.sha256(x.numpy().tobytes()).digest(): int(y)
        for x, y in zip(dataset.samples, dataset.labels, strict=True)
    }
    for row in range(10):
        for column in range(5):
            cell = sheet[row * 29 : row * 29 + 28, column * 29 : column * 29 + 28]
            assert known[hashlib.sha256(cell.tobytes()).digest()] == row
    assert datasets.preview(dataset, columns=5).picture == shown.picture
    assert datasets.preview(dataset, columns=5, seed=1).picture != shown.picture


def test_preview_of_few_samples_and_of_points() -> None:
    samples = torch.full((3, 3, 8, 8), 200, dtype=torch.uint8)
    labelled = datasets.Dataset("own", samples, torch.tensor([0, 2, 2]), ("a", "none", "b"))
    with Image.open(io.BytesIO(datasets.preview(labelled).picture)) as picture:
        sheet = np.asarray(picture)
    assert sheet.shape == (17, 17, 3)  # two rows of at most two
    assert sheet[0, 16].tolist() == [0, 0, 0] and sheet[16, 16].tolist() == [200, 200, 200]
    with Image.open(io.BytesIO(datasets.preview(datasets.Dataset("own", samples, None), columns=2).picture)) as picture:
        assert picture.size == (17, 17)
    points = datasets.preview(datasets.Dataset("points", torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), None)).picture
    with Image.open(io.BytesIO(points)) as picture:
        assert np.asarray(picture).max() > 0  # a scatter plot
