"""`runs`, `show`, `sample`, `interpolate`, `download`: what comes out, and what is said when it cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from gan_core import latent
from gan_core.cli import main
from gan_core.runs import Runs
from gan_core.store import Store
from tests.cli.conftest import TINY
from tests.datasets.conftest import idx, mnist_files, served_mnist, web

__all__ = ["idx", "mnist_files", "served_mnist", "web"]

Cli = Callable[..., Result]


def test_runs_as_text_and_as_json(cli: Cli, trained: str) -> None:
    assert "one" in cli("runs").output
    (run,) = json.loads(cli("runs", "--json").output)
    assert (run["name"], run["state"], run["images"], run["step"], run["progress"]) == ("one", "finished", 40, 10, 1.0)
    assert (run["dataset"], run["preset"], run["seed"]) == ("digits", "quick", 42)


def test_no_runs(cli: Cli) -> None:
    assert "no runs in" in cli("runs").output
    assert json.loads(cli("runs", "--json").output) == []


def test_a_damaged_run_is_named_and_the_others_are_listed(cli: Cli, trained: str, checkpoints: Path) -> None:
    (checkpoints / "bad").mkdir()
    (checkpoints / "bad" / "run.json").write_text("{")
    result = cli("runs", "--json")
    assert [run["name"] for run in json.loads(result.stdout)] == ["one"]
    assert "bad/run.json: damaged" in result.stderr


def test_show(cli: Cli, trained: str) -> None:
    text = cli("show", "one").output
    assert "finished" in text and "step 5" in text and "step 10" in text and "lr_g" in text
    whole = json.loads(cli("show", "one", "--json").output)
    assert [file["step"] for file in whole["checkpoints"]] == [5, 10]
    assert whole["config"]["width"] == 4 and whole["data"]["count"] == 1797 and whole["last"]["step"] == 10
    assert [event["event"] for event in whole["events"]] == ["created", "started", "finished"]
    assert "that is switched off" in text and whole["verdicts"] == [] and whole["measured"] is None


def test_show_tells_whether_it_is_any_good(cli: Cli, trained: str, checkpoints: Path) -> None:
    folder = Store(checkpoints).open(trained)
    narrow = {"fid": 900.0, "diversity": 0.05, "class_counts": [256, *[0] * 9]}
    for images, scores in ((0, {**narrow, "fid": 3000.0}), (20, narrow), (40, narrow)):
        folder.append_evaluation({
            "time": "", "step": 0, "images": images, "weights": "0" * 12, "samples": 256, "extractor": "classifier",
            "digest": "a" * 12, "accuracy": 0.9, "scores": {**scores, "fid_error": 1.0},
            "floor": {"fid": 20.0, "fid_error": 1.0, "diversity": 1.0, "class_counts": [26] * 10},
        })
    text = cli("show", trained).output
    assert "Mode collapse: G draws nearly the same thing" in text and "256 samples by classifier aaaaaaaa" in text
    whole = json.loads(cli("show", trained, "--json").output)
    assert whole["verdicts"][0]["kind"] == "collapse" and whole["verdicts"][0]["changes"]
    assert whole["measured"]["images"] == 40


def test_a_note_from_elsewhere_cannot_steer_the_terminal(cli: Cli, trained: str, checkpoints: Path) -> None:
    Store(checkpoints).open("one").write_info(note="\x1b[2Jgone\x07")
    text = cli("show", "one").output
    assert "gone" in text and "\x1b" not in text and "\x07" not in text


def test_sample_png_is_a_grid_a_column_a_class(cli: Cli, trained: str, tmp_path: Path) -> None:
    cli("sample", "one", "--count", 25, "--out", tmp_path / "grid.png")
    assert Image.open(tmp_path / "grid.png").size == (10 * 29 - 1, 3 * 29 - 1)
    cli("sample", "one", "--count", 25, "--label", 3, "--out", tmp_path / "threes.png")
    assert Image.open(tmp_path / "threes.png").size == (5 * 29 - 1, 5 * 29 - 1)


def test_sample_npz_holds_images_and_labels(cli: Cli, trained: str, tmp_path: Path, checkpoints: Path) -> None:
    cli("sample", "one", "--count", 12, "--seed", 5, "--checkpoint", 5, "--out", tmp_path / "some.npz")
    data = np.load(tmp_path / "some.npz", allow_pickle=False)
    assert data["images"].dtype == np.uint8 and data["images"].shape == (12, 28, 28)
    assert data["labels"].tolist() == [*range(10), 0, 1]
    generator, images = Runs(Store(checkpoints)).generator("one", 20)
    view = latent.View(seed=7, label=2)  # the third: seed 5 + 2
    expected = latent.draw(generator, *latent.place(view, 8, 10))
    assert images == 20 and (data["images"][2] == expected[0, 0].numpy()).all()
    assert "at 20 images" in cli("sample", "one", "--count", 1, "--checkpoint", 5, "--out", tmp_path / "a.npz").output


def test_sample_of_an_unconditional_colour_run(cli: Cli, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for number in range(4):
        Image.fromarray(random.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
    cli("train", "--dataset", "folder", "--dataset-path", tmp_path, "--name", "plain", "--images", 8, *TINY)
    cli("sample", "plain", "--count", 3, "--out", tmp_path / "some.npz")
    data = np.load(tmp_path / "some.npz", allow_pickle=False)
    assert data["images"].shape == (3, 28, 28, 3) and data["labels"].tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sample", "two", "--out", "a.png"], "no run named 'two'"),
        (["sample", "one", "--out", "a.jpg"], "must end in .png or .npz"),
        (["sample", "one", "--out", "no/where/a.png"], "there is no folder 'no/where'"),
        (["sample", "one", "--out", "a.png", "--count", "0"], "count = 0: must be at least 1"),
        (["sample", "one", "--out", "a.png", "--label", "10"], "label = 10: the classes are 0 to 9"),
        (["sample", "one", "--out", "a.png", "--checkpoint", "6"], "no checkpoint at step 6; there are step 5"),
        (["sample", "one", "--out", "a.png", "--truncation", "3"], "truncation = 3"),
        (["interpolate", "one", "--out", "a.gif", "--steps", "1"], "steps = 1: must be at least 2"),
        (["interpolate", "one", "--out", "a.gif", "--to-label", "11"], "to_label = 11: the classes are 0 to 9"),
        (["interpolate", "one", "--out", "a.gif", "--how", "wavy"], "how = 'wavy'"),
        (["export-onnx", "one", "--out", "a.pt"], "must end in .onnx"),
        (["show", "../one"], "run name '../one'"),
    ],
)
def test_what_is_wrong_is_said(
    cli: Cli, trained: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    result = cli(*words, code=2)
    assert result.stderr.startswith("error: ") and said in result.stderr
    assert list((tmp_path / "empty").iterdir()) == []


def test_interpolate_in_every_format(cli: Cli, trained: str, tmp_path: Path) -> None:
    ends = ["--from-label", 3, "--to-label", 8, "--from-seed", 1, "--to-seed", 2]
    cli("interpolate", "one", *ends, "--steps", 20, "--out", tmp_path / "way.png")
    assert Image.open(tmp_path / "way.png").size == (16 * 29 - 1, 2 * 29 - 1)
    cli("interpolate", "one", *ends, "--steps", 6, "--scale", 2, "--out", tmp_path / "way.gif")
    film = Image.open(tmp_path / "way.gif")
    assert film.size == (56, 56) and film.info["loop"] == 0 and 2 <= film.n_frames <= 10
    cli("interpolate", "one", *ends, "--steps", 6, "--out", tmp_path / "way.npz")
    data = np.load(tmp_path / "way.npz", allow_pickle=False)
    assert data["images"].shape == (6, 28, 28) and data["t"].tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert data["label_weights"][0].tolist() == [float(i == 3) for i in range(10)]
    assert data["label_weights"][-1].tolist() == [float(i == 8) for i in range(10)]


def test_download_tells_the_size_asks_and_brings_it(
    served_mnist, tmp_path: Path
) -> None:
    def call(*words: str) -> Result:
        return CliRunner().invoke(main, ["download", "mnist", "--data-dir", str(tmp_path / "data"), *words])

    refused = call()
    assert refused.exit_code == 2 and "add --yes" in refused.output and "MB into" in refused.output
    assert not served_mnist.asked
    assert call("--yes").exit_code == 0 and len(served_mnist.asked) == 2
    assert "is already in" in call("--yes").output and len(served_mnist.asked) == 2


def test_downloading_what_needs_none(cli: Cli) -> None:
    assert "needs no download" in cli("download", "digits").output
    assert "person's own pictures" in cli("download", "folder", code=2).stderr


@pytest.mark.parametrize("command", main.commands)
def test_help_has_an_example_that_names_the_command(cli: Cli, command: str) -> None:
    assert f"python -m gan_core {command}" in cli(command, "--help").output


def test_a_file_is_no_folder_of_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = CliRunner().invoke(main, ["runs", "--checkpoints", str(tmp_path / "file")])
    assert result.exit_code == 2 and "is a file; give the folder that holds the runs" in result.output


def test_a_report_is_one_html_file(cli: Callable[..., Result], trained: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert "a report of one" in cli("report", "one", "--out", out).output
    assert out.read_text().startswith("<!doctype html>")
    assert "no run named 'two'" in cli("report", "one", "two", "--out", out, code=2).output
    assert "must end in .html" in cli("report", "one", "--out", tmp_path / "x.png", code=2).output
