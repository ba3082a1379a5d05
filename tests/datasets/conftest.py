"""Generated pictures, IDX files and a small web server; nothing here leaves 127.0.0.1 and tmp_path."""

from __future__ import annotations

import gzip
import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan_core import datasets
from gan_core.datasets import DATASETS


@pytest.fixture(autouse=True)
def _forget_datasets() -> Iterator[None]:
    datasets._memo.clear()
    yield
    datasets._memo.clear()


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """The bytes of one picture file of one colour."""

    def make(
        colour: object = (200, 30, 30), size: tuple[int, int] = (40, 30), mode: str = "RGB", **save: object
    ) -> bytes:
        out = io.BytesIO()
        save.setdefault("format", "PNG")
        Image.new(mode, size, colour).save(out, **save)  # type: ignore[arg-type]
        return out.getvalue()

    return make


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """Files by name, written below tmp_path/pictures."""

    def make(files: dict[str, bytes], root: str = "pictures") -> Path:
        folder = tmp_path / root
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return folder

    return make


@pytest.fixture
def zipped() -> Callable[[dict[str, bytes]], bytes]:
    """A zip of files by name."""

    def make(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", compression) as zf:
            for name, content in files.items():
                zf.writestr(name, content)
        return out.getvalue()

    return make


@pytest.fixture
def idx() -> Callable[[np.ndarray], bytes]:
    """An array as an IDX file of unsigned bytes."""

    def make(array: np.ndarray) -> bytes:
        sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
        return bytes((0, 0, 8, array.ndim)) + sizes + array.astype(np.uint8).tobytes()

    return make


@pytest.fixture
def mnist_files(idx: Callable[[np.ndarray], bytes]) -> dict[str, bytes]:
    """A tiny MNIST of 30 random pictures, packed, by file name."""
    rng = np.random.default_rng(0)
    return {
        "train-images-idx3-ubyte.gz": gzip.compress(idx(rng.integers(0, 256, (30, 28, 28))), mtime=0),
        "train-labels-idx1-ubyte.gz": gzip.compress(idx(np.arange(30) % 10), mtime=0),
    }


@dataclass
class Web:
    """A server whose faults are set by the test, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    refuse_ranges: bool = False  # answers 416 to every range
    break_after: int | None = None  # bytes sent before the line breaks
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server on 127.0.0.1."""
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.asked.append((self.path, wanted))
            content = state.files.get(self.path.lstrip("/"))
            if content is None:
                self.send_error(404)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and state.ranges else 0
            if wanted and (state.refuse_ranges or start >= len(content)):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            body = content[start:]
            self.wfile.write(body if state.break_after is None else body[: state.break_after])

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def served_mnist(web: Web, mnist_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Web:
    """The data set `mnist` is the tiny one, on the test's own server."""
    web.files = mnist_files
    resources = tuple(
        replace(one, mirrors=(web.url,), md5=hashlib.md5(content).hexdigest(), size=len(content))
        for one in DATASETS["mnist"].resources
        for content in [mnist_files[Path(one.file).name]]
    )
    monkeypatch.setitem(DATASETS, "mnist", replace(DATASETS["mnist"], resources=resources))
    return web
