"""`evaluate`: measured once, kept in the run's folder, told with its floor."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from gan_core.evaluation import classifier, kept
from gan_core.evaluation import judge as judge_module
from gan_core.store import Store
from tests.cli.conftest import TINY

Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def quickly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A classifier that learned next to nothing will do."""
    monkeypatch.setattr(classifier, "_LEAST_SHOWN", 1_280)
    monkeypatch.setattr(classifier, "_EPOCHS", 0)
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path / "data"))


def test_the_newest_checkpoint_is_measured_and_kept(cli: Cli, trained: str, checkpoints: Path) -> None:
    found = json.loads(cli("evaluate", trained, "--samples", 100, "--json").stdout)
    (one,) = found
    assert (one["images"], one["step"], one["samples"], one["extractor"]) == (40, 10, 100, "classifier")
    assert one["scores"]["fid"] > 2 * one["floor"]["fid"] > 0  # 40 images teach nothing
    assert sum(one["scores"]["class_counts"]) == 100 and len(one["scores"]["class_counts"]) == 10
    (line,) = kept(Store(checkpoints).open(trained))
    assert line.model_dump(mode="json") == one


def test_nothing_is_measured_twice(
    cli: Cli, trained: str, checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = json.loads(cli("evaluate", trained, "--samples", 100, "--json").stdout)
    calls: list[int] = []
    scores = judge_module.Judge.scores
    monkeypatch.setattr(
        judge_module.Judge, "scores", lambda self, *given, **more: (calls.append(1), scores(self, *given, **more))[1]
    )
    every = json.loads(cli("evaluate", trained, "--samples", 100, "--all", "--json").stdout)
    assert [one["images"] for one in every] == [20, 40] and every[1] == first[0]
    assert len(calls) == 2  # the floor, and the one that was new
    assert len(kept(Store(checkpoints).open(trained))) == 2


def test_all_are_told_with_the_floor_and_the_best(cli: Cli, trained: str) -> None:
    lines = cli("evaluate", trained, "--samples", 100, "--all").stdout.splitlines()
    heads = lines[0].split()
    assert heads[:4] == ["step", "images", "fid", "kid"] and "coverage" in heads and "right" in heads
    assert [line.split()[0] for line in lines[1:4]] == ["5", "10", "real"]
    assert "100 samples each, seen by classifier" in lines[5] and "right on real pictures" in lines[5]
    assert lines[6].startswith("Best by FID: step ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--samples", 10], "samples = 10"), (["--samples", 9_999], "samples = 9999"),
        (["--checkpoint", 7], "no checkpoint at step 7"), (["--checkpoint", 5, "--all"], "either"),
    ],
)
def test_what_cannot_be_measured_is_said(
    cli: Cli, trained: str, checkpoints: Path, words: list[object], said: str
) -> None:
    result = cli("evaluate", trained, *words, code=2)
    assert result.stderr.startswith("error: ") and said in result.stderr
    assert kept(Store(checkpoints).open(trained)) == []


def test_lines_of_anything_are_passed_over(cli: Cli, trained: str, checkpoints: Path) -> None:
    cli("evaluate", trained, "--samples", 100)
    folder = Store(checkpoints).open(trained)
    with open(folder.path / "evaluations.jsonl", "ab") as file:
        file.write(b'{"extractor": 3}\n[1]\nnonsense\n{"torn')
    assert len(kept(folder)) == 1
    cli("evaluate", trained, "--samples", 120)
    assert [one.samples for one in kept(folder)] == [100, 120]


def test_other_weights_at_the_same_place_are_measured_anew(
    cli: Cli, trained: str, checkpoints: Path, tmp_path: Path
) -> None:
    """As after going back: what was measured of the one says nothing of the other."""
    cli("train", "--name", "other", "--images", 40, "--save-every-images", 20, "--seed", 7, *TINY)
    cli("evaluate", "other", "--samples", 100)
    store = Store(checkpoints)
    lines = (store.path("other") / "evaluations.jsonl").read_bytes()
    (store.path(trained) / "evaluations.jsonl").write_bytes(lines)
    cli("evaluate", trained, "--samples", 100)
    one, two = kept(store.open(trained))
    assert one.images == two.images == 40 and one.weights != two.weights


def test_one_that_is_damaged_does_not_stand_in_the_way_of_the_others(cli: Cli, trained: str, checkpoints: Path) -> None:
    (Store(checkpoints).path(trained) / "000000020.safetensors").write_bytes(b"torn")
    done = cli("evaluate", trained, "--samples", 100, "--all", code=2)
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["10", "real"]
    assert "1 of 2 checkpoints could not be measured" in done.stderr and "000000020.safetensors" in done.stderr
    assert [one.images for one in kept(Store(checkpoints).open(trained))] == [40]
