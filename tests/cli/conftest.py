"""The command line, in this process and in one of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gan_core.cli import main

ROOT = Path(__file__).resolve().parents[2]
TINY = (
    "--width", "4", "--latent-dim", "8", "--batch-size", "4", "--grid", "2", "--device", "cpu", "--threads", "1",
    "--measure", "off",  # but where a test does it
)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    """Where the runs of this test lie; not made yet."""
    return tmp_path / "runs"


@pytest.fixture
def cli(checkpoints: Path) -> Callable[..., Result]:
    """Run a command: (*words, code=0). `--checkpoints` is added where the command takes it."""

    def call(*words: object, code: int = 0) -> Result:
        where = [] if words[0] == "download" or "--help" in words else ["--checkpoints", str(checkpoints)]
        result = CliRunner().invoke(main, [*map(str, words), *where])
        assert result.exit_code == code, result.output
        return result

    return call


@pytest.fixture
def trained(cli: Callable[..., Result]) -> str:
    """A tiny finished run of 40 images on the embedded digits, with checkpoints at 20 and 40."""
    cli("train", "--name", "one", "--images", 40, "--save-every-images", 20, *TINY)
    return "one"


@pytest.fixture
def start(checkpoints: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start a command in a process of its own, its output caught."""

    def popen(*words: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "gan_core", *map(str, words), "--checkpoints", str(checkpoints)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return popen
