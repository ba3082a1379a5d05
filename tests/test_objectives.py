"""Each loss and its gradient against its paper's formula, written here with logarithms; penalties by differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_core.config import Objective as ObjectiveName
from gan_core.config import RunConfig
from gan_core.game import Game
from gan_core.objectives import OBJECTIVES, gradient_penalty, slope_penalty
from gan_core.schedules import noise_level, penalty_due

MODERATE = torch.tensor([-3.0, -0.7, 0.0, 0.4, 1.0, 2.5, -1.0], dtype=torch.float64)


def _log_d(x: Tensor) -> Tensor:
    return torch.log(1 / (1 + torch.exp(-x)))


def _log_not_d(x: Tensor) -> Tensor:
    return torch.log(1 - 1 / (1 + torch.exp(-x)))


def _hinge(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, torch.zeros_like(x))


FORMULAS: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor, Tensor], Tensor]]] = {
    "minimax": (lambda r, f: -_log_d(r).mean() - _log_not_d(f).mean(), lambda r, f: _log_not_d(f).mean()),
    "non-saturating": (lambda r, f: -_log_d(r).mean() - _log_not_d(f).mean(), lambda r, f: -_log_d(f).mean()),
    "least-squares": (
        lambda r, f: 0.5 * ((r - 1) ** 2).mean() + 0.5 * (f**2).mean(), lambda r, f: 0.5 * ((f - 1) ** 2).mean(),
    ),
    "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda r, f: -f.mean()),
    "hinge": (lambda r, f: _hinge(1 - r).mean() + _hinge(1 + f).mean(), lambda r, f: -f.mean()),
    "relativistic": (lambda r, f: -_log_d(r - f).mean(), lambda r, f: -_log_d(f - r).mean()),
}


def _slopes(loss: Callable[[Tensor, Tensor], Tensor], real: Tensor, fake: Tensor) -> list[Tensor]:
    real, fake = real.clone().requires_grad_(), fake.clone().requires_grad_()
    value = loss(real, fake)
    slopes = torch.autograd.grad(value, (real, fake), allow_unused=True)
    zero = torch.zeros_like(real)
    return [value.detach(), *(zero if slope is None else slope for slope in slopes)]


def test_there_is_one_objective_for_every_name() -> None:
    assert set(OBJECTIVES) == set(ObjectiveName.__args__) == set(FORMULAS)  # type: ignore[attr-defined]
    assert all(objective.formula and objective.reading.endswith(".") for objective in OBJECTIVES.values())
    assert [name for name, objective in OBJECTIVES.items() if objective.needs_real] == ["relativistic"]


@pytest.mark.parametrize("name", FORMULAS)
def test_losses_and_gradients_are_the_papers(name: str) -> None:
    real, fake = MODERATE, MODERATE.flip(0) * 0.9 + 0.11
    objective, (discriminator, generator) = OBJECTIVES[name], FORMULAS[name]
    mine = _slopes(lambda r, f: objective.discriminator(r, f, 0.0), real, fake)
    torch.testing.assert_close(mine, _slopes(discriminator, real, fake), rtol=1e-9, atol=1e-12)
    mine = _slopes(lambda r, f: objective.generator(r if objective.needs_real else None, f), real, fake)
    torch.testing.assert_close(mine, _slopes(generator, real, fake), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["minimax", "non-saturating", "relativistic"])
@pytest.mark.parametrize("logit", [-1e4, -200.0, 200.0, 1e4])
def test_no_overflow_at_extreme_logits(name: str, logit: float) -> None:
    """float32, where exp(89) is infinite; the straight formulas give infinity or NaN here."""
    objective = OBJECTIVES[name]
    real, fake = torch.tensor([logit]), torch.tensor([-logit])
    value, by_real, by_fake = _slopes(lambda r, f: objective.discriminator(r, f, 0.0), real, fake)
    wrong = max(0.0, -logit)  # how surely D is wrong about each
    assert value.item() == pytest.approx(2 * wrong)
    side = 1.0 if wrong else 0.0
    assert by_real.item() == pytest.approx(-side, abs=1e-6) and by_fake.item() == pytest.approx(side, abs=1e-6)
    value, _, by_fake = _slopes(lambda r, f: objective.generator(r, f), real, fake)
    caught = logit > 0  # D calls the fake a fake
    expected = {
        "minimax": (min(0.0, logit), 0.0 if caught else -1.0),
        "non-saturating": (logit if caught else 0.0, -1.0 if caught else 0.0),
        "relativistic": (2 * logit if caught else 0.0, -1.0 if caught else 0.0),
    }[name]
    assert value.item() == pytest.approx(expected[0]) and by_fake.item() == pytest.approx(expected[1], abs=1e-6)


def test_minimax_saturates_where_non_saturating_does_not() -> None:
    """D is sure that the pictures are fake: the first minutes of a game."""
    fake = torch.full((4,), -8.0, dtype=torch.float64)
    size = {
        name: _slopes(lambda r, f, name=name: OBJECTIVES[name].generator(None, f), fake, fake)[2].abs().sum().item()
        for name in ("minimax", "non-saturating")
    }
    assert size["minimax"] < 1e-3 and size["non-saturating"] > 0.999


@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
@pytest.mark.parametrize("smoothing", [0.1, 0.5])
def test_label_smoothing_is_cross_entropy_with_soft_targets(name: str, smoothing: float) -> None:
    real, fake = MODERATE, MODERATE.flip(0)
    entropy = nn.BCELoss()

    def soft(r: Tensor, f: Tensor) -> Tensor:
        return entropy(torch.sigmoid(r), torch.full_like(r, 1 - smoothing)) + entropy(
            torch.sigmoid(f), torch.zeros_like(f)
        )

    mine = _slopes(lambda r, f: OBJECTIVES[name].discriminator(r, f, smoothing), real, fake)
    torch.testing.assert_close(mine, _slopes(soft, real, fake), rtol=1e-9, atol=1e-12)
    far = OBJECTIVES[name].discriminator(torch.tensor([1e4]), torch.tensor([-1e4]), smoothing)
    assert far.item() == pytest.approx(smoothing * 1e4)


@pytest.mark.parametrize("name", FORMULAS)
def test_probabilities_lie_between_0_and_1_and_rise(name: str) -> None:
    probabilities = OBJECTIVES[name].probabilities
    for real, fake in ((MODERATE, MODERATE * 2), (MODERATE * 1e4, -MODERATE * 1e4), (MODERATE + 5, MODERATE - 5)):
        for value in probabilities(real, fake):
            assert value.dim() == 0 and 0 <= value <= 1
    real, fake = probabilities(torch.full((3,), 2.0), torch.full((3,), -2.0))
    assert fake < 0.5 < real
    undecided = torch.full((3,), 0.5 if name == "least-squares" else 0.0)
    assert [value.item() for value in probabilities(undecided, undecided)] == [0.5, 0.5]
    if name in ("wasserstein", "relativistic"):  # their scores have no zero
        same = torch.full((3,), 17.0)
        assert [value.item() for value in probabilities(same, same)] == [0.5, 0.5]
        shifted = probabilities(MODERATE + 9, MODERATE.flip(0) + 8)
        torch.testing.assert_close(shifted, probabilities(MODERATE, MODERATE.flip(0) - 1))


@pytest.mark.parametrize("name", FORMULAS)
def test_a_scores_probability_is_one_half_where_d_cannot_tell(name: str) -> None:
    objective = OBJECTIVES[name]
    real, fake = MODERATE + 5, MODERATE - 3
    undecided = objective.undecided(real, fake)
    assert undecided.dim() == 0 and objective.probability(undecided.reshape(1), undecided).item() == 0.5
    each = objective.probability(torch.tensor([-9.0, -0.1, 0.1, 9.0]) + undecided, undecided)
    assert (each.diff() > 0).all() and each.min() >= 0 and each.max() <= 1
    for scores, mean in zip((real, fake), objective.probabilities(real, fake), strict=True):
        torch.testing.assert_close(objective.probability(scores, undecided).mean(), mean)


def test_the_relativistic_generator_needs_real_logits() -> None:
    with pytest.raises(ValueError, match="real"):
        OBJECTIVES["relativistic"].generator(None, MODERATE)


class _Smooth(nn.Module):
    """A small net in float64 without kinks, [B, 2, 3] → [B]."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.first = nn.Parameter(torch.randn(6, 5, generator=generator, dtype=torch.float64))
        self.second = nn.Parameter(torch.randn(5, generator=generator, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x.flatten(1) @ self.first) @ self.second


def _norms(net: nn.Module, points: Tensor, step: float = 1e-5) -> Tensor:
    """‖∇ₓ D(x)‖ of each point by central differences."""
    slopes = []
    for index in range(points[0].numel()):
        move = torch.zeros(points[0].numel(), dtype=points.dtype)
        move[index] = step
        move = move.view(points[0].shape)
        slopes.append((net(points + move) - net(points - move)).detach() / (2 * step))
    return torch.stack(slopes, 1).norm(dim=1)


def _by_differences(net: _Smooth, penalty: Callable[[], float], step: float = 1e-5) -> list[Tensor]:
    """∂ penalty / ∂ weights by central differences."""
    result = []
    for weight in net.parameters():
        slope = torch.zeros_like(weight)
        for place in range(weight.numel()):
            flat, value = weight.data.view(-1), weight.data.view(-1)[place].item()
            flat[place] = value + step
            above = penalty()
            flat[place] = value - step
            below = penalty()
            flat[place] = value
            slope.view(-1)[place] = (above - below) / (2 * step)
        result.append(slope)
    return result


def test_slope_penalty_against_differences() -> None:
    net, points = _Smooth(), torch.randn(4, 2, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def penalty() -> Tensor:
        samples = points.clone().requires_grad_()
        return slope_penalty(net(samples), samples)

    assert penalty().item() == pytest.approx(_norms(net, points).square().mean().item() / 2, rel=1e-7)
    slopes = torch.autograd.grad(penalty(), list(net.parameters()))
    torch.testing.assert_close(
        list(slopes), _by_differences(net, lambda: penalty().item()), rtol=1e-5, atol=1e-8
    )


def test_gradient_penalty_against_differences() -> None:
    net, random = _Smooth(), torch.Generator().manual_seed(2)
    real = torch.randn(5, 2, 3, generator=random, dtype=torch.float64)
    fake = torch.randn(5, 2, 3, generator=random, dtype=torch.float64)
    seen: list[Tensor] = []

    def watched(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return net(x)

    def penalty() -> Tensor:
        return gradient_penalty(watched, real, fake, torch.Generator().manual_seed(5))

    value = penalty()
    shares = ((seen[0] - real) / (fake - real)).flatten(1)
    torch.testing.assert_close(shares, shares[:, :1].expand_as(shares))  # on the line between its pair
    assert (shares >= 0).all() and (shares <= 1).all() and shares[:, 0].std() > 0.05  # each its own place
    assert value.item() == pytest.approx((_norms(net, seen[0]) - 1).square().mean().item(), rel=1e-7)
    slopes = torch.autograd.grad(value, list(net.parameters()))
    torch.testing.assert_close(
        list(slopes), _by_differences(net, lambda: penalty().item()), rtol=1e-5, atol=1e-8
    )


def test_gradient_penalty_is_finite_where_the_slope_vanishes() -> None:
    weight = torch.zeros(3, requires_grad=True)
    value = gradient_penalty(lambda x: x @ weight, torch.ones(2, 3), torch.zeros(2, 3), torch.Generator())
    assert value.item() == pytest.approx(1.0, abs=1e-5)
    assert torch.isfinite(torch.autograd.grad(value, weight)[0]).all()


# The game: how the pieces are put together


def _game(config: RunConfig, shape: tuple[int, ...] = (1, 28, 28), classes: int = 10) -> Game:
    return Game(config, shape, classes, torch.Generator().manual_seed(1), torch.Generator().manual_seed(2))


def _batch(count: int = 6) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(9)
    return torch.rand(count, 1, 28, 28, generator=generator) * 2 - 1, torch.arange(count) % 10


def _penalty(game: Game, x: Tensor, labels: Tensor | None) -> Tensor:
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(game.discriminator(x, labels).sum(), x)
    return 0.5 * (slope**2).sum((1, 2, 3)).mean()


@pytest.mark.parametrize("weights", [(1.5, 0.0), (0.0, 0.7), (1.5, 0.7)])
def test_lazy_penalties_are_rare_and_weighted_up(tiny_config: Callable[..., RunConfig], weights: Any) -> None:
    r1, r2 = weights
    config = tiny_config("r3gan", r1_weight=r1, r2_weight=r2, penalty_interval=3)
    game, (real, labels) = _game(config), _batch()
    moves = game.play(real, labels)
    plain = _game(tiny_config("r3gan", r1_weight=0, r2_weight=0))
    plain.discriminator.load_state_dict(game.discriminator.state_dict())
    bare, _ = plain.discriminator_loss(moves)
    extra = 3 * (r1 * _penalty(game, real, labels) + r2 * _penalty(game, moves.fake, labels))
    for step in range(7):
        loss, numbers = game.discriminator_loss(moves, penalise=penalty_due(config, step))
        expected = bare + extra if step % 3 == 0 else bare
        torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(numbers["loss_d"], bare.detach())  # the curve shows the game alone


def test_wasserstein_adds_the_gradient_penalty(tiny_config: Callable[..., RunConfig]) -> None:
    game, (real, labels) = _game(tiny_config("wgan-gp", conditional="no", gp_weight=7.0)), _batch()
    moves = game.play(real, labels)
    assert moves.labels is None
    game.noise.manual_seed(11)
    loss, _ = game.discriminator_loss(moves)
    fake = moves.fake.detach()
    penalty = gradient_penalty(lambda x: game.discriminator(x), real, fake, torch.Generator().manual_seed(11))
    expected = game.discriminator(fake).mean() - game.discriminator(real).mean() + 7.0 * penalty
    torch.testing.assert_close(loss, expected)


def test_discriminator_loss_does_not_reach_the_generator(tiny_config: Callable[..., RunConfig]) -> None:
    for preset in ("quick", "r3gan", "wgan-gp", "dcgan"):
        game, (real, labels) = _game(tiny_config(preset)), _batch()
        moves = game.play(real, labels)
        loss, _ = game.discriminator_loss(moves)
        slopes = torch.autograd.grad(loss, list(game.generator.parameters()), allow_unused=True, retain_graph=True)
        assert all(slope is None for slope in slopes)
        slopes = torch.autograd.grad(loss, list(game.discriminator.parameters()))
        assert sum(slope.abs().sum().item() for slope in slopes) > 0
        loss, _ = game.generator_loss(moves)
        slopes = torch.autograd.grad(loss, list(game.generator.parameters()))
        assert all(slope.abs().sum() > 0 for slope in slopes)


def test_real_and_fake_pass_apart_only_with_batch_norm(tiny_config: Callable[..., RunConfig]) -> None:
    for preset, calls in (("quick", 1), ("dcgan", 2)):
        game, (real, labels) = _game(tiny_config(preset)), _batch()
        moves = game.play(real, labels)
        sizes: list[int] = []
        hook = game.discriminator.register_forward_hook(lambda _, inputs, __, sizes=sizes: sizes.append(len(inputs[0])))
        game.discriminator_loss(moves)
        hook.remove()
        assert sizes == [12 // calls] * calls
    twin = _game(tiny_config("dcgan"))
    twin.discriminator.load_state_dict(_game(tiny_config("dcgan")).discriminator.state_dict())
    r, f = twin.discriminator(real), twin.discriminator(moves.fake.detach())
    expected = FORMULAS["non-saturating"][0](r, f)
    torch.testing.assert_close(_game(tiny_config("dcgan")).discriminator_loss(moves)[0], expected)


def test_labels_reach_both_sides_or_neither(tiny_config: Callable[..., RunConfig]) -> None:
    game, (real, labels) = _game(tiny_config("quick")), _batch()
    assert game.conditional
    for side, x in ((game.generator.eval(), torch.randn(6, 8)), (game.discriminator.eval(), real)):
        assert not torch.allclose(side(x, labels), side(x, (labels + 1) % 10))
        with pytest.raises(ValueError, match="labels"):
            side(x, None)
    moves = game.play(real, labels)
    assert moves.labels is labels
    game = _game(tiny_config("quick", conditional="no"))
    assert not game.conditional and game.play(real, labels).labels is None


def test_instance_noise_is_on_real_and_fake_and_fades(tiny_config: Callable[..., RunConfig]) -> None:
    game, (real, labels) = _game(tiny_config("r3gan", instance_noise=0.5, instance_noise_images=100)), _batch(64)
    moves = game.play(real, labels)
    seen: list[Tensor] = []
    hook = game.discriminator.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].detach()))
    clean = torch.cat((real, moves.fake.detach()))
    for images, level in ((0, 0.5), (50, 0.25), (100, 0.0), (1000, 0.0)):
        before = game.noise.get_state()
        game.discriminator_loss(moves, noise_level(game.config, images), penalise=False)
        noise = seen.pop() - clean
        for half in noise.split(64):
            assert half.std().item() == pytest.approx(level, rel=0.02) and abs(half.mean().item()) < 0.01
        assert bool(torch.equal(noise[:64], noise[64:])) == (level == 0)
        assert torch.equal(game.noise.get_state(), before) == (level == 0)
        game.generator_loss(moves, noise_level(game.config, images))
        assert (seen.pop() - clean).std().item() == pytest.approx(level, rel=0.02)
    hook.remove()
    assert math.isclose(game.config.instance_noise, 0.5)


def test_augmentation_is_on_real_and_fake_and_lets_the_gradient_through(tiny_config: Callable[..., RunConfig]) -> None:
    game, (real, labels) = _game(tiny_config("quick", augment=("colour", "translation", "cutout"))), _batch()
    moves = game.play(real, labels)
    seen: list[Tensor] = []
    hook = game.discriminator.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].detach()))
    game.discriminator_loss(moves)
    first = seen.pop()
    assert first.shape == (12, 1, 28, 28) and not torch.allclose(first, torch.cat((real, moves.fake.detach())))
    game.discriminator_loss(moves)
    assert not torch.allclose(first, seen.pop())
    loss, _ = game.generator_loss(moves)
    assert not torch.allclose(seen.pop(), moves.fake.detach())
    hook.remove()
    slopes = torch.autograd.grad(loss, list(game.generator.parameters()))
    assert all(torch.isfinite(slope).all() and slope.abs().sum() > 0 for slope in slopes)
