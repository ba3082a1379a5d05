import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from gan_core import datasets
from gan_core.datasets.memo import Memo
from gan_core.errors import DatasetError


def test_the_names_and_what_they_need() -> None:
    needs = {name: source.needs for name, source in datasets.DATASETS.items()}
    assert needs == {
        "digits": "nothing", "mnist": "files", "fashion-mnist": "files", "kmnist": "files", "emnist": "files",
        "cifar10": "files", "stacked-mnist": "files", "ring": "nothing", "grid": "nothing", "folder": "path",
        "line": "nothing", "two-gaussians": "nothing", "ring-of-8": "nothing", "grid-of-25": "nothing",
        "two-moons": "nothing", "spiral": "nothing", "checkerboard": "nothing",
        "drawing": "nothing",
    }  # fmt: skip
    assert all(source.title and source.description for source in datasets.DATASETS.values())


def test_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    for call in (datasets.load, datasets.is_available, datasets.download_size, datasets.download):
        with pytest.raises(DatasetError, match=r"'digit'.*digits, mnist, fashion-mnist"):
            call("digit")


def test_the_data_folder(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GAN_DATA_DIR", raising=False)
    assert datasets.data_folder(None) == Path("data")
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path))
    assert datasets.data_folder(None) == tmp_path
    assert datasets.data_folder("other") == Path("other")
    assert datasets.data_folder("~/x") == Path.home() / "x"


def test_sizes_and_what_needs_no_download(tmp_path: Path) -> None:
    assert datasets.download_size("mnist") == 9_912_422 + 28_881
    assert datasets.download_size("digits") == 0
    assert datasets.is_available("digits", tmp_path) and datasets.is_available("folder", tmp_path)
    datasets.download("digits", tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DatasetError, match="own pictures"):
        datasets.download("folder", tmp_path)


def test_the_same_arguments_give_the_same_object(tmp_path: Path) -> None:
    assert datasets.load("digits") is datasets.load("digits", data_dir=tmp_path)


def make(size: int) -> datasets.Dataset:
    return datasets.Dataset("x", torch.zeros(size, 1, 1, 1, dtype=torch.uint8), None)


def test_the_memo_makes_a_set_once_for_all_threads() -> None:
    memo, started, go, made = Memo(100), threading.Event(), threading.Event(), []

    def slow() -> datasets.Dataset:
        started.set()
        assert go.wait(5)
        made.append(1)
        return make(1)

    got: list[datasets.Dataset] = []
    threads = [threading.Thread(target=lambda: got.append(memo.get("a", slow))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert started.wait(5)
    assert memo.get("b", lambda: make(1)) is not None  # another key does not wait
    go.set()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and len(got) == 4 and len({id(dataset) for dataset in got}) == 1


def test_the_memo_is_bounded_and_forgets_the_oldest() -> None:
    memo = Memo(100)
    a, b = memo.get("a", lambda: make(40)), memo.get("b", lambda: make(40))
    assert memo.get("a", lambda: make(1)) is a
    memo.get("c", lambda: make(40))  # 120 > 100: b was used longest ago
    assert memo.get("a", lambda: make(1)) is a
    assert memo.get("b", lambda: make(1)) is not b
    huge = memo.get("huge", lambda: make(1000))
    assert memo.get("huge", lambda: make(1)) is huge


def test_nothing_heavy_is_imported_for_the_first_click() -> None:
    code = (
        "import sys; from gan_core import datasets; datasets.preview(datasets.load('digits'));"
        "print([m for m in ('streamlit', 'torchvision', 'sklearn') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
