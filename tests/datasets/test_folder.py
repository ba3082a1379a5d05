import io
import os
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_core import datasets
from gan_core.datasets import folder as folder_module
from gan_core.datasets import picture_file
from gan_core.errors import DatasetError


def encode(array: np.ndarray, **save: object) -> bytes:
    out = io.BytesIO()
    save.setdefault("format", "PNG")
    Image.fromarray(array).save(out, **save)  # type: ignore[arg-type]
    return out.getvalue()


def load(path: Path, **more) -> datasets.Dataset:
    return datasets.load("folder", path=path, **more)


def test_sub_folders_are_classes_at_any_depth(write, picture) -> None:
    path = write(
        {"dogs/1.png": picture(), "cats/a/b/2.png": picture(), "cats/3.PNG": picture(), "Ants/noextension": picture()}
    )
    dataset = load(path)
    assert dataset.name == "folder" and dataset.classes == ("Ants", "cats", "dogs")
    assert dataset.class_counts() == {"Ants": 1, "cats": 2, "dogs": 1}
    assert dataset.shape == (3, 28, 28) and dataset.samples.dtype == torch.uint8 and dataset.skipped == ()


def test_loose_pictures_are_unlabelled_and_sorted(write, picture) -> None:
    path = write({"b.png": picture((0, 0, 200)), "a.png": picture((100, 0, 0)), "empty/readme.txt": b"no picture"})
    dataset = load(path)
    assert dataset.labels is None and dataset.classes == () and len(dataset) == 2
    assert dataset.samples[:, :, 0, 0].tolist() == [[100, 0, 0], [0, 0, 200]]
    assert dataset.skipped == ("empty/readme.txt: not a PNG, JPEG or WebP picture",)


def test_pictures_beside_classes_are_skipped_and_listed(write, picture) -> None:
    dataset = load(write({"a/1.png": picture(), "b/2.png": picture(), "loose.png": picture()}))
    assert len(dataset) == 2 and dataset.classes == ("a", "b")
    assert dataset.skipped == ("loose.png: beside the class folders; put it into one of them",)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_kinds_are_told_by_content(kind: str, write, picture) -> None:
    content = picture((200, 30, 30), format=kind)
    dataset = load(write({"1.txt": content, "2.png": content}))
    assert (dataset.samples[0].float().mean((1, 2)) - torch.tensor([200.0, 30, 30])).abs().max() < 4


def test_other_kinds_are_not_opened(write, picture) -> None:
    files = {"1.png": picture(), "2.png": picture(), "3.png": picture(format="BMP"), "4.gif": picture(format="GIF")}
    assert [line.split(":")[0] for line in load(write(files)).skipped] == ["3.png", "4.gif"]


@pytest.mark.parametrize("size", [28, 32, 64])
def test_the_middle_square_is_taken(size: int, write) -> None:
    wide = np.zeros((40, 100, 3), np.uint8)
    wide[:, 30:70] = (0, 255, 0)
    tall = wide.transpose(1, 0, 2).copy()
    dataset = load(write({"1.png": encode(wide), "2.png": encode(tall)}), image_size=size)
    assert dataset.shape == (3, size, size)
    assert (dataset.samples[:, 1] == 255).all() and (dataset.samples[:, 0] == 0).all()


def test_exif_orientation_is_applied(write) -> None:
    array = np.zeros((64, 64), np.uint8)
    array[:32] = 255  # white above
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to see it upright
    content = encode(array, format="JPEG", exif=exif, quality=95)
    sample = load(write({"1.jpg": content, "2.jpg": content})).samples[0, 0].float()
    assert sample[:, 18:].mean() > 240 and sample[:, :10].mean() < 15


def test_colour_is_found_or_forced(write, picture) -> None:
    grey_but_rgb, grey, red = picture((90, 90, 90)), picture(90, mode="L"), picture((255, 0, 0))
    greys = write({"1.png": grey_but_rgb, "2.png": grey, "3.jpg": picture((90, 90, 90), format="JPEG")}, "greys")
    assert load(greys).shape == (1, 28, 28) and (load(greys).samples.float() - 90).abs().max() <= 1
    assert load(greys, colour="colour").shape == (3, 28, 28)
    mixed = write({"1.png": grey, "2.png": red}, "mixed")
    assert load(mixed).samples[:, :, 5, 5].tolist() == [[90, 90, 90], [255, 0, 0]]
    assert load(mixed, colour="grey").samples[:, :, 5, 5].tolist() == [[90], [76]]


