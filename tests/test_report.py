"""A report: one file that needs nothing else, tells the truth, and lets nothing in a run's files become markup."""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from gan_core import runs as runs_module
from gan_core.cli.settings import assigned, config_from
from gan_core.config import RunConfig, replaced, validated
from gan_core.datasets import Dataset
from gan_core.errors import ConfigError, StoreError
from gan_core.evaluation.digest import digest_of
from gan_core.pictures import png
from gan_core.report import command, report
from gan_core.runs import Runs
from gan_core.store import COLUMNS, Parent, RunFolder
from gan_core.trainer import Trainer

HOSTILE = '</script></pre><script>alert(1)</script><img src=x onerror=alert(2)>" onload="alert(3)" \'&amp;'


class Page(HTMLParser):
    """What a browser would make of it, the scripts' own text left out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def make(runs: Runs, tiny_data: Dataset, tiny_config: Callable[..., RunConfig]) -> Callable[..., RunFolder]:
    """A run of 12 images with checkpoints at 4 and 12 and grids at 0 and 8: (name, **settings)."""

    def run(name: str, **settings: Any) -> RunFolder:
        folder = runs.store.create(tiny_config(**settings), runs_module.facts(tiny_data), name)
        trainer = Trainer(folder.config, tiny_data)
        for step in range(1, 4):
            trainer.step()
            folder.append_history({**dict.fromkeys(COLUMNS, 0.5), "step": step, "images": 4 * step, "seconds": step})
            if step != 2:
                folder.save_checkpoint(*trainer.state())
        for images in (0, 8):
            folder.save_sample(images, png(np.full((57, 289), images, np.uint8)))
        return folder

    return run


def test_it_needs_nothing_else_and_shows_both_runs(runs: Runs, make: Any):
    make("first")
    make("second", lr_g=0.5, seed=3)
    page = Page(report(runs, ["first", "second"]))
    for tag, attributes in page.tags:
        for name in ("src", "href", "srcset", "action"):
            address = attributes.get(name)
            assert address is None or address.startswith("data:"), (tag, address)
    assert "default-src 'none'" in str(page.all("meta"))
    assert len(page.all("script")) == 2
    for words in ("Settings that differ", "Learning rate G lr_g0.0080.5", "How to repeat it", "All settings", "torch"):
        assert words in page.text
    plots = [json.loads(str(one["data-figure"])) for one in page.all("div") if "data-figure" in one]
    assert len(plots) == 2 and {trace["name"] for trace in plots[0]["data"]} == {"first", "second"}
    (told,) = [json.loads(str(one["data-learning"])) for one in page.all("div") if "data-learning" in one]
    assert told == {"stops": [0, 4, 8, 12], "shown": [[0, 1, 2, 3]] * 2}
    pictures = page.all("img")
    assert [one["alt"] for one in pictures][:2] == ["first at 0 images", "first at 4 images, 1.0 s"]
    assert len(pictures) == 8


def test_nothing_in_a_runs_files_becomes_markup(runs: Runs, make: Any):
    folder = make("first")
    plain = Page(report(runs, ["first"]))
    folder.write_info(
        note=HOSTILE, versions={HOSTILE: HOSTILE},
        parent=Parent(name=HOSTILE[:80], created="2026-01-01T00:00:00Z", images=4),
        dataset=folder.info.dataset.model_copy(update={"name": HOSTILE}),
    )
    folder.append_event(HOSTILE, 4, **{HOSTILE: HOSTILE})
    folder.append_evaluation({
        "time": HOSTILE[:40], "step": 1, "images": 4, "samples": 100, "extractor": HOSTILE[:80], "digest": "a" * 12,
        "weights": digest_of(runs.generator("first", 4)[0]), "accuracy": None, "scores": {"fid": 1.0}, "floor": {},
    })
    page = Page(report(runs, ["first"]))
    assert page.text.count(HOSTILE) >= 5
    assert len(page.all("script")) == 2 and len(page.all("img")) == len(plain.all("img"))
    assert not [one for _, one in page.tags if {"onerror", "onload"} & one.keys()]


def test_what_was_measured_stands_apart_by_ruler(runs: Runs, make: Any):
    folder = make("first")
    for images, samples, fid in ((4, 100, 9.0), (12, 100, 3.0), (12, 200, 2.0), (8, 100, 1.0)):
        weights = digest_of(runs.generator("first", min(images, 12) if images != 8 else 4)[0])
        folder.append_evaluation({
            "time": "now", "step": 1, "images": images, "samples": samples, "extractor": "e", "digest": "a" * 12,
            "weights": weights, "accuracy": 0.9, "scores": {"fid": fid, "fid_error": 0.1}, "floor": {"fid": 0.5},
        })
    text = Page(report(runs, ["first"])).text
    assert "e aaaaaaaaaaaa, 90.0% right on real pictures, 100 samples, against tiny (2 checkpoints)" in text
    assert "200 samples, against tiny (1 checkpoint)" in text
    assert "1first123.00 ± 0.20" in text and "2first49.00 ± 0.20" in text  # by place, not by time; nothing of 8 images
    assert "real samplesthe floor0.5" in text


def test_the_command_repeats_the_run(make: Any):
    folder = make("my run", lr_g=0.5, augment=("cutout", "colour"), images=None, seed=3)
    words = shlex.split(command(folder.info, "my run"))
    assert words[:4] == ["python", "-m", "gan_core", "train"] and words[words.index("--name") + 1] == "my run-again"
    sets = tuple(value for key, value in itertools.pairwise(words) if key == "--set")
    assert config_from({"preset": words[words.index("--preset") + 1]}, sets) == folder.config


def test_the_command_of_a_fork_begins_with_its_parent(make: Any):
    parent, fork = make("parent"), make("fork", lr_g=0.5, sample_every_images=None, sample_every_epochs=2.0)
    for images, how in ((12, ["--checkpoint", "3"]), (0, ["--from-start"])):
        fork.write_info(parent=Parent(name="old name", created=parent.info.created, images=images))
        words = shlex.split(command(fork.info, "fork", "parent", parent.info))
        assert words[3 : 6 + len(how)] == ["fork", "parent", *how, "--name"]
        sets = tuple(value for key, value in itertools.pairwise(words) if key == "--set")
        assert "lr_d=0.004" in sets
        assert validated(replaced(parent.config.model_dump(), assigned(sets))) == fork.config
    alone = command(fork.info, "fork")
    assert alone.splitlines()[-1].startswith("python -m gan_core train")


def test_what_cannot_be_reported(runs: Runs, make: Any):
    make("first")
    with pytest.raises(ConfigError, match="1 to 8 runs, not of 0"):
        report(runs, [])
    with pytest.raises(StoreError, match="no run named 'gone'"):
        report(runs, ["first", "gone"])


def test_a_run_without_anything_and_one_with_a_damaged_grid(
    runs: Runs, make: Any, tiny_config: Any, tiny_data: Dataset
):
    runs.store.create(tiny_config(), runs_module.facts(tiny_data), "empty")
    folder = make("first")
    folder.samples()[0][1].write_bytes(b"damaged")
    page = Page(report(runs, ["empty", "first"]))
    assert [one["alt"] for one in page.all("img")] == [
        "first at 4 images, 1.0 s", "first at 8 images, 2.0 s", "first at 12 images, 3.0 s"
    ]
    assert "empty" in page.text and "Quality" not in page.text
