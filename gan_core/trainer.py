"""One training step, its whole state, and exact resume. No thread, no file, no screen.

A step alternates the two sides of a `Game`: D `critic_steps` times, then G once. Everything random comes from the
run's own generators; everything that a later step depends on is in `state()`.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gan_core import optimisers
from gan_core.config import RunConfig
from gan_core.datasets import Dataset
from gan_core.device import pick_device, settle
from gan_core.errors import StoreError, TrainingError
from gan_core.game import Game, Moves
from gan_core.pictures import as_kept
from gan_core.replay import Replay
from gan_core.schedules import ema_decay, noise_level, penalty_due, rate_factor
from gan_core.unrolled import Weights, look_ahead

NUMBERS = ("loss_d", "loss_g", "d_real", "d_fake", "grad_d", "grad_g")
SIDES = ("d", "g")


def stream(seed: int, purpose: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A random generator of the run's own, independent of those for other purposes."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:7], "big"))


class Trainer:
    """The state of one run, and the step that moves it on.

    Attributes:
        step, images, d_steps: G's steps, real samples seen and D's steps so far.
        seconds: time spent training; the caller's clock, kept here because it belongs to the state.
        rates: {"d": …, "g": …}, the base learning rates, which may be changed between steps.
        numbers: the newest of `NUMBERS`, on the device, as far as there are any yet.
        indices: int64 [batch_size], which of the data's samples the batch at hand is.
        ema: the generator to draw with: the running average, or the generator itself where that is off.
    """

    def __init__(
        self, config: RunConfig, dataset: Dataset, device: torch.device | None = None, fixed: bool | None = None
    ) -> None:
        """
        Args:
            fixed: whether all that changes from step to step lies in tensors of its own, so that a step can be captured
                as a graph; None: on CUDA devices.

        Raises:
            ConfigError: the networks cannot make this data's shape, labels are missing, or no such device.
        """
        self.config = config
        self.device = device or pick_device(config.device)
        settle(self.device)
        self.dataset = dataset.to(self.device)
        self.order, self.noise = stream(config.seed, "order"), stream(config.seed, "noise", self.device)
        self.game = Game(config, dataset.shape, dataset.n_classes, stream(config.seed, "init"), self.noise)
        sides = {"d": self.game.discriminator, "g": self.game.generator}
        for net in sides.values():
            net.to(self.device)
            if len(dataset.shape) == 3:
                net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = copy.deepcopy(self.game.generator).requires_grad_(False) if config.ema_half_life else sides["g"]
        self.parameters = {side: list(net.parameters()) for side, net in sides.items()}
        self.rates = {"d": config.lr_d, "g": config.lr_g}
        kinds = {"d": config.optimiser_d, "g": config.optimiser_g}
        self.optimisers = {
            side: optimisers.make(kinds[side], self.parameters[side], self.rates[side], config, self.device)
            for side in SIDES
        }
        self.replay = Replay(self.device, [self.noise])
        self._fixed = self.device.type == "cuda" if fixed is None else fixed
        self._knobs: dict[str, float | Tensor] = {}
        self._held: dict[str, Tensor] = {}
        self.indices = torch.zeros(config.batch_size, dtype=torch.int64, device=self.device)
        self._ema_floats, self._net_floats, self._ema_others, self._net_others = _pairs(self.ema, sides["g"])

        self.step_count = self.images = self.d_steps = 0
        self.seconds = 0.0
        self._order_state = self.order.get_state()
        self._permutation = self._draw_permutation()
        self._position = 0
        self._window = torch.zeros(len(NUMBERS), device=self.device)
        self.numbers: dict[str, Tensor] = {}
        self._window_count = 0
        self._schedule()

        self.columns = grid_columns(config, self.game.conditional, dataset.n_classes)
        self.fixed_z, self.fixed_labels = fixed_latents(config, self.columns, self.game.conditional, dataset.n_classes)

    def go_on_with(self, config: RunConfig) -> None:
        """Other settings from here on, for the same networks and data: rates, objective, optimisers and whatever else a
        step reads anew. An optimiser of another kind begins with an empty memory. The state is of no run then.
        """
        for side in SIDES:
            kind, rate = getattr(config, f"optimiser_{side}"), getattr(config, f"lr_{side}")
            if kind != getattr(self.config, f"optimiser_{side}"):
                self.optimisers[side] = optimisers.make(kind, self.parameters[side], rate, config, self.device)
            if rate != getattr(self.config, f"lr_{side}"):
                self.rates[side] = rate
        self.config = config
        self.game.use(config)
        self.replay = Replay(self.device, [self.noise])  # what was captured are other operations

    @property
    def epoch(self) -> float:
        """How many times the data has been seen."""
        return self.images / len(self.dataset)

    def step(self) -> None:
        """Train D `critic_steps` times, then G once. Waits for nothing: the numbers stay on the device."""
        for _ in range(self.config.critic_steps - 1):
            self._turn(self._critic_turn)
        self._turn(self._whole_turn)
        self.step_count += 1
        self._window_count += 1

    def step_d(self) -> None:
        """Train D alone, on the next batch. A state after steps of one side alone is of no run, and is not loaded."""
        self._turn(self._critic_turn)

    def step_g(self) -> None:
        """Train G alone: new pictures, beside the last batch's real samples, for the objectives that look at those."""
        _, noisy_d, noisy_g = self._set_knobs()
        if not self.d_steps:
            first = torch.arange(self.config.batch_size, device=self.device) % len(self.dataset)
            self.indices.copy_(self._permutation[first])
        self.replay((self._generator_turn.__name__, False, noisy_d, noisy_g), self._generator_turn)
        self.step_count += 1

    def _turn(self, play: Callable[[], None]) -> None:
        """One batch, after setting all that is new about it."""
        # What decides which operations there are.
        self.replay((play.__name__, *self.begin_turn()), play)
        self.end_turn()

    def begin_turn(self) -> tuple[bool, bool, bool]:
        """Set all that is new about the next batch → whether R1 and R2 come, whether there is instance noise in front
        of D, and of G."""
        knobs = self._set_knobs()
        indices = self._next_indices()
        self.indices = self.indices.copy_(indices) if self._fixed else indices
        return knobs

    def end_turn(self) -> None:
        """Count D's step."""
        self.d_steps += 1
        self.images += self.config.batch_size

    def end_step(self) -> None:
        """After G has moved as the last of an alternation: the average, and the record."""
        self._average()
        self._note()
        self.step_count += 1
        self._window_count += 1

    def _set_knobs(self) -> tuple[bool, bool, bool]:
        return penalty_due(self.config, self.d_steps), *self._schedule()

    def _schedule(self) -> tuple[bool, bool]:
        """Set what the coming turn reads from `_knobs` → whether there is instance noise in front of D and of G.

        D moves before its batch counts as seen, G after.
        """
        before, after = self.images, self.images + self.config.batch_size
        self._set("lr_d", self.rates["d"] * rate_factor(self.config, before))
        self._set("lr_g", self.rates["g"] * rate_factor(self.config, after))
        self._set("share", 1 - ema_decay(self.config, after))
        levels = {"noise_d": noise_level(self.config, before), "noise_g": noise_level(self.config, after)}
        for name, level in levels.items():
            if level > 0:
                self._set(name, level)
            else:
                self._knobs[name] = 0.0  # not drawn at all
        return levels["noise_d"] > 0, levels["noise_g"] > 0

    def _set(self, name: str, value: float) -> None:
        if self._fixed:
            held = self._held.setdefault(name, torch.zeros((), device=self.device))
            self._knobs[name] = held.fill_(value)
        else:
            self._knobs[name] = value

    def _critic_turn(self) -> None:
        """D alone learns."""
        with torch.no_grad():  # pictures that G will not learn from
            moves = self._play()
        self._discriminator_step(moves)

    def _whole_turn(self) -> None:
        """D learns, then G."""
        moves = self._play()
        self._discriminator_step(moves)
        # G answers with the last batch's own pictures: unchanged since D saw them, so drawing them again would only
        # cost time.
        self._generator_step(moves)
        self._note()

    def _generator_turn(self) -> None:
        """G alone learns."""
        self._generator_step(self._play())

    def _play(self) -> Moves:
        """The next batch and G's answer to it."""
        return self.game.play(*self.dataset.batch(self.indices, self.noise))

    def _discriminator_step(self, moves: Moves) -> None:
        self.update("d", self.gradients("d", self.discriminator_loss(moves, penalty_due(self.config, self.d_steps))))

    def _generator_step(self, moves: Moves) -> None:
        self.update("g", self.gradients("g", self.generator_loss(moves)))
        self._average()

    def discriminator_loss(self, moves: Moves, penalise: bool) -> Tensor:
        """What D minimises now, penalties included; the numbers worth watching go to `numbers`."""
        loss, numbers = self.game.discriminator_loss(moves, self._knobs["noise_d"], penalise)
        self.numbers.update(numbers)
        return loss

    def generator_loss(self, moves: Moves) -> Tensor:
        """What G minimises now; the numbers worth watching go to `numbers`."""
        ahead = self._ahead if self.config.unrolled_steps else None
        loss, numbers = self.game.generator_loss(moves, self._knobs["noise_g"], ahead)
        self.numbers.update(numbers)
        return loss

    def _ahead(self, loss_of: Callable[[Weights], Tensor]) -> Weights:
        """D's weights some steps from now."""
        named = dict(self.game.discriminator.named_parameters())
        return look_ahead(
            loss_of, named, self.optimisers["d"], self.config.optimiser_d, self._knobs["lr_d"], self.config
        )

    def gradients(self, side: str, loss: Tensor) -> tuple[Tensor, ...]:
        """Of `loss`, with respect to one side's weights; their norm goes to `numbers`."""
        gradients = torch.autograd.grad(loss, self.parameters[side])  # the other side's are not computed
        self.numbers[f"grad_{side}"] = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))  # pyright: ignore[reportPrivateImportUsage]
        return gradients

    def update(self, side: str, gradients: tuple[Tensor, ...]) -> None:
        """One optimiser step of one side."""
        for parameter, gradient in zip(self.parameters[side], gradients, strict=True):
            # Fused Adam walks through memory and trusts that both lie there in the same order; the gradient of a
            # penalty does not, beside weights in channels_last.
            same = gradient.stride() == parameter.stride()
            parameter.grad = gradient if same else torch.empty_like(parameter).copy_(gradient)
        self.optimisers[side].param_groups[0]["lr"] = self._knobs[f"lr_{side}"]
        self.optimisers[side].step()

    def _note(self) -> None:
        self._window += torch.stack([self.numbers[name] for name in NUMBERS])

    @torch.no_grad()
    def _average(self) -> None:
        if self.ema is self.game.generator:
            return
        share = self._knobs["share"]
        weights = [share] * len(self._ema_floats) if isinstance(share, Tensor) else share
        torch._foreach_lerp_(self._ema_floats, self._net_floats, weights)  # pyright: ignore[reportPrivateImportUsage]
        for mine, other in zip(self._ema_others, self._net_others, strict=True):
            mine.copy_(other)

    def _draw_permutation(self) -> Tensor:
        # Drawn on the CPU, so that the order is the same on every device; moved there once an epoch.
        return torch.randperm(len(self.dataset), generator=self.order).to(self.device)

    def _next_indices(self) -> Tensor:
        """The next `batch_size` places of the data order; a batch may span the end of an epoch."""
        wanted, parts = self.config.batch_size, []
        while wanted:
            if self._position == len(self._permutation):
                self._order_state = self.order.get_state()
                self._permutation, self._position = self._draw_permutation(), 0
            part = self._permutation[self._position : self._position + wanted]
            parts.append(part)
            self._position += len(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def record(self) -> dict[str, float] | None:
        """The mean of each number since the last record, and where the run stands; None where no step was made.

        This waits for the device. Keys: step, images, epoch, seconds, lr_d, lr_g and `NUMBERS`.

        Raises:
            TrainingError: a number is not finite.
        """
        if not self._window_count:
            return None
        means = dict(zip(NUMBERS, (self._window / self._window_count).tolist(), strict=True))
        self._window.zero_()
        self._window_count = 0
        wrong = [name for name, value in means.items() if not math.isfinite(value)]
        if wrong:
            raise self._diverged(", ".join(wrong))
        factor = rate_factor(self.config, self.images)
        place = {"step": self.step_count, "images": self.images, "epoch": round(self.epoch, 4)}
        rates = {"lr_d": self.rates["d"] * factor, "lr_g": self.rates["g"] * factor}
        return {**place, "seconds": round(self.seconds, 3), **means, **rates}

    @torch.no_grad()
    def draw_fixed(self) -> Tensor:
        """The sample grid, as `as_kept`: [rows * columns, *shape], from the same latents each time, by the EMA."""
        was = self.ema.training
        self.ema.eval()
        labels = None if self.fixed_labels is None else self.fixed_labels.to(self.device)
        samples = as_kept(self.ema(self.fixed_z.to(self.device), labels)).cpu()
        self.ema.train(was)
        return samples

    def check_finite(self) -> None:
        """
        Raises:
            TrainingError: a weight, or a number since the last record, is infinite or not a number.
        """
        for name, tensor in self._tensors():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                if tensor is self._window:
                    found = torch.isfinite(tensor).tolist()
                    raise self._diverged(", ".join(n for n, good in zip(NUMBERS, found, strict=True) if not good))
                raise self._diverged(f"weights of {name}")

    def _diverged(self, what: str) -> TrainingError:
        return TrainingError(
            f"the game diverged: {what} became infinite or not a number before step {self.step_count}; lower the "
            "learning rates, or turn on spectral normalisation or a penalty"
        )

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Every tensor of the state but the random generators', by its name in the checkpoint."""
        for name, net in (("generator", self.game.generator), ("discriminator", self.game.discriminator)):
            for key, value in net.state_dict().items():
                yield f"{name}.{key}", value
        if self.ema is not self.game.generator:
            for key, value in self.ema.state_dict().items():
                yield f"ema.{key}", value
        for side, name in (("d", "discriminator"), ("g", "generator")):
            net = self.game.discriminator if side == "d" else self.game.generator
            for key, parameter in net.named_parameters():
                for part, value in self.optimisers[side].state[parameter].items():
                    yield f"optimiser.{name}.{key}.{part}", value
        yield "window", self._window

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything the next step depends on: tensors (copies, on the CPU) and plain numbers."""
        tensors = {
            name: value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
            for name, value in self._tensors()
        }
        if self.ema is self.game.generator:  # a reader finds the generator to draw with under one name
            tensors |= {
                f"ema.{key}": tensors[f"generator.{key}"].clone() for key in self.game.generator.state_dict()
            }
        tensors["random.noise"] = self.noise.get_state().clone()
        tensors["random.order"] = self._order_state.clone()
        place = {
            "step": self.step_count, "images": self.images, "d_steps": self.d_steps, "seconds": self.seconds,
            "position": self._position, "window_count": self._window_count, "rates": dict(self.rates),
        }
        return tensors, place

    @torch.no_grad()
    def load_state(self, tensors: Mapping[str, Tensor], place: Mapping[str, Any]) -> None:
        """Go on exactly where `state()` was taken.

        Raises:
            StoreError: a tensor is missing, too many, or of another shape or kind, or the place is none this run can
                be in; nothing is changed then.
        """
        self._check_place(place)
        mine = dict(self._tensors())
        extra = {"random.noise", "random.order"} | {f"ema.{key}" for key in self.game.generator.state_dict()}
        unknown, missing = set(tensors) - set(mine) - extra, (set(mine) | extra) - set(tensors)
        if unknown or missing:
            names = ", ".join(sorted(unknown | missing)[:3])
            raise StoreError(f"the checkpoint is not of these networks: tensors {names} do not match the settings")
        for name, value in mine.items():
            if tensors[name].shape != value.shape or tensors[name].dtype != value.dtype:
                raise StoreError(
                    f"the checkpoint is not of these networks: {name} is {tuple(tensors[name].shape)} "
                    f"{tensors[name].dtype}, the settings make it {tuple(value.shape)} {value.dtype}"
                )
        noise, order = self.noise.get_state(), self.order.get_state()
        try:
            self.noise.set_state(tensors["random.noise"])
            self.order.set_state(tensors["random.order"])
        except (RuntimeError, TypeError) as error:
            self.noise.set_state(noise)
            self.order.set_state(order)
            raise StoreError(f"the checkpoint's random state was made on another kind of device: {error}") from error
        for name, value in mine.items():
            value.copy_(tensors[name])
        self._order_state = self.order.get_state()
        self._permutation = self._draw_permutation()
        self.step_count, self.images, self.d_steps = place["step"], place["images"], place["d_steps"]
        self.seconds, self._position = place["seconds"], place["position"]
        self._window_count, self.rates = place["window_count"], dict(place["rates"])

    def _check_place(self, place: Mapping[str, Any]) -> None:
        steps, batch = self.config.critic_steps, self.config.batch_size
        for name, wrong in (
            ("d_steps", place["d_steps"] != place["step"] * steps),
            ("images", place["images"] != place["d_steps"] * batch),
            ("position", place["position"] > len(self.dataset)
             or (place["images"] - place["position"]) % len(self.dataset) != 0),
            ("window_count", place["window_count"] > place["step"]),
        ):
            if wrong:
                raise StoreError(
                    f"the checkpoint is not of this run: {name} = {place[name]:,} does not fit step {place['step']:,} "
                    f"with {steps} batches of {batch} a step and {len(self.dataset):,} samples"
                )


def grid_columns(config: RunConfig, conditional: bool, n_classes: int) -> int:
    """Pictures a row of the sample grid: a column a class where the classes fit in a row, as often as there is room."""
    return n_classes * max(1, config.grid // n_classes) if conditional and n_classes <= 12 else config.grid


def fixed_latents(
    config: RunConfig, columns: int, conditional: bool, n_classes: int
) -> tuple[Tensor, Tensor | None]:
    """The latents [rows * columns, latent_dim] and labels of a run's sample grid: the same every time.

    Where the classes fit in a row, each column is a class.
    """
    count = config.grid * columns
    z = torch.randn(count, config.latent_dim, generator=stream(config.seed, "fixed"))
    return z, torch.arange(count) % n_classes if conditional else None


def _pairs(ema: nn.Module, net: nn.Module) -> tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]:
    """Floating tensors of both, which are averaged, and the others (batch counts), which are copied."""
    pairs = list(zip(ema.state_dict().values(), net.state_dict().values(), strict=True))
    floats = [(mine, other) for mine, other in pairs if mine.is_floating_point()]
    others = [(mine, other) for mine, other in pairs if not mine.is_floating_point()]
    return [a for a, _ in floats], [b for _, b in floats], [a for a, _ in others], [b for _, b in others]
