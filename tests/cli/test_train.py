"""`train` and `resume`: what is asked for is what is trained, what is wrong is said, what is ended is saved."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from gan_core.config import RunConfig
from gan_core.presets import PRESETS, make_config
from gan_core.store import Store
from gan_core.trainer import Trainer
from tests.cli.conftest import TINY

Cli = Callable[..., Result]


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_flags_and_set_and_preset_together(cli: Cli, checkpoints: Path) -> None:
    cli(
        "train", "--preset", "wgan-gp", "--name", "mine", "--images", 40, "--lr-g", "0.001", "--set", "lr_d=0.002",
        "--set", "critic_steps=2", "--set", "augment=translation,cutout", "--seed", 7, *TINY,
    )
    expected = make_config(
        "wgan-gp", images=40, lr_g=0.001, lr_d=0.002, critic_steps=2, augment="translation,cutout", seed=7, width=4,
        latent_dim=8, batch_size=4, grid=2, device="cpu", threads=1, measure="off",
    )
    assert Store(checkpoints).open("mine").config == expected


def test_a_line_of_history_holds_what_is_promised(trained: str, checkpoints: Path) -> None:
    lines = _lines(checkpoints / "one" / "history.jsonl")
    assert {"step", "images", "seconds", "loss_d", "loss_g", "d_real", "d_fake"} <= lines[0].keys()
    assert lines[0]["step"] == 1 and lines[0]["images"] == 4
    assert lines[-1]["step"] == 10 and lines[-1]["images"] == 40


def test_lengths_in_every_unit(cli: Cli, checkpoints: Path) -> None:
    cli("train", "--name", "epochs", "--epochs", "0.05", *TINY)
    assert Store(checkpoints).open("epochs").checkpoints()[-1].images == 92  # 1,797 · 0.05 = 89.85, in batches of 4
    cli("train", "--name", "seconds", "--seconds", "0.2", *TINY)
    assert _lines(checkpoints / "seconds" / "events.jsonl")[-1]["event"] == "finished"


def test_resumed_it_is_one_long_run(cli: Cli, trained: str, checkpoints: Path) -> None:
    cli("resume", "one", "--images", 80)
    cli("train", "--name", "long", "--images", 80, "--save-every-images", 20, *TINY)
    one, long = (Store(checkpoints).open(name) for name in ("one", "long"))
    (mine, place), (other, there) = one.load_checkpoint(80), long.load_checkpoint(80)
    assert mine.keys() == other.keys() and all(mine[key].equal(other[key]) for key in mine)
    for part in ("step", "images", "position", "rates"):
        assert place[part] == there[part]
    said = cli("resume", "one", code=2)
    assert "has already run its length" in said.output and "larger total" in said.output


def test_gone_on_with_another_rate(cli: Cli, trained: str, checkpoints: Path) -> None:
    said = cli("resume", "one", "--images", "none", code=2)
    assert "images = 'none': give a number" in said.output
    cli("resume", "one", "--images", 80, "--lr-g", "0.0005", "--threads", 1)
    folder = Store(checkpoints).open("one")
    assert folder.load_checkpoint()[1]["rates"]["g"] == 0.0005 and folder.config.threads == 1


def test_a_fork_of_a_step_and_from_the_start(cli: Cli, trained: str, checkpoints: Path) -> None:
    said = cli("fork", "one", "--checkpoint", 5, "--set", "lr_g=0.001", "--set", "images=60")
    assert "one-fork: finished at 60 images" in said.output
    folder = Store(checkpoints).open("one-fork")
    assert folder.info.parent is not None and folder.info.parent.images == 20
    assert folder.config.lr_g == 0.001 and [file.images for file in folder.checkpoints()] == [20, 40, 60]
    assert "forked from one at 20 images" in cli("show", "one-fork").output
    assert json.loads(cli("show", "one-fork", "--json").output)["parent"]["name"] == "one"
    cli("fork", "one", "--from-start", "--name", "wide", "--set", "width=8")
    assert Store(checkpoints).open("wide").config.width == 8
    for words, complaint in (
        (("--set", "width=8"), "fork from the beginning (--from-start)"),
        (("--set", "lr_g=1", "--set", "lr_g=2"), "lr_g: is given twice; give it once, with --set"),
        (("--checkpoint", 5, "--from-start"), "give either --checkpoint or --from-start"),
        (("--checkpoint", 6), "no checkpoint at step 6; there are step 5"),
    ):
        assert complaint in cli("fork", "one", *words, code=2).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dataset", "mnist", "--data-dir", "a" * 300], "mnist"),
        (["--lr-g", "fast"], "lr_g = 'fast': must be a number more than 0 and at most 1"),
        (["--set", "lr_x=1"], "lr_x = '1': there is no such setting; the settings are preset, dataset"),
        (["--width", "3"], "width = '3': must be a whole number at least 4 and at most 256"),
        (["--objective", "wishful"], "objective = 'wishful': must be one of minimax"),
        (["--preset", "best"], "preset = 'best': must be one of quick"),
        (["--dataset", "cats"], "there is no dataset 'cats'; choose one of digits"),
        (["--dataset", "folder"], "dataset_path = None: the dataset 'folder' needs the path"),
        (["--images", "10", "--epochs", "1"], "images = 10, epochs = 1.0: give only one"),
        (["--lr-g", "0.1", "--set", "lr_g=0.2"], "lr_g: is given twice"),
        (["--set", "lr_g"], "write a setting as key=value"),
        (["--name", "../out"], "run name '../out'"),
        (["--label-smoothing", "0.1"], "label_smoothing = 0.1: only the objectives minimax and non-saturating"),
        (["--augment", "colour,blur"], "augment"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_left(cli: Cli, checkpoints: Path, words: list[str], said: str) -> None:
    result = cli("train", "--images", 40, *words, code=2) if "--images" not in words else cli("train", *words, code=2)
    assert result.stderr.startswith("error: ") and said in result.stderr and "Traceback" not in result.output
    assert not checkpoints.exists() or list(checkpoints.iterdir()) == []


def test_missing_data_names_the_folder_and_the_way_out(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "no" / "where"
    said = cli("train", "--dataset", "mnist", "--data-dir", folder, code=2).stderr
    assert str(folder) in said and "train-images-idx3-ubyte" in said and "'digits' needs no download" in said


def test_own_pictures(cli: Cli, checkpoints: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for kind in ("cats", "dogs"):
        (tmp_path / "pets" / kind).mkdir(parents=True)
        for number in range(3):
            picture = random.integers(0, 256, (50, 40, 3), dtype=np.uint8)
            Image.fromarray(picture).save(tmp_path / "pets" / kind / f"{number}.jpg")
    cli("train", "--dataset", "folder", "--dataset-path", tmp_path / "pets", "--name", "pets", "--images", 8, *TINY)
    facts = Store(checkpoints).open("pets").info.dataset
    assert (facts.count, facts.shape, facts.classes) == (6, (3, 28, 28), ("cats", "dogs"))


def test_a_run_that_fails_ends_with_its_reason(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    step = Trainer.step

    def poisoned(trainer: Trainer) -> None:
        step(trainer)
        if trainer.step_count == 5:
            trainer.parameters["d"][0].data.fill_(float("nan"))

    monkeypatch.setattr(Trainer, "step", poisoned)
    result = cli("train", "--name", "wild", "--images", 400, *TINY, code=1)
    assert "wild: failed at" in result.stderr and "lower the learning rates" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_by_a_signal_it_saves(
    start: Callable[..., subprocess.Popen[str]], cli: Cli, checkpoints: Path, wait: Callable[..., None], number: int
) -> None:
    process = start("train", "--name", "one", "--images", "none", *TINY)
    history = checkpoints / "one" / "history.jsonl"
    wait(lambda: history.exists() and len(history.read_bytes()) > 1000)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert "one: stopped at" in out and "Go on with it" in out and "\x1b" not in out
    folder = Store(checkpoints).open("one")
    saved = folder.checkpoints()[-1].images
    assert folder.state()[0] == "stopped" and folder.events()[-1]["images"] == saved > 0
    cli("resume", "one", "--images", saved + 8)
    assert folder.checkpoints()[-1].images == saved + 8


def test_every_setting_has_a_flag_and_its_help(cli: Cli) -> None:
    text = cli("train", "--help").output
    for name, info in RunConfig.model_fields.items():
        assert f"--{name.replace('_', '-')} " in text and str(info.title) in text
    for preset in PRESETS.values():
        assert preset.description.split(":")[0].split(".")[0] in " ".join(text.split())
