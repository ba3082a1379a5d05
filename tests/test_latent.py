"""The latent space: interpolation against closed forms, views through links and messages, pictures and animations."""

from __future__ import annotations

import io
import json
import math

import pytest
import torch
from PIL import Image
from torch import nn

from gan_core import latent
from gan_core.errors import WorkbenchError
from gan_core.latent import View


class Stripe(nn.Module):
    """Every pixel is tanh-free and known: coordinate 2 times 0.5, plus 0.25 for the share of class 1."""

    latent_dim, shape, n_classes = 4, (1, 3, 3), 2

    def forward(self, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        assert labels is not None
        shares = labels if labels.is_floating_point() else nn.functional.one_hot(labels, 2).float()
        level = 0.5 * z[:, 2] + 0.25 * shares[:, 1]
        return level.reshape(-1, 1, 1, 1).expand(-1, *self.shape)


def vector(seed: int, size: int = 16) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed))


# latents


def test_a_seed_is_the_same_place_always_and_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    first = latent.latent(7, 1000)
    assert torch.equal(first, latent.latent(7, 1000))
    assert torch.equal(before, torch.random.get_rng_state())
    assert not torch.equal(first, latent.latent(8, 1000))
    assert first.dtype == torch.float32 and first.shape == (1000,)
    assert abs(float(first.mean())) < 0.15 and abs(float(first.std()) - 1) < 0.1


def test_truncation_scales():
    z = vector(0)
    assert torch.equal(latent.truncate(z, 1.0), z)
    assert torch.equal(latent.truncate(z, 0.0), torch.zeros(16))
    assert torch.allclose(latent.truncate(z, 0.5), z / 2)


# interpolation


@pytest.mark.parametrize("t", [0.0, 0.1, 0.5, 0.75, 1.0])
def test_slerp_is_shoemakes_formula_times_the_length_between(t: float):
    a, b = vector(1).double(), 3 * vector(2).double()
    length_a, length_b = float(a.norm()), float(b.norm())
    omega = math.acos(float(a @ b) / length_a / length_b)
    direction = (math.sin((1 - t) * omega) * a / length_a + math.sin(t * omega) * b / length_b) / math.sin(omega)
    expected = ((1 - t) * length_a + t * length_b) * direction
    assert torch.allclose(latent.interpolate(a, b, t, "spherical"), expected, atol=1e-12)


def test_linear_is_the_straight_line():
    a, b = vector(1), vector(2)
    t = torch.tensor([0.0, 0.25, 1.0])
    assert torch.allclose(latent.interpolate(a, b, t, "linear"), torch.stack([a, 0.75 * a + 0.25 * b, b]))


@pytest.mark.parametrize("how", ["linear", "spherical"])
def test_ends_are_exact_and_the_shapes_follow_t(how: latent.How):
    a, b = vector(3), vector(4)
    whole = latent.interpolate(a, b, torch.linspace(0, 1, 7), how)
    assert whole.shape == (7, 16) and whole.dtype == torch.float32
    assert torch.equal(whole[0], a) and torch.equal(whole[-1], b)
    single = latent.interpolate(a, b, 0.0, how)
    assert single.shape == (16,) and torch.equal(single, a)
    assert torch.equal(latent.interpolate(a, b, 1.0, how), b)
    assert torch.allclose(latent.interpolate(a, b, 0.5, how), whole[3])


def test_opposite_directions_turn_evenly_at_the_same_length():
    a = vector(5).double()
    steps = latent.interpolate(a, -a, torch.linspace(0, 1, 9), "spherical")
    assert torch.allclose(steps.norm(dim=1), a.norm().expand(9))
    turned = torch.acos((steps[:-1] * steps[1:]).sum(1) / a.norm() ** 2)
    assert torch.allclose(turned, torch.full((8,), math.pi / 8, dtype=torch.float64), atol=1e-6)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (torch.zeros(16), vector(6)),
        (vector(6), torch.zeros(16)),
        (vector(6), vector(6)),
        (vector(6), 2 * vector(6)),
        (vector(6), vector(6) * (1 + 1e-7)),
        (torch.tensor([1.0]), torch.tensor([-2.0])),
    ],
    ids=["from zero", "to zero", "equal", "parallel", "nearly equal", "one dimension"],
)
def test_without_an_angle_spherical_is_linear(a: torch.Tensor, b: torch.Tensor):
    t = torch.linspace(0, 1, 5)
    spherical = latent.interpolate(a, b, t, "spherical")
    assert bool(torch.isfinite(spherical).all())
    assert torch.allclose(spherical, latent.interpolate(a, b, t, "linear"), atol=1e-6)


