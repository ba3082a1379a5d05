"""The summands of the losses: together they are the objective's own."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gan_core.game import packed
from gan_core.lab import Play, Scene
from gan_core.lab.terms import terms
from gan_core.objectives import OBJECTIVES


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"objective": "minimax", "label_smoothing": 0.1}, {"real", "fake"}),
        ({"objective": "non-saturating", "r1_weight": 0.5, "packing": 4}, {"real", "fake", "r1"}),
        ({"objective": "least-squares"}, {"real", "fake"}),
        ({"objective": "wasserstein"}, {"real", "fake", "gp"}),
        ({"objective": "wasserstein", "gp_weight": 0.0}, {"real", "fake"}),
        ({"objective": "hinge", "discriminator_norm": "spectral"}, {"real", "fake"}),
        ({"objective": "relativistic", "r1_weight": 0.1, "r2_weight": 0.2}, {"pair", "r1", "r2"}),
    ],
)
def test_summands_are_the_losses(settings: dict[str, Any], names: set[str]) -> None:
    play, other = (Play(Scene(units_d=8, units_g=8, batch_size=16, **settings)) for _ in range(2))
    for _ in range(5):
        play.step()
        other.step()
    found = terms(play)
    assert set(found) == names | {"generator"}
    objective, net = OBJECTIVES[play.scene.objective], play.trainer.game.discriminator
    view = play.view(("real", "fake"))
    assert view.real is not None and view.fake is not None
    with torch.no_grad():
        net.eval()
        real, fake = (net(packed(points, play.scene.packing)) for points in (view.real, view.fake))
        net.train()
    without = sum(found[name] for name in ("real", "fake", "pair") if name in found)
    assert without == pytest.approx(float(objective.discriminator(real, fake, play.scene.label_smoothing)), abs=1e-5)
    assert found["generator"] == pytest.approx(float(objective.generator(real, fake)), abs=1e-5)
    assert all(found[name] > 0 for name in ("r1", "r2", "gp") if name in found)
    # Looking moves nothing.
    play.step()
    other.step()
    assert play.readings() == other.readings()
