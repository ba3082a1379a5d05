import pytest
import torch

from gan_core.datasets import Dataset, Jitter
from gan_core.errors import DatasetError


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small(**changes: object) -> Dataset:
    fields: dict[str, object] = {
        "name": "small",
        "samples": torch.arange(6 * 4, dtype=torch.uint8).view(6, 1, 2, 2) * 10,
        "labels": torch.tensor([0, 1, 0, 1, 1, 1]),
        "classes": ("a", "b"),
    }
    return Dataset(**(fields | changes))  # type: ignore[arg-type]


def test_a_batch_is_scaled_and_in_the_order_asked() -> None:
    x, y = small().batch(torch.tensor([5, 0, 0]), generator())
    assert x.dtype == torch.float32 and x.shape == (3, 1, 2, 2)
    assert torch.equal(x[0], small().samples[5] / 127.5 - 1)
    assert torch.equal(x[1], x[2]) and x[1].min() == -1
    assert y is not None and y.dtype == torch.int64 and y.tolist() == [1, 0, 0]


def test_without_jitter_the_generator_is_untouched() -> None:
    g = generator()
    before = g.get_state()
    small().batch(torch.tensor([1]), g)
    assert torch.equal(g.get_state(), before)


def test_floats_of_any_shape_are_used_as_they_are() -> None:
    points = torch.tensor([[3.0, -4.0], [0.5, 9.0]])
    dataset = Dataset("points", points, None)
    x, y = dataset.batch(torch.tensor([1, 0]), generator())
    assert torch.equal(x, points.flip(0)) and y is None
    assert dataset.shape == (2,) and dataset.n_classes == 0 and dataset.class_counts() == {}


def test_a_batch_is_a_copy() -> None:
    points = torch.zeros(2, 2)
    Dataset("points", points, None).batch(torch.arange(2), generator())[0].add_(1)
    assert points.sum() == 0


def test_counts_and_sizes() -> None:
    dataset = small()
    assert (len(dataset), dataset.shape, dataset.n_classes) == (6, (1, 2, 2), 2)
    assert dataset.class_counts() == {"a": 2, "b": 4}
    assert small(classes=("a", "b", "never")).class_counts()["never"] == 0


def test_the_fingerprint_sees_content_and_nothing_else() -> None:
    one = small()
    assert one.fingerprint == small(name="other", jitter=Jitter(), skipped=("x: y",)).fingerprint
    assert len(one.fingerprint) == 64
    changed = one.samples.clone()
    changed[3, 0, 1, 1] += 1
    others = [
        small(samples=changed),
        small(samples=one.samples.view(6, 1, 1, 4)),
        small(labels=torch.tensor([1, 1, 0, 1, 1, 1])),
        small(classes=("a", "c")),
        small(labels=None, classes=()),
        Dataset("small", one.samples.float(), one.labels, one.classes),
    ]
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 7


