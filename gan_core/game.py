"""The two losses of one alternation, whatever the networks and the objective."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from gan_core import networks
from gan_core.augmentation import augmented
from gan_core.config import RunConfig
from gan_core.errors import ConfigError
from gan_core.objectives import OBJECTIVES, gradient_penalty, slope_penalty
from gan_core.unrolled import Ahead, Weights

Numbers = dict[str, Tensor]


def check(config: RunConfig, shape: tuple[int, ...], n_classes: int) -> None:
    """Whether this game can be played with such data, before anything is made.

    Raises:
        ConfigError: the networks cannot make that shape, labels are missing, or augmentation of what is no picture.
    """
    networks.check(config, shape, n_classes)
    if config.augment and len(shape) != 3:
        raise ConfigError(f"augment = {config.augment}: is for pictures; this data's samples have shape {shape}")


def packed(samples: Tensor, packing: int) -> Tensor:
    """[B, C, ...] → [B / packing, packing * C, ...]: each `packing` consecutive samples as one, channel after channel,
    as D judges them (Lin 2018, section 3). The samples of a pack are independent, as those of a batch are.
    """
    return samples if packing == 1 else samples.reshape(-1, packing * samples.shape[1], *samples.shape[2:])


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
        self.noise = noise
        self.use(config)
        self.generator, self.discriminator = networks.build(config, shape, n_classes, init, noise)
        self.conditional = bool(self.generator.n_classes)
        # Batch norm makes a batch's pictures depend on each other: real and fake then go through D apart.
        self.apart = networks.has_batch_norm(self.discriminator)

    def use(self, config: RunConfig) -> None:
        """Play by these settings, which need the same networks."""
        self.config, self.objective = config, OBJECTIVES[config.objective]

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

    def generator_loss(
        self, moves: Moves, noise: float | Tensor = 0.0, ahead: Ahead | None = None
    ) -> tuple[Tensor, Numbers]:
        """What G minimises, and the numbers worth watching.

        Args:
            ahead: what D would minimise, as a function of its weights → the weights that are to judge G; None: D's own.
        """
        fake = self._seen(moves.fake, noise)
        real = self._seen(moves.real, noise) if self.objective.needs_real or ahead else None
        weights = None
        if ahead is not None:
            assert real is not None
            seen, smoothing = real, self.config.label_smoothing
            weights = ahead(
                lambda weights: self.objective.discriminator(
                    *self._judge(seen, fake, moves.labels, weights), smoothing
                )
            )
        if self.objective.needs_real:
            assert real is not None
            real_logits, fake_logits = self._judge(real, fake, moves.labels, weights)
        else:
            real_logits, fake_logits = None, self._logits(fake, moves.labels, weights)
        loss = self.objective.generator(real_logits, fake_logits)
        return loss, {"loss_g": loss.detach()}

    def _seen(self, samples: Tensor, noise: float | Tensor) -> Tensor:
        """Samples as D sees them: augmented, with instance noise, in packs."""
        if self.config.augment:
            samples = augmented(samples, self.config.augment, self.noise)
        if isinstance(noise, Tensor) or noise > 0:
            samples = samples + noise * torch.randn(samples.shape, generator=self.noise, device=samples.device)
        return packed(samples, self.config.packing)

    def _judge(
        self, real: Tensor, fake: Tensor, labels: Tensor | None, weights: Weights | None = None
    ) -> tuple[Tensor, Tensor]:
        if self.apart:
            return self._logits(real, labels, weights), self._logits(fake, labels, weights)
        # One pass over both: half the calls, and one power iteration where weights are spectrally normalised.
        both = self._logits(torch.cat((real, fake)), None if labels is None else torch.cat((labels, labels)), weights)
        return both[: len(real)], both[len(real):]

    def _logits(self, samples: Tensor, labels: Tensor | None, weights: Weights | None = None) -> Tensor:
        """D's scores; with `weights` in place of its own, where they are given."""
        with self._products(samples.device):
            if weights is None:
                logits = self.discriminator(samples, labels)
            else:
                logits = functional_call(self.discriminator, weights, (samples, labels))
        return logits.float()

    def _products(self, device: torch.device) -> AbstractContextManager[Any]:
        """Where the networks' products are computed in the precision that was asked for; all else is float32."""
        if self.config.precision == "float32":
            return nullcontext()
        # Without its cache, whose casts of weights could outlive the step of a captured graph.
        return torch.autocast(device.type, torch.bfloat16, cache_enabled=False)
