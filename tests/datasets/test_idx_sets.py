import gzip
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_core import datasets
from gan_core.datasets import idx_sets
from gan_core.errors import DatasetError

RAW = {"mnist": "MNIST/raw", "fashion-mnist": "FashionMNIST/raw", "kmnist": "KMNIST/raw"}


def place(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("name", RAW)
def test_packed_and_unpacked_files_give_the_same(name: str, tmp_path: Path, mnist_files: dict[str, bytes]) -> None:
    packed, raw = tmp_path / "packed", tmp_path / "raw"
    place(packed / RAW[name], mnist_files)
    place(raw / RAW[name], {k.removesuffix(".gz"): gzip.decompress(v) for k, v in mnist_files.items()})
    one, other = datasets.load(name, packed), datasets.load(name, raw)
    assert one.fingerprint == other.fingerprint
    pixels = np.frombuffer(gzip.decompress(mnist_files["train-images-idx3-ubyte.gz"])[16:], np.uint8)
    assert np.array_equal(one.samples.numpy().reshape(-1), pixels)
    assert one.shape == (1, 28, 28) and one.labels is not None and one.labels.tolist() == list(range(10)) * 3
    assert one.name == name and one.jitter is None
    assert sorted(p.name for p in packed.rglob("*") if p.is_file()) == sorted(mnist_files)  # nothing was unpacked


def test_emnist_is_turned_upright_and_counts_from_a(tmp_path: Path, idx) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (4, 28, 28))
    place(
        tmp_path / "EMNIST/raw",
        {
            "emnist-letters-train-images-idx3-ubyte.gz": gzip.compress(idx(pictures)),
            "emnist-letters-train-labels-idx1-ubyte": idx(np.array([1, 26, 3, 3])),
        },
    )
    dataset = datasets.load("emnist", tmp_path)
    assert np.array_equal(dataset.samples[:, 0].numpy(), pictures.transpose(0, 2, 1))
    assert dataset.samples.is_contiguous()
    assert dataset.class_counts() == dict.fromkeys("abcdefghijklmnopqrstuvwxyz", 0) | {"a": 1, "z": 1, "c": 2}


def test_tables_are_torchvisions() -> None:
    from torchvision import datasets as vision

    for source, theirs in (
        (idx_sets.MNIST, vision.MNIST),
        (idx_sets.FASHION_MNIST, vision.FashionMNIST),
        (idx_sets.KMNIST, vision.KMNIST),
    ):
        ours = [(Path(resource.file).name, resource.md5) for resource in source.resources]
        assert ours == theirs.resources[:2]
        for resource in source.resources:
            assert set(theirs.mirrors) <= set(resource.mirrors)
            assert Path(resource.file).parent.parts == (theirs.__name__, "raw")
    (emnist,) = idx_sets.EMNIST.resources
    assert f"{emnist.mirrors[0]}{Path(emnist.file).name}" == vision.EMNIST.url and emnist.md5 == vision.EMNIST.md5


def test_class_names_are_torchvisions(tmp_path: Path, mnist_files: dict[str, bytes]) -> None:
    from torchvision import datasets as vision

    for name, theirs in (("fashion-mnist", vision.FashionMNIST.classes), ("kmnist", vision.KMNIST.classes)):
        place(tmp_path / RAW[name], mnist_files)
        assert list(datasets.load(name, tmp_path).classes) == theirs


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: b[:-5], "23515 values|23,515 values"),
        (lambda b: b + b"x", "more than 23,520"),
        (lambda b: b"\x00\x00\x0d\x03" + b[4:], "0x00000d03.*0x00000803"),
        (lambda b: b"\x00\x00\x08\x01" + b[4:], "0x00000801"),
        (lambda b: b[:10], "impossible dimensions"),
        (lambda b: b[:4] + b"\xff" * 12 + b[16:], "impossible dimensions"),
        (lambda b: b"", "nothing"),
        (lambda b: b"<html>404</html>", "0x3c68746d"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(
    packed: bool, change, words: str, tmp_path: Path, mnist_files
) -> None:
    content = change(gzip.decompress(mnist_files["train-images-idx3-ubyte.gz"]))
    name = "train-images-idx3-ubyte.gz" if packed else "train-images-idx3-ubyte"
    place(tmp_path / "MNIST/raw", {**mnist_files, name: gzip.compress(content) if packed else content})
    with pytest.raises(DatasetError, match=words) as caught:
        datasets.load("mnist", tmp_path)
    assert str(tmp_path / "MNIST/raw" / name) in str(caught.value)


@pytest.mark.parametrize(
    "change", [lambda b: b[: len(b) // 2], lambda b: b[:200] + bytes(50) + b[250:], lambda b: b[:-6] + b"\0" * 6]
)
def test_damaged_packing_is_seen(change, tmp_path: Path, mnist_files: dict[str, bytes]) -> None:
    name = "train-images-idx3-ubyte.gz"
    place(tmp_path / "MNIST/raw", {**mnist_files, name: change(mnist_files[name])})
    with pytest.raises(DatasetError, match="cut short or damaged"):
        datasets.load("mnist", tmp_path)


def test_pictures_and_labels_must_fit(tmp_path: Path, mnist_files: dict[str, bytes], idx) -> None:
    place(tmp_path / "MNIST/raw", {**mnist_files, "train-labels-idx1-ubyte": idx(np.zeros(29))})
    with pytest.raises(DatasetError, match=r"30 pictures but .* 29 labels"):
        datasets.load("mnist", tmp_path)
    place(tmp_path / "MNIST/raw", {"train-labels-idx1-ubyte": idx(np.full(30, 10))})
    with pytest.raises(DatasetError, match=r"10 to 10; 0 to 9 are right"):
        datasets.load("mnist", tmp_path)
    place(tmp_path / "MNIST/raw", {"train-labels-idx1-ubyte": idx(np.full(30, 9))})
    assert datasets.load("mnist", tmp_path).class_counts()["9"] == 30  # an error is not remembered


def test_missing_files_say_where_and_how(tmp_path: Path, mnist_files: dict[str, bytes]) -> None:
    assert not datasets.is_available("kmnist", tmp_path)
    with pytest.raises(DatasetError) as caught:
        datasets.load("kmnist", tmp_path)
    message = str(caught.value)
    for part in (
        str(tmp_path / "KMNIST/raw"),
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "python -m gan_core download kmnist",
        "Train page",
        "'digits' needs no download",
    ):
        assert part in message
    place(tmp_path / "KMNIST/raw", {"train-images-idx3-ubyte.gz": mnist_files["train-images-idx3-ubyte.gz"]})
    with pytest.raises(DatasetError) as caught:
        datasets.load("kmnist", tmp_path)
    assert "train-images" not in str(caught.value)
    place(tmp_path / "KMNIST/raw", mnist_files)
    assert datasets.is_available("kmnist", tmp_path) and len(datasets.load("kmnist", tmp_path)) == 30


def test_batches_of_a_read_file_can_be_used(tmp_path: Path, mnist_files: dict[str, bytes]) -> None:
    place(tmp_path / "MNIST/raw", mnist_files)
    x, y = datasets.load("mnist", tmp_path).batch(torch.tensor([3, 4]), torch.Generator())
    assert x.shape == (2, 1, 28, 28) and y is not None and y.tolist() == [3, 4]
