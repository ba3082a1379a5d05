"""Taking a run that went wrong back to where it was good, to go on from there with calmer learning rates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gan_core.evaluation import Evaluation
from gan_core.store import CheckpointFile, RunFolder
from gan_core.trainer import Trainer
from gan_core.verdicts import Verdict


def best_before(
    files: Sequence[CheckpointFile], measures: Sequence[Evaluation], verdict: Verdict
) -> CheckpointFile | None:
    """Of the checkpoints from before the verdict held, the one whose samples were nearest to the data; None where none
    was measured: then only the beginning is left."""
    distance = {one.images: one.scores["fid"] for one in measures if one.images < verdict.since}
    measured = [(distance[file.images], file.images, file) for file in files if file.images in distance]
    return min(measured, key=lambda one: one[:2])[2] if measured else None


def calmer(rates: Mapping[str, float]) -> dict[str, float]:
    """Both rates at their geometric mean where G's is far ahead, else both halved: {"d": …, "g": …}."""
    if rates["g"] > 2 * rates["d"]:
        rate = float(f"{math.sqrt(rates['d'] * rates['g']):.3g}")
        return {"d": rate, "g": rate}
    return {side: rate / 2 for side, rate in rates.items()}


def roll_back(trainer: Trainer, folder: RunFolder, file: CheckpointFile | None) -> None:
    """Bring the trainer to a checkpoint's state, or with None to its beginning, and forget in the folder what came
    after. Later checkpoints stay in the folder as `NUMBER.safetensors.abandoned`.

    Only for who holds the run's lock.

    Raises:
        StoreError: the checkpoint cannot be read; nothing is changed then.
    """
    if file is None:
        trainer.load_state(*Trainer(trainer.config, trainer.dataset, trainer.device).state())
    else:
        trainer.load_state(*folder.load_checkpoint(file.images))
    folder.set_aside(trainer.images, "abandoned")
    folder.rewind(trainer.step_count)
