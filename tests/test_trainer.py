"""One alternation against a plain loop, averages and rates against their formulas, the numbers told."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_core import game as game_module
from gan_core.datasets import Dataset
from gan_core.errors import TrainingError
from gan_core.presets import PRESETS
from gan_core.trainer import NUMBERS, SIDES, Trainer, stream

Make = Callable[..., Any]


# one alternation


class PlainDiscriminator(nn.Module):
    """The article's, with dropout masks given from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(784, 512), nn.Linear(512, 256), nn.Linear(256, 1)

    def forward(self, x: Tensor, masks: tuple[Tensor, Tensor]) -> Tensor:
        x = nn.functional.leaky_relu(self.first(x.flatten(1)), 0.2) * masks[0] / 0.7
        x = nn.functional.leaky_relu(self.second(x), 0.2) * masks[1] / 0.7
        return torch.sigmoid(self.last(x))


def test_the_article_step_by_step(tiny: Make, tiny_config: Make):
    """Its loop as it stands there (zero_grad, BCELoss, backward, step, G's pictures drawn twice from the same z)."""
    data, config = tiny(classes=0), tiny_config("article")
    trainer = Trainer(config, data)
    generator = copy.deepcopy(trainer.game.generator)
    with torch.random.fork_rng():
        discriminator = PlainDiscriminator()
    values = list(trainer.game.discriminator.state_dict().values())
    with torch.no_grad():
        for parameter, value in zip(discriminator.parameters(), values, strict=True):
            parameter.copy_(value)
    began = [parameter.detach().clone() for net in (generator, discriminator) for parameter in net.parameters()]
    noise = torch.Generator().set_state(trainer.noise.get_state())
    order = stream(config.seed, "order")

    def masks(count: int) -> tuple[Tensor, Tensor]:
        drawn = [torch.rand(count, width, generator=noise) >= 0.3 for width in (512, 256)]
        return drawn[0].float(), drawn[1].float()

    criterion = nn.BCELoss()
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    ones, zeros = torch.ones(4, 1), torch.zeros(4, 1)
    losses = []
    for _ in range(2):  # epochs of 5 batches
        permutation = torch.randperm(20, generator=order)
        for start in range(0, 20, 4):
            real = data.samples[permutation[start : start + 4]].float() / 127.5 - 1
            z = torch.randn(4, config.latent_dim, generator=noise)
            both = masks(8)
            d_optimizer.zero_grad()
            fake = generator(z)
            d_loss = criterion(discriminator(real, (both[0][:4], both[1][:4])), ones) + criterion(
                discriminator(fake.detach(), (both[0][4:], both[1][4:])), zeros
            )
            d_loss.backward()
            d_optimizer.step()
            g_optimizer.zero_grad()
            g_loss = criterion(discriminator(generator(z), masks(4)), ones)
            g_loss.backward()
            g_optimizer.step()
            losses.append((d_loss.item(), g_loss.item()))

    for d_loss, g_loss in losses:
        trainer.step()
        record = trainer.record()
        assert record is not None
        assert record["loss_d"] == pytest.approx(d_loss, rel=1e-4)
        assert record["loss_g"] == pytest.approx(g_loss, rel=1e-4)
    plain = [*generator.parameters(), *discriminator.parameters()]
    ours = [*trainer.game.generator.parameters(), *trainer.game.discriminator.parameters()]
    close = 0
    for mine, theirs, before in zip(ours, plain, began, strict=True):
        moved = float((theirs - before).detach().norm())
        apart = float((mine - theirs).detach().norm()) / moved
        # Adam takes a whole step for even the smallest gradient, so one rounding error may show.
        assert apart < 0.03
        close += apart < 5e-4
    assert close >= len(plain) - 1
    assert trainer.epoch == 2


def test_critic_steps_and_what_is_counted(tiny: Make, tiny_config: Make):
    trainer = Trainer(tiny_config("wgan-gp"), tiny())
    for _ in range(3):
        trainer.step()
    assert (trainer.step_count, trainer.d_steps, trainer.images, trainer.epoch) == (3, 15, 60, 3.0)
    updates = {side: {float(s["step"]) for s in trainer.optimisers[side].state.values()} for side in ("d", "g")}
    assert updates == {"d": {15.0}, "g": {3.0}}


def test_lazy_penalties_over_training(tiny: Make, tiny_config: Make, monkeypatch: pytest.MonkeyPatch):
    trainer = Trainer(tiny_config("r3gan", penalty_interval=3, critic_steps=2), tiny())
    calls: list[int] = []
    real = game_module.slope_penalty
    monkeypatch.setattr(game_module, "slope_penalty", lambda *a: (calls.append(trainer.d_steps), real(*a))[1])
    for _ in range(4):
        trainer.step()
    assert calls == [0, 0, 3, 3, 6, 6]  # R1 and R2, counted in D's steps


