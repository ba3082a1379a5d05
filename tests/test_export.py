"""ONNX: the file draws what PyTorch draws, and one that does not is never kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gan_core import export, networks
from gan_core.config import RunConfig
from gan_core.export import ExportError

Config = Callable[..., RunConfig]


def _generator(config: RunConfig, shape: tuple[int, ...], classes: int) -> nn.Module:
    """With weights and running statistics that are not those of the start."""
    random = torch.Generator().manual_seed(1)
    generator, _ = networks.build(config, shape, classes, random, torch.Generator())
    for _ in range(3):
        z = torch.randn(16, config.latent_dim, generator=random)
        labels = torch.randint(classes, (16,), generator=random) if generator.n_classes else None
        generator(z, labels)
    return generator.eval()


@pytest.mark.parametrize(
    ("settings", "shape", "classes"),
    [
        ({}, (1, 28, 28), 10), ({}, (3, 64, 64), 0), ({"preset": "article"}, (1, 28, 28), 10),
        ({"network": "plane", "latent": "uniform"}, (2,), 0),
    ],
)
def test_onnx_runtime_draws_the_same(
    tiny_config: Config, settings: dict[str, str], shape: tuple[int, ...], classes: int
) -> None:
    import onnx
    import onnxruntime

    generator = _generator(tiny_config(**settings), shape, classes)
    data = export.to_onnx(generator, {"run": "one"})
    assert export.compare(data, generator) <= export.TOLERANCE
    model = onnx.load_from_string(data)
    assert {prop.key: prop.value for prop in model.metadata_props}["run"] == "one"
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    z = np.random.default_rng(0).standard_normal((3, generator.latent_dim)).astype(np.float32)
    feed = {"z": z}
    labels = None
    if generator.n_classes:
        labels = torch.tensor([0, 5, 9])
        feed["label"] = labels.numpy()
    (pictures,) = session.run(["pictures"], feed)
    with torch.inference_mode():
        expected = generator(torch.from_numpy(z), labels).numpy()
    assert pictures.shape == (3, *shape) and np.abs(pictures - expected).max() <= 1e-4


def test_a_file_of_another_generator_is_refused(tiny_config: Config) -> None:
    config = tiny_config("article")
    data = export.to_onnx(_generator(config, (1, 28, 28), 0))
    other, _ = networks.build(config, (1, 28, 28), 0, torch.Generator().manual_seed(9), torch.Generator())
    with pytest.raises(ExportError, match="differ from PyTorch's by"):
        export.compare(data, other.eval())


@pytest.mark.parametrize("damage", [b"", b"no onnx at all", bytes(1000)])
def test_what_is_no_onnx_is_refused(tiny_config: Config, damage: bytes) -> None:
    with pytest.raises(ExportError, match="cannot run the file"):
        export.compare(damage, _generator(tiny_config("article"), (1, 28, 28), 0))


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExportError, match=r"'onnxruntime' .* pip install -r requirements-onnx.txt"):
        export.check_available()


def test_the_command_in_a_process_of_its_own(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[1]

    def call(*words: str) -> str:
        command = [sys.executable, "-m", "gan_core", *words, "--checkpoints", str(tmp_path / "runs")]
        return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout

    call("train", "--name", "one", "--images", "256", "--width", "8")
    said = call("export-onnx", "one", "--out", str(tmp_path / "g.onnx"))
    assert "differs from PyTorch by at most" in said and (tmp_path / "g.onnx").stat().st_size > 10_000
