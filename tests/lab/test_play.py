"""Playing: slow motion is the step itself, looking moves nothing, and one can begin again and go back."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core.errors import ConfigError, TrainingError
from gan_core.lab import CHANGEABLE, LAYERS, Play, Scene, Substep, measures
from gan_core.lab.eye import RESOLUTION
from gan_core.objectives import OBJECTIVES

SMALL: dict[str, Any] = {"units_d": 8, "units_g": 8, "batch_size": 24}
GAMES: dict[str, dict[str, Any]] = {
    **{objective: {"objective": objective} for objective in OBJECTIVES},
    "critic ahead": {"objective": "wasserstein", "critic_steps": 3},
    "penalties": {"r1_weight": 0.1, "r2_weight": 0.1, "objective": "relativistic"},
    "spectral": {"discriminator_norm": "spectral"},
    "instance noise": {"instance_noise": 0.2},
    "unrolled": {"unrolled_steps": 2},
    "packed": {"packing": 3, "objective": "relativistic"},
    "packed and unrolled": {"packing": 2, "unrolled_steps": 1, "objective": "wasserstein"},
    "descent": {"optimiser_d": "sgd", "optimiser_g": "rmsprop", "latent": "uniform"},
    "one latent": {"latent_dim": 1, "data": "two-moons", "depth_g": 0},
    "many latents": {"latent_dim": 5, "data": "checkerboard", "activation": "tanh"},
    "a drawing": {"data": "drawing", "drawing": "AA__.fg"},
}


def played(scene: Scene, steps: int = 0) -> Play:
    play = Play(scene)
    for _ in range(steps):
        play.step()
    return play


def alternation(play: Play) -> Iterator[Substep]:
    """One in slow motion."""
    while not (part := play.substep()).last:
        yield part
    yield part


def state(play: Play) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return play.trainer.state()


def same(one: Play, other: Play) -> bool:
    (mine, place), (theirs, there) = state(one), state(other)
    return place == there and mine.keys() == theirs.keys() and all(torch.equal(mine[n], theirs[n]) for n in mine)


@pytest.fixture(params=GAMES.values(), ids=list(GAMES))
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene().changed(**SMALL, **request.param)


def test_slow_motion_is_the_step_itself(scene: Scene) -> None:
    """All parts of an alternation leave what a step leaves, to the last bit; so does a step that finishes them."""
    whole, slow, mixed = (played(scene, 2) for _ in range(3))
    names: list[tuple[str, str]] = []
    for _ in range(2):
        whole.step()
        parts = list(alternation(slow))
        assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
        names += [(part.side, part.name) for part in parts]
        for _ in range(4):
            mixed.substep()
        mixed.step()
    assert same(whole, slow) and same(whole, mixed)
    learns = ["score", "loss", "gradient", "update"]
    turn = [("d", name) for name in ("noise", "generate", *learns)]
    assert [part.turn for part in parts] == [i + 1 for i in range(scene.critic_steps) for _ in turn] + 4 * [
        scene.critic_steps
    ]
    assert all(part.title and part.sentence.endswith(".") for part in parts)
    assert names == 2 * (scene.critic_steps * turn + [("g", name) for name in learns])


def test_looking_moves_nothing(scene: Scene) -> None:
    alone, watched = played(scene, 3), Play(scene)
    for _ in range(3):
        watched.view()
        watched.readings()
        watched.view(at=0)
        watched.step()
    assert same(alone, watched)


def test_it_begins_again_just_as_it_began(scene: Scene) -> None:
    play, first = Play(scene), played(scene, 3)
    before, view = play.readings(), play.view()
    for _ in range(3):
        play.step()
    play.substep()
    assert not same(play, first)
    play.reset()
    assert play.readings() == before and play.past.steps == [0]
    again = play.view()
    for name, value in vars(view).items():
        found = getattr(again, name)
        assert torch.equal(found.nan_to_num(9), value.nan_to_num(9)) if isinstance(value, Tensor) else found == value
    for _ in range(3):
        play.step()
    assert same(play, first)


def test_what_is_seen(scene: Scene) -> None:
    play = played(scene, 2)
    view = play.view(chosen=7)
    assert view.step == 2
    assert view.real is not None and view.fake is not None and view.real.shape == view.fake.shape == (512, 2)
    assert view.surface is not None and view.surface.shape == (RESOLUTION, RESOLUTION)
    assert view.surface.min() >= 0 and view.surface.max() <= 1
    assert view.optimal is not None and view.optimal.shape == (RESOLUTION, RESOLUTION)
    assert view.pushes is not None and len(view.pushes) == 128 - 128 % scene.packing
    shapes = {1: (105, 2), 2: (21, 21, 2)}
    assert (None if view.manifold is None else tuple(view.manifold.shape)) == shapes.get(scene.latent_dim)
    assert view.path is not None and torch.equal(view.path[-1], view.fake[7]) and len(view.path) == 2  # of 0 and now
    readings = play.readings()
    assert all(math.isfinite(value) for value in readings.as_dict().values() if value is not None)
    assert (readings.value is not None) == (scene.objective in ("minimax", "non-saturating"))
    assert (readings.modes is not None) == (scene.data == "ring-of-8")


def test_only_what_is_asked_for_is_drawn() -> None:
    play = Play(Scene(**SMALL))
    for layer in LAYERS:
        view = play.view((layer,))
        there = {name for name in LAYERS if getattr(view, name) is not None}
        assert there == {layer}
    with pytest.raises(ConfigError, match="layers = shadow: must be any of real, fake"):
        play.view(("fake", "shadow"))
    with pytest.raises(ConfigError, match="chosen = 512"):
        play.view(chosen=512)


def test_one_side_alone() -> None:
    scene = Scene(**SMALL)
    play, start = Play(scene), Play(scene)

    def moved() -> set[str]:
        mine, first = state(play)[0], state(start)[0]
        return {
            side for side in ("generator", "discriminator")
            if any(not torch.equal(mine[name], first[name]) for name in mine if name.startswith(side))
        }

    play.step_d()
    assert moved() == {"discriminator"} and (play.step_count, play.trainer.d_steps) == (0, 1)
    assert play.readings().loss_d is not None and play.readings().loss_g is None
    play.reset()
    play.step_g()
    assert moved() == {"generator"} and (play.step_count, play.trainer.d_steps) == (1, 0)
    play.substep()
    play.step_d()  # the alternation that was begun is completed first
    assert (play.step_count, play.trainer.d_steps) == (2, 2)


def test_the_relativistic_generator_alone_has_real_points_to_look_at() -> None:
    play = Play(Scene(**SMALL, objective="relativistic"))
    play.step_g()
    indices = play.trainer.indices
    assert len(set(indices.tolist())) == len(indices)
    play.step()
    play.step_g()
    assert play.step_count == 3 and math.isfinite(play.readings().score_fake or math.nan)


# settings that change while it plays


def test_a_change_is_heard_and_the_rest_stays() -> None:
    changed, not_changed = played(Scene(**SMALL), 3), played(Scene(**SMALL), 3)
    changed.change(lr_g=0.0123, optimiser_d="sgd")
    assert changed.scene == Scene(**SMALL).changed(lr_g=0.0123, optimiser_d="sgd")
    for name, value in state(changed)[0].items():
        if not name.startswith("optimiser.discriminator"):
            assert torch.equal(value, state(not_changed)[0][name]), name
    before = state(changed)[0]
    changed.step_d()
    after = state(changed)[0]
    rate = changed.scene.lr_d
    for name, parameter in changed.trainer.game.discriminator.named_parameters():
        assert parameter.grad is not None
        moved = before[f"discriminator.{name}"] - after[f"discriminator.{name}"]
        assert torch.allclose(moved, rate * parameter.grad, rtol=1e-2, atol=1e-7), name
    changed.reset()
    assert same(changed, Play(changed.scene))


@pytest.mark.parametrize("name", sorted(CHANGEABLE))
def test_each_of_them_makes_another_game_from_then_on(name: str) -> None:
    other = {
        "lr_d": 0.01, "lr_g": 0.01, "optimiser_d": "sgd", "optimiser_g": "rmsprop", "objective": "least-squares",
        "critic_steps": 2, "gp_weight": 1.0, "r1_weight": 1.0, "r2_weight": 1.0, "label_smoothing": 0.3,
        "instance_noise": 0.5, "unrolled_steps": 1,
    }
    scene = Scene(**SMALL).changed(objective="wasserstein") if name == "gp_weight" else Scene(**SMALL)
    play, stays = played(scene, 2), played(scene, 2)
    play.change(**{name: other[name]})
    play.step()
    stays.step()
    assert not same(play, stays)
    play.change(**{name: getattr(scene, name)})
    assert play.scene == scene


def test_what_cannot_change_is_refused_and_nothing_happens() -> None:
    play, untouched = played(Scene(**SMALL), 1), played(Scene(**SMALL), 1)
    for values, said in (
        ({"units_d": 9, "lr_d": 0.1}, "units_d: cannot change while it plays"),
        ({"lr_d": -1.0}, "lr_d = -1.0"), ({"label_smoothing": 0.1, "objective": "hinge"}, "label_smoothing"),
    ):
        with pytest.raises(ConfigError, match=said):
            play.change(**values)
    play.step()
    untouched.step()
    assert play.scene == Scene(**SMALL) and same(play, untouched)


def test_a_game_that_diverged_says_so() -> None:
    play = Play(Scene(**SMALL).changed(optimiser_d="sgd", lr_d=1.0, objective="wasserstein", gp_weight=1000.0))
    for _ in range(30):
        play.step()
    with pytest.raises(TrainingError, match=r"diverged before step 30.*lower the learning rates"):
        play.readings()
    play.reset()
    assert play.readings().step == 0


# the past


def test_one_can_go_back() -> None:
    play = Play(Scene(**SMALL))
    seen = {}
    for step in range(45):
        if step in (0, 10, 40):
            seen[step] = play.readings(), play.view(chosen=3)
        play.step()
    assert play.past.steps == [0, 10, 20, 30, 40]
    assert [one.step for one in play.past.readings] == play.past.steps
    for step, (readings, view) in seen.items():
        back = play.view(chosen=3, at=step + 4)
        assert play.readings(at=step) == readings and back.step == step
        for name in ("fake", "surface", "optimal", "manifold", "pushes"):
            assert torch.allclose(getattr(back, name), getattr(view, name), equal_nan=True), name
        assert back.path is not None and len(back.path) == step // 10 + 1
        assert view.path is not None and torch.allclose(back.path, view.path)


def test_its_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan_core.lab.past.MOMENTS", 16)
    monkeypatch.setattr("gan_core.lab.past.EVERY", 1)
    play = Play(Scene(**SMALL))
    for _ in range(70):
        play.step()
    steps = play.past.steps
    assert len(steps) <= 16 and steps[0] == 0 and steps[-1] == 64
    assert {b - a for a, b in itertools.pairwise(steps)} == {8}


# what is drawn is what is said


def test_a_push_is_where_the_loss_falls() -> None:
    play = played(Scene(**SMALL), 20)
    view = play.view(("fake", "pushes"))
    assert view.fake is not None and view.pushes is not None
    net = copy.deepcopy(play.trainer.game.discriminator).double()
    fake = view.fake[: len(view.pushes)].double()

    def loss(points: Tensor) -> Tensor:
        return torch.nn.functional.softplus(-net(points))

    for axis in (0, 1):
        nudge = torch.zeros(2, dtype=torch.float64)
        nudge[axis] = 1e-6
        with torch.no_grad():
            slope = (loss(fake + nudge) - loss(fake - nudge)) / 2e-6
        assert torch.allclose(view.pushes[:, axis].double(), -slope, rtol=1e-3, atol=1e-5)


def test_the_surface_is_d_at_the_grids_points() -> None:
    play = played(Scene(**SMALL), 20)
    view = play.view(("surface",))
    assert view.surface is not None
    with torch.no_grad():
        expected = torch.sigmoid(play.trainer.game.discriminator(measures.grid(RESOLUTION)[5, 40].unsqueeze(0)))
    assert view.surface[5, 40].item() == pytest.approx(expected.item(), abs=1e-6)
    x, y = measures.grid(RESOLUTION)[5, 40].tolist()
    assert x > 0 > y  # rows rise with y, columns with x


def test_equilibrium_of_a_judge_who_cannot_tell() -> None:
    play = Play(Scene(**SMALL))
    with torch.no_grad():
        for parameter in play.trainer.game.discriminator.parameters():
            parameter.zero_()
    readings = play.readings()
    assert readings.value == pytest.approx(-math.log(4)) and readings.d_real == readings.d_fake == 0.5
