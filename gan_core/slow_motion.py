"""One alternation of a trainer in slow motion: the same operations in the same order, with a halt after each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from gan_core.trainer import Trainer

Name = Literal["noise", "generate", "score", "loss", "gradient", "update"]


@dataclass(frozen=True)
class Part:
    """What has just been done.

    Attributes:
        side: `d` or `g`, whose turn it is.
        name: `noise` latents and real samples were drawn; `generate` G made fakes of the latents; `score` D judged;
            `loss` the side's loss was computed; `gradient` its gradient; `update` its weights moved.
        tensors: what there is to be seen, detached: z, real, fake, loss, norm (of the gradient).
    """

    side: Literal["d", "g"]
    name: Name
    tensors: dict[str, Tensor] = field(default_factory=dict)


def alternation(trainer: Trainer) -> Iterator[Part]:
    """Do what `trainer.step()` does, and halt after each part; run to its end, it leaves the same state bit for bit.

    G answers with the pictures that D has just seen, so its turn begins with their score.
    """
    for left in reversed(range(trainer.config.critic_steps)):
        penalise, _, _ = trainer.begin_turn()
        real, labels = trainer.dataset.batch(trainer.indices, trainer.noise)
        z = trainer.game.latents(len(real), trainer.device)
        yield Part("d", "noise", {"z": z, "real": real})
        with torch.set_grad_enabled(not left):  # of pictures that G will not learn from nothing is remembered
            moves = trainer.game.answer(real, labels, z)
        seen = {"real": real, "fake": moves.fake.detach()}
        yield Part("d", "generate", seen)
        loss = trainer.discriminator_loss(moves, penalise)
        yield from _learn(trainer, "d", loss, seen)
        trainer.end_turn()
        if not left:
            loss = trainer.generator_loss(moves)
            yield from _learn(trainer, "g", loss, seen)


def _learn(trainer: Trainer, side: Literal["d", "g"], loss: Tensor, seen: dict[str, Tensor]) -> Iterator[Part]:
    yield Part(side, "score", seen)
    yield Part(side, "loss", {**seen, "loss": loss.detach()})
    gradients = trainer.gradients(side, loss)
    yield Part(side, "gradient", {**seen, "norm": trainer.numbers[f"grad_{side}"]})
    trainer.update(side, gradients)
    if side == "g":
        trainer.end_step()
    yield Part(side, "update", seen)
