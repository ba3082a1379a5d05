from pathlib import Path

import numpy as np
import pytest

from gan_core import datasets
from gan_core.errors import DatasetError

NAMES = ("airplane", "automobile", "bird")


@pytest.fixture
def cifar(tmp_path: Path) -> Path:
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(1, 6):
        records = rng.integers(0, 256, (2, 3073), dtype=np.uint8)
        records[:, 0] = (i % 3, 2)
        (folder / f"data_batch_{i}.bin").write_bytes(records.tobytes())
    (folder / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")
    return tmp_path


def test_records_become_pictures_in_order(cifar: Path) -> None:
    dataset = datasets.load("cifar10", cifar)
    assert dataset.shape == (3, 32, 32) and len(dataset) == 10 and dataset.classes == NAMES
    assert dataset.labels is not None and dataset.labels.tolist() == [1, 2, 2, 2, 0, 2, 1, 2, 2, 2]
    record = (cifar / "cifar-10-batches-bin/data_batch_4.bin").read_bytes()[3073:]
    assert dataset.samples[7].numpy().tobytes() == record[1:]
    assert dataset.samples[7, 1, 0, 5] == record[1 + 1024 + 5]  # green, first row, sixth column


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("data_batch_3.bin", lambda b: b[:-1], "whole number of records"),
        ("data_batch_3.bin", lambda b: b[:3073], "1 pictures.*equally long"),
        ("data_batch_3.bin", lambda b: b"", "0 bytes"),
        ("data_batch_3.bin", lambda b: b"\x03" + b[1:], "label 3.*3 classes"),
        ("batches.meta.txt", lambda b: b"\n", "each class"),
    ],
)
def test_damage_is_named(cifar: Path, file: str, change, words: str) -> None:
    path = cifar / "cifar-10-batches-bin" / file
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DatasetError, match=words):
        datasets.load("cifar10", cifar)


def test_pickles_are_refused_and_the_way_out_is_named(tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    assert not datasets.is_available("cifar10", tmp_path)
    with pytest.raises(DatasetError, match=r"pickles.*python -m gan_core download cifar10"):
        datasets.load("cifar10", tmp_path)


def test_missing_files_are_listed(cifar: Path) -> None:
    (cifar / "cifar-10-batches-bin/data_batch_2.bin").unlink()
    with pytest.raises(DatasetError, match=r"there is no 'data_batch_2.bin' in"):
        datasets.load("cifar10", cifar)
