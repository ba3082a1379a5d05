"""Walking the latent space: a seed's place, the way from one place to another, and what lies there.

    z, labels = path(View(seed=3, seed_b=8, label=1, label_b=7).check(64, 10), 64, 10, steps=24)
    animation = gif(draw(generator, z, labels), seconds=2, scale=8, back_and_forth=True)

Everything is a pure function of its arguments: the same seed is the same place in every process.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
from PIL import Image
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from torch import Tensor, nn

from gan_core.errors import ConfigError
from gan_core.pictures import as_kept
from gan_core.trainer import stream

How = Literal["linear", "spherical"]

LIMIT = 10.0
"""Largest size of a coordinate set by hand: a Gaussian one beyond 4 is already one in 16,000."""

_BATCH = 256


def latent(seed: int, latent_dim: int) -> Tensor:
    """The latent of a seed: z ~ N(0, I), float32 [latent_dim], the same whenever it is asked for."""
    return torch.randn(latent_dim, generator=stream(seed, "latent"))


def truncate(z: Tensor, psi: float) -> Tensor:
    """`psi * z`: towards the mean of the latents, 0, where G has learned most; any shape.

    Brock 2019 (section 3.1) draws coordinates again until each is below a threshold, which makes the picture jump as
    the threshold moves. This is the variant of Karras 2019 (appendix B), taken at z instead of w: the same direction,
    nearer to the mean. 1 leaves z as it is, 0 is the mean itself, above 1 is further out than G was trained for.
    """
    return z * psi


def interpolate(a: Tensor, b: Tensor, t: Tensor | float, how: How = "spherical") -> Tensor:
    """Places between two latents.

    `linear` is (1-t)a + tb, which passes nearer to 0 than Gaussian latents lie. `spherical` turns the direction evenly
    along the great circle (Shoemake 1985, section 3.3) while the length goes linearly from |a| to |b|. Between opposite
    directions there are many great circles; the one through the axis of a's smallest coordinate is taken. A zero vector
    has no direction, and parallel ones nothing to turn: there both ways are the same.

    Args:
        a, b: float [latent_dim].
        t: a number, or float [T]; 0 gives a and 1 gives b, exactly.

    Returns:
        float [latent_dim] for a number, [T, latent_dim] for a tensor.
    """
    weights = torch.as_tensor(t, dtype=torch.float64)
    steps = weights.reshape(-1, 1)
    start, end = a.double(), b.double()
    between = _slerp(start, end, steps) if how == "spherical" else (1 - steps) * start + steps * end
    between = torch.where(steps == 0, start, torch.where(steps == 1, end, between)).to(a.dtype)
    return between[0] if weights.ndim == 0 else between


def _slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """[latent_dim] twice and [T, 1], all float64 → [T, latent_dim]."""
    length_a, length_b = a.norm(), b.norm()
    straight = (1 - t) * a + t * b
    if length_a == 0 or length_b == 0:
        return straight
    start, end = a / length_a, b / length_b
    cosine = torch.dot(start, end)
    # The part of `end` that is new: with it the circle is cos(angle) start + sin(angle) across, well behaved at any
    # angle, where Shoemake's sin((1-t)Ω)/sin Ω divides by nearly nothing close to 0 and π.
    across = end - cosine * start
    sine = across.norm()
    if sine < 1e-7:
        if cosine > 0 or len(a) == 1:
            return straight
        axis = torch.zeros_like(start)
        axis[start.abs().argmin()] = 1
        across = axis - torch.dot(axis, start) * start
    angle = torch.atan2(sine, cosine) * t
    direction = torch.cos(angle) * start + torch.sin(angle) * across / across.norm()
    return ((1 - t) * length_a + t * length_b) * direction


def soft_label(label_a: int, label_b: int, t: Tensor | float, n_classes: int) -> Tensor:
    """(1-t) of the one class and t of the other: float [n_classes] for a number t, [T, n_classes] for [T].

    Raises:
        ConfigError: a label that is no class.
    """
    _check_label("label", label_a, n_classes)
    _check_label("label_b", label_b, n_classes)
    a, b = torch.eye(n_classes)[[label_a, label_b]]
    return interpolate(a, b, t, "linear")


def _dims(value: Any) -> Any:
    """A link writes coordinates as `3:1.5,17:-0.25`."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition(":") for part in value.split(",") if part.strip()]
    return {place.strip(): size.strip() for place, _, size in pairs}


MOST_TRUNCATION = 2.0
LAST_SEED = 2**31 - 1

