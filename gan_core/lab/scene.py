"""Everything that a lab plays from, and so everything that a link to it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gan_core.config import Objective, Optimiser, RunConfig, validated
from gan_core.datasets import plane
from gan_core.errors import ConfigError, DatasetError
from gan_core.settings import validated_as


def _like(name: str, default: Any, like: str | None = None, **limits: Any) -> Any:
    """A field with the words of the run's setting that it becomes."""
    info = RunConfig.model_fields[like or name]
    return Field(default, title=info.title, description=info.description, **limits)


class Scene(BaseModel):
    """One game in the plane. Frozen; each field is the run's setting of the same name, but `data`, its `dataset`.

    The limits are narrower than a run's: what the lab draws many times a second.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    data: Literal[
        "line", "two-gaussians", "ring-of-8", "grid-of-25", "two-moons", "spiral", "checkerboard", "drawing"
    ] = _like("data", "ring-of-8", "dataset")
    drawing: str | None = _like("drawing", None, max_length=4000)
    latent: Literal["gaussian", "uniform"] = _like("latent", "gaussian")
    latent_dim: int = _like("latent_dim", 2, ge=1, le=64)

    depth_d: int = _like("depth_d", 2, ge=0, le=6)
    units_d: int = _like("units_d", 32, ge=1, le=128)
    depth_g: int = _like("depth_g", 2, ge=0, le=6)
    units_g: int = _like("units_g", 32, ge=1, le=128)
    activation: Literal["relu", "leaky-relu", "tanh"] = _like("activation", "leaky-relu")
    discriminator_norm: Literal["none", "spectral"] = _like("discriminator_norm", "none")

    objective: Objective = _like("objective", "non-saturating")
    critic_steps: int = _like("critic_steps", 1, ge=1, le=20)
    gp_weight: float = _like("gp_weight", 10.0, ge=0, le=1000)
    r1_weight: float = _like("r1_weight", 0.0, ge=0, le=1000)
    r2_weight: float = _like("r2_weight", 0.0, ge=0, le=1000)
    label_smoothing: float = _like("label_smoothing", 0.0, ge=0, le=0.5)
    instance_noise: float = _like("instance_noise", 0.0, ge=0, le=2)
    unrolled_steps: int = _like("unrolled_steps", 0, ge=0, le=10)
    packing: int = _like("packing", 1, ge=1, le=8)

    batch_size: int = _like("batch_size", 128, ge=2, le=1024)
    lr_d: float = _like("lr_d", 2e-3, gt=0, le=1)
    lr_g: float = _like("lr_g", 2e-3, gt=0, le=1)
    optimiser_d: Optimiser = _like("optimiser_d", "adam")
    optimiser_g: Optimiser = _like("optimiser_g", "adam")
    beta1: float = _like("beta1", 0.5, ge=0, lt=1)
    beta2: float = _like("beta2", 0.99, ge=0, lt=1)
    seed: int = _like("seed", 0, ge=0, le=2**31 - 1)

    @field_validator("*", mode="before")
    @classmethod
    def _no_switch(cls, value: Any) -> Any:
        """No setting is a switch: true would otherwise pass as the number 1."""
        if isinstance(value, bool):
            raise ValueError("neither true nor false")
        return value

    def config(self) -> RunConfig:
        """The same game as a run's settings, with which `Trainer` plays it.

        Raises:
            ConfigError: the settings do not go together.
        """
        values = self.model_dump()
        data = values.pop("data")
        return validated({
            **values, "preset": "lab", "dataset": data, "network": "plane", "conditional": "no",
            "ema_half_life": 0, "device": "cpu", "threads": 1, "measure": "off",
        })

    def changed(self, **values: Any) -> Scene:
        """This scene with other settings.

        Raises:
            ConfigError: see `make`.
        """
        return make(**{**self.model_dump(), **values})

    def to_query(self) -> dict[str, str]:
        """What a link holds: only what differs from the default scene, as text."""
        return {
            name: _text(value) for name, value in self.model_dump().items()
            if value != type(self).model_fields[name].default
        }

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Scene:
        """A link's parameters → the scene.

        Args:
            query: fields as text, any of them. `scene`, if given, is the name of one of `SCENES`, and the fields are
                what differs from that.

        Raises:
            ConfigError: names every field that is unknown, not of its kind or out of its limits, or that does not go
                with the others.
        """
        values: dict[str, Any] = dict(query)
        name = values.pop("scene", None)
        base: dict[str, Any] = {}
        if name is not None:
            from gan_core.lab.scenes import SCENES  # they are made of this class

            if name not in SCENES:
                raise ConfigError(f"scene = {name!r}: must be one of {', '.join(SCENES)}")
            base = SCENES[name].scene.model_dump()
        return make(**{**base, **values})


def make(**values: Any) -> Scene:
    """
    Raises:
        ConfigError: names every field that is unknown, not of its kind or out of its limits, or that does not go with
            the others; or a drawing that cannot be read.
    """
    scene = validated_as(Scene, values)
    scene.config()
    try:
        plane.density_of(scene.data, scene.drawing)
    except DatasetError as error:
        raise ConfigError(str(error)) from None
    return scene


def _text(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
