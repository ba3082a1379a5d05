import gzip
import hashlib
import io
import tarfile
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gan_core import datasets
from gan_core.datasets import downloads
from gan_core.datasets.downloads import Resource, fetch
from gan_core.errors import DatasetError

CONTENT = np.random.default_rng(7).bytes(700_000)


def resource(content: bytes = CONTENT, file: str = "set/file.bin", *mirrors: str, **more) -> Resource:
    return Resource(file, mirrors, hashlib.md5(content).hexdigest(), len(content), **more)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_whole_download_reports_every_step(web, tmp_path: Path) -> None:
    web.files = {"file.bin": CONTENT, "second.bin": b"abc"}
    seen: list[tuple[int, int]] = []
    wanted = [resource(CONTENT, "set/file.bin", web.url), resource(b"abc", "set/second.bin", web.url + "/")]
    fetch(wanted, tmp_path / "new" / "data", lambda done, total: seen.append((done, total)))
    folder = tmp_path / "new" / "data"
    assert files(folder) == ["set/file.bin", "set/second.bin"]
    assert (folder / "set/file.bin").read_bytes() == CONTENT
    assert seen == sorted(seen) and seen[0] == (0, 700_003) and seen[-1] == (700_003, 700_003) and len(seen) > 4


def test_what_is_there_is_not_fetched_again(web, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/x-ubyte").write_bytes(b"unpacked by hand")
    fetch([resource(b"?", "set/x-ubyte.gz", web.url)], tmp_path)
    assert web.asked == [] and files(tmp_path) == ["set/x-ubyte"]


def test_a_broken_line_keeps_the_part_and_the_next_try_continues(web, tmp_path: Path) -> None:
    web.files, web.break_after = {"file.bin": CONTENT}, 300_000
    with pytest.raises(DatasetError, match="300,000 of 700,000 bytes are kept: trying again continues"):
        fetch([resource()], tmp_path, base_url=web.url)
    assert files(tmp_path) == ["set/file.bin.part"]
    with pytest.raises(DatasetError, match="600,000 of 700,000"):
        fetch([resource()], tmp_path, base_url=web.url)
    web.break_after = None
    seen: list[int] = []
    fetch([resource()], tmp_path, lambda done, total: seen.append(done), base_url=web.url)
    assert (tmp_path / "set/file.bin").read_bytes() == CONTENT and files(tmp_path) == ["set/file.bin"]
    assert [wanted for _, wanted in web.asked] == [None, "bytes=300000-", "bytes=600000-"]
    assert seen[0] == 600_000


def test_the_next_mirror_continues_what_the_first_began(web, tmp_path: Path) -> None:
    web.files, web.break_after = {"a/file.bin": CONTENT, "c/file.bin": CONTENT}, 400_000
    fetch([resource(CONTENT, "set/file.bin", f"{web.url}/a", f"{web.url}/b", f"{web.url}/c")], tmp_path)
    assert web.asked == [("/a/file.bin", None), ("/b/file.bin", "bytes=400000-"), ("/c/file.bin", "bytes=400000-")]
    assert (tmp_path / "set/file.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("way", ["ignored", "refused"])
def test_a_server_that_cannot_continue_starts_afresh(way: str, web, tmp_path: Path) -> None:
    web.files, web.ranges, web.refuse_ranges = {"file.bin": CONTENT}, way == "refused", way == "refused"
    (tmp_path / "set").mkdir()
    (tmp_path / "set/file.bin.part").write_bytes(b"other bytes" * 100)
    fetch([resource()], tmp_path, base_url=web.url)
    assert (tmp_path / "set/file.bin").read_bytes() == CONTENT and files(tmp_path) == ["set/file.bin"]
    assert web.asked[0][1] == "bytes=1100-"


def test_a_whole_part_needs_no_server_and_a_longer_one_is_dropped(web, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    part = tmp_path / "set/file.bin.part"
    part.write_bytes(CONTENT)
    fetch([resource()], tmp_path, base_url=web.url)
    assert web.asked == [] and files(tmp_path) == ["set/file.bin"]
    (tmp_path / "set/file.bin").unlink()
    part.write_bytes(CONTENT + b"!")
    web.files = {"file.bin": CONTENT}
    fetch([resource()], tmp_path, base_url=web.url)
    assert (tmp_path / "set/file.bin").read_bytes() == CONTENT and web.asked == [("/file.bin", None)]


@pytest.mark.parametrize("bad", [CONTENT[:-1] + b"?", CONTENT + b"and more" * 99_999])
def test_a_corrupted_file_never_gets_its_name(bad: bytes, web, tmp_path: Path) -> None:
    web.files = {"file.bin": bad}
    with pytest.raises(DatasetError, match=r"corrupted.*MD5") as caught:
        fetch([resource()], tmp_path, base_url=web.url)
    assert files(tmp_path) == [] and "starts afresh" in str(caught.value) and web.url in str(caught.value)


def test_a_corrupted_mirror_is_passed_over(web, tmp_path: Path) -> None:
    web.files = {"a/file.bin": b"?" * len(CONTENT), "b/file.bin": CONTENT}
    fetch([resource(CONTENT, "set/file.bin", f"{web.url}/a", f"{web.url}/b")], tmp_path)
    assert (tmp_path / "set/file.bin").read_bytes() == CONTENT
    assert web.asked == [("/a/file.bin", None), ("/b/file.bin", None)]


def test_no_server_and_no_file_are_told_apart(web, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"HTTP 404.*") as caught:
        fetch([resource()], tmp_path, base_url=web.url)
    assert "Check the connection" in str(caught.value)
    with pytest.raises(DatasetError, match="refused"):
        fetch([resource()], tmp_path, base_url="http://127.0.0.1:1")
    (tmp_path / "file.bin").write_bytes(CONTENT)
    with pytest.raises(DatasetError, match="not a web address"):
        fetch([resource()], tmp_path, base_url=tmp_path.as_uri())
    assert files(tmp_path) == ["file.bin"]


def test_stopping_keeps_what_came(web, tmp_path: Path) -> None:
    web.files = {"file.bin": CONTENT}

    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch([resource()], tmp_path, stop, base_url=web.url)
    assert (tmp_path / "set/file.bin.part").stat().st_size > 0
    fetch([resource()], tmp_path, base_url=web.url)
    assert (tmp_path / "set/file.bin").read_bytes() == CONTENT


def test_a_full_disk_is_seen_before_anything_is_asked(web, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(downloads.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(DatasetError, match=r"needs 700,000 more bytes.*only 1,000 bytes free"):
        fetch([resource()], tmp_path, base_url=web.url)
    assert web.asked == []


def test_a_disk_that_fills_up_and_a_folder_that_is_none(web, tmp_path: Path, monkeypatch) -> None:
    web.files = {"file.bin": CONTENT}

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads.os, "fsync", full)
    with pytest.raises(DatasetError, match=r"No space left on device.*GAN_DATA_DIR"):
        fetch([resource()], tmp_path, base_url=web.url)
    assert files(tmp_path) == ["set/file.bin.part"]
    (tmp_path / "occupied").write_text("a file")
    with pytest.raises(DatasetError, match="could not write"):
        fetch([resource()], tmp_path / "occupied", base_url=web.url)


def test_two_at_once_fetch_once(web, tmp_path: Path) -> None:
    web.files = {"file.bin": CONTENT}
    threads = [threading.Thread(target=fetch, args=([resource()], tmp_path, None, web.url)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(web.asked) == 1 and (tmp_path / "set/file.bin").read_bytes() == CONTENT


def test_download_by_name_then_load(web, tmp_path: Path, monkeypatch, mnist_files: dict[str, bytes]) -> None:
    tiny = tuple(
        replace(
            old,
            md5=hashlib.md5(mnist_files[Path(old.file).name]).hexdigest(),
            size=len(mnist_files[Path(old.file).name]),
        )
        for old in datasets.DATASETS["mnist"].resources
    )
    monkeypatch.setitem(datasets.DATASETS, "mnist", replace(datasets.DATASETS["mnist"], resources=tiny))
    web.files = mnist_files
    assert not datasets.is_available("mnist", tmp_path)
    assert datasets.download_size("mnist") == sum(map(len, mnist_files.values()))
    datasets.download("mnist", tmp_path, base_url=web.url)
    assert datasets.is_available("mnist", tmp_path) and len(datasets.load("mnist", tmp_path)) == 30


def test_emnist_keeps_only_the_letters(web, tmp_path: Path, monkeypatch, zipped, idx) -> None:
    letters = {
        "emnist-letters-train-images-idx3-ubyte.gz": gzip.compress(idx(np.zeros((2, 28, 28)))),
        "emnist-letters-train-labels-idx1-ubyte.gz": gzip.compress(idx(np.array([1, 2]))),
    }
    content = zipped({f"gzip/{name}": data for name, data in letters.items()} | {"gzip/emnist-digits.gz": b"x" * 999})
    emnist = datasets.DATASETS["emnist"]
    tiny = (replace(emnist.resources[0], md5=hashlib.md5(content).hexdigest(), size=len(content)),)
    monkeypatch.setitem(datasets.DATASETS, "emnist", replace(emnist, resources=tiny))
    web.files = {"gzip.zip": content}
    datasets.download("emnist", tmp_path, base_url=web.url)
    assert files(tmp_path) == [f"EMNIST/raw/{name}" for name in letters]
    assert datasets.load("emnist", tmp_path).class_counts()["b"] == 1
    datasets.download("emnist", tmp_path, base_url=web.url)
    assert len(web.asked) == 1


def tarred(members: dict[str, bytes], link: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if name == link:
                info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def cifar_with(content: bytes, monkeypatch) -> None:
    cifar = datasets.DATASETS["cifar10"]
    tiny = (replace(cifar.resources[0], md5=hashlib.md5(content).hexdigest(), size=len(content)),)
    monkeypatch.setitem(datasets.DATASETS, "cifar10", replace(cifar, resources=tiny))


CIFAR = {f"cifar-10-batches-bin/data_batch_{i}.bin": bytes(3073) for i in range(1, 6)} | {
    "cifar-10-batches-bin/batches.meta.txt": b"airplane\n"
}


def test_cifar_is_unpacked_and_its_archive_removed(web, tmp_path: Path, monkeypatch) -> None:
    content = tarred(CIFAR | {"../outside": b"x", "cifar-10-batches-bin/test_batch.bin": b"x"})
    cifar_with(content, monkeypatch)
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(content)  # laid there by hand
    datasets.download("cifar10", tmp_path, base_url=web.url)
    assert web.asked == [] and files(tmp_path) == sorted(CIFAR)
    assert len(datasets.load("cifar10", tmp_path)) == 5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (tarred({k: v for k, v in CIFAR.items() if "batch_4" not in k}), "holds no '.*data_batch_4"),
        (tarred(CIFAR, link="cifar-10-batches-bin/data_batch_4.bin"), "not a file"),
        (tarred(CIFAR)[:150], "could not be unpacked"),
        (b"no archive", "could not be unpacked"),
    ],
)
def test_a_wrong_archive_is_named(content: bytes, words: str, web, tmp_path: Path, monkeypatch) -> None:
    cifar_with(content, monkeypatch)
    web.files = {"cifar-10-binary.tar.gz": content}
    with pytest.raises(DatasetError, match=words):
        datasets.download("cifar10", tmp_path, base_url=web.url)
    assert not datasets.is_available("cifar10", tmp_path) and not list(tmp_path.rglob("*.part"))
