"""One alternation of a trainer in slow motion: the same operations in the same order, with a halt after each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
        turn: which of D's steps of this alternation it belongs to, from 1.
    """

    side: Literal["d", "g"]
    name: Name
    tensors: dict[str, Tensor]
    turn: int


def alternation(trainer: Trainer) -> Iterator[Part]:
    """Do what `trainer.step()` does, and halt after each part; run to its end, it leaves the same state bit for bit.

    G answers with the pictures that D has just seen, so its turn begins with their score.
    """
    turns = trainer.config.critic_steps
    for turn in range(1, turns + 1):
        penalise, _, _ = trainer.begin_turn()
        real, labels = trainer.dataset.batch(trainer.indices, trainer.noise)
        z = trainer.game.latents(len(real), trainer.device)
        yield Part("d", "noise", {"z": z, "real": real}, turn)
        with torch.set_grad_enabled(turn == turns):  # of pictures that G will not learn from nothing is remembered
            moves = trainer.game.answer(real, labels, z)
        seen = {"real": real, "fake": moves.fake.detach()}
        yield Part("d", "generate", seen, turn)
        loss = trainer.discriminator_loss(moves, penalise)
        yield from _learn(trainer, "d", loss, seen, turn)
        if turn == turns:
            loss = trainer.generator_loss(moves)
            yield from _learn(trainer, "g", loss, seen, turn)


def _learn(
    trainer: Trainer, side: Literal["d", "g"], loss: Tensor, seen: dict[str, Tensor], turn: int
) -> Iterator[Part]:
    yield Part(side, "score", seen, turn)
    yield Part(side, "loss", {**seen, "loss": loss.detach()}, turn)
    gradients = trainer.gradients(side, loss)
    yield Part(side, "gradient", {**seen, "norm": trainer.numbers[f"grad_{side}"]}, turn)
    trainer.update(side, gradients)
    if side == "d":
        trainer.end_turn()
    else:
        trainer.end_step()
    yield Part(side, "update", seen, turn)