@pytest.mark.parametrize("preset", PRESETS)
def test_each_weight_moves_by_its_own_gradient(tiny: Make, tiny_config: Make, preset: str):
    """Adam's first step is rate times the gradient's sign, wherever in memory the gradient lies."""
    trainer = Trainer(tiny_config(preset, beta1=0.5, network="dcgan", lr_d=1e-3, lr_g=1e-3), tiny())
    before = {side: [value.detach().clone() for value in trainer.parameters[side]] for side in SIDES}
    real = torch.autograd.grad
    gradients: dict[str, list[Tensor]] = {}
    trainer.indices = trainer._next_indices()

    def noted(loss: Tensor, inputs: Any, **more: Any) -> tuple[Tensor, ...]:
        found = real(loss, inputs, **more)
        for side in SIDES:
            if inputs is trainer.parameters[side] and side not in gradients:
                gradients[side] = [value.clone() for value in found]
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.autograd, "grad", noted)
        trainer.update("d", trainer.gradients("d", trainer.game.discriminator_loss(trainer._play())[0]))
        trainer.update("g", trainer.gradients("g", trainer.game.generator_loss(trainer._play())[0]))
    for side in SIDES:
        for was, is_now, gradient in zip(before[side], trainer.parameters[side], gradients[side], strict=True):
            clear = gradient.abs() > 1e-5  # beside Adam's small number in the denominator
            moved = (is_now.detach() - was)[clear]
            assert clear.float().mean() > 0.2 or gradient.numel() == 1  # a paired loss moves no last bias
            assert torch.allclose(moved, -1e-3 * gradient[clear].sign(), rtol=0.01, atol=1e-6)


def test_the_other_side_is_not_moved(tiny: Make, tiny_config: Make):
    """One step moves each side once: with D's rate next to nothing only G changes."""
    trainer = Trainer(tiny_config("quick"), tiny())
    trainer.rates = {"d": 0.0, "g": 1e-3}
    before = [parameter.clone() for parameter in trainer.parameters["d"]]
    g_before = [parameter.clone() for parameter in trainer.parameters["g"]]
    trainer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.parameters["d"], strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(g_before, trainer.parameters["g"], strict=True))


# averages and rates


def test_ema_is_its_formula(tiny: Make, tiny_config: Make):
    """e ← d·e + (1 - d)·w with d = min(½^(batch / half-life), (1 + t) / (10 + t)), at every step t."""
    half_life = 12
    trainer = Trainer(tiny_config("quick", ema_half_life=half_life), tiny())
    generator = trainer.game.generator
    expected = {name: value.double().clone() for name, value in trainer.ema.state_dict().items()}
    used = []
    for step in range(1, 13):
        trainer.step()
        decay = min(0.5 ** (4 / half_life), (1 + step) / (10 + step))
        used.append(decay)
        for name, value in generator.state_dict().items():
            if value.is_floating_point():
                expected[name] = decay * expected[name] + (1 - decay) * value.double()
            else:
                expected[name] = value.double()
    assert used[0] == pytest.approx(2 / 11) and used[-1] < 0.7937 and used[7] < 0.5 ** (4 / half_life)
    kinds = set()
    for name, value in trainer.ema.state_dict().items():
        assert torch.allclose(value.double(), expected[name], rtol=1e-4, atol=1e-6), name
        kinds.add(name.rpartition(".")[2])
    assert {"weight", "running_mean", "running_var", "num_batches_tracked"} <= kinds


def test_ema_past_its_ramp(tiny: Make, tiny_config: Make):
    trainer = Trainer(tiny_config("quick", ema_half_life=2), tiny())
    trainer.images = 4 * 1000  # as if long trained
    name = next(name for name, _ in trainer.game.generator.named_parameters())
    before = trainer.ema.state_dict()[name].clone()
    trainer.step()
    weight = trainer.game.generator.state_dict()[name]
    assert torch.allclose(trainer.ema.state_dict()[name], 0.25 * before + 0.75 * weight, atol=1e-6)


def test_without_ema_the_generator_itself_draws(tiny: Make, tiny_config: Make):
    trainer = Trainer(tiny_config("article"), tiny())
    assert trainer.ema is trainer.game.generator
    trainer.step()
    tensors, _ = trainer.state()
    for name, value in trainer.game.generator.state_dict().items():
        assert torch.equal(tensors[f"ema.{name}"], value)


