"""Checkpoints as bytes: what goes in comes out, and nothing else does."""

from __future__ import annotations

import io
import json
import random
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from gan_core.errors import StoreError
from gan_core.store import checkpoint
from gan_core.store.checkpoint import FORMAT, _seal, decode, encode

PLACE: dict[str, Any] = {
    "step": 3, "images": 12, "d_steps": 3, "seconds": 1.25, "position": 12, "window_count": 1,
    "rates": {"d": 1e-3, "g": 2e-3},
}

GAME = {"width": 32, "objective": "hinge", "augment": ["cutout"], "gp_weight": 10.0}


def some_tensors() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "generator.weight": torch.randn(3, 4, generator=generator),
        "generator.count": torch.tensor(7),
        "random.noise": torch.arange(256, dtype=torch.uint8),
        "empty": torch.zeros(0, 3),
        "half": torch.randn(5, generator=generator).half(),
    }


def sealed(header: Any, tensors: dict[str, Tensor] | None = None, **metadata: str) -> bytes:
    """A file whose seal is right, whatever it says."""
    tensors = some_tensors() if tensors is None else tensors
    text = header if isinstance(header, str) else json.dumps(header)
    return save(tensors, {"format": FORMAT, "header": text, "seal": _seal(tensors, text), **metadata})


def test_what_goes_in_comes_out():
    tensors, place, config = decode(encode(some_tensors(), PLACE, GAME), "file")
    assert (place, config) == (PLACE, GAME)
    assert tensors.keys() == some_tensors().keys()
    for name, value in some_tensors().items():
        assert torch.equal(tensors[name], value) and tensors[name].dtype == value.dtype


def test_any_safetensors_reader_can_read_it():
    assert torch.equal(load(encode(some_tensors(), PLACE, GAME))["half"], some_tensors()["half"])


def test_every_byte_is_sealed():
    """Flip one bit anywhere: an error that names the file, never another state."""
    data = encode(some_tensors(), PLACE, GAME)
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 1 << (position % 8)
        try:
            tensors, place, config = decode(bytes(flipped), "run/file")
        except StoreError as error:
            assert str(error).startswith("run/file: ")
            continue
        # The few bits that JSON does not care about, such as a space for a line's end.
        assert (place, config) == (PLACE, GAME), position
        assert all(torch.equal(tensors[name], value) for name, value in some_tensors().items()), position


def test_every_truncation_is_noticed():
    data = encode(some_tensors(), PLACE, GAME)
    for length in range(len(data)):
        with pytest.raises(StoreError, match=r"run/file: "):
            decode(data[:length], "run/file")
    with pytest.raises(StoreError, match=r"run/file: "):
        decode(data + b"\0", "run/file")


def test_random_bytes():
    source = random.Random(0)
    for _ in range(500):
        data = source.randbytes(source.choice((0, 1, 7, 8, 9, 100, 5000)))
        with pytest.raises(StoreError, match=r"run/file: not a checkpoint"):
            decode(data, "run/file")
        with pytest.raises(StoreError, match=r"run/file: "):
            decode(len(data).to_bytes(8, "little") + data, "run/file")


def test_a_pickle_is_named_as_what_it_is():
    buffer = io.BytesIO()
    torch.save(some_tensors(), buffer)
    for data in (buffer.getvalue(), b"\x80\x04cos\nsystem\n(S'touch /tmp/owned'\ntR."):
        with pytest.raises(StoreError, match="pickle, which is never read"):
            decode(data, "run/file")


@pytest.mark.parametrize(
    "data",
    [
        (2**63).to_bytes(8, "little") + b"{}",
        (10**8 - 1).to_bytes(8, "little") + b"{}",
        (200_000).to_bytes(8, "little") + b'{"a":' * 40_000,
        (100_000).to_bytes(8, "little") + b"[" * 100_000,
        b"\x02\0\0\0\0\0\0\0{}",
        b"\x04\0\0\0\0\0\0\0null",
        b"\x02\0\0\0\0\0\0\0[]",
    ],
    ids=["header 2⁶³", "header 10⁸", "deep objects", "deep lists", "empty", "null", "list"],
)
def test_a_header_that_lies(data: bytes):
    with pytest.raises(StoreError, match=r"run/file: "):
        decode(data, "run/file")