def test_every_pixel_type_gives_what_a_person_sees(write) -> None:
    half = Image.new("RGBA", (30, 30), (255, 0, 0, 0))
    half.paste((0, 0, 255, 255), (0, 0, 30, 30))
    clear = Image.new("RGBA", (30, 30), (0, 0, 0, 0))
    palette = Image.new("P", (30, 30), 1)
    palette.putpalette([0, 0, 0, 10, 200, 30])
    deep = np.full((30, 30), 40_000, np.uint16)
    pictures = {
        "alpha": half, "clear": clear, "palette": palette, "sixteen": Image.fromarray(deep),
        "bit": Image.new("1", (30, 30), 1), "ink": Image.new("CMYK", (30, 30), (255, 0, 0, 0)),
        "grey alpha": Image.new("LA", (30, 30), (0, 0)),
    }  # fmt: skip
    files = {}
    for name, each in pictures.items():
        out = io.BytesIO()
        each.save(
            out, format="JPEG" if each.mode == "CMYK" else "PNG", **({"quality": 100} if each.mode == "CMYK" else {})
        )
        files[name] = out.getvalue()
    out = io.BytesIO()
    palette.save(out, format="PNG", transparency=1)
    files["see-through palette"] = out.getvalue()
    dataset = load(write(files))
    assert dataset.skipped == ()
    seen = dict(zip(sorted(files), dataset.samples[:, :, 14, 14].tolist(), strict=True))
    ink = seen.pop("ink")
    assert ink[0] < 10 and ink[1] > 245 and ink[2] > 245
    assert seen == {
        "alpha": [0, 0, 255], "clear": [255] * 3, "palette": [10, 200, 30], "sixteen": [156] * 3,
        "bit": [255] * 3, "grey alpha": [255] * 3, "see-through palette": [255] * 3,
    }  # fmt: skip


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_unreadable_files_are_listed_with_the_reason(write, picture) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    files = {
        "1.png": picture(), "2.png": picture(), "a.txt": b"hello", "b.png": b"", "c.png": encode(noise)[:2000],
        "d.jpg": encode(noise, format="JPEG")[:900], "e.png": png_claiming(60_000, 60_000),
        "f.png": png_claiming(8_001, 8_000), "g.webp": encode(noise, format="WEBP")[:300],
        "h.png": png_claiming(10, 10), "i.zip": b"PK\x03\x04 and so on", "j.png": b"\x89PNG\r\n\x1a\n" + b"\xff" * 50,
    }  # fmt: skip
    dataset = load(write(files))
    assert len(dataset) == 2
    reasons = dict(line.split(": ", 1) for line in dataset.skipped)
    assert sorted(reasons) == sorted(set(files) - {"1.png", "2.png"})
    assert reasons["a.txt"] == reasons["b.png"] == "not a PNG, JPEG or WebP picture"
    assert "damaged or cut short" in reasons["c.png"] and "damaged or cut short" in reasons["d.jpg"]
    assert "too large" in reasons["e.png"] and "8,001 x 8,000" in reasons["f.png"]
    assert "zip inside" in reasons["i.zip"]
    assert datasets.preview(dataset).skipped == dataset.skipped


def test_a_decompression_bomb_is_not_decoded(write, picture, monkeypatch) -> None:
    monkeypatch.setattr(picture_file, "MAX_PIXELS", 1000)
    decoded: list[tuple[int, int]] = []
    original = Image.Image.load
    monkeypatch.setattr(
        "PIL.ImageFile.ImageFile.load", lambda self: (decoded.append(self.size), original(self))[1], raising=True
    )
    path = write({"1.png": picture(size=(40, 30)), "2.png": picture(size=(40, 30))})
    with pytest.raises(DatasetError, match="40 x 30 pixels"):
        load(path)
    assert decoded == []