@pytest.mark.parametrize("decay", ["linear", "cosine"])
def test_rates_fall_as_asked(tiny: Make, tiny_config: Make, decay: str):
    config = tiny_config(
        "quick", lr_d=1e-3, lr_g=2e-3, lr_decay=decay, lr_decay_from=8, lr_decay_to=24, lr_decay_floor=0.1
    )
    trainer = Trainer(config, tiny())

    def factor(images: int) -> float:
        progress = min(max((images - 8) / 16, 0), 1)
        falling = 1 - progress if decay == "linear" else (1 + math.cos(math.pi * progress)) / 2
        return 0.1 + 0.9 * falling

    for step in range(8):
        trainer.step()
        used = {side: trainer.optimisers[side].param_groups[0]["lr"] for side in ("d", "g")}
        assert used["d"] == pytest.approx(1e-3 * factor(4 * step))
        assert used["g"] == pytest.approx(2e-3 * factor(4 * step + 4))
        record = trainer.record()
        assert record and record["lr_d"] == pytest.approx(1e-3 * factor(4 * step + 4))
    assert used["d"] == pytest.approx(1e-4)


def test_changed_rates_are_used(tiny: Make, tiny_config: Make):
    """Adam's first step is the rate in the direction of the sign: twice the rate, twice the way."""
    ways = []
    for rate in (1e-3, 2e-3):
        trainer = Trainer(tiny_config("article", lr_g=1e-3), tiny())
        trainer.rates["g"] = rate
        before = [parameter.clone() for parameter in trainer.parameters["g"]]
        trainer.step()
        ways.append(torch.cat([(a - b).flatten() for a, b in zip(before, trainer.parameters["g"], strict=True)]))
    assert torch.allclose(ways[1], 2 * ways[0], rtol=1e-3, atol=1e-6)


# the order of the data


@pytest.mark.parametrize("batch", [3, 4, 7, 20, 33])
def test_every_sample_once_an_epoch(tiny: Make, tiny_config: Make, batch: int, monkeypatch: pytest.MonkeyPatch):
    """Also where a batch spans the end of an epoch, or more than a whole one."""
    trainer = Trainer(tiny_config("article", batch_size=batch), tiny())
    seen: list[int] = []
    real = Dataset.batch
    monkeypatch.setattr(Dataset, "batch", lambda self, i, g: (seen.extend(i.tolist()), real(self, i, g))[1])
    while len(seen) < 80:
        trainer.step()
    epochs = [seen[start : start + 20] for start in range(0, len(seen) - 19, 20)]
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == len(epochs) >= 4
    assert trainer.images == len(seen)


def test_the_order_follows_from_the_seed(tiny: Make, tiny_config: Make):
    orders = []
    for seed in (1, 1, 2):
        trainer = Trainer(tiny_config("article", seed=seed), tiny())
        orders.append([int(i) for _ in range(5) for i in trainer._next_indices()])
    assert orders[0] == orders[1] != orders[2]


def test_streams_are_independent():
    draws = {
        (seed, purpose): torch.rand(4, generator=stream(seed, purpose)).tolist()
        for seed in (0, 1) for purpose in ("order", "noise", "init", "fixed")
    }
    assert len({tuple(values) for values in draws.values()}) == 8


# the numbers


def test_records_are_means_since_the_last(tiny: Make, tiny_config: Make):
    singly, together = Trainer(tiny_config("quick"), tiny()), Trainer(tiny_config("quick"), tiny())
    assert together.record() is None
    for window in (3, 2):
        records = []
        for _ in range(window):
            singly.step()
            together.step()
            records.append(singly.record())
        mean = together.record()
        assert mean is not None
        for name in NUMBERS:
            assert mean[name] == pytest.approx(sum(record[name] for record in records) / window, rel=1e-5), name
        assert (mean["step"], mean["images"]) == (records[-1]["step"], records[-1]["images"])
    assert together.record() is None
    assert set(mean) == {"step", "images", "epoch", "seconds", "lr_d", "lr_g", *NUMBERS}


def test_gradient_norms_are_those_of_all_gradients(tiny: Make, tiny_config: Make):
    trainer = Trainer(tiny_config("quick"), tiny())
    trainer.step()
    record = trainer.record()
    assert record is not None
    for side in ("d", "g"):
        total = math.sqrt(sum(float(p.grad.square().sum()) for p in trainer.parameters[side] if p.grad is not None))
        assert record[f"grad_{side}"] == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_numbers_that_are_not_finite_end_it(tiny: Make, tiny_config: Make, value: float):
    trainer = Trainer(tiny_config("quick"), tiny())
    trainer.step()
    trainer._window[NUMBERS.index("loss_g")] = value
    with pytest.raises(TrainingError, match=r"loss_g .*before step 1"):
        trainer.record()


@pytest.mark.parametrize("where", ["generator", "discriminator", "ema", "optimiser"])
def test_weights_that_are_not_finite_end_it(tiny: Make, tiny_config: Make, where: str):
    trainer = Trainer(tiny_config("quick"), tiny())
    trainer.step()
    trainer.check_finite()
    name, tensor = next((n, t) for n, t in trainer._tensors() if n.startswith(where) and t.is_floating_point())
    tensor.view(-1)[0] = math.nan
    with pytest.raises(TrainingError, match=name):
        trainer.check_finite()
