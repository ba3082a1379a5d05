import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from gan_core import archive
from gan_core.archive import ArchiveLimitError, Meter, extract, open_zip, safe_members
from gan_core.errors import ArchiveError


def unpack(content: bytes, into: Path, **limits: int) -> list[str]:
    with open_zip(io.BytesIO(content)) as zf:
        extract(zf, safe_members(zf), into, **limits)
    return sorted(path.relative_to(into).as_posix() for path in into.rglob("*") if path.is_file())


def with_entry(name: str, mode: int = 0, data: bytes = b"x", compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zf:
        zf.writestr("good.txt", b"good")
        info = zipfile.ZipInfo(name)
        info.filename = name  # the constructor cuts at NUL
        info.external_attr = mode << 16
        info.compress_type = compression
        zf.writestr(info, data)
    return out.getvalue()


def test_content_comes_out_as_it_went_in(tmp_path: Path, zipped) -> None:
    files = {"a.txt": b"1", "sub/b.bin": os.urandom(600_000), "sub/deep/c": b"", "ünïcode/ß.txt": b"2"}
    assert unpack(zipped(files), tmp_path / "out") == sorted(files)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in files} == files
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_folders_are_left_out_of_the_members(zipped) -> None:
    with open_zip(io.BytesIO(zipped({"a/": b"", "a/b/": b"", "a/b/c": b"1"}))) as zf:
        assert [info.filename for info in safe_members(zf)] == ["a/b/c"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (with_entry("../evil"), "climbs"),
        (with_entry("a/../../evil"), "climbs"),
        (with_entry("/etc/evil"), "absolute"),
        (with_entry("C:/evil"), "drive"),
        (with_entry("c:evil"), "drive"),
        (with_entry("..\\evil"), "backslash"),
        (with_entry("a\0.png"), "NUL"),
        (with_entry("a//b"), "empty part"),
        (with_entry("link", stat.S_IFLNK | 0o777, b"/etc/passwd"), "is a link"),
        (with_entry("pipe", stat.S_IFIFO | 0o666), "neither a file nor a folder"),
        (with_entry("packed", compression=zipfile.ZIP_BZIP2), "other than deflate"),
        (with_entry("GOOD.txt"), "more than once"),
        (with_entry("./good.txt"), "more than once"),
        (with_entry("good.txt/inner"), "inside another entry"),
    ],
)
def test_hostile_entries_are_refused_and_leave_nothing(content: bytes, words: str, tmp_path: Path) -> None:
    into = tmp_path / "below" / "out"
    with pytest.raises(ArchiveError, match=words):
        unpack(content, into)
    assert list(tmp_path.iterdir()) == []


def test_extract_checks_members_that_nobody_checked(tmp_path: Path) -> None:
    into = tmp_path / "below" / "out"
    with open_zip(io.BytesIO(with_entry("../evil"))) as zf, pytest.raises(ArchiveError, match="climbs"):
        extract(zf, zf.infolist(), into)
    assert list(tmp_path.rglob("*")) == [tmp_path / "below"]


def test_encrypted_entries_are_refused(zipped) -> None:
    content = bytearray(zipped({"secret": b"x"}))
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    with open_zip(io.BytesIO(content)) as zf, pytest.raises(ArchiveError, match="'secret' is encrypted"):
        safe_members(zf)


@pytest.mark.parametrize("content", [b"", b"not a zip at all", b"PK\x05\x06", b"PK\x03\x04" + b"\0" * 100])
def test_what_is_no_zip_is_called_so(content: bytes) -> None:
    with pytest.raises(ArchiveError, match="not a zip"), open_zip(io.BytesIO(content)):
        pass


def test_a_zip_cut_short_and_a_path_that_is_not_there(zipped, tmp_path: Path) -> None:
    whole = zipped({"a": os.urandom(5000)})
    with pytest.raises(ArchiveError, match="not a zip"), open_zip(io.BytesIO(whole[:-40])):
        pass
    with pytest.raises(ArchiveError, match=r"none\.zip.*No such file"), open_zip(tmp_path / "none.zip"):
        pass