def test_nearly_parallel_and_nearly_opposite_stay_on_the_sphere():
    a = nn.functional.normalize(vector(7).double(), dim=0)
    for tilt in (1e-3, 1e-6, 1e-9, 1e-12):
        for sign in (1, -1):
            b = nn.functional.normalize(sign * (a + tilt * vector(8).double()), dim=0)
            steps = latent.interpolate(a, b, torch.linspace(0, 1, 11), "spherical")
            assert torch.allclose(steps.norm(dim=1), torch.ones(11, dtype=torch.float64), atol=1e-9), (tilt, sign)


def test_soft_labels_mix_two_classes():
    assert latent.soft_label(1, 3, 0.25, 5).tolist() == [0, 0.75, 0, 0.25, 0]
    mixed = latent.soft_label(2, 2, torch.tensor([0.0, 0.3, 1.0]), 4)
    assert mixed.shape == (3, 4) and torch.allclose(mixed, torch.tensor([0.0, 0, 1, 0]).expand(3, 4))
    with pytest.raises(WorkbenchError, match=r"^label_b = 4: the classes are 0 to 3$"):
        latent.soft_label(0, 4, 0.5, 4)


# views


def some_views() -> list[View]:
    return [
        View(),
        View(seed=5, label=3, dims={0: 1.5, 63: -0.1}, truncation=0.7),
        View(mode="interpolate", seed=2**31 - 1, seed_b=0, label=0, label_b=9, t=1 / 3, how="linear"),
        View(t=5e-324, truncation=2.0, dims={1023: 1e-17}),
    ]


@pytest.mark.parametrize("view", some_views(), ids=range(4))
def test_a_view_survives_a_link_and_a_message(view: View):
    query = view.to_query()
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in query.items())
    assert View.from_query({**query, "run": "digits-quick-1"}) == view
    assert View.from_message(json.loads(json.dumps(view.model_dump()))) == view


def test_a_link_holds_only_what_differs():
    assert View().to_query() == {}
    assert View(seed=4, dims={3: 1.5, 17: -0.25}).to_query() == {"seed": "4", "dims": "3:1.5,17:-0.25"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"seed": "x"}, "seed = 'x': must be a whole number at least 0 and at most 2147483647"),
        ({"seed_b": "-1"}, "seed_b = '-1': must be a whole number at least 0 and at most 2147483647"),
        ({"t": "nan"}, "t = 'nan': must be a number at least 0 and at most 1"),
        ({"truncation": "2.5"}, "truncation = '2.5': must be a number at least 0 and at most 2"),
        ({"how": "curly"}, "how = 'curly': must be one of linear, spherical"),
        ({"mode": ""}, "mode = '': must be one of sliders, interpolate"),
        ({"label": "two"}, "label = 'two': must be the number of a class, or nothing"),
        (
            {"dims": "3:inf"},
            "dims = '3:inf': must be coordinates from 0 on, each a number of at least -10 and at most 10, as in "
            "3:1.5,17:-0.25",
        ),
        ({"t": "2", "how": "x"}, "t = '2': must be a number at least 0 and at most 1; how = 'x': must be one of "
         "linear, spherical"),
    ],
)
def test_a_bad_link_is_told_in_words(query: dict[str, str], message: str):
    with pytest.raises(WorkbenchError) as caught:
        View.from_query(query)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "message",
    [
        {"seed": 1.5}, {"seed": None}, {"seed": 10**30}, {"dims": [1, 2]}, {"dims": {"-1": 0}}, {"dims": {"1024": 0}},
        {"dims": {"0": 11}}, {"dims": {"0": None}}, {"dims": "3"}, {"t": [0.5]}, {"label": {}}, {"sed": 1}, [], "x",
    ],
    ids=str,
)
def test_a_bad_message_is_an_error_for_people(message: object):
    with pytest.raises(WorkbenchError) as caught:
        View.from_message(message)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 400


def test_check_knows_the_generator():
    with pytest.raises(WorkbenchError, match=r"^dims = 64: this generator's latent has the coordinates 0 to 63$"):
        View(dims={64: 1.0}).check(64, 10)
    with pytest.raises(WorkbenchError, match=r"^label = 10: the classes are 0 to 9$"):
        View(label=10).check(64, 10)
    with pytest.raises(WorkbenchError, match=r"^label_b = 0: the generator knows no classes; leave it out$"):
        View(label_b=0).check(64, 0)
    filled = View(label=4).check(64, 10)
    assert (filled.label, filled.label_b) == (4, 4)
    assert View().check(64, 10).label == 0
    assert View().check(64, 0) == View()


# places


def test_sliders_show_a_with_its_coordinates_as_they_were_set():
    z, labels = latent.place(View(seed=3, dims={1: 2.5}, truncation=0.5, label=1), 8, 4)
    expected = latent.latent(3, 8) / 2
    expected[1] = 2.5
    assert torch.equal(z, expected[None])
    assert labels is not None and labels.tolist() == [[0, 1, 0, 0]]
    assert latent.place(View(seed=3, t=0.9), 8, 0)[1] is None


