"""The recipes: each valid, each only what differs, and each doing to the game what it says."""

from __future__ import annotations

import statistics

import pytest
import torch

from gan_core import datasets, networks
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.errors import ConfigError
from gan_core.presets import PRESETS, make_config
from gan_core.trainer import Trainer

DEFAULTS = RunConfig()


@pytest.mark.parametrize("name", PRESETS)
def test_each_is_valid_and_holds_only_what_differs(name: str) -> None:
    preset = PRESETS[name]
    config = make_config(name)
    assert config.preset == name
    for key, value in preset.values.items():
        assert getattr(config, key) == value
        assert value != getattr(DEFAULTS, key), f"{key} is the default already"
    assert set(config.differences(DEFAULTS)) == set(preset.values) - {"preset"} | ({"preset"} if name != "quick" else set())
    assert preset.title and preset.description.endswith(".") and "\n" not in preset.description
    assert sum(getattr(config, unit) is not None for unit in ("images", "epochs", "seconds")) == 1


def test_the_first_is_the_default_one() -> None:
    assert next(iter(PRESETS)) == "quick" == make_config().preset


def test_the_article_to_the_letter() -> None:
    config = make_config("article")
    wanted = {
        "network": "mlp", "conditional": "no", "latent_dim": 100, "objective": "non-saturating", "batch_size": 64,
        "lr_d": 2e-4, "lr_g": 2e-4, "beta1": 0.5, "beta2": 0.999, "critic_steps": 1, "epochs": 50, "seed": 42, "grid": 4,
        "sample_every_epochs": 10, "sample_every_images": None, "discriminator_norm": "none", "ema_half_life": 0,
        "lr_decay": "none", "label_smoothing": 0, "instance_noise": 0, "augment": (), "r1_weight": 0, "r2_weight": 0,
    }
    assert {key: getattr(config, key) for key in wanted} == wanted


@pytest.mark.parametrize("unit", ["images", "epochs", "seconds"])
@pytest.mark.parametrize("name", PRESETS)
def test_a_length_given_replaces_the_presets_own(name: str, unit: str) -> None:
    config = make_config(name, **{unit: 7})
    assert [getattr(config, other) for other in ("images", "epochs", "seconds")] == [
        7 if other == unit else None for other in ("images", "epochs", "seconds")
    ]


def test_the_spacing_of_grids_is_replaced_in_either_unit() -> None:
    assert make_config("article", sample_every_images=500).sample_every_epochs is None
    assert make_config("quick", sample_every_epochs=2).sample_every_images is None
    with pytest.raises(ConfigError, match="give exactly one"):
        make_config("quick", sample_every_epochs=2, sample_every_images=500)


def test_an_unknown_one_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"preset = 'best': must be one of quick, article"):
        make_config("best")


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 28, 28), (3, 32, 32), (1, 64, 64)])
@pytest.mark.parametrize("classes", [0, 3])
def test_quick_takes_shape_and_classes_from_the_data(shape: tuple[int, ...], classes: int) -> None:
    generator = networks.build_generator(make_config(), shape, classes)
    assert generator.n_classes == classes
    labels = torch.arange(2) if classes else None
    assert generator(torch.zeros(2, 64), labels).shape == (2, *shape)


def _spread(trainer: Trainer, dataset: Dataset) -> float:
    """Mean distance between two pictures of the sample grid, as a share of that between two real ones."""
    real = dataset.samples[: len(trainer.fixed_z)].float().flatten(1)
    return (torch.pdist(trainer.draw_fixed().float().flatten(1)).mean() / torch.pdist(real).mean()).item()
