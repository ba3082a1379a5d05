"""Which of G's samples come nearest to a real one, and to which: whether it copies."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from torch import Tensor

from gan_core.datasets import Dataset
from gan_core.evaluation.memory import Copies, TrainingSet
from pages.parts.inside.drawing import PAGES, Scene, as_text, places_on


def page(here: Scene, number: int) -> dict[str, Any]:
    """The `number`-th page of fakes, those nearest to the data first, each with the real sample nearest to it.

    Raises:
        ConfigError: there is no such page.
    """
    some = places_on(number)
    told = {"page": number, "pages": PAGES, "missing": here.missing}
    if here.dataset is None:
        return told
    found = _copies(here)
    seeds = found.nearness.argsort(stable=True)[some]
    places = found.nearest[seeds]
    return {
        **told, "count": len(found.nearness), "authenticity": found.authenticity,
        "nearness": found.nearness[seeds].tolist(),
        "fake": _pictures(here.fake.pixels, here.fake.labels, seeds),
        "real": _pictures(here.dataset.samples, here.dataset.labels if here.classes else None, places),
    }


@lru_cache(maxsize=4)
def _copies(here: Scene) -> Copies:
    assert here.dataset is not None
    return _training_set(here.dataset).copies(here.fake.pixels)


@lru_cache(maxsize=1)  # as large as the data
def _training_set(dataset: Dataset) -> TrainingSet:
    return TrainingSet(dataset)


def _pictures(pixels: Tensor, labels: Tensor | None, numbers: Tensor) -> dict[str, Any]:
    chosen = pixels[numbers.to(pixels.device)].cpu()
    return {
        "pixels": as_text(chosen.numpy()),
        "labels": None if labels is None else labels.cpu()[numbers].tolist(),
        "numbers": numbers.tolist(),
    }
