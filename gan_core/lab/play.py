"""A scene being played: step by step, with all there is to see. No thread, no screen, no clock."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from gan_core import datasets
from gan_core.datasets import plane
from gan_core.errors import ConfigError
from gan_core.lab import measures
from gan_core.lab.scene import Scene
from gan_core.slow_motion import Part
from gan_core.trainer import Trainer, stream

EQUILIBRIUM = -math.log(4)
"""V(D, G) where D cannot tell: about -1.386."""

SHOWN = 512
"""Points of a picture, real and fake."""

MEASURED = 4096
"""Fakes that the measures are computed from."""

PUSHED = 128
"""Fakes whose pushes are shown: the first of those shown."""

RESOLUTION = 64
"""Of the surfaces, a side."""

LAYERS = ("real", "fake", "surface", "optimal", "manifold", "pushes", "path")

# What may change while it plays: nothing that another network or another data set would be needed for.
CHANGEABLE = frozenset({
    "lr_d", "lr_g", "optimiser_d", "optimiser_g", "critic_steps", "objective", "gp_weight", "r1_weight", "r2_weight",
    "label_smoothing", "instance_noise", "unrolled_steps",
})


@dataclass(frozen=True)
class Readings:
    """Numbers of one moment; None: not known of this scene, or not yet.

    Attributes:
        step: G's steps so far. d_steps: D's.
        loss_d, loss_g: of the newest batch, without penalties, each as its side last computed it.
        grad_d, grad_g: norms of the gradients of those steps, penalties included.
        value: V(D, G) = E log D(x) + E log(1 - D(G(z))) (Goodfellow 2014, equation 1) over the samples that are
            measured; `EQUILIBRIUM` where D cannot tell. Of objectives whose D gives a probability: minimax and
            non-saturating.
        value_real, value_fake: its two terms.
        score_real, score_fake: D's mean logit (of a critic: score) of real samples and of fakes.
        d_real, d_fake: D's mean belief that each is real, as the objective reads it (`Objective.reading`).
        js: see `measures.js_divergence`, of 4096 fakes and the data.
        modes: see `measures.modes_covered`. n_modes: how many there are. high_quality: share of the fakes.
    """

    step: int
    d_steps: int
    loss_d: float | None = None
    loss_g: float | None = None
    grad_d: float | None = None
    grad_g: float | None = None
    value: float | None = None
    value_real: float | None = None
    value_fake: float | None = None
    score_real: float | None = None
    score_fake: float | None = None
    d_real: float | None = None
    d_fake: float | None = None
    js: float | None = None
    modes: int | None = None
    n_modes: int | None = None
    high_quality: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class View:
    """Arrays of a picture, float32 on the CPU; None: not asked for, or not there in this scene.

    Surfaces lie on `measures.grid(RESOLUTION)`: row 0 at the bottom of the window [-EXTENT, EXTENT]².

    Attributes:
        real, fake: [512, 2].
        surface: [R, R], D(x) in 0..1 as the objective reads it; 0.5 where D cannot tell.
        scores: (lowest, highest) logit on that grid: what a critic's surface stands for.
        optimal: [R, R], see `measures.optimal_discriminator`; nan where there is nothing.
        manifold: [K, K, 2], where G maps an even grid of latents (even in probability); [K, 2] for latents of one
            number; None for more than two.
        pushes: [128, 2], minus the gradient of G's loss with respect to each of the first 128 fakes, as if each were
            alone.
        path: [P, 2], where the chosen fake was at the steps that are remembered, and is now.
    """

    step: int
    real: Tensor | None = None
    fake: Tensor | None = None
    surface: Tensor | None = None
    scores: tuple[float, float] | None = None
    optimal: Tensor | None = None
    manifold: Tensor | None = None
    pushes: Tensor | None = None
    path: Tensor | None = None


@dataclass(frozen=True)
class Substep:
    """What slow motion has just done.

    Attributes:
        side: whose turn it is.
        name: what was done.
        title, sentence: in words.
        lights: which part of the picture it concerns, one of `LAYERS` or "".
        term: which part of the formula: "real", "fake" or "both", "".
        number: what came of it, where it is one: the loss, or the gradient's norm.
        last: whether the alternation is complete with it.
    """

    side: Literal["d", "g"]
    name: str
    title: str
    sentence: str
    lights: str
    term: str
    number: float | None
    last: bool


class Play:
    """Plays one scene. Its thread should compute with one thread of torch (`torch.set_num_threads(1)`).

    Attributes:
        scene: as it is now, with what was changed since.
        density: of the data, where it is known.
    """

    def __init__(self, scene: Scene) -> None:
        """
        Raises:
            ConfigError: the settings do not go together.
            DatasetError: a drawing that cannot be read.
        """
        self.scene = scene
        self.reset()

    def reset(self) -> None:
        """Back to the initial state, bit for bit, with the settings as they are now."""
        config = self.scene.config()
        dataset = datasets.load(config.dataset)
        self.density = plane.DENSITIES[config.dataset]
        self.trainer = Trainer(config, dataset)
        self._substeps: Iterator[Part] | None = None
        random = stream(config.seed, "lab")
        self._z = torch.randn(MEASURED, config.latent_dim, generator=random)
        self._real = self.density.sample(MEASURED, random)
        self._grid = measures.grid(RESOLUTION)
        self._data_shares = measures.histogram(dataset.samples)
        self._p_data: Tensor | None = None

    @property
    def step_count(self) -> int:
        """G's steps so far."""
        return self.trainer.step_count

    def step(self) -> None:
        """One whole alternation: D `critic_steps` times, then G; or the rest of one that slow motion is in."""
        if not self._finish():
            self.trainer.step()

    def step_d(self) -> None:
        """D alone."""
        self._finish()
        self.trainer.step_d()

    def step_g(self) -> None:
        """G alone."""
        self._finish()
        self.trainer.step_g()

    def _finish(self) -> bool:
        """Complete the alternation that slow motion is in → whether there was one."""
        if self._substeps is None:
            return False
        for _ in self._substeps:
            pass
        self._substeps = None
        return True

    # what there is to see

    @torch.no_grad()
    def readings(self) -> Readings:
        """The numbers now."""
        trainer = self.trainer
        newest = {name: float(value) for name, value in trainer.numbers.items() if name[:5] in ("loss_", "grad_")}
        fake = self._fakes(self._z)
        objective = trainer.game.objective
        real_logits, fake_logits = self._logits(self._real), self._logits(fake)
        d_real, d_fake = objective.probabilities(real_logits, fake_logits)
        found: dict[str, Any] = {
            "score_real": float(real_logits.mean()), "score_fake": float(fake_logits.mean()),
            "d_real": float(d_real), "d_fake": float(d_fake),
            "js": measures.js_divergence(measures.histogram(fake), self._data_shares),
        }
        if self.scene.objective in ("minimax", "non-saturating"):
            value_real, value_fake = float(logsigmoid(real_logits).mean()), float(logsigmoid(-fake_logits).mean())
            found |= {"value": value_real + value_fake, "value_real": value_real, "value_fake": value_fake}
        if self.density.modes:
            modes, high_quality = measures.modes_covered(fake, self.density)
            found |= {"modes": modes, "n_modes": len(self.density.modes), "high_quality": high_quality}
        return Readings(trainer.step_count, trainer.d_steps, **newest, **found)

    @torch.no_grad()
    def view(self, layers: Collection[str] = LAYERS, chosen: int = 0) -> View:
        """
        Args:
            layers: any of `LAYERS`.
            chosen: which of the fakes' path.

        Raises:
            ConfigError: no such layer, or no such fake.
        """
        wrong = set(layers) - set(LAYERS)
        if wrong:
            raise ConfigError(f"layers = {', '.join(sorted(wrong))}: must be any of {', '.join(LAYERS)}")
        if not 0 <= chosen < SHOWN:
            raise ConfigError(f"chosen = {chosen}: must be from 0 to {SHOWN - 1}")
        fake = self._fakes(self._z[:SHOWN])
        found: dict[str, Any] = {}
        if "real" in layers:
            found["real"] = self._real[:SHOWN]
        if "fake" in layers:
            found["fake"] = fake
        if "surface" in layers:
            found |= self._surface(fake)
        return View(self.step_count, **found)

    def _surface(self, fake: Tensor) -> dict[str, Any]:
        objective = self.trainer.game.objective
        logits = self._logits(self._grid.reshape(-1, 2)).reshape(RESOLUTION, RESOLUTION)
        undecided = objective.undecided(self._logits(self._real[:SHOWN]), self._logits(fake))
        return {
            "surface": objective.probability(logits, undecided), "scores": (float(logits.min()), float(logits.max()))
        }

    def _fakes(self, z: Tensor) -> Tensor:
        return self.trainer.game.generator(z)

    def _logits(self, points: Tensor) -> Tensor:
        net = self.trainer.game.discriminator
        net.eval()  # a look must not move the power iteration of spectral normalisation
        logits = net(points)
        net.train()
        return logits
