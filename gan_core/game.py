"""The two losses of one alternation, whatever the networks and the objective."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gan_core import networks
from gan_core.augmentation import augmented
from gan_core.config import RunConfig
from gan_core.errors import ConfigError
from gan_core.objectives import OBJECTIVES, gradient_penalty, slope_penalty

Numbers = dict[str, Tensor]


def check(config: RunConfig, shape: tuple[int, ...], n_classes: int) -> None:
    """Whether this game can be played with such data, before anything is made.

    Raises:
        ConfigError: the networks cannot make that shape, labels are missing, or augmentation of what is no picture.
    """
    networks.check(config, shape, n_classes)
    if config.augment and len(shape) != 3:
        raise ConfigError(f"augment = {config.augment}: is for pictures; this data's samples have shape {shape}")


@dataclass
class Moves:
    """One alternation's material: real samples and G's answer to them.

    real: [B, *shape]; labels: int64 [B] or None; fake: [B, *shape], attached to G.
    """

    real: Tensor
    labels: Tensor | None
    fake: Tensor


class Game:
    """Two players and their objective.

    Each side is one `nn.Module`. The trainer asks for `play`, then for each side's loss; it knows nothing of pictures,
    labels or objectives.
    """

    def __init__(
        self, config: RunConfig, shape: tuple[int, ...], n_classes: int, init: torch.Generator, noise: torch.Generator
    ) -> None:
        check(config, shape, n_classes)
        self.config, self.noise = config, noise
        self.objective = OBJECTIVES[config.objective]
        self.generator, self.discriminator = networks.build(config, shape, n_classes, init, noise)
        self.conditional = bool(self.generator.n_classes)
        # Batch norm makes a batch's pictures depend on each other: real and fake then go through D apart.
        self.apart = networks.has_batch_norm(self.discriminator)

    def latents(self, count: int, device: torch.device) -> Tensor:
        """z ~ N(0, 1), float [count, latent_dim]."""
        return torch.randn(count, self.config.latent_dim, generator=self.noise, device=device)

    def play(self, real: Tensor, labels: Tensor | None) -> Moves:
        """G's answer to a batch: new latents, the batch's own labels."""
        return self.answer(real, labels, self.latents(len(real), real.device))

    def answer(self, real: Tensor, labels: Tensor | None, z: Tensor) -> Moves:
        """G's answer to a batch with the latents `z` [B, latent_dim]."""
        labels = labels if self.conditional else None
        with self._products(real.device):
            fake = self.generator(z, labels)
        return Moves(real, labels, fake.float())

    def discriminator_loss(
        self, moves: Moves, noise: float | Tensor = 0.0, penalise: bool = True
    ) -> tuple[Tensor, Numbers]:
        """What D minimises, and the numbers worth watching.

        Args:
            noise: standard deviation of the instance noise now; 0.0: none is drawn.
            penalise: whether the lazy penalties, R1 and R2, come this time.
        """
        config = self.config
        real, fake = self._seen(moves.real, noise), self._seen(moves.fake.detach(), noise)
        if penalise:
            real, fake = real.detach().requires_grad_(), fake.detach().requires_grad_()
        real_logits, fake_logits = self._judge(real, fake, moves.labels)
        loss = self.objective.discriminator(real_logits, fake_logits, config.label_smoothing)
        p_real, p_fake = self.objective.probabilities(real_logits.detach(), fake_logits.detach())
        numbers = {"loss_d": loss.detach(), "d_real": p_real, "d_fake": p_fake}
        if config.objective == "wasserstein" and config.gp_weight > 0:
            # Between samples as D sees them: there is where its slope counts.
            penalty = gradient_penalty(
                lambda x: self._logits(x, moves.labels), real.detach(), fake.detach(), self.noise
            )
            loss = loss + config.gp_weight * penalty
        if penalise:
            for weight, logits, samples in (
                (config.r1_weight, real_logits, real), (config.r2_weight, fake_logits, fake)
            ):
                if weight > 0:
                    loss = loss + weight * config.penalty_interval * slope_penalty(logits, samples)
        return loss, numbers

    def generator_loss(self, moves: Moves, noise: float | Tensor = 0.0) -> tuple[Tensor, Numbers]:
        """What G minimises, and the numbers worth watching."""
        fake = self._seen(moves.fake, noise)
        if self.objective.needs_real:
            real_logits, fake_logits = self._judge(self._seen(moves.real, noise), fake, moves.labels)
        else:
            real_logits, fake_logits = None, self._logits(fake, moves.labels)
        loss = self.objective.generator(real_logits, fake_logits)
        return loss, {"loss_g": loss.detach()}

    def _seen(self, samples: Tensor, noise: float | Tensor) -> Tensor:
        """Samples as D sees them: augmented, with instance noise."""
        if self.config.augment:
            samples = augmented(samples, self.config.augment, self.noise)
        if isinstance(noise, Tensor) or noise > 0:
            samples = samples + noise * torch.randn(samples.shape, generator=self.noise, device=samples.device)
        return samples

    def _judge(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        if self.apart:
            return self._logits(real, labels), self._logits(fake, labels)
        # One pass over both: half the calls, and one power iteration where weights are spectrally normalised.
        both = self._logits(torch.cat((real, fake)), None if labels is None else torch.cat((labels, labels)))
        return both[: len(real)], both[len(real):]

    def _logits(self, samples: Tensor, labels: Tensor | None) -> Tensor:
        with self._products(samples.device):
            logits = self.discriminator(samples, labels)
        return logits.float()

    def _products(self, device: torch.device) -> AbstractContextManager[Any]:
        """Where the networks' products are computed in the precision that was asked for; all else is float32."""
        if self.config.precision == "float32":
            return nullcontext()
        # Without its cache, whose casts of weights could outlive the step of a captured graph.
        return torch.autocast(device.type, torch.bfloat16, cache_enabled=False)
