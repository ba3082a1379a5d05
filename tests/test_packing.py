"""D judges packs (Lin 2018): which samples are in one, and that nothing else of the game changes its meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_core import game as game_module
from gan_core import xray
from gan_core.beliefs import beliefs_of
from gan_core.errors import ConfigError
from gan_core.game import packed
from gan_core.objectives import OBJECTIVES
from gan_core.presets import make_config
from gan_core.trainer import Trainer

Make = Callable[..., Any]


def test_neighbours_become_channels() -> None:
    pictures = torch.arange(4 * 3 * 2 * 2).reshape(4, 3, 2, 2)
    packs = packed(pictures, 2)
    assert packs.shape == (2, 6, 2, 2)
    assert torch.equal(packs[1, :3], pictures[2]) and torch.equal(packs[1, 3:], pictures[3])
    points = torch.arange(12).reshape(6, 2)
    assert packed(points, 3).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert packed(points, 1) is points


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_d_never_sees_real_and_fake_in_one_pack(
    tiny: Make, tiny_config: Make, monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    config = tiny_config(
        "quick", network="plane", conditional="no", discriminator_norm="none", objective=objective, packing=2,
        batch_size=6, r1_weight=0.1,
    )
    trainer = Trainer(config, tiny(shape=(2,), classes=0))
    moves = trainer._play()
    seen: list[Tensor] = []
    trainer.game.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    trainer.game.discriminator_loss(moves)
    real, fake = packed(moves.real, 2), packed(moves.fake.detach(), 2)
    assert torch.equal(seen[0], torch.cat((real, fake)))
    if objective == "wasserstein":  # between a real pack and a fake one: all its samples are as far along
        share = (seen[1] - real) / (fake - real)
        assert torch.allclose(share, share[:, :1].expand_as(share), atol=1e-4)


def test_penalties_are_on_the_slope_at_whole_packs(
    tiny: Make, tiny_config: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(
        "quick", network="plane", conditional="no", discriminator_norm="none", packing=2, r1_weight=1.0
    )
    trainer = Trainer(config, tiny(shape=(2,), classes=0))
    shapes: list[tuple[int, ...]] = []
    penalty = game_module.slope_penalty

    def noted(logits: Tensor, samples: Tensor) -> Tensor:
        shapes.append((*logits.shape, *samples.shape))
        return penalty(logits, samples)

    monkeypatch.setattr(game_module, "slope_penalty", noted)
    trainer.step()
    assert shapes == [(2, 2, 4)]  # two packs of two points from a batch of four


def test_a_batch_is_whole_packs() -> None:
    with pytest.raises(ConfigError, match=r"packing = 3, batch_size = 64: .*to 63 or a multiple of 3"):
        make_config("quick", packing=3)


def test_scores_of_single_samples_are_their_packs() -> None:
    class Sum(torch.nn.Module):
        def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
            return x.flatten(1).sum(1)

    samples = torch.tensor([[1.0], [2.0], [4.0], [8.0], [16.0]])
    assert xray.scores(Sum(), samples, None, packing=2).tolist() == [3, 3, 12, 12, 17]  # the last with the first
    assert xray.scores(Sum(), samples, None).tolist() == [1, 2, 4, 8, 16]
    assert len(xray.scores(Sum(), samples[:0], None, packing=2)) == 0


def test_what_a_run_tells_of_d_meanwhile(tiny: Make, tiny_config: Make) -> None:
    config = tiny_config("quick", conditional="no", packing=4)
    trainer, data = Trainer(config, tiny()), tiny()
    nets = [net.eval() for net in (trainer.game.generator, trainer.game.discriminator)]
    found = beliefs_of(*nets, OBJECTIVES[config.objective], data, 10, 0, config.packing)
    assert found is not None and sum(found.real) == sum(found.fake) == 10
