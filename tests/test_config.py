"""Every setting's limits, the combinations that cannot work, the presets, and what makes a game the same game."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gan_core.config import (
    FREE_TO_CHANGE,
    GROUPS,
    RunConfig,
    fields,
    fits,
    of_the_game,
    parse_assignments,
    validated,
)
from gan_core.errors import ConfigError
from gan_core.presets import PRESETS, make_config
from gan_core.settings import allowed, choices, limits

NUMERIC = {name: limits(info) for name, info in fields() if limits(info)}
FOLDER = {"dataset": "folder", "dataset_path": "/pictures"}
# Another allowed value of every setting, with what it needs beside it.
OTHER: dict[str, dict[str, Any]] = {
    "preset": {"preset": "mine"}, "dataset": {"dataset": "mnist"}, "data_dir": {"data_dir": "/elsewhere"},
    "dataset_path": {**FOLDER, "dataset_path": "/others"}, "image_size": {**FOLDER, "image_size": 64},
    "colour": {**FOLDER, "colour": "grey"},
    "network": {"network": "mlp"}, "conditional": {"conditional": "no"}, "latent_dim": {"latent_dim": 65},
    "width": {"width": 33}, "discriminator_norm": {"discriminator_norm": "none"},
    "objective": {"objective": "minimax"}, "critic_steps": {"critic_steps": 2}, "gp_weight": {"gp_weight": 9.0},
    "r1_weight": {"r1_weight": 0.5}, "r2_weight": {"r2_weight": 0.5}, "penalty_interval": {"penalty_interval": 2},
    "label_smoothing": {"label_smoothing": 0.1, "objective": "minimax"}, "instance_noise": {"instance_noise": 0.1},
    "instance_noise_images": {"instance_noise_images": 99}, "augment": {"augment": ("cutout",)},
    "batch_size": {"batch_size": 65}, "lr_d": {"lr_d": 1e-3}, "lr_g": {"lr_g": 1e-3}, "beta1": {"beta1": 0.5},
    "beta2": {"beta2": 0.99}, "lr_decay": {"lr_decay": "linear"}, "lr_decay_from": {"lr_decay_from": 5},
    "lr_decay_to": {"lr_decay_to": 500_000}, "lr_decay_floor": {"lr_decay_floor": 0.1},
    "ema_half_life": {"ema_half_life": 1}, "images": {"images": 5}, "epochs": {"epochs": 2.0},
    "seconds": {"seconds": 3.0}, "grid": {"grid": 3}, "sample_every_images": {"sample_every_images": 7},
    "sample_every_epochs": {"sample_every_epochs": 1.0, "sample_every_images": None},
    "record_every_steps": {"record_every_steps": 3}, "save_every_images": {"save_every_images": 3},
    "keep_checkpoints": {"keep_checkpoints": 3}, "measure": {"measure": "off"}, "on_collapse": {"on_collapse": "pause"},
    "tries": {"tries": 5}, "seed": {"seed": 43}, "device": {"device": "cpu"},
    "drawing": {"dataset": "drawing", "drawing": "AA"}, "latent": {"latent": "uniform"},
    "depth_d": {"depth_d": 3}, "depth_g": {"depth_g": 3}, "units_d": {"units_d": 16}, "units_g": {"units_g": 16},
    "activation": {"activation": "tanh"}, "unrolled_steps": {"unrolled_steps": 5, "discriminator_norm": "none"},
    "packing": {"packing": 2, "conditional": "no"}, "optimiser_d": {"optimiser_d": "sgd"},
    "optimiser_g": {"optimiser_g": "rmsprop"},
    "threads": {"threads": 1}, "precision": {"precision": "bfloat16"},
}


def test_every_setting_has_what_a_form_shows() -> None:
    for name, info in fields():
        assert info.title, name
        assert info.description and info.description.endswith("."), name
        assert info.json_schema_extra["group"] in GROUPS, name  # type: ignore[index, call-overload]
    assert [name for group in GROUPS for name, _ in fields(group)] == [name for name, _ in fields()]
    main = {name for name, _ in fields(main=True)}
    assert main | {name for name, _ in fields(main=False)} == set(RunConfig.model_fields)
    assert {"dataset", "objective", "lr_d", "lr_g", "seed"} <= main


@pytest.mark.parametrize("name", NUMERIC)
def test_limits_hold_and_are_named(name: str) -> None:
    bounds = NUMERIC[name]
    whole = all(isinstance(value, int) for value in bounds.values()) and "epochs" not in name
    outside = []
    for sign, step in (("ge", -1), ("gt", 0), ("le", 1), ("lt", 0)):
        if sign in bounds:
            outside.append(bounds[sign] + step * (1 if whole else 1e-3))
    assert len(outside) == 2
    for value in outside:
        with pytest.raises(ConfigError, match=rf"^{name} = .*: must be a.*number.* (at least|more than)") as caught:
            validated({name: value})
        assert allowed(name, RunConfig) in str(caught.value)
    for value in (float("nan"), float("inf"), -float("inf"), "much", [1], {}):
        with pytest.raises(ConfigError, match=f"^{name} = "):
            validated({name: value})


@pytest.mark.parametrize("name", [name for name, info in fields() if choices(info)])
def test_choices_are_the_only_values(name: str) -> None:
    options = choices(RunConfig.model_fields[name])
    with pytest.raises(ConfigError, match=f"^{name} = 'nonsense': must be") as caught:
        validated({name: "nonsense"})
    assert all(str(option) in str(caught.value) for option in options)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        validated({"lr_g": -1, "width": "wide", "colour": "blue", "speed": 3})
    message = str(caught.value)
    assert all(part in message for part in ("lr_g = -1", "width = 'wide'", "colour = 'blue'", "speed = 3: there is no"))
    with pytest.raises(ConfigError, match="settings"):
        validated({3: 4})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"images": 5, "epochs": 1}, "images = 5, epochs = 1.0: give only one"),
        ({"images": 5, "epochs": 1, "seconds": 2}, "images = 5, epochs = 1.0, seconds = 2.0: give"),
        ({"sample_every_images": None}, "sample_every_images = None, sample_every_epochs = None: give exactly one"),
        ({"sample_every_epochs": 1}, "exactly one"),
        ({"dataset": "folder"}, "dataset_path = None"),
        ({"dataset_path": "/pictures"}, "dataset_path = '/pictures': is for the dataset 'folder' only"),
        ({"image_size": 64, "dataset": "mnist"}, "image_size = 64: .* the dataset is 'mnist'"),
        ({"colour": "grey"}, "colour = 'grey'"),
        ({"lr_decay": "linear", "lr_decay_from": 10, "lr_decay_to": 10}, "lr_decay_to = 10: must be more than"),
        ({"network": "mlp", "discriminator_norm": "batch"}, "discriminator_norm = 'batch'"),
        ({"discriminator_norm": "batch", "objective": "wasserstein"}, "gradient penalties"),
        ({"discriminator_norm": "batch", "r1_weight": 1}, "r1_weight"),
        ({"discriminator_norm": "batch", "r2_weight": 1}, "r2_weight"),
        ({"label_smoothing": 0.1}, "label_smoothing = 0.1"),
        ({"label_smoothing": 0.1, "objective": "wasserstein"}, "label_smoothing"),
        ({"augment": ["cutout", "cutout"]}, "at most once"),
        ({"augment": "blur"}, "augment"),
        ({"dataset": "drawing"}, "drawing = None: the dataset 'drawing' needs strokes"),
        ({"drawing": "AA"}, "drawing = 'AA': is for the dataset 'drawing' only, and the dataset is 'digits'"),
        ({"network": "plane", "discriminator_norm": "batch"}, "the network plane allows 'none' or 'spectral'"),
        ({"unrolled_steps": 1}, "unrolled_steps = 1: .*it is 'spectral'"),
        ({"packing": 5}, "packing = 5, batch_size = 64: .*to 60 or a multiple of 5"),
        ({"packing": 8, "batch_size": 4}, "packing = 8, batch_size = 4: .*to 8 or a multiple"),
    ],
)
def test_impossible_together(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        validated(values)


def test_the_articles_settings() -> None:
    config = make_config("article")
    expected = {
        "network": "mlp", "conditional": "no", "latent_dim": 100, "objective": "non-saturating", "batch_size": 64,
        "lr_d": 2e-4, "lr_g": 2e-4, "beta1": 0.5, "beta2": 0.999, "epochs": 50, "images": None, "seconds": None,
        "discriminator_norm": "none", "ema_half_life": 0, "critic_steps": 1, "label_smoothing": 0.0, "r1_weight": 0.0,
        "r2_weight": 0.0, "instance_noise": 0.0, "augment": (), "lr_decay": "none", "grid": 4,
        "sample_every_epochs": 10, "seed": 42,
    }
    assert {name: getattr(config, name) for name in expected} == expected


def test_presets_are_named_recipes() -> None:
    assert list(PRESETS) == [
        "quick", "article", "dcgan", "wgan-gp", "r3gan", "stacked-mnist", "ring", "grid", "collapse"
    ]
    for name, preset in PRESETS.items():
        config = make_config(name)
        assert config.preset == name and preset.title and preset.description.endswith(".")
        assert {key: getattr(config, key) for key in preset.values} == dict(preset.values)
        assert sum(getattr(config, length) is not None for length in ("images", "epochs", "seconds")) == 1
    wgan = make_config("wgan-gp")
    assert (wgan.objective, wgan.critic_steps, wgan.gp_weight) == ("wasserstein", 5, 10.0)
    r3gan = make_config("r3gan")
    assert r3gan.objective == "relativistic" and r3gan.r1_weight > 0 and r3gan.r2_weight > 0
    with pytest.raises(ConfigError, match="preset = 'fast': must be one of quick, article"):
        make_config("fast")


def test_a_given_length_or_spacing_replaces_the_presets() -> None:
    config = make_config("article", images=640, sample_every_images=64)
    assert (config.images, config.epochs, config.sample_every_images, config.sample_every_epochs) == (
        640, None, 64, None,
    )
    assert make_config("quick", seconds=3).images is None
    assert make_config("quick", images=None).images is None  # until stopped
    longer = make_config("article", epochs=3, sample_every_images=64)
    assert config.differences(longer) == {"images": (640, None), "epochs": (None, 3.0)}


@pytest.mark.parametrize("name", RunConfig.model_fields)
def test_every_setting_can_be_given_as_text_and_none_is_a_switch(name: str) -> None:
    """A shell gives nothing but text; JSON's true would pass as 1."""
    config = make_config("quick", **FOLDER, data_dir="data", image_size=64, augment=("colour", "cutout"))
    value = getattr(config, name)
    text = "none" if value is None else ",".join(value) if isinstance(value, tuple) else str(value)
    again = validated({**config.model_dump(), **parse_assignments([f"{name}={text}"])})
    assert again == config and type(getattr(again, name)) is type(value)
    with pytest.raises(ConfigError, match=f"{name} = True: must be "):
        validated({**config.model_dump(), name: True})


