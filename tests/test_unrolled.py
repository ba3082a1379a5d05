"""The look ahead at D's next steps: against D really stepping there, and its gradient against differences."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from gan_core.config import RunConfig
from gan_core.errors import ConfigError
from gan_core.game import Moves
from gan_core.presets import make_config
from gan_core.trainer import Trainer
from gan_core.unrolled import look_ahead

Make = Callable[..., Any]
PLANE = {
    "network": "plane", "conditional": "no", "discriminator_norm": "none", "units_d": 6, "units_g": 6, "latent_dim": 2,
    "objective": "non-saturating", "beta1": 0.5, "lr_d": 0.02, "activation": "tanh", "batch_size": 10,
}


@pytest.fixture
def trainer(tiny: Make, tiny_config: Make) -> Callable[..., Trainer]:
    """Some steps into a game in the plane."""

    def make(**settings: Any) -> Trainer:
        made = Trainer(tiny_config("quick", **{**PLANE, **settings}), tiny(shape=(2,), classes=0))
        for _ in range(3):
            made.step()
        return made

    return make


def ahead(trainer: Trainer, moves: Moves, config: RunConfig) -> dict[str, Tensor]:
    game = trainer.game

    def loss_of(weights: dict[str, Tensor]) -> Tensor:
        real, fake = (functional_call(game.discriminator, weights, (x,)) for x in (moves.real, moves.fake))
        return game.objective.discriminator(real, fake, config.label_smoothing)

    named = dict(game.discriminator.named_parameters())
    return look_ahead(loss_of, named, trainer.optimisers["d"], config.optimiser_d, config.lr_d, config)


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop", "sgd"])
@pytest.mark.parametrize("beta1", [0.0, 0.5])
def test_it_is_where_d_would_go(trainer: Callable[..., Trainer], optimiser: str, beta1: float) -> None:
    """Three steps ahead, and three steps that D really takes on the same batch; nothing is moved by looking."""
    made = trainer(optimiser_d=optimiser, beta1=beta1, unrolled_steps=3)
    moves = made._play()
    before = {name: value.clone() for name, value in made._tensors()}
    found = ahead(made, moves, made.config)
    assert all(torch.equal(value, before[name]) for name, value in made._tensors())
    for _ in range(3):
        made.update("d", made.gradients("d", made.game.discriminator_loss(moves)[0]))
    for name, value in made.game.discriminator.named_parameters():
        assert torch.allclose(found[name], value, rtol=1e-4, atol=1e-5), name
        assert not torch.allclose(value, before[f"discriminator.{name}"], atol=1e-4) or name == "head.score.bias"


def test_gs_gradient_flows_through_ds_steps(trainer: Callable[..., Trainer]) -> None:
    """By differences in double precision, D descending: L_G(G, θ²(G)) as G's first weight is nudged."""
    made = trainer(optimiser_d="sgd", beta1=0.0, unrolled_steps=2, lr_d=0.5)
    game = copy.deepcopy(made.game)
    for net in (game.generator, game.discriminator):
        net.double()
    z = torch.randn(10, 2, generator=torch.Generator().manual_seed(5)).double()
    real = made.dataset.samples[:10].double()
    weight = next(game.generator.parameters())

    def loss(through: bool) -> Tensor:
        moves = Moves(real, None, game.generator(z))

        def look(loss_of: Callable[[dict[str, Tensor]], Tensor]) -> dict[str, Tensor]:
            named = dict(game.discriminator.named_parameters())
            found = look_ahead(loss_of, named, made.optimisers["d"], "sgd", 0.5, made.config)
            return found if through else {name: value.detach() for name, value in found.items()}

        game._logits = lambda x, y, w=None: (  # type: ignore[method-assign]
            game.discriminator(x) if w is None else functional_call(game.discriminator, w, (x,))
        )  # as it is, but for its rounding to float32
        return game.generator_loss(moves, 0.0, look)[0]

    gradients = [torch.autograd.grad(loss(through), [weight])[0] for through in (True, False)]
    assert not torch.allclose(*gradients, rtol=0.05)
    for place in ((0, 0), (3, 1)):
        with torch.no_grad():
            weight[place] += 1e-5
        more = loss(True).item()
        with torch.no_grad():
            weight[place] -= 2e-5
        less = loss(True).item()
        with torch.no_grad():
            weight[place] += 1e-5
        assert gradients[0][place].item() == pytest.approx((more - less) / 2e-5, rel=1e-4)


def test_d_itself_learns_as_ever(trainer: Callable[..., Trainer]) -> None:
    """The look ahead is G's alone: D's own step is the one without."""
    plain, unrolled = trainer(), trainer()
    unrolled.go_on_with(unrolled.config.model_copy(update={"unrolled_steps": 4}))
    for one in (plain, unrolled):
        one.step()
    for name, value in plain.game.discriminator.state_dict().items():
        assert torch.equal(value, unrolled.game.discriminator.state_dict()[name])
    assert any(
        not torch.equal(one, other)
        for one, other in zip(plain.parameters["g"], unrolled.parameters["g"], strict=True)
    )


@pytest.mark.parametrize("preset", ["article", "wgan-gp", "r3gan", "stacked-mnist"])
def test_for_pictures_too(tiny: Make, tiny_config: Make, preset: str) -> None:
    shape = (3, 28, 28) if preset == "stacked-mnist" else (1, 28, 28)
    config = tiny_config(preset, unrolled_steps=2, discriminator_norm="none", conditional="no", packing=2)
    made = Trainer(config, tiny(shape=shape))
    for _ in range(2):
        made.step()
    record = made.record()
    assert record is not None and record["grad_g"] > 0


@pytest.mark.parametrize("norm", ["spectral", "batch"])
def test_normalisation_in_d_does_not_let_it_through(norm: str) -> None:
    with pytest.raises(ConfigError, match=f"unrolled_steps = 2: .*discriminator_norm to 'none', it is '{norm}'"):
        make_config("quick", unrolled_steps=2, discriminator_norm=norm)
