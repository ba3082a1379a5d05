import io
import os
from pathlib import Path

import pytest

from gan_core import datasets
from gan_core.datasets import save_upload
from gan_core.errors import DatasetError


def test_an_upload_becomes_a_folder_that_can_be_loaded(tmp_path: Path, picture, zipped) -> None:
    content = zipped(
        {"top/cats/1.png": picture(), "top/dogs/2.png": picture(), "__MACOSX/x": b"j", "top/.DS_Store": b"j"}
    )
    path = save_upload(content, tmp_path / "uploads", "My pets.zip")
    assert path == tmp_path / "uploads" / "My-pets"
    assert sorted(p.relative_to(path).as_posix() for p in path.rglob("*")) == [
        "cats",
        "cats/1.png",
        "dogs",
        "dogs/2.png",
    ]
    assert datasets.load("folder", path=path).classes == ("cats", "dogs")
    assert [p.name for p in (tmp_path / "uploads").iterdir()] == ["My-pets"]


def test_a_file_object_and_a_name_that_is_taken(tmp_path: Path, picture, zipped) -> None:
    content = io.BytesIO(zipped({"1.png": picture(), "2.jpg": picture(format="JPEG")}))
    paths = [save_upload(content, tmp_path, "pets.zip") for _ in range(3)]
    assert [path.name for path in paths] == ["pets", "pets-2", "pets-3"]
    assert datasets.load("folder", path=paths[2]).labels is None


@pytest.mark.parametrize(
    ("name", "slug"),
    [("../../etc/x.zip", "x"), ("C:\\a\\b c.ZIP", "b-c"), ("...", "pictures"), ("", "pictures"), (".zip", "pictures"),
     ("a\0b", "a-b"), ("ü" * 200, "ü" * 60), ("-rf", "rf")],
)  # fmt: skip
def test_names_are_made_harmless(name: str, slug: str, tmp_path: Path, picture, zipped) -> None:
    path = save_upload(zipped({"1.png": picture(), "2.png": picture()}), tmp_path / "u", name)
    assert path == tmp_path / "u" / slug and [p.name for p in tmp_path.iterdir()] == ["u"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"../1.png": b"x"}, "climbs"),
        ({"a.txt": b"hello", "b.txt": b"hello"}, "fewer than two pictures"),
        ({"__MACOSX/a": b"x"}, "fewer than two pictures"),
        ({}, "fewer than two pictures"),
    ],
)
def test_what_cannot_be_used_leaves_nothing(files: dict[str, bytes], words: str, tmp_path: Path, zipped) -> None:
    with pytest.raises(DatasetError, match=words) as caught:
        save_upload(zipped(files), tmp_path / "uploads", "bad.zip")
    assert "bad.zip" in str(caught.value)
    assert not list(tmp_path.glob("uploads/*"))


def test_a_single_picture_is_not_a_zip(tmp_path: Path, picture) -> None:
    with pytest.raises(DatasetError, match="not a zip"):
        save_upload(picture(), tmp_path, "photo.png")
    assert not list(tmp_path.iterdir())


def test_a_bomb_leaves_nothing(tmp_path: Path, picture, zipped, monkeypatch) -> None:
    monkeypatch.setattr("gan_core.archive.RATIO_FREE_BYTES", 1_000_000)
    content = zipped({"1.png": picture(), "noise": os.urandom(1000), "bomb": bytes(3_000_000)})
    with pytest.raises(DatasetError, match="zip bomb"):
        save_upload(content, tmp_path, "bomb.zip")
    assert not list(tmp_path.iterdir())