def test_the_path_leads_from_a_to_b_through_the_place_at_t():
    view = View(mode="interpolate", seed=3, seed_b=4, label=0, label_b=2, t=0.5, dims={0: 3.0})
    z, labels = latent.path(view, 8, 4, 5)
    assert z.shape == (5, 8) and labels is not None and labels.shape == (5, 4)
    assert torch.equal(z[:1], latent.place(view.model_copy(update={"mode": "sliders"}), 8, 4)[0])
    assert torch.equal(z[-1], latent.latent(4, 8))
    middle, middle_labels = latent.place(view, 8, 4)
    assert middle_labels is not None
    assert torch.equal(z[2:3], middle) and torch.equal(labels[2:3], middle_labels)
    assert labels[2].tolist() == [0.5, 0, 0.5, 0]
    with pytest.raises(WorkbenchError, match=r"^steps = 1: must be at least 2, the two ends$"):
        latent.path(view, 8, 4, 1)


# pictures


def test_draw_does_not_depend_on_the_batch():
    z = torch.linspace(-3, 3, 700 * 4).reshape(700, 4)
    labels = torch.arange(700) % 2
    pictures = latent.draw(Stripe(), z, labels)
    assert pictures.dtype == torch.uint8 and pictures.shape == (700, 1, 3, 3) and not pictures.requires_grad
    expected = ((0.5 * z[:, 2] + 0.25 * labels + 1) * 127.5).round().clamp(0, 255)
    assert torch.equal(pictures[:, 0, 0, 0].float(), expected)


def test_influence_finds_the_coordinate_that_matters():
    found = latent.influence(Stripe(), 4, 2, count=8)
    assert torch.allclose(found, torch.tensor([0, 0, 0.25, 0]), atol=1e-6)


# animations


def decoded(data: bytes) -> tuple[list[Image.Image], list[int]]:
    with Image.open(io.BytesIO(data)) as image:
        frames, durations = [], []
        for index in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(index)
            frames.append(image.convert("RGB"))
            durations.append(image.info["duration"])
        assert image.info["loop"] == 0
    return frames, durations


def test_a_grey_animation_is_exact():
    pictures = torch.randint(256, (5, 1, 4, 6), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    frames, durations = decoded(latent.gif(pictures, 1.0, 3, False))
    assert len(frames) == 5 and durations == [200] * 5
    for frame, picture in zip(frames, pictures, strict=True):
        assert frame.size == (18, 12)
        expected = picture[0].repeat_interleave(3, 0).repeat_interleave(3, 1).flatten().tolist()
        assert [pixel[0] for pixel in frame.get_flattened_data()] == expected


def test_back_and_forth_shows_the_ends_once():
    pictures = torch.arange(4).mul(60).to(torch.uint8).reshape(4, 1, 1, 1).expand(4, 1, 2, 2)
    frames, _ = decoded(latent.gif(pictures, 1.0, 1, True))
    assert [frame.getpixel((0, 0)) for frame in frames] == [(v, v, v) for v in (0, 60, 120, 180, 120, 60)]
    assert len(decoded(latent.gif(pictures[:2], 1.0, 1, True))[0]) == 2


def test_a_colour_animation_keeps_its_colours():
    pictures = torch.zeros(3, 3, 2, 2, dtype=torch.uint8)
    for channel in range(3):
        pictures[channel, channel] = 255
    frames, durations = decoded(latent.gif(pictures, 0.01, 2, False))
    assert [frame.getpixel((3, 3)) for frame in frames] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    assert durations == [20] * 3


@pytest.mark.parametrize(
    ("shape", "dtype", "seconds", "scale"),
    [
        ((2, 1, 4), torch.uint8, 1, 1), ((2, 2, 4, 4), torch.uint8, 1, 1), ((0, 1, 4, 4), torch.uint8, 1, 1),
        ((2, 1, 4, 4), torch.float32, 1, 1), ((2, 1, 4, 4), torch.uint8, 0, 1), ((2, 1, 4, 4), torch.uint8, 1, 0),
    ],
)
def test_what_makes_no_animation_is_refused(shape: tuple[int, ...], dtype: torch.dtype, seconds: float, scale: int):
    with pytest.raises(ValueError, match="an animation needs"):
        latent.gif(torch.zeros(shape, dtype=dtype), seconds, scale, False)


def test_the_strips_own_coordinate_is_part_of_the_view():
    view = View(dim=3, dims={3: 1.5})
    assert View.from_query(view.to_query()) == view and view.to_query()["dim"] == "3"
    with pytest.raises(WorkbenchError, match=r"^dim = 64: this generator's latent has the coordinates 0 to 63$"):
        View(dim=64).check(64, 0)
    with pytest.raises(WorkbenchError, match="dim = 'x': must be a coordinate"):
        View.from_query({"dim": "x"})