def test_what_systems_leave_behind_is_not_mentioned(write, picture) -> None:
    files = {"a/1.png": picture(), "a/2.png": picture(), ".DS_Store": b"x", "a/Thumbs.db": b"x", "a/._1.png": b"x",
             "__MACOSX/a/1.png": picture(), ".hidden/3.png": picture(), "desktop.ini": b"x"}  # fmt: skip
    dataset = load(write(files))
    assert dataset.classes == () and len(dataset) == 2 and dataset.skipped == ()


def test_a_single_class_is_none_in_a_folder_and_in_a_zip(write, picture, tmp_path: Path) -> None:
    path = write({"cats/1.png": picture((1, 1, 1)), "cats/2.png": picture((9, 9, 9))})
    zipped = tmp_path / "cats.zip"
    with zipfile.ZipFile(zipped, "w") as zf:
        for file in sorted(path.rglob("*.png")):
            zf.write(file, file.relative_to(path))
    one, other = load(path), load(zipped)
    assert one.classes == other.classes == () and one.fingerprint == other.fingerprint


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is text")
def test_names_that_are_no_text_are_listed(write, picture) -> None:
    path = write({"a/1.png": picture(), "b/2.png": picture()})
    (path / os.fsdecode(b"\xff")).mkdir()
    (path / os.fsdecode(b"\xff/3.png")).write_bytes(picture())
    dataset = load(path)
    assert dataset.classes == ("a", "b")
    assert dataset.skipped == ("\ufffd/3.png: its name is no text (UTF-8); rename it",)


def test_links_out_of_the_folder_are_not_followed(write, picture, tmp_path: Path) -> None:
    path = write({"1.png": picture(), "2.png": picture()})
    (tmp_path / "secret.png").write_bytes(picture())
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/4.png").write_bytes(picture())
    (path / "inside.png").symlink_to(path / "1.png")
    (path / "out.png").symlink_to(tmp_path / "secret.png")
    (path / "dangling.png").symlink_to(path / "nothing.png")
    (path / "folder").symlink_to(tmp_path / "elsewhere")
    (path / "loop").symlink_to(path)
    (path / "circle.png").symlink_to("circle.png")
    os.mkfifo(path / "pipe.png")
    dataset = load(path)
    assert len(dataset) == 3 and dataset.labels is None
    skipped = ["circle.png", "dangling.png", "folder", "loop", "out.png", "pipe.png"]
    assert [line.split(":")[0] for line in dataset.skipped] == skipped
    assert "out of the folder" in dataset.skipped[4] and "in a circle" in dataset.skipped[0]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no picture.*no files"),
        ({"a.txt": b"hello", "b.txt": b"hello"}, "no picture.*Skipped: a.txt: not a PNG"),
        ({f"{i}.txt": b"hello" for i in range(5)}, "and 2 more"),
    ],
)
def test_nothing_readable(files: dict[str, bytes], words: str, write) -> None:
    with pytest.raises(DatasetError, match=words):
        load(write(files))


def test_one_picture_is_too_few(write, picture) -> None:
    with pytest.raises(DatasetError, match=r"only one picture.*at least 2"):
        load(write({"1.png": picture()}))


