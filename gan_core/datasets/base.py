"""A dataset: samples that lie in memory as they are, and become a batch in one step."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
import torch.nn.functional as F

from gan_core.errors import DatasetError


@dataclass(frozen=True)
class Jitter:
    """Small affine moves of real pictures, so that a small set looks larger. Every move is uniform in ± its value.

    Attributes:
        rotation: radians.
        shear: tangent of the angle, along the rows.
        scale: fraction of the size.
        shift: fraction of the picture's side, each axis on its own.
    """

    rotation: float = 0.1
    shear: float = 0.1
    scale: float = 0.06
    shift: float = 0.04

    def apply(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Move each picture on its own; what comes in from outside is background (-1).

        Args:
            x: float [B, C, H, W] in [-1, 1].
            generator: drawn from once, five numbers a picture, on its own device.

        Returns:
            A new tensor of the same shape, type and device, in [-1, 1].
        """
        return self._move(x + 1.0, generator).sub_(1.0).clamp_(-1.0, 1.0)

    def _move(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """`apply` for pictures whose background is 0, which is what grid_sample pads with."""
        draws = torch.rand(5, x.shape[0], generator=generator, device=generator.device)
        draws = draws.mul_(2.0).sub_(1.0).mul_(_limits(self, draws.device)).to(x.device)
        angle, shear, scale, right, down = draws
        # The grid says where each target pixel comes from: source = R(angle) · S(shear) · target / (1 + scale) + shift.
        size = (1.0 + scale).reciprocal_()
        cos, sin = angle.cos() * size, angle.sin() * size
        theta = torch.stack((cos, cos * shear - sin, right, sin, sin * shear + cos, down), dim=1).view(-1, 2, 3)
        grid = F.affine_grid(theta.to(x.dtype), list(x.shape), align_corners=False)
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


@lru_cache(maxsize=16)
def _limits(jitter: Jitter, device: torch.device) -> torch.Tensor:
    """[5, 1], made once: a step on a GPU may not wait for numbers from the CPU."""
    values = [jitter.rotation, jitter.shear, jitter.scale, 2 * jitter.shift, 2 * jitter.shift]
    return torch.tensor(values, device=device).unsqueeze(1)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples in memory, with labels where there are some.

    Attributes:
        name: as in the registry, like 'digits'.
        samples: uint8 [N, C, H, W]; or float32 [N, ...] of any shape, which is used as it is (points in the plane).
        labels: int64 [N] in 0..len(classes)-1, or None.
        classes: a name for each label; () when unlabelled.
        jitter: moves applied to every real batch, or None.
        skipped: 'file: reason' for each file that could not be used.

    Raises:
        DatasetError: the parts do not fit together.
    """

    name: str
    samples: torch.Tensor
    labels: torch.Tensor | None
    classes: tuple[str, ...] = ()
    jitter: Jitter | None = None
    skipped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_samples()
        self._check_labels()

    def _check_samples(self) -> None:
        kind, shape = self.samples.dtype, tuple(self.samples.shape)
        if kind not in (torch.uint8, torch.float32):
            raise DatasetError(f"dataset '{self.name}': samples must be uint8 or float32, not {kind}")
        if len(shape) < 2 or 0 in shape or (kind == torch.uint8 and len(shape) != 4):
            raise DatasetError(
                f"dataset '{self.name}': samples have the shape {shape}; "
                "uint8 needs (N, C, H, W), float32 needs (N, ...), and nothing may be empty"
            )
        if self.jitter is not None and len(shape) != 4:
            raise DatasetError(f"dataset '{self.name}': jitter moves pictures; samples have the shape {shape}")

    def _check_labels(self) -> None:
        if self.labels is None:
            if self.classes:
                raise DatasetError(f"dataset '{self.name}': classes are named but there are no labels")
            return
        if self.labels.dtype != torch.int64 or tuple(self.labels.shape) != (len(self),):
            raise DatasetError(
                f"dataset '{self.name}': labels must be int64 of shape ({len(self)},), "
                f"not {self.labels.dtype} of shape {tuple(self.labels.shape)}"
            )
        if len(set(self.classes)) != len(self.classes):
            raise DatasetError(f"dataset '{self.name}': two classes have the same name")
        low, high = int(self.labels.min()), int(self.labels.max())
        if low < 0 or high >= len(self.classes):
            raise DatasetError(
                f"dataset '{self.name}': labels run from {low} to {high}, but {len(self.classes)} classes are named"
            )

    def __len__(self) -> int:
        return int(self.samples.shape[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample, such as (1, 28, 28)."""
        return tuple(self.samples.shape[1:])

    @property
    def n_classes(self) -> int:
        """How many classes there are; 0 when unlabelled."""
        return len(self.classes)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the content: type, shape and bytes of the samples, labels and class names.

        Name, device and jitter are left out: it answers "is this the same data?".
        """
        digest = hashlib.sha256()
        digest.update(f"{self.samples.dtype} {tuple(self.samples.shape)} {list(self.classes)!r}\n".encode())
        digest.update(self.samples.detach().cpu().contiguous().numpy().data)
        if self.labels is not None:
            digest.update(b"labels")
            digest.update(self.labels.cpu().contiguous().numpy().data)
        return digest.hexdigest()

    def class_counts(self) -> dict[str, int]:
        """Samples of each class, in the order of `classes`; {} when unlabelled."""
        if self.labels is None:
            return {}
        counts = torch.bincount(self.labels, minlength=len(self.classes)).tolist()
        return dict(zip(self.classes, counts, strict=True))

    def to(self, device: torch.device | str) -> Dataset:
        """The same dataset with samples and labels on `device` (itself when they are there already)."""
        samples = self.samples.to(device)
        labels = None if self.labels is None else self.labels.to(device)
        if samples is self.samples and labels is self.labels:
            return self
        moved = copy.copy(self)  # checked already, and a fingerprint that is known stays known
        vars(moved).update(samples=samples, labels=labels)
        return moved

    def batch(self, indices: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor | None]:
        """A batch as networks take it.

        Args:
            indices: int64 [B], each in 0..N-1, on any device.
            generator: the jitter draws from it; untouched where there is none.

        Returns:
            float32 [B, *shape] on the samples' device (uint8 becomes `x / 127.5 - 1`, so [-1, 1]), and int64 [B] labels
            or None. The same indices and generator state give the same batch.
        """
        indices = indices.to(self.samples.device)
        x = self.samples.index_select(0, indices)
        labels = None if self.labels is None else self.labels.index_select(0, indices)
        if x.dtype == torch.uint8:
            x = x.float().div_(127.5)
            if self.jitter is not None:
                x = self.jitter._move(x, generator).clamp_(max=2.0)
            x.sub_(1.0)
        elif self.jitter is not None:
            x = self.jitter.apply(x, generator)
        return x, labels