def test_offsets_that_lie():
    header = {"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}, "__metadata__": {"format": FORMAT}}
    text = json.dumps(header).encode()
    with pytest.raises(StoreError, match=r"run/file: not a checkpoint"):
        decode(len(text).to_bytes(8, "little") + text + b"\0" * 4, "run/file")


def test_anothers_safetensors():
    with pytest.raises(StoreError, match="not a checkpoint of this program"):
        decode(save(some_tensors()), "run/file")
    with pytest.raises(StoreError, match="not a checkpoint of this program"):
        decode(save(some_tensors(), {"format": "pt"}), "run/file")


def test_a_seal_of_other_contents():
    other = {**some_tensors(), "generator.weight": torch.zeros(3, 4)}
    text = json.dumps({"place": PLACE, "config": GAME})
    data = save(other, {"format": FORMAT, "header": text, "seal": _seal(some_tensors(), text)})
    with pytest.raises(StoreError, match="run/file: damaged"):
        decode(data, "run/file")
    with pytest.raises(StoreError, match="run/file: damaged"):
        decode(save(some_tensors(), {"format": FORMAT, "header": text}), "run/file")
    # A tensor under another's name is another state.
    names = dict(zip(some_tensors(), reversed(some_tensors().values()), strict=True))
    with pytest.raises(StoreError, match="run/file: damaged"):
        decode(save(names, {"format": FORMAT, "header": text, "seal": _seal(some_tensors(), text)}), "run/file")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, value) for key in ("step", "images", "d_steps", "position", "window_count")
          for value in (-1, "3", None, 1.5, True, 10**30, [], {})),
        *(("seconds", value) for value in (-0.5, "1", None, float("nan"), float("inf"), [], True)),
        *(("rates", value) for value in (
            None, [], {}, {"d": 1e-3}, {"d": 1e-3, "g": "x"}, {"d": 1e-3, "g": None}, {"d": 0.0, "g": 1e-3},
            {"d": -1.0, "g": 1e-3}, {"d": float("nan"), "g": 1e-3}, {"d": 1e-3, "g": 2.0},
            {"d": 1e-3, "g": 1e-3, "x": 1.0},
        )),
        ("extra", 1),
    ],
)
def test_a_right_seal_on_nonsense(key: str, value: Any):
    """The seal is no secret: whoever can write a file can seal it."""
    with pytest.raises(StoreError, match=f"run/file: .*place.*{key}"):
        decode(sealed({"place": {**PLACE, key: value}, "config": GAME}), "run/file")


@pytest.mark.parametrize("key", PLACE)
def test_a_right_seal_on_less(key: str):
    place = {name: value for name, value in PLACE.items() if name != key}
    with pytest.raises(StoreError, match=f"run/file: .*place.{key}"):
        decode(sealed({"place": place, "config": GAME}), "run/file")


@pytest.mark.parametrize(
    "header",
    ["", "{", "null", "[]", "3", '"x"', "{}", "[" * 50_000, '{"place":' * 50_000,
     {"place": PLACE}, {"config": GAME}, {"place": PLACE, "config": 3}, {"place": PLACE, "config": None},
     {"place": PLACE, "config": GAME, "more": 1}, {"place": [], "config": GAME}, {"place": None, "config": GAME},
     {"place": "x", "config": GAME}],
)
def test_a_right_seal_on_another_header(header: Any):
    with pytest.raises(StoreError, match=r"run/file: "):
        decode(sealed(header), "run/file")


def test_a_right_seal_on_no_header():
    tensors = some_tensors()
    data = save(tensors, {"format": FORMAT, "seal": _seal(tensors, "")})
    with pytest.raises(StoreError, match=r"run/file: "):
        decode(data, "run/file")


def test_the_control_would_pass():
    """What the tests above vary is accepted as it is."""
    assert decode(sealed({"place": PLACE, "config": GAME}), "file")[1] == PLACE
    assert checkpoint.Place.model_validate(PLACE).model_dump() == PLACE