def test_a_damaged_member_leaves_nothing(zipped, tmp_path: Path) -> None:
    content = bytearray(zipped({"first": b"fine", "second": b"S" * 100}, zipfile.ZIP_STORED))
    content[content.index(b"SSS") + 50] ^= 1
    with pytest.raises(ArchiveError, match="'second' is damaged"):
        unpack(bytes(content), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_left_alone(zipped, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(ArchiveError, match="exists already"):
        unpack(zipped({"a": b"1"}), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_too_many_entries(zipped, tmp_path: Path) -> None:
    content = zipped({str(i): b"" for i in range(30)})
    with pytest.raises(ArchiveError, match="more than 29 entries"), open_zip(io.BytesIO(content), max_members=29):
        pass
    with open_zip(io.BytesIO(content)) as zf, pytest.raises(ArchiveError, match=r"30 entries; the limit is 29"):
        safe_members(zf, max_members=29)
    with open_zip(io.BytesIO(content), max_members=30) as zf:
        assert len(safe_members(zf, max_members=30)) == 30


def test_declared_sizes_stop_early(zipped) -> None:
    content = io.BytesIO(zipped({"a": bytes(600), "b": bytes(600)}))
    with open_zip(content) as zf, pytest.raises(ArchiveError, match=r"1,200 bytes; the limit is 1,000"):
        safe_members(zf, max_bytes=1000)


def test_a_header_that_lies_about_the_size_does_not_pass_the_limit(zipped, tmp_path: Path) -> None:
    content = bytearray(zipped({"bomb": bytes(1_000_000)}))
    entry = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, entry + 24, 10)
    with pytest.raises(ArchiveError, match="damaged"):
        unpack(bytes(content), tmp_path / "small")
    struct.pack_into("<I", content, entry + 24, 2_000_000)
    with pytest.raises(ArchiveError, match="1,000,000 bytes where 2,000,000 were announced"):
        unpack(bytes(content), tmp_path / "large")
    assert list(tmp_path.iterdir()) == []


def test_limits_hold_while_it_streams(zipped, tmp_path: Path) -> None:
    content = zipped({"a": os.urandom(600), "b": os.urandom(600)})
    with pytest.raises(ArchiveLimitError, match="more than 1,000 bytes"):
        unpack(content, tmp_path / "out", max_bytes=1000)
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_is_seen_by_its_ratio(zipped, tmp_path: Path, monkeypatch) -> None:
    content = zipped({"bomb": bytes(3_000_000)})
    assert len(content) * 200 < 3_000_000
    assert unpack(content, tmp_path / "small-enough-to-pass") == ["bomb"]
    monkeypatch.setattr(archive, "RATIO_FREE_BYTES", 1_000_000)
    with pytest.raises(ArchiveLimitError, match="zip bomb"):
        unpack(content, tmp_path / "out")
    assert not (tmp_path / "out").exists() and len(list(tmp_path.iterdir())) == 1


def test_a_meter_counts_over_all_members(zipped) -> None:
    with open_zip(io.BytesIO(zipped({"a": b"x" * 600, "b": b"y" * 600}))) as zf:
        first, second = safe_members(zf)
        meter = Meter(zf, max_bytes=1000)
        assert meter.read(first) == b"x" * 600
        with pytest.raises(ArchiveLimitError):
            meter.read(second)


def test_leading_folders_can_be_stripped(zipped, tmp_path: Path) -> None:
    with open_zip(io.BytesIO(zipped({"top/a": b"1", "top/sub/b": b"2"}))) as zf:
        extract(zf, safe_members(zf), tmp_path / "out", strip=1)
    assert (tmp_path / "out/sub/b").read_bytes() == b"2" and (tmp_path / "out/a").is_file()


def test_a_full_disk_leaves_nothing(zipped, tmp_path: Path, monkeypatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive.os, "rename", full)
    with pytest.raises(ArchiveError, match="No space left on device"):
        unpack(zipped({"a": b"1"}), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