def test_wrong_paths_and_settings(write, picture, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no folder or zip of pictures at '.*nowhere'"):
        load(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="no folder or zip"):
        load(Path("a\0b"))
    (tmp_path / "file.txt").write_text("text")
    with pytest.raises(DatasetError, match=r"not a folder.*not a zip"):
        load(tmp_path / "file.txt")
    for path in (None, "", "  "):
        with pytest.raises(DatasetError, match="needs a path"):
            datasets.load("folder", path=path)
    pictures = write({"1.png": picture(), "2.png": picture()})
    with pytest.raises(DatasetError, match=r"image_size = 48: choose 28, 32 or 64"):
        load(pictures, image_size=48)
    with pytest.raises(DatasetError, match="colour = 'gray': choose auto, grey or colour"):
        load(pictures, colour="gray")


def test_too_much_is_refused(write, picture, monkeypatch) -> None:
    path = write({f"{i}.png": picture() for i in range(4)})
    monkeypatch.setattr(folder_module, "MAX_BYTES", 3 * 28 * 28 * 3)
    with pytest.raises(DatasetError, match=r"more than 7,056 bytes.*after 3 of 4"):
        load(path)
    monkeypatch.setattr("gan_core.datasets.collection.MAX_FILES", 3)
    with pytest.raises(DatasetError, match="more than 3 files"):
        load(path)


def test_large_files_are_skipped(write, picture, monkeypatch) -> None:
    monkeypatch.setattr(folder_module, "MAX_FILE_BYTES", 500)
    path = write({"1.png": picture(), "2.png": picture(), "big.png": picture() + bytes(1000)})
    assert [line.split(" bytes")[0][:18] for line in load(path).skipped] == ["big.png: too large"]


def test_a_changed_folder_is_read_anew(write, picture) -> None:
    path = write({"1.png": picture(), "2.png": picture()})
    first = load(path)
    assert datasets.load("folder", path=str(path)) is first
    assert load(path, image_size=32) is not first
    os.utime(path / "1.png", ns=(1, 1))
    second = load(path)
    assert second is not first and second.fingerprint == first.fingerprint
    write({"3.png": picture()})
    assert len(load(path)) == 3


def test_a_changed_zip_is_read_anew(tmp_path: Path, picture, zipped) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(zipped({"1.png": picture((1, 1, 1)), "2.png": picture((1, 1, 1))}))
    first = load(path)
    assert load(path) is first
    path.write_bytes(zipped({"1.png": picture((2, 2, 2)), "2.png": picture((1, 1, 1))}))
    assert load(path).samples[0, 0, 0, 0] == 2


def test_progress_counts_files(write, picture) -> None:
    seen: list[tuple[int, int]] = []
    load(write({"a/1.png": picture(), "a/2.png": b"", "3.png": picture(), "b/4.png": picture()}),
         on_progress=lambda done, total: seen.append((done, total)))  # fmt: skip
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_what_the_progress_raises_comes_through(write, picture) -> None:
    class Cancelled(ValueError):
        pass

    def cancel(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        load(write({"1.png": picture(), "2.png": picture()}), on_progress=cancel)


@pytest.mark.parametrize("wrap", ["", "top/", "top/inner/"])
def test_a_zip_reads_like_the_folder_it_holds(wrap: str, tmp_path: Path, write, picture, zipped) -> None:
    files = {"cats/1.png": picture((9, 9, 9)), "dogs/2.png": picture((1, 2, 3)), "dogs/x/3.png": picture()}
    (tmp_path / "p.zip").write_bytes(
        zipped(
            {wrap + name: content for name, content in files.items()}
            | {"__MACOSX/._x": b"junk", f"{wrap}cats/a.zip": b"PK\x03\x04"}
        )
    )
    dataset = load(tmp_path / "p.zip")
    assert dataset.fingerprint == load(write(files)).fingerprint
    assert dataset.classes == ("cats", "dogs") and dataset.skipped == ("cats/a.zip: a zip inside; unpack it first",)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.zip", "pictures"]  # nothing was unpacked


def test_a_damaged_picture_in_a_zip_is_skipped_and_a_hostile_zip_refused(tmp_path: Path, picture, zipped) -> None:
    noise = encode(np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8))
    content = bytearray(zipped({"1.png": picture(), "2.png": picture(), "3.png": noise}, 0))
    content[content.index(noise) + 3000] ^= 1
    (tmp_path / "p.zip").write_bytes(content)
    dataset = load(tmp_path / "p.zip")
    assert len(dataset) == 2 and dataset.skipped[0].startswith("3.png: the zip's entry '3.png' is damaged")
    (tmp_path / "q.zip").write_bytes(zipped({"1.png": picture(), "../2.png": picture()}))
    with pytest.raises(DatasetError, match="climbs"):
        load(tmp_path / "q.zip")


def test_a_bomb_among_pictures_stops_the_reading(tmp_path: Path, picture, zipped, monkeypatch) -> None:
    monkeypatch.setattr("gan_core.archive.RATIO_FREE_BYTES", 1_000_000)
    (tmp_path / "p.zip").write_bytes(zipped({"1.png": picture(), "2.png": picture(), "3.png": bytes(3_000_000)}))
    with pytest.raises(DatasetError, match="zip bomb"):
        load(tmp_path / "p.zip")
