"""A scene being played: step by step, with all there is to see. No thread, no screen, no clock."""

from __future__ import annotations

import copy
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from gan_core import datasets
from gan_core.datasets import plane
from gan_core.errors import ConfigError, TrainingError
from gan_core.lab.eye import SHOWN, Eye
from gan_core.lab.past import Moment, Past
from gan_core.lab.scene import Scene
from gan_core.lab.seen import LAYERS, Readings, View
from gan_core.lab.words import wording
from gan_core.slow_motion import Part, alternation
from gan_core.trainer import Trainer

# What may change while it plays: nothing that other networks or other data would be needed for.
CHANGEABLE = frozenset({
    "lr_d", "lr_g", "optimiser_d", "optimiser_g", "objective", "critic_steps", "gp_weight", "r1_weight", "r2_weight",
    "label_smoothing", "instance_noise", "unrolled_steps",
})


@dataclass(frozen=True)
class Substep:
    """What slow motion has just done.

    Attributes:
        side: whose turn it is.
        name: what was done, see `slow_motion.Part`.
        title, sentence, lights, term: see `words.Wording`.
        number: what came of it, where that is one: the loss, or the gradient's norm.
        real, fake: [B, 2], the batch at hand; None where it is not drawn yet.
        last: whether the alternation is complete with it.
        turn, turns: which of D's steps of this alternation it belongs to, from 1, and how many there are; G's parts
            belong to the last.
    """

    side: Literal["d", "g"]
    name: str
    title: str
    sentence: str
    lights: str
    term: str
    number: float | None
    real: Tensor | None
    fake: Tensor | None
    last: bool
    turn: int
    turns: int