def test_a_config_is_frozen_and_survives_json() -> None:
    config = make_config("quick", augment="colour, cutout", data_dir=None)
    assert config.augment == ("colour", "cutout")
    assert RunConfig.model_validate_json(config.model_dump_json()) == config
    with pytest.raises(ValueError, match="frozen"):
        config.lr_g = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("name", RunConfig.model_fields)
def test_a_checkpoint_fits_the_settings_of_its_game(name: str) -> None:
    """One setting changed at a time: with those of the game it does not fit any more, with the free ones it does."""
    needed = {key: value for key, value in OTHER[name].items() if key in FOLDER or key not in FREE_TO_CHANGE}
    needed.pop(name, None)
    # Those that such data cannot do without: another one.
    before = validated({**needed, **{"dataset_path": FOLDER, "drawing": {"drawing": "BB"}}.get(name, {})})
    after = validated(OTHER[name])
    assert getattr(before, name) != getattr(after, name)
    assert fits(of_the_game(before), before)
    assert fits(of_the_game(before), after) == (name in FREE_TO_CHANGE)


def test_a_checkpoint_of_before_a_setting_existed_fits_still() -> None:
    config = make_config("quick")
    older = {key: value for key, value in of_the_game(config).items() if key != "instance_noise"}
    assert fits(older, config) and not fits({**older, "width": config.width + 1}, config)


def test_what_is_free_to_change() -> None:
    assert {
        "preset", "data_dir", "dataset_path", "device", "threads", "images", "epochs", "seconds", "grid",
        "sample_every_images", "sample_every_epochs", "record_every_steps", "save_every_images", "keep_checkpoints",
        "measure", "on_collapse", "tries",
    } == FREE_TO_CHANGE
    config = make_config("quick")
    shuffled = dict(reversed(list(json.loads(config.model_dump_json()).items())))
    assert fits(of_the_game(validated(shuffled)), config)


def test_assignments_of_a_shell() -> None:
    values = parse_assignments(["lr-g=0.001", " augment = colour,cutout", "images=none", "note=a=b", "conditional=no"])
    assert values == {
        "lr_g": "0.001", "augment": "colour,cutout", "images": None, "note": "a=b", "conditional": "no",
    }
    config = make_config("quick", **parse_assignments(["lr-g=0.001", "augment=none", "images=none", "epochs=2"]))
    assert (config.lr_g, config.augment, config.images, config.epochs) == (0.001, (), None, 2.0)
    for wrong in ("lr_g", "=3", ""):
        with pytest.raises(ConfigError, match="key=value"):
            parse_assignments([wrong])
