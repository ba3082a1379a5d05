"""Looks at the two networks of a game in the plane, and moves nothing in it."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.datasets.plane import Density
from gan_core.game import packed
from gan_core.lab import measures
from gan_core.objectives import OBJECTIVES
from gan_core.trainer import stream

SHOWN = 512
"""Points of a picture, real and fake."""

MEASURED = 2048
"""Samples of each kind that the measures are computed from."""

PUSHED = 128
"""Fakes whose pushes are shown: the first of those shown."""

RESOLUTION = 64
"""Of the surfaces, a side."""

LINES = 21
"""Of the manifold's grid, in each direction."""

COMPANY = 2
"""Packs of real samples, and as many of fakes, that a place is judged in where D judges packs."""


class Eye:
    """What one scene is looked at with: always the same latents and real samples.

    Attributes:
        density: of the data.
    """

    def __init__(self, config: RunConfig, dataset: Dataset, density: Density) -> None:
        self.density = density
        random = stream(config.seed, "lab")
        self._z = torch.randn(MEASURED, config.latent_dim, generator=random)
        self._real = density.sample(MEASURED, random)
        self._grid = measures.grid(RESOLUTION)
        self._lines = _lines(config.latent_dim)
        self._shares = measures.histogram(dataset.samples)
        self._p_data: Tensor | None = None
        self.use(config)

    def use(self, config: RunConfig) -> None:
        """Read D's scores as other settings of the same game have it."""
        self._objective, self._packing = OBJECTIVES[config.objective], config.packing
        self._probabilistic = config.objective in ("minimax", "non-saturating")

    @torch.no_grad()
    def numbers(self, generator: nn.Module, discriminator: nn.Module) -> dict[str, Any]:
        """Those of `Readings` that are measured, by name."""
        fake = generator(self._z)
        real_logits, fake_logits = (self._logits(discriminator, points) for points in (self._real, fake))
        d_real, d_fake = self._objective.probabilities(real_logits, fake_logits)
        found: dict[str, Any] = {
            "score_real": float(real_logits.mean()), "score_fake": float(fake_logits.mean()),
            "d_real": float(d_real), "d_fake": float(d_fake),
            "js": measures.js_divergence(measures.histogram(fake), self._shares),
        }
        if self._probabilistic:
            value_real, value_fake = float(logsigmoid(real_logits).mean()), float(logsigmoid(-fake_logits).mean())
            found |= {"value": value_real + value_fake, "value_real": value_real, "value_fake": value_fake}
        if self.density.modes:
            modes, high_quality = measures.modes_covered(fake, self.density)
            found |= {"modes": modes, "n_modes": len(self.density.modes), "high_quality": high_quality}
        return found

    @torch.no_grad()
    def fakes(self, generator: nn.Module) -> Tensor:
        """[512, 2], those that are shown."""
        return generator(self._z[:SHOWN])

    @torch.no_grad()
    def arrays(self, layers: Collection[str], generator: nn.Module, discriminator: nn.Module) -> dict[str, Any]:
        """Those of `View`, by name; but the path, which is of many moments."""
        fakes = generator(self._z if "optimal" in layers else self._z[:SHOWN])
        shown = fakes[:SHOWN]
        found: dict[str, Any] = {}
        if "real" in layers:
            found["real"] = self._real[:SHOWN]
        if "fake" in layers:
            found["fake"] = shown
        if "surface" in layers:
            found |= self._surface(discriminator, shown)
        if "optimal" in layers:
            if self._p_data is None:
                self._p_data = self.density.density(self._grid, measures.BLUR)
            p_g = measures.kernel_density(fakes, RESOLUTION)
            found["optimal"] = measures.optimal_discriminator(self._p_data, p_g)
        if "manifold" in layers and self._lines is not None:
            found["manifold"] = generator(self._lines.flatten(0, -2)).unflatten(0, self._lines.shape[:-1])
        if "pushes" in layers:
            found["pushes"] = self._pushes(discriminator, shown[: PUSHED - PUSHED % self._packing])
        return found

    def _surface(self, discriminator: nn.Module, fake: Tensor) -> dict[str, Any]:
        real = self._real[:SHOWN]
        undecided = self._objective.undecided(self._logits(discriminator, real), self._logits(discriminator, fake))
        places = self._grid.flatten(0, 1)
        if self._packing == 1:
            logits = self._logits(discriminator, places)
            beliefs = self._objective.probability(logits, undecided)
        else:
            others = self._packing - 1
            company = [
                points[i * others : (i + 1) * others].expand(len(places), -1, -1)
                for points in (real, fake) for i in range(COMPANY)
            ]
            packs = [torch.cat((places.unsqueeze(1), some), 1).flatten(0, 1) for some in company]
            each = torch.stack([self._logits(discriminator, pack) for pack in packs])
            logits, beliefs = each.mean(0), self._objective.probability(each, undecided).mean(0)
        return {
            "surface": beliefs.reshape(RESOLUTION, RESOLUTION), "scores": (float(logits.min()), float(logits.max()))
        }

    def _pushes(self, discriminator: nn.Module, fake: Tensor) -> Tensor:
        with torch.enable_grad():
            fake = fake.clone().requires_grad_()
            real = self._logits(discriminator, self._real[: len(fake)]) if self._objective.needs_real else None
            logits = self._logits(discriminator, fake)
            # The loss is a mean: of each alone it would be as many times as much.
            loss = self._objective.generator(real, logits) * len(logits)
            return -torch.autograd.grad(loss, fake)[0]

    def _logits(self, discriminator: nn.Module, points: Tensor) -> Tensor:
        """[N, 2] → [N / packing]; a rest that makes no pack is left out."""
        return discriminator(packed(points[: len(points) - len(points) % self._packing], self._packing))


def _lines(latent_dim: int) -> Tensor | None:
    """Latents of the manifold: [K, K, 2] or [K, 1], even in probability."""
    if latent_dim > 2:
        return None
    count = LINES if latent_dim == 2 else LINES * 5
    shares = (torch.arange(count) + 0.5) / count
    places = torch.erfinv(2 * shares - 1) * math.sqrt(2)
    if latent_dim == 1:
        return places.unsqueeze(1)
    y, x = torch.meshgrid(places, places, indexing="ij")
    return torch.stack((x, y), -1)
