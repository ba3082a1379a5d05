"""Which is the best: what may be ranked together, what a tie is, and what counts as measured."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from gan_core.evaluation import Evaluation
from gan_core.evaluation.digest import digest_of
from gan_core.evaluation.ranking import Standing, best_of_runs, by_ruler, ranked, standing
from gan_core.runs import Runs
from gan_core.store import RunFolder
from gan_core.trainer import Trainer

DATA = "d" * 64


def measured(images: int = 0, weights: str = "0" * 12, samples: int = 100, digest: str = "a" * 12, **scores: Any):
    return Evaluation(
        time="now", step=images, images=images, weights=weights, samples=samples, extractor="e", digest=digest,
        accuracy=None, scores=scores, floor={"fid": 1.0},
    )


def of(run: str, images: int, fid: float | None, error: float | None = 1.0, data: str = DATA, **more: Any) -> Standing:
    return Standing.of(run, data, measured(images, fid=fid, fid_error=error, **more))


def ranks(found: list[Standing], by: str = "fid") -> list[tuple[str, int, int]]:
    return [(place.standing.run, place.standing.images, place.rank) for place in ranked(found, by)]


def test_the_least_distance_is_best_and_bars_that_overlap_are_a_tie():
    """Bars of two standard errors: 10 ± 2 reaches 12.5 ± 1, and not 15 ± 1.2."""
    found = [of("c", 3, 15, 0.6), of("b", 2, 12.5, 0.5), of("a", 1, 10, 1.0), of("d", 4, 40, 0.1)]
    assert ranks(found) == [("a", 1, 1), ("b", 2, 1), ("c", 3, 3), ("d", 4, 4)]


def test_one_that_is_clearly_beaten_is_no_tie_with_a_best_that_is_hardly_known():
    """Its bar reaches into the best's wide one, but not into that of the second."""
    assert ranks([of("a", 1, 10, 2.5), of("b", 1, 11, 0.1), of("c", 1, 12, 0.1)]) == [
        ("a", 1, 1), ("b", 1, 1), ("c", 1, 2)
    ]


def test_equal_ranks_are_ties_always():
    found = [of("r", images, images * 0.7, 0.5 + images % 3) for images in range(1, 30)]
    places = ranked(found)
    for place in places:
        for other in places:
            overlap = place.low <= other.high and other.low <= place.high
            assert overlap or place.rank != other.rank
    assert [place.value for place in places] == sorted(place.value for place in places)


def test_by_another_distance_and_without_a_number():
    found = [
        of("a", 1, 5, kid=0.3, kid_error=0.01), of("b", 2, 9, kid=-0.001, kid_error=0.01), of("c", 3, None),
        of("d", 4, 7, None, kid=None),
    ]
    assert [place.standing.run for place in ranked(found, "kid")] == ["b", "a"]
    assert [place.standing.run for place in ranked(found)] == ["a", "d", "b"]
    assert ranked([]) == []
    with pytest.raises(ValueError, match="must be one of fid, kid"):
        ranked(found, "loss_g")


def test_numbers_of_different_rulers_are_never_ranked_together():
    here = [of("a", 1, 5), of("b", 1, 6)]
    others = [of("a", 1, 1, samples=200), of("a", 1, 1, digest="b" * 12), of("c", 1, 1, data="e" * 64)]
    groups = by_ruler([*others, *here])
    assert [len(group) for group in groups.values()] == [2, 1, 1, 1] and next(iter(groups.values())) == here
    for other in others:
        with pytest.raises(ValueError, match="several rulers"):
            ranked([*here, other])


def test_of_each_run_its_best():
    found = [of("a", 1, 20), of("a", 2, 10), of("b", 1, 19), of("b", 2, 30), of("c", 1, 11)]
    assert [(p.standing.run, p.standing.images, p.rank) for p in best_of_runs(found)] == [
        ("a", 2, 1), ("c", 1, 1), ("b", 1, 3)
    ]


def test_only_what_was_measured_of_checkpoints_that_are_there(runs: Runs, folder: RunFolder, tiny_data: Any):
    """Not a moment without a checkpoint, nor other weights at the same place; of the same the last word."""
    trainer = Trainer(folder.config, tiny_data)
    nets: dict[int, str] = {}
    for _ in range(3):
        trainer.step()
        folder.save_checkpoint(*trainer.state())
        nets[trainer.images] = digest_of(runs.generator("run", trainer.images)[0])
    assert len(set(nets.values())) == 3
    for images, weights, fid in (
        (4, nets[4], 9.0), (4, nets[4], 8.0), (8, nets[4], 1.0), (6, nets[8], 1.0), (12, nets[12], 7.0)
    ):
        folder.append_evaluation(measured(images, weights, fid=fid, fid_error=0.1).model_dump(mode="json"))
    folder.append_evaluation(measured(12, nets[12], samples=50, fid=3.0, fid_error=0.1).model_dump(mode="json"))
    folder.append_evaluation({"extractor": "nonsense", "images": 4})

    def generator(images: int) -> nn.Module:
        return runs.generator("run", images)[0]

    found = standing(folder, generator)
    assert [(one.images, one.ruler.samples, one.evaluation.scores["fid"]) for one in found] == [
        (4, 100, 8.0), (12, 50, 3.0), (12, 100, 7.0)
    ]
    folder.find(12).path.write_bytes(b"damaged")
    assert [one.images for one in standing(folder, generator)] == [4]