Coordinate = Annotated[float, Field(ge=-LIMIT, le=LIMIT)]
Dimension = Annotated[int, Field(ge=0, le=1023)]
Label = Annotated[int, Field(ge=0, le=999_999)]
Seed = Annotated[int, Field(ge=0, le=LAST_SEED)]

_ALLOWED = {
    "mode": "one of sliders, interpolate",
    "seed": f"a whole number at least 0 and at most {LAST_SEED}",
    "label": "the number of a class, or nothing",
    "dims": f"coordinates from 0 on, each a number of at least -{LIMIT:g} and at most {LIMIT:g}, as in 3:1.5,17:-0.25",
    "dim": "a coordinate from 0 on, or nothing",
    "truncation": f"a number at least 0 and at most {MOST_TRUNCATION:g}",
    "t": "a number at least 0 and at most 1",
    "how": "one of linear, spherical",
}


class View(BaseModel):
    """What is looked at in a latent space; all that a link to it holds.

    Attributes:
        mode: `sliders`: one place, sample A. `interpolate`: the place `t` of the way from A to B.
        seed, label: sample A. label None: the first class, where the generator knows classes.
        dims: coordinates of A that were set by hand. They are what the generator gets: truncation does not shrink them.
        dim: the coordinate along which the strip goes in `sliders`; None: the one that moves the picture most.
        truncation: see `truncate`; for A and B.
        seed_b, label_b: sample B. label_b None: the class of A.
        t: 0 at A, 1 at B.
        how: the way from A to B, see `interpolate`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    mode: Literal["sliders", "interpolate"] = "sliders"
    seed: Seed = 0
    label: Label | None = None
    dims: Annotated[dict[Dimension, Coordinate], BeforeValidator(_dims)] = {}
    dim: Dimension | None = None
    truncation: float = Field(default=1.0, ge=0, le=MOST_TRUNCATION)
    seed_b: Seed = 1
    label_b: Label | None = None
    t: float = Field(default=0.0, ge=0, le=1)
    how: How = "spherical"

    def check(self, latent_dim: int, n_classes: int) -> View:
        """The view of one generator, its labels filled in: None only where it knows no classes (`n_classes` 0).

        Raises:
            ConfigError: a label or a coordinate that the generator does not have; names it, and what there is.
        """
        for field, dim in (*(("dims", dim) for dim in self.dims), ("dim", self.dim or 0)):
            if dim >= latent_dim:
                raise ConfigError(f"{field} = {dim}: this generator's latent has the coordinates 0 to {latent_dim - 1}")
        for field, label in (("label", self.label), ("label_b", self.label_b)):
            if label is not None:
                _check_label(field, label, n_classes)
        if not n_classes:
            return self
        label = self.label or 0
        return self.model_copy(update={"label": label, "label_b": label if self.label_b is None else self.label_b})

    def to_query(self) -> dict[str, str]:
        """The parts of a link: only what differs from the defaults, all as text."""
        query: dict[str, str] = {}
        for field, value in self.model_dump(exclude_defaults=True).items():
            query[field] = ",".join(f"{k}:{v!r}" for k, v in value.items()) if field == "dims" else str(value)
        return query

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> View:
        """The view of a link; its other parts (a run's name, …) are left alone.

        Raises:
            ConfigError: names each bad field, its value and what is allowed.
        """
        return cls._validated({field: query[field] for field in cls.model_fields if field in query})

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> View:
        """The view in a JSON object; an unknown field is an error.

        Raises:
            ConfigError: names each bad field, its value and what is allowed.
        """
        if not isinstance(message, Mapping):
            raise ConfigError(f"a view must be an object with any of {', '.join(cls.model_fields)}")
        return cls._validated(message)

    @classmethod
    def _validated(cls, values: Mapping[str, Any]) -> View:
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            fields = dict.fromkeys(str(part["loc"][0]) for part in error.errors())
            raise ConfigError("; ".join(cls._in_words(field, values) for field in fields)) from None

    @classmethod
    def _in_words(cls, field: str, values: Mapping[str, Any]) -> str:
        if field not in cls.model_fields:
            return f"{field[:40]}: there is no such part of a view; there are {', '.join(cls.model_fields)}"
        value = repr(values[field])
        shown = value if len(value) <= 80 else value[:77] + "..."
        return f"{field} = {shown}: must be {_ALLOWED[field.removesuffix('_b')]}"


def _check_label(field: str, label: int, n_classes: int) -> None:
    if not 0 <= label < n_classes:
        there = f"the classes are 0 to {n_classes - 1}" if n_classes else "the generator knows no classes; leave it out"
        raise ConfigError(f"{field} = {label}: {there}")


def place(view: View, latent_dim: int, n_classes: int) -> tuple[Tensor, Tensor | None]:
    """Where the view stands: z [1, latent_dim] and soft labels [1, n_classes], None where there are no classes.

    Raises:
        ConfigError: see `View.check`.
    """
    t = view.t if view.mode == "interpolate" else 0.0
    return _between(view.check(latent_dim, n_classes), latent_dim, n_classes, torch.tensor([t], dtype=torch.float64))


def path(view: View, latent_dim: int, n_classes: int, steps: int) -> tuple[Tensor, Tensor | None]:
    """The way from sample A to sample B, both included, whatever the view's mode and t.

    Args:
        steps: places on the way, at least 2.

    Returns:
        z [steps, latent_dim] and soft labels [steps, n_classes], None where there are no classes.

    Raises:
        ConfigError: too few steps, or see `View.check`.
    """
    if steps < 2:
        raise ConfigError(f"steps = {steps}: must be at least 2, the two ends")
    t = torch.linspace(0, 1, steps, dtype=torch.float64)
    return _between(view.check(latent_dim, n_classes), latent_dim, n_classes, t)


def _between(view: View, latent_dim: int, n_classes: int, t: Tensor) -> tuple[Tensor, Tensor | None]:
    a, b = (truncate(latent(seed, latent_dim), view.truncation) for seed in (view.seed, view.seed_b))
    for dim, value in view.dims.items():
        a[dim] = value
    z = interpolate(a, b, t, view.how)
    if view.label is None or view.label_b is None:
        return z, None
    return z, soft_label(view.label, view.label_b, t, n_classes)


@torch.inference_mode()
def draw(generator: nn.Module, z: Tensor, labels: Tensor | None) -> Tensor:
    """What the generator makes there.

    Args:
        generator: in eval mode.
        z: float [N, latent_dim].
        labels: int64 [N] or soft float [N, n_classes]; None for a generator without classes.

    Returns:
        [N, *shape] on the CPU: uint8 where they are pictures, else float32.
    """
    parts = []
    for start in range(0, len(z), _BATCH):
        some = slice(start, start + _BATCH)
        parts.append(as_kept(generator(z[some], None if labels is None else labels[some])).cpu())
    return torch.cat(parts)


@torch.inference_mode()
def influence(generator: nn.Module, latent_dim: int, n_classes: int, count: int = 64, seed: int = 0) -> Tensor:
    """How much each latent coordinate matters: to offer the sliders first that move most.

    Args:
        count: random places, with random classes, over which is averaged.
        seed: of these places.

    Returns:
        float [latent_dim]: mean absolute change of a pixel when that coordinate alone grows by 1, as a share of the way
        from black to white.
    """
    random = stream(seed, "influence")
    z = torch.randn(count, latent_dim, generator=random)
    labels = torch.randint(n_classes, (count,), generator=random) if n_classes else None
    before = generator(z, labels)
    changes = torch.empty(latent_dim)
    for dim in range(latent_dim):
        moved = z.clone()
        moved[:, dim] += 1
        changes[dim] = (generator(moved, labels) - before).abs().mean() / 2
    return changes


def gif(pictures: Tensor, seconds: float, scale: int, back_and_forth: bool) -> bytes:
    """An animation that repeats for ever.

    Equal pictures in a row become one frame that stays longer. Grey levels are exact; colours are the best 256 of each
    picture.

    Args:
        pictures: uint8 [N, 1 or 3, H, W], N at least 1.
        seconds: for all pictures once, there or back. GIF counts hundredths, and below two a frame viewers slow down.
        scale: each pixel becomes a square of so many.
        back_and_forth: then the same pictures backwards, the two at the ends shown once.

    Raises:
        ValueError: for another type or shape, or a length or scale that makes no animation.
    """
    if pictures.dtype != torch.uint8 or pictures.ndim != 4 or pictures.shape[1] not in (1, 3) or 0 in pictures.shape:
        raise ValueError(f"an animation needs uint8 [N, 1 or 3, H, W], not {pictures.dtype} {list(pictures.shape)}")
    if not (math.isfinite(seconds) and seconds > 0) or scale < 1:
        raise ValueError(f"an animation needs seconds above 0 and a scale of 1 or more, not {seconds} and {scale}")
    frames = []
    for picture in pictures.permute(0, 2, 3, 1).cpu().numpy():
        image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
        image = image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
        frames.append(image if image.mode == "L" else image.quantize(256, dither=Image.Dither.NONE))
    per_frame = max(2, round(100 * seconds / len(frames))) * 10
    if back_and_forth:
        frames += frames[-2:0:-1]
    out = io.BytesIO()
    frames[0].save(out, format="GIF", save_all=True, append_images=frames[1:], duration=per_frame, loop=0)
    return out.getvalue()
