"""What the Compare page and a report tell of measured checkpoints: the same words, cells and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gan_core.evaluation.ranking import BAR, Place, Ruler, Standing, best_of_runs, ranked
from gan_core.figures import Measured
from gan_core.store import History
from gan_core.words import measured

NAMES = {"fid": "FID", "kid": "KID"}
MEASURES = {
    "fid": ("FID", "Fréchet distance between the features of drawn and of real samples (Heusel 2017). Less is better."),
    "kid": ("KID", "Kernel distance between them (Bińkowski 2018); may fall a little below 0. Less is better."),
    "precision": ("precision", "Share of drawn samples that lie where real ones do (Kynkäänniemi 2019)."),
    "recall": ("recall", "Share of real samples that lie where drawn ones do: whether all the variety is there."),
    "density": ("density", "How many real neighbourhoods a drawn sample lies in (Naeem 2020); about 1 for real ones."),
    "coverage": ("coverage", "Share of real samples with a drawn one in their neighbourhood (Naeem 2020)."),
    "diversity": ("diversity", "Mean distance of two samples, over that of two real ones. 1: as varied as the data."),
    "authenticity": ("authenticity", "About 0.5 for new samples, 0 for copies of training samples (Alaa 2022)."),
    "class_kl": (
        "class KL", "How far the classes that samples are taken for are from the data's own, in nats. 0: each as often."
    ),
    "confidence": ("confidence", "Mean probability of the class that a sample is taken for: are they clear?"),
    "right": ("right class", "Share of drawn samples that a classifier takes for the class asked for."),
}
"""Of each number in `Evaluation.scores` that is shown: its name, and what it means."""


def measures_of(places: Sequence[Place]) -> list[str]:
    """Those of `MEASURES` that any of these checkpoints has."""
    scores = [place.standing.evaluation.scores for place in places]
    return [name for name in MEASURES if any(one.get(name) is not None for one in scores)]


def cell(scores: Mapping[str, object], name: str) -> tuple[str, str]:
    """A number and its bar of `BAR` standard errors, as text; empty where there is none."""
    value, error = scores.get(name), scores.get(f"{name}_error")
    if not isinstance(value, (int, float)):
        return "", ""
    number, bar = measured(value, BAR * error if isinstance(error, (int, float)) else None)
    return number, f"± {bar}" if bar else ""


def ruler_in_words(ruler: Ruler, found: Sequence[Standing], data: str, counted: bool = True) -> str:
    """What some numbers were measured with.

    Args:
        data: the name of the data set.
        counted: with how many checkpoints they are of.
    """
    accuracy = found[0].evaluation.accuracy
    right = "" if accuracy is None else f", {accuracy:.1%} right on real pictures"
    told = f"{ruler.extractor} {ruler.digest}{right}, {ruler.samples:,} samples, against {data}"
    return f"{told} ({len(found)} checkpoint{'s' * (len(found) != 1)})" if counted else told


def verdict(found: Sequence[Standing], by: str) -> str:
    """Which run is the best, by its best checkpoint; empty where there is only one."""
    places = best_of_runs(found, by)
    if len(places) < 2:
        return ""
    *others, last = [place.standing.run for place in places if place.rank == 1]
    first = f"{', '.join(others)} and {last}" if others else last
    return (
        f"{first} {'are tied: their bars overlap' if others else 'is the best of these runs'}, by {NAMES[by]} of each "
        "run's best checkpoint."
    )


def ties(found: Sequence[Standing], best: Place, by: str) -> list[int]:
    """Images seen of the same run's checkpoints that cannot be told from its best."""
    own = ranked([one for one in found if one.run == best.standing.run], by)
    return [place.standing.images for place in own if place.rank == 1 and place.standing is not best.standing]


def lines(
    found: Sequence[Standing], by: str, histories: Mapping[str, History], colours: Mapping[str, str]
) -> list[Measured]:
    """One distance over training, a line a run; see `figures.scores`."""
    places = sorted(ranked(found, by), key=lambda place: place.standing.images)
    drawn = []
    for run in dict.fromkeys(one.run for one in found):
        rows = [place for place in places if place.standing.run == run]
        if rows:
            images = np.array([place.standing.images for place in rows], dtype=np.float64)
            seconds = np.array([at or 0.0 for at in histories[run].seconds_at(images.tolist())])
            drawn.append(Measured(
                run, colours[run], {"images": images, "seconds": seconds}, np.array([place.value for place in rows]),
                np.array([BAR * place.error for place in rows]),
            ))
    return drawn


def floor_of(found: Sequence[Standing], by: str) -> float | None:
    """What real samples score against real ones."""
    value = found[0].evaluation.floor.get(by)
    return float(value) if isinstance(value, (int, float)) else None
