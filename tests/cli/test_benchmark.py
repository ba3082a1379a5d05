"""`benchmark`: trained, measured, told beside the published numbers; the same again for the same seeds."""

from __future__ import annotations

import contextlib
import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from gan_core import datasets
from gan_core.cli import benchmarking, main
from gan_core.evaluation import classifier
from gan_core.trainer import Trainer
from tests.cli.conftest import ROOT

Bench = Callable[..., Result]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(benchmarking, "thread_count", lambda config: 1)

    def call(*words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, ["benchmark", *map(str, words)])
        assert result.exit_code == code, result.output
        return result

    return call


def without_clock(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for result in results:
        for run in result["runs"]:
            assert run.pop("seconds") >= 0
    return results


def test_mixtures_tell_ours_real_chance_and_the_published(bench: Bench) -> None:
    text = bench("mixtures", "--seeds", 2, "--images", 2_000).stdout
    ring, grid = text.split("\n\n")
    for part, name, modes in ((ring, "ring", "8"), (grid, "grid", "25")):
        lines = part.splitlines()
        assert lines[0] == name and f"modes of {modes}" in lines[1] and "reverse KL" in lines[1]
        assert lines[2].startswith(f"preset {name}") and "±" in lines[2] and "2 seeds" in lines[2]
        assert lines[3].split()[:3] == ["real", "samples", modes]
    assert "GAN              6.3         98.2%         0.4500" in ring and "PacGAN4" in grid
    assert "Lin et al. 2018, Table 1" in ring


def test_the_same_seeds_give_the_same_numbers(bench: Bench) -> None:
    words = ("mixtures", "--seeds", 2, "--images", 20_000, "--json")
    first, again = (without_clock(json.loads(bench(*words).stdout)) for _ in range(2))
    assert first == again
    ring, grid = first
    assert (ring["dataset"], ring["of"], ring["samples"]) == ("ring", 8, 2_500)
    assert grid["floor"] == pytest.approx(24 / 5_000)
    assert [run["seed"] for run in ring["runs"]] == [1, 2] and ring["runs"][0]["scores"] != ring["runs"][1]["scores"]
    assert ring["real"]["modes"] == 8 and ring["real"]["high_quality"] > 0.97
    assert ring["published"][0]["scores"] == {"modes": 6.3, "high_quality": 0.982, "kl": 0.45}


@pytest.fixture
def made_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The embedded digits in MNIST's files, and a classifier that learned next to nothing."""
    digits = datasets.load("digits")
    assert digits.labels is not None
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, array in (("images-idx3", digits.samples[:, 0].numpy()), ("labels-idx1", digits.labels.numpy())):
        sizes = b"".join(n.to_bytes(4, "big") for n in array.shape)
        content = bytes((0, 0, 8, array.ndim)) + sizes + array.astype(np.uint8).tobytes()
        (raw / f"train-{name}-ubyte.gz").write_bytes(gzip.compress(content, 1))
    monkeypatch.setattr(classifier, "SHIPPED", tmp_path / "none")
    monkeypatch.setattr(classifier, "_LEAST_SHOWN", 12_800)
    monkeypatch.setattr(classifier, "_EPOCHS", 0)
    monkeypatch.setattr(benchmarking, "PICTURES", 600)
    return tmp_path


@pytest.mark.long
def test_stacked_mnist_tells_confidence_and_distance_beside_the_modes(bench: Bench, made_mnist: Path) -> None:
    words = ("stacked-mnist", "--seeds", 1, "--images", 192, "--data-dir", made_mnist)
    (result,) = without_clock(json.loads(bench(*words, "--json").stdout))
    real, (run,) = result["real"], result["runs"]
    assert result["of"] == 1_000 and result["samples"] == 600
    assert real["confidence"] > 0.5 and real["modes"] > 350  # of 1,000 kinds, 600 pictures show 451 at best
    assert run["images"] == 192 and run["scores"]["fid"] > 3 * real["fid"]  # nothing is learned yet
    (kept,) = (made_mnist / "evaluation").iterdir()  # the classifier, trained once
    text = bench(*words).stdout
    assert "confidence" in text and "FID per channel" in text and "PacDCGAN2" in text and "right on digits" in text
    assert list((made_mnist / "evaluation").iterdir()) == [kept]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stacked-mnist", "--data-dir", "nowhere"], "nowhere"), (["mixtures", "--seeds", 0], "--seeds"),
        (["mixtures", "--images", 0], "--images"),
    ],
)
def test_what_is_wrong_is_said(bench: Bench, words: list[object], said: str) -> None:
    assert said in bench(*words, code=2).stderr


def test_a_game_that_diverges_names_its_seed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Trainer.step

    def spoil(self: Trainer) -> None:
        step(self)
        self._window += float("nan")

    monkeypatch.setattr(Trainer, "step", spoil)
    result = bench("mixtures", "--seeds", 1, "--images", 2_000, code=1)
    assert "ring, seed 1: the game diverged" in result.stderr and not result.stdout


def test_ctrl_c_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gan_core", "benchmark", "mixtures", "--seeds", "1"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)}
    ) as process:
        assert process.stderr
        line = process.stderr.readline()  # the first word on how far it is
        assert "ring, game 1 of 1" in line
        for _ in range(60):  # Python drops one that comes within a destructor: a person presses again
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
                break
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "" and "interrupted" in err
    assert list(tmp_path.iterdir()) == []
