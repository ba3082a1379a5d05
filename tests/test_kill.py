"""kill -9 at random moments: nothing is torn, everything reopens, and what comes of it is what would have come anyway.

    pytest tests/test_kill.py -m "not long"      # a few times
    pytest tests/test_kill.py -m long            # fifty times
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from gan_core.errors import StoreError
from gan_core.runs import Runs, load_data
from gan_core.store import COLUMNS, RunFolder, Store
from gan_core.trainer import Trainer

ROOT = Path(__file__).resolve().parents[1]
# Tiny networks that write all the time: most moments fall within a write.
SETTINGS = {
    "width": 4, "latent_dim": 8, "batch_size": 4, "grid": 1, "threads": 1, "device": "cpu", "record_every_steps": 1,
    "save_every_images": 12, "sample_every_images": 20, "keep_checkpoints": 3, "images": 10**9, "seed": 7,
}


def command(store: Store, *words: str) -> list[str]:
    return [sys.executable, "-X", "faulthandler", "-m", "gan_core", *words, "--checkpoints", str(store.root)]


def begin(store: Store, again: bool) -> subprocess.Popen[bytes]:
    settings = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    words = ["resume", "victim"] if again else ["train", "--preset", "quick", "--name", "victim", *settings]
    return subprocess.Popen(
        command(store, *words), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def whole(folder: RunFolder) -> None:
    """Nothing that can be seen is torn."""
    for path in folder.path.rglob("*"):
        if path.name.startswith(".") or path.is_dir():
            continue
        if path.suffix == ".safetensors":
            folder.load_checkpoint(int(path.stem))
        elif path.suffix == ".png":
            with Image.open(path) as picture:
                picture.load()
        else:
            assert path.name in ("run.json", "history.jsonl", "events.jsonl", "evaluations.jsonl"), path.name
    history = folder.history()
    assert history.damaged == 0
    steps = history.column("step").tolist()
    assert steps == list(range(1, len(steps) + 1))
    newest = folder.checkpoints()[-1:]
    assert all(file.step <= len(steps) for file in newest)


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.long)])
def test_killed_again_and_again(tmp_path: Path, kills: int, wait: Callable[..., None]):
    store, moments = Store(tmp_path / "checkpoints"), random.Random(kills)
    saved, beginnings, trained = 0, 0, 0
    for kill in range(kills):
        again = "victim" in store.names()
        process = begin(store, again)
        try:
            if moments.random() < 0.8:  # while it trains
                _until_it_trains(process, store, beginnings, wait)
                here = Runs(store)
                assert here.snapshot("victim").state == "training" and not here.snapshot("victim").here
                with pytest.raises(StoreError, match="is being trained by another process"):
                    here.resume("victim")
                time.sleep(moments.uniform(0, 0.6))
            else:  # anywhere, its first second included
                time.sleep(moments.uniform(0, 6))
            assert process.poll() is None, process.stderr and process.stderr.read()
        finally:
            process.kill()
            process.wait()
            if process.stderr:
                process.stderr.close()
        if "victim" not in store.names():
            continue  # killed before there was a run: nothing half-made is seen
        folder = store.open("victim")
        whole(folder)
        began = _beginnings(store)
        trained, beginnings = trained + (began > beginnings), began
        snapshot = Runs(store).snapshot("victim")
        assert snapshot.state == ("interrupted" if began else "stopped"), f"after kill {kill}"
        images = folder.checkpoints()[-1].images if folder.checkpoints() else 0
        assert images >= saved
        saved = images
    assert trained >= kills // 2

    # Resumed to an end a little further on, it is the run that was never killed.
    end = saved + 40
    done = subprocess.run(
        command(store, "resume", "victim", "--images", str(end)), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    folder = store.open("victim")
    whole(folder)
    assert Runs(store).snapshot("victim").state == "finished"
    tensors, place = folder.load_checkpoint()
    assert place["images"] == end
    trainer, records = _never_killed(folder, end)
    expected, there = trainer.state()
    assert {**place, "seconds": 0} == {**there, "seconds": 0}
    for name, value in expected.items():
        assert torch.equal(tensors[name], value), name
    history = folder.history()
    assert len(history) == len(records)
    for column in COLUMNS:
        if column != "seconds":
            assert history.column(column).tolist() == [record[column] for record in records], column
    every = SETTINGS["sample_every_images"]
    grids = {images for images, _ in folder.samples()}
    assert {*range(0, end, every)} <= grids and end in grids


def _until_it_trains(process: subprocess.Popen[bytes], store: Store, before: int, wait: Callable[..., None]) -> None:
    try:
        wait(lambda: process.poll() is not None or _beginnings(store) > before, timeout=300)
    except AssertionError:
        process.send_signal(signal.SIGABRT)  # it tells where each of its threads stands
        process.wait()
        assert process.stderr
        pytest.fail(f"it never began: {process.stderr.read().decode(errors='replace')}")


def _beginnings(store: Store) -> int:
    if "victim" not in store.names():
        return 0
    return sum(event["event"] in ("started", "resumed") for event in store.open("victim").events())


def _never_killed(folder: RunFolder, images: int) -> tuple[Trainer, list[dict[str, Any]]]:
    trainer, records = Trainer(folder.config, load_data(folder.config)), []
    while trainer.images < images:
        trainer.step()
        record = trainer.record()
        assert record
        records.append(record)
    return trainer, records