def test_moving_keeps_the_content() -> None:
    dataset = small()
    assert dataset.to("cpu") is dataset
    fingerprint = dataset.fingerprint
    moved = dataset.to("meta")
    assert moved.samples.device.type == "meta" and moved.labels is not None and moved.labels.device.type == "meta"
    assert moved.fingerprint == fingerprint


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"samples": torch.zeros(6, 1, 2, 2, dtype=torch.int64)}, "uint8 or float32"),
        ({"samples": torch.zeros(6, 4, dtype=torch.uint8)}, "shape"),
        ({"samples": torch.zeros(0, 1, 2, 2, dtype=torch.uint8)}, "empty"),
        ({"labels": torch.zeros(5, dtype=torch.int64)}, r"\(6,\)"),
        ({"labels": torch.zeros(6)}, "int64"),
        ({"labels": torch.full((6,), 2)}, "2 to 2, but 2 classes"),
        ({"labels": torch.full((6,), -1)}, "-1"),
        ({"labels": None}, "no labels"),
        ({"classes": ("a", "a")}, "same name"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        small(**changes)


def test_jitter_repeats_with_the_generator_and_moves_on_with_it() -> None:
    x = torch.rand(8, 1, 28, 28, generator=generator()) * 2 - 1
    kept = x.clone()
    g = generator(1)
    first, second = Jitter().apply(x, g), Jitter().apply(x, g)
    assert torch.equal(first, Jitter().apply(x, generator(1)))
    assert not torch.equal(first, second)
    assert torch.equal(x, kept)
    assert first.shape == x.shape and first.min() >= -1 and first.max() <= 1


def test_jitter_in_a_batch_is_jitter_applied_to_the_batch() -> None:
    samples = torch.randint(0, 256, (5, 3, 16, 16), generator=generator(), dtype=torch.uint8)
    plain, moved = Dataset("s", samples, None), Dataset("s", samples, None, jitter=Jitter())
    x, _ = moved.batch(torch.arange(5), generator(2))
    expected = Jitter().apply(plain.batch(torch.arange(5), generator())[0], generator(2))
    assert torch.allclose(x, expected, atol=1e-6) and x.max() <= 1 and x.min() >= -1


def test_jitter_rounds_no_white_above_one() -> None:
    white = Dataset("s", torch.full((256, 1, 28, 28), 255, dtype=torch.uint8), None, jitter=Jitter())
    x, _ = white.batch(torch.arange(256), generator())
    assert x.max() == 1 and Jitter().apply(torch.ones(256, 1, 28, 28), generator()).max() == 1


def test_what_jitter_brings_in_from_outside_is_background() -> None:
    white = torch.ones(200, 1, 20, 20)
    moved = Jitter(rotation=0, shear=0, scale=0, shift=0.2).apply(white, generator())
    assert moved.min() == -1 and moved.max() == 1
    assert (moved[:, :, 10, 10] > 0.999).all()


def test_no_jitter_changes_nothing() -> None:
    x = torch.rand(4, 1, 9, 9, generator=generator()) * 2 - 1
    assert torch.allclose(Jitter(0, 0, 0, 0).apply(x, generator()), x, atol=1e-5)


def centre_of_mass(x: torch.Tensor) -> torch.Tensor:
    """[B, 2] (row, column) in pixels"""
    mass = (x[:, 0] + 1).double()
    side = torch.arange(x.shape[-1], dtype=torch.float64)
    total = mass.sum((1, 2))
    return torch.stack(((mass.sum(2) * side).sum(1) / total, (mass.sum(1) * side).sum(1) / total), 1)


def test_shift_is_a_fraction_of_the_side() -> None:
    x = torch.full((2000, 1, 40, 40), -1.0)
    x[:, :, 18:22, 18:22] = 1
    moves = centre_of_mass(Jitter(0, 0, 0, shift=0.1).apply(x, generator())) - 19.5
    assert 3.9 < moves.abs().max() <= 4.0 + 1e-3
    assert moves.mean(0).abs().max() < 0.2 and (moves[:, 0] * moves[:, 1]).mean().abs() < 0.3


def test_rotation_is_in_radians_and_keeps_sizes() -> None:
    x = torch.full((1000, 1, 41, 41), -1.0)
    x[:, :, 19:22, 30:33] = 1  # 11 pixels right of the centre (20, 20)
    centre = centre_of_mass(Jitter(rotation=0.5, shear=0, scale=0, shift=0).apply(x, generator())) - 20
    assert torch.allclose(centre.norm(dim=1), torch.full((1000,), 11.0, dtype=torch.float64), atol=0.1)
    angles = torch.atan2(centre[:, 0], centre[:, 1])
    assert 0.48 < angles.abs().max() <= 0.51 and angles.min() < -0.48 and angles.max() > 0.48


def test_scale_is_a_fraction_of_the_size() -> None:
    x = torch.full((1000, 1, 40, 40), -1.0)
    x[:, :, 10:30, 10:30] = 1
    area = (Jitter(0, 0, scale=0.2, shift=0).apply(x, generator()) + 1).sum((1, 2, 3)) / 2
    sides = area.sqrt() / 20
    assert 0.79 < sides.min() < 0.82 and 1.18 < sides.max() < 1.21


def test_jitter_needs_pictures() -> None:
    with pytest.raises(DatasetError, match="jitter moves pictures"):
        Dataset("points", torch.zeros(3, 2), None, jitter=Jitter())