class Play:
    """Plays one scene. Its thread should compute with one thread of torch (`torch.set_num_threads(1)`).

    Attributes:
        scene: as it is now, with what was changed since.
        past: what was, at some of the steps.
    """

    def __init__(self, scene: Scene) -> None:
        """
        Raises:
            ConfigError: the settings do not go together.
            DatasetError: a drawing that cannot be read.
        """
        self.scene = scene
        self.reset()

    def reset(self) -> None:
        """Back to the initial state, bit for bit, with the settings as they are now."""
        config = self.scene.config()
        dataset = datasets.load(config.dataset, drawing=config.drawing)
        self.trainer = Trainer(config, dataset)
        self._eye = Eye(config, dataset, plane.density_of(config.dataset, config.drawing))
        self._substeps: Iterator[Part] | None = None
        self._copies: tuple[nn.Module, nn.Module] | None = None
        self.past = Past()
        self._remember()

    @property
    def step_count(self) -> int:
        """G's steps so far."""
        return self.trainer.step_count

    def change(self, **values: Any) -> None:
        """Go on with other settings, any of `CHANGEABLE`. An optimiser of another kind begins with an empty memory.

        Raises:
            ConfigError: a setting that cannot change while it plays, or see `scene.make`; nothing is changed then.
        """
        fixed = sorted(set(values) - CHANGEABLE)
        if fixed:
            raise ConfigError(
                f"{', '.join(fixed)}: cannot change while it plays, but only {', '.join(sorted(CHANGEABLE))}"
            )
        scene = self.scene.changed(**values)
        self._finish()
        self.trainer.go_on_with(scene.config())
        self._eye.use(scene.config())
        self.scene = scene

    def step(self) -> None:
        """One whole alternation: D `critic_steps` times, then G; or the rest of one that slow motion is in."""
        if not self._finish():
            self.trainer.step()
            self._remember()

    def step_d(self) -> None:
        """D alone."""
        self._finish()
        self.trainer.step_d()

    def step_g(self) -> None:
        """G alone."""
        self._finish()
        self.trainer.step_g()
        self._remember()

    def substep(self) -> Substep:
        """The next part of the alternation in slow motion, done. All of them leave just what `step` leaves."""
        if self._substeps is None:
            self._substeps = alternation(self.trainer)
        part = next(self._substeps)
        last = (part.side, part.name) == ("g", "update")
        if last:
            self._substeps = None
            self._remember()
        words = wording(part.side, part.name, self.scene)
        number = part.tensors.get("loss", part.tensors.get("norm"))
        return Substep(
            part.side, part.name, words.title, words.sentence, words.lights, words.term,
            None if number is None else float(number), part.tensors.get("real"), part.tensors.get("fake"), last,
            part.turn, self.scene.critic_steps,
        )

    def _finish(self) -> bool:
        """Complete the alternation that slow motion is in → whether there was one."""
        was = self._substeps is not None
        while self._substeps is not None:
            self.substep()
        return was

    def readings(self, at: int | None = None) -> Readings:
        """The numbers now, or as they were at the last remembered moment up to the step `at`.

        Raises:
            TrainingError: the game diverged: there are no numbers.
        """
        if at is not None:
            return self.past.at(at).readings
        trainer = self.trainer
        newest = {name: float(value) for name, value in trainer.numbers.items() if name[:5] in ("loss_", "grad_")}
        with _Still(trainer.game.generator, trainer.game.discriminator) as nets:
            found = self._eye.numbers(*nets)
        if not math.isfinite(found["score_real"]) or not math.isfinite(found["score_fake"]):
            raise TrainingError(
                f"the game diverged before step {self.step_count}: a number became infinite or none; lower the "
                "learning rates, or turn on a penalty, and begin anew"
            )
        return Readings(trainer.step_count, trainer.d_steps, **newest, **found)

    def view(self, layers: Collection[str] = LAYERS, chosen: int = 0, at: int | None = None) -> View:
        """
        Args:
            layers: any of `LAYERS`.
            chosen: which of the fakes' path, its row in `View.fake`.
            at: a step: then as it was at the last remembered moment up to it.

        Raises:
            ConfigError: no such layer, or no such fake.
        """
        wrong = set(layers) - set(LAYERS)
        if wrong:
            raise ConfigError(f"layers = {', '.join(sorted(wrong))}: must be any of {', '.join(LAYERS)}")
        if not 0 <= chosen < SHOWN:
            raise ConfigError(f"chosen = {chosen}: must be from 0 to {SHOWN - 1}")
        moment = None if at is None else self.past.at(at)
        with _Still(*self._nets(moment)) as (generator, discriminator):
            found = self._eye.arrays(layers, generator, discriminator)
            if "path" in layers:
                now = self._eye.fakes(generator) if moment is None else moment.fake
                step = self.step_count if moment is None else moment.step
                been = [one.fake[chosen] for one in self.past if one.step < step]
                found["path"] = torch.stack([*been, now[chosen]])
        return View(self.step_count if moment is None else moment.step, **found)

    def _nets(self, moment: Moment | None) -> tuple[nn.Module, nn.Module]:
        game = self.trainer.game
        if moment is None:
            return game.generator, game.discriminator
        if self._copies is None:
            self._copies = copy.deepcopy((game.generator, game.discriminator))
        for net, weights in zip(self._copies, (moment.generator, moment.discriminator), strict=True):
            net.load_state_dict(weights)
        return self._copies

    def _remember(self) -> None:
        if not self.past.due(self.step_count):
            return
        try:
            readings = self.readings()
        except TrainingError:
            return  # what is no number is nothing to go back to
        game = self.trainer.game
        weights = [
            {name: value.detach().clone() for name, value in net.state_dict().items()}
            for net in (game.generator, game.discriminator)
        ]
        self.past.keep(Moment(readings, self._eye.fakes(game.generator), weights[0], weights[1]))


class _Still:
    """Networks in eval mode for as long as one looks: a look must not move what moves with each pass in training, as
    the power iteration of spectral normalisation does."""

    def __init__(self, *nets: nn.Module) -> None:
        self._nets = nets

    def __enter__(self) -> tuple[nn.Module, ...]:
        for net in self._nets:
            net.eval()
        return self._nets

    def __exit__(self, *_: object) -> None:
        for net in self._nets:
            net.train()
