"""Scenes: what a link holds, and that nonsense in it is named."""

from __future__ import annotations

import pytest

from gan_core.config import RunConfig
from gan_core.errors import ConfigError
from gan_core.lab import SCENES, Scene

# Another allowed value of every field, with what it needs beside it.
OTHER: dict[str, dict[str, str]] = {
    "data": {"data": "spiral"}, "drawing": {"data": "drawing", "drawing": "AA__.fg"}, "latent": {"latent": "uniform"},
    "latent_dim": {"latent_dim": "1"}, "depth_d": {"depth_d": "0"}, "units_d": {"units_d": "7"},
    "depth_g": {"depth_g": "5"}, "units_g": {"units_g": "9"}, "activation": {"activation": "tanh"},
    "discriminator_norm": {"discriminator_norm": "spectral"}, "objective": {"objective": "wasserstein"},
    "critic_steps": {"critic_steps": "3"}, "gp_weight": {"gp_weight": "0.5"}, "r1_weight": {"r1_weight": "0.1"},
    "r2_weight": {"r2_weight": "0.1"}, "label_smoothing": {"label_smoothing": "0.1"},
    "instance_noise": {"instance_noise": "0.2"}, "unrolled_steps": {"unrolled_steps": "2"},
    "packing": {"packing": "2"}, "batch_size": {"batch_size": "32"}, "lr_d": {"lr_d": "0.00123"},
    "lr_g": {"lr_g": "0.1"}, "optimiser_d": {"optimiser_d": "sgd"}, "optimiser_g": {"optimiser_g": "rmsprop"},
    "beta1": {"beta1": "0.25"}, "beta2": {"beta2": "0.95"}, "seed": {"seed": "8"},
}


@pytest.mark.parametrize("name", Scene.model_fields)
def test_a_link_holds_what_differs_and_nothing_else(name: str) -> None:
    scene = Scene.from_query(OTHER[name])
    assert scene != Scene() and scene.to_query() == OTHER[name]
    assert Scene.from_query(scene.to_query()) == scene


@pytest.mark.parametrize("name", Scene.model_fields)
def test_each_field_is_the_runs_setting_of_that_name(name: str) -> None:
    config, setting = Scene.from_query(OTHER[name]).config(), "dataset" if name == "data" else name
    assert isinstance(config, RunConfig)
    assert config.model_dump()[setting] == Scene.from_query(OTHER[name]).model_dump()[name]
    assert config.model_dump()[setting] != Scene().config().model_dump()[setting]
    assert Scene.model_fields[name].title == RunConfig.model_fields[setting].title


def test_the_default_scene_has_an_empty_link() -> None:
    assert Scene().to_query() == {} and Scene.from_query({}) == Scene()


def test_a_named_scene_with_changes() -> None:
    name, named = next((name, named) for name, named in SCENES.items() if named.scene != Scene())
    assert Scene.from_query({"scene": name}) == named.scene
    assert Scene.from_query({"scene": name, "seed": "5"}) == named.scene.changed(seed=5)
    with pytest.raises(ConfigError, match="scene = 'no': must be one of " + next(iter(SCENES))):
        Scene.from_query({"scene": "no"})


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"lr_g": "fast"}, "lr_g = 'fast': must be a number more than 0 and at most 1"),
        ({"units_d": "129"}, "units_d = '129': must be a whole number at least 1 and at most 128"),
        ({"data": "circle"}, "data = 'circle': must be one of line, two-gaussians"),
        ({"lr": "0.1"}, "lr = '0.1': there is no such setting; the settings are data, drawing"),
        ({"batch_size": "nan"}, "batch_size = 'nan'"),
        ({"packing": "3"}, "packing = 3, batch_size = 128: .*to 126 or a multiple of 3"),
        ({"unrolled_steps": "1", "discriminator_norm": "spectral"}, "unrolled_steps = 1.*discriminator_norm to 'none'"),
        ({"label_smoothing": "0.1", "objective": "hinge"}, "label_smoothing = 0.1"),
        ({"data": "drawing"}, "drawing = None: the dataset 'drawing' needs strokes"),
        ({"drawing": "AA"}, "drawing = 'AA'.*'ring-of-8'"),
        ({"data": "drawing", "drawing": "AA!A"}, "'!' at place 3"),
    ],
)
def test_what_is_wrong_is_named(query: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Scene.from_query(query)


def test_every_bad_part_is_named() -> None:
    with pytest.raises(ConfigError, match=r"lr_g = .*depth_d = .*|depth_d = .*lr_g = ") as caught:
        Scene.from_query({"lr_g": "2", "depth_d": "-1"})
    assert "at most 1" in str(caught.value) and "at least 0" in str(caught.value)


def test_a_change_that_does_not_go_with_the_rest() -> None:
    with pytest.raises(ConfigError, match="packing = 5"):
        Scene().changed(packing=5)
    assert Scene().changed(packing=5, batch_size=100).packing == 5
