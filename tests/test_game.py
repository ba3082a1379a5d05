"""The two losses of one alternation: hand-computed numbers, penalties at their time, and who is moved by what."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import leaky_relu

from gan_core import game as game_module
from gan_core.config import RunConfig
from gan_core.errors import ConfigError
from gan_core.game import Game, Moves
from gan_core.objectives import gradient_penalty, slope_penalty
from gan_core.presets import PRESETS
from gan_core.schedules import noise_level, penalty_due

SHAPE = (1, 28, 28)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make(config: RunConfig, n_classes: int = 10) -> Game:
    return Game(config, SHAPE, n_classes, seeded(0), seeded(1))


def batch(count: int = 4, seed: int = 2) -> tuple[Tensor, Tensor]:
    return torch.rand(count, *SHAPE, generator=seeded(seed)) * 2 - 1, torch.arange(count) % 10


def test_cross_entropy_by_hand(tiny_config: Callable[..., RunConfig]):
    """D answers 3/4 to everything: L_D = -ln(3/4) - ln(1/4), L_G = -ln(3/4)."""
    game = make(tiny_config("article"))
    with torch.no_grad():
        game.discriminator.head.score.weight.zero_()
        game.discriminator.head.score.bias.fill_(math.log(3))
    moves = game.play(*batch())
    loss, numbers = game.discriminator_loss(moves)
    assert loss.item() == pytest.approx(0.2876821 + 1.3862944, abs=1e-6)
    assert numbers["loss_d"].item() == pytest.approx(1.6739764, abs=1e-6)
    assert numbers["d_real"].item() == pytest.approx(0.75) and numbers["d_fake"].item() == pytest.approx(0.75)
    loss, numbers = game.generator_loss(moves)
    assert loss.item() == numbers["loss_g"].item() == pytest.approx(0.2876821, abs=1e-6)


def test_the_articles_losses_in_double_precision(tiny_config: Callable[..., RunConfig]):
    """Sigmoid, then BCELoss against ones and zeros, as the article has it; the dropout masks drawn again beside."""
    game = make(tiny_config("article"))
    real, labels = batch(6)
    mask_source = seeded(1)
    mask_source.set_state(game.noise.get_state())
    moves = game.play(real, labels)
    assert moves.labels is None
    torch.randn(6, game.config.latent_dim, generator=mask_source)

    state = {name: value.double() for name, value in game.discriminator.state_dict().items()}

    def answer(x: Tensor) -> Tensor:
        for layer, width in (("features.1", 512), ("features.4", 256)):
            x = leaky_relu(x.flatten(1).double() @ state[f"{layer}.weight"].t() + state[f"{layer}.bias"], 0.2)
            x = x * (torch.rand(len(x), width, generator=mask_source) >= 0.3) / 0.7
        return torch.sigmoid(x @ state["head.score.weight"].t() + state["head.score.bias"]).squeeze(1)

    loss_d, _ = game.discriminator_loss(moves)
    answers = answer(torch.cat((real, moves.fake.detach())))
    expected = -answers[:6].log().mean() - (1 - answers[6:]).log().mean()
    assert loss_d.item() == pytest.approx(expected.item(), rel=1e-5)
    loss_g, _ = game.generator_loss(moves)
    assert loss_g.item() == pytest.approx(-answer(moves.fake.detach()).log().mean().item(), rel=1e-5)


@pytest.mark.parametrize("preset", ["quick", "article", "dcgan", "wgan-gp", "r3gan"])
def test_each_side_is_moved_by_its_own_loss_only(tiny_config: Callable[..., RunConfig], preset: str):
    game = make(tiny_config(preset))
    moves = game.play(*batch())
    loss, _ = game.discriminator_loss(moves)
    mine = list(game.discriminator.parameters())
    # A bias that every answer shares drops out of a loss of differences.
    assert sum(g is not None and bool(g.any()) for g in torch.autograd.grad(loss, mine, allow_unused=True)) >= 3
    loss, _ = game.discriminator_loss(moves)
    theirs = torch.autograd.grad(loss, list(game.generator.parameters()), allow_unused=True)
    assert all(gradient is None for gradient in theirs)
    loss, _ = game.generator_loss(moves)
    assert all(g is not None for g in torch.autograd.grad(loss, list(game.generator.parameters()), allow_unused=True))


def test_batch_norm_judges_real_and_fake_apart(tiny_config: Callable[..., RunConfig]):
    game = make(tiny_config("dcgan"))
    moves = game.play(*batch())
    loss, _ = game.discriminator_loss(moves)
    real, fake = game.discriminator(moves.real, None), game.discriminator(moves.fake.detach(), None)
    assert loss.item() == pytest.approx(game.objective.discriminator(real, fake, 0.0).item(), rel=1e-5)
    together = game.discriminator(torch.cat((moves.real, moves.fake.detach())), None)
    assert not torch.allclose(together[:4], real, atol=1e-4)


@pytest.mark.parametrize(("r1", "r2"), [(2.0, 0.0), (0.0, 3.0), (2.0, 3.0)])
def test_lazy_penalties_come_at_their_step_with_their_weight(
    tiny_config: Callable[..., RunConfig], r1: float, r2: float
):
    game = make(tiny_config("r3gan", r1_weight=r1, r2_weight=r2, penalty_interval=4))
    moves = game.play(*batch())
    due = [penalty_due(game.config, d_step) for d_step in range(9)]
    losses = [game.discriminator_loss(moves, penalise=penalise)[0].item() for penalise in due]
    plain = losses[1]
    assert [step for step, loss in enumerate(losses) if loss != pytest.approx(plain, rel=1e-6)] == [0, 4, 8]
    penalties = []
    for samples in (moves.real, moves.fake):
        samples = samples.detach().requires_grad_()
        penalties.append(slope_penalty(game.discriminator(samples, moves.labels), samples).item())
    expected = plain + 4 * (r1 * penalties[0] + r2 * penalties[1])
    assert losses[0] == losses[4] == pytest.approx(expected, rel=1e-5)
    # What is shown is the game's own loss, without the penalty.
    assert game.discriminator_loss(moves)[1]["loss_d"].item() == pytest.approx(plain, rel=1e-6)


def test_the_gradient_penalty_is_in_the_critics_loss(tiny_config: Callable[..., RunConfig]):
    game = make(tiny_config("wgan-gp", conditional="no", gp_weight=7.0))
    moves = game.play(*batch())
    source = seeded(1)
    source.set_state(game.noise.get_state())
    loss, numbers = game.discriminator_loss(moves)
    penalty = gradient_penalty(lambda x: game.discriminator(x, None), moves.real, moves.fake.detach(), source)
    assert loss.item() == pytest.approx(numbers["loss_d"].item() + 7 * penalty.item(), rel=1e-5)
    without = make(tiny_config("wgan-gp", conditional="no", gp_weight=0.0))
    loss, numbers = without.discriminator_loss(moves)
    assert loss.item() == numbers["loss_d"].item()


def test_instance_noise_fades(tiny_config: Callable[..., RunConfig], monkeypatch: pytest.MonkeyPatch):
    game = make(tiny_config("quick", instance_noise=0.5, instance_noise_images=1000))
    real, labels = batch()
    moves = Moves(real, labels, torch.zeros(4, *SHAPE))
    seen: list[Tensor] = []
    monkeypatch.setattr(game.discriminator, "forward", lambda x, y: (seen.append(x), x.flatten(1).sum(1))[1])
    for images, level in ((0, 0.5), (500, 0.25), (1000, 0.0), (5000, 0.0)):
        state = game.noise.get_state()
        game.discriminator_loss(moves, noise_level(game.config, images))
        noise = seen[-1] - torch.cat((real, moves.fake))
        assert float(noise.detach().std()) == pytest.approx(level, rel=0.05)
        # Noise that has faded draws nothing, so that it costs nothing.
        assert torch.equal(state, game.noise.get_state()) == (level == 0)


def test_the_critics_slope_is_held_where_it_judges(
    tiny_config: Callable[..., RunConfig], monkeypatch: pytest.MonkeyPatch
):
    """Between real and fake as D sees them, not as they were before noise and augmentation."""
    game = make(tiny_config("wgan-gp", instance_noise=1.0, augment=("cutout",)))
    held: list[Tensor] = []
    monkeypatch.setattr(
        game_module, "gradient_penalty", lambda judge, real, fake, noise: (held.extend((real, fake)), real.sum() * 0)[1]
    )
    judged: list[Tensor] = []
    forward = game.discriminator.forward
    monkeypatch.setattr(game.discriminator, "forward", lambda x, y: (judged.append(x), forward(x, y))[1])
    game.discriminator_loss(game.play(*batch()), noise=1.0)
    assert torch.equal(torch.cat(held), judged[0])


def test_augmentation_is_on_all_that_d_sees(tiny_config: Callable[..., RunConfig], monkeypatch: pytest.MonkeyPatch):
    calls: list[int] = []
    monkeypatch.setattr(
        game_module, "augmented", lambda x, names, generator: (calls.append(len(x)), x * 0 + names.index("cutout"))[1]
    )
    game = make(tiny_config("r3gan", augment=("cutout",)))
    moves = game.play(*batch())
    game.discriminator_loss(moves)
    assert calls == [4, 4]
    game.generator_loss(moves)
    assert calls == [4, 4, 4, 4]  # fake, and the real pictures that the relativistic loss compares it with


def test_label_smoothing_reaches_the_loss(tiny_config: Callable[..., RunConfig]):
    game = make(tiny_config("dcgan", label_smoothing=0.2))
    moves = game.play(*batch())
    loss, _ = game.discriminator_loss(moves)
    real, fake = game.discriminator(moves.real, None), game.discriminator(moves.fake.detach(), None)
    # Cross-entropy against 0.8 for real and 0 for fake.
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    expected = entropy(real, torch.full((4,), 0.8)) + entropy(fake, torch.zeros(4))
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_conditional_play_uses_the_batchs_own_labels(tiny_config: Callable[..., RunConfig]):
    game = make(tiny_config("quick"))
    real, labels = batch()
    state = game.noise.get_state()
    moves = game.play(real, labels)
    assert moves.labels is labels and moves.real is real
    z = torch.randn(4, game.config.latent_dim, generator=seeded(0).set_state(state))
    assert torch.allclose(moves.fake, game.generator(z, labels), atol=1e-6)
    game.discriminator.eval()
    flipped = Moves(moves.real, labels.flip(0), moves.fake)
    assert game.generator_loss(moves)[0].item() != game.generator_loss(flipped)[0].item()


def test_what_cannot_be_played(tiny_config: Callable[..., RunConfig]):
    with pytest.raises(ConfigError, match="augment"):
        game_module.check(tiny_config("article", augment=("colour",)), (2,), 0)
    with pytest.raises(ConfigError, match="no labels"):
        game_module.check(tiny_config("quick", conditional="yes"), SHAPE, 0)
    with pytest.raises(ConfigError, match="shuffle"):
        game_module.check(tiny_config("quick"), (2,), 0)
    game_module.check(tiny_config("article"), (2,), 0)


@pytest.mark.parametrize("preset", PRESETS)
def test_half_precision_is_the_same_game_but_for_rounding(tiny_config: Callable[..., RunConfig], preset: str):
    """bfloat16 keeps 8 bits: losses within a few hundredths, and everything but the products in float32."""
    whole, half = (make(tiny_config(preset, precision=precision)) for precision in ("float32", "bfloat16"))
    losses = []
    for game in (whole, half):
        moves = game.play(*batch())
        assert moves.fake.dtype == torch.float32
        loss_d, numbers = game.discriminator_loss(moves)
        loss_g, _ = game.generator_loss(moves)
        gradients = torch.autograd.grad(loss_d + loss_g, list(game.discriminator.parameters()))
        assert {x.dtype for x in (loss_d, loss_g, *numbers.values(), *gradients)} == {torch.float32}
        losses.append([loss_d.item(), loss_g.item()])
    assert losses[0] != losses[1] and losses[1] == pytest.approx(losses[0], rel=0.05, abs=0.05)
