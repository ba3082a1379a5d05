"""Seconds of training until a preset draws as well as the article's loop does after some epochs.

    .venv/bin/python -m benchmarks.time_to_quality [--dataset mnist --data-dir data] [--preset quick] [--epochs 1,5,20]
        [--device cpu]

Quality is the Fréchet distance of the features of a classifier trained on the same data (`gan_core/evaluation`), of so
many samples against all real ones; beside it stands that of as many real samples. Only training is on the clock. The
two take turns, each as far through its own course as the other, so that a busy minute of the machine hits both.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import click
import torch
from torch import Tensor

from benchmarks.tutorial_baseline import Baseline
from gan_core import datasets
from gan_core.datasets import Dataset
from gan_core.device import thread_count
from gan_core.evaluation import Classifier, Moments, draw, draw_real, frechet_distance, load_or_train
from gan_core.presets import PRESETS, make_config
from gan_core.trainer import Trainer, stream

LOOK_AFTER = 1.15
"""Ours is looked at whenever its seconds grew by this factor: finer than the ratio that is to be measured."""


@dataclass
class Course:
    """One contestant's training.

    Attributes:
        step: one step of training.
        samples: so many pictures from it, uint8.
        marks: seconds, or images, after which to look; see `by_images`.
        wait: until all steps that were made are done: a device is handed them faster than it does them.
        points: (images, seconds, distance) found.
    """

    step: Callable[[], int]
    samples: Callable[[int], Tensor]
    marks: list[float]
    by_images: bool
    wait: Callable[[], None]
    images: int = 0
    seconds: float = 0.0
    points: list[tuple[int, float, float]] = field(default_factory=list)

    @property
    def at(self) -> float:
        return self.images if self.by_images else self.seconds

    @property
    def share(self) -> float:
        """How far through its course."""
        return self.at / self.marks[-1]

    def to_next_mark(self, distance: Callable[[Tensor], float], count: int) -> None:
        mark = self.marks[len(self.points)]
        while self.at < mark:
            begin = time.perf_counter()
            self.images += self.step()
            self.seconds += time.perf_counter() - begin
        begin = time.perf_counter()
        self.wait()
        self.seconds += time.perf_counter() - begin
        self.points.append((self.images, self.seconds, distance(self.samples(count))))


def ours(preset: str, dataset: Dataset, seconds: float, first: float, device: str) -> Course:
    trainer = Trainer(make_config(preset, dataset=dataset.name, device=device, images=None), dataset)
    labels = dataset.labels if trainer.game.conditional else None

    def step() -> int:
        before = trainer.images
        trainer.step()
        return trainer.images - before

    def samples(count: int) -> Tensor:
        generator = copy.deepcopy(trainer.ema).cpu().eval()
        return draw(generator, trainer.config.latent_dim, labels, count, stream(1, "judged"))[0]

    marks = [min(first, seconds)]
    while marks[-1] < seconds:
        marks.append(min(seconds, marks[-1] * LOOK_AFTER))
    return Course(step, samples, marks, by_images=False, wait=_wait(device))


def baseline(dataset: Dataset, epochs: list[float], device: str) -> Course:
    loop = Baseline(dataset.samples, device=device)

    def samples(count: int) -> Tensor:
        generator = copy.deepcopy(loop.generator).cpu().eval()
        pictures, _ = draw(lambda z, _: generator(z), 100, None, count, stream(1, "judged"))
        return pictures.unflatten(1, dataset.shape)

    marks = [epoch * len(dataset) for epoch in epochs]
    return Course(lambda: loop.step()[2], samples, marks, by_images=True, wait=_wait(device))


def _wait(device: str) -> Callable[[], None]:
    return torch.cuda.synchronize if device == "cuda" else lambda: None


def judge(dataset: Dataset, net: Classifier) -> Callable[[Tensor], float]:
    real = Moments.of(net.features(draw_real(dataset, max(len(dataset), 20_000), stream(3, "judged"))))
    return lambda pictures: frechet_distance(Moments.of(net.features(pictures)), real)


def report(name: str, theirs: Course, mine: Course, floor: float, epochs: list[float]) -> str:
    lines = [f"real samples: {floor:.1f}", "", f"| seconds | images | distance, {name} |", "|---|---|---|"]
    lines += [f"| {seconds:.1f} | {images:,} | {found:.1f} |" for images, seconds, found in mine.points]
    lines += ["", f"| article's loop, epochs | distance | its seconds | seconds of {name} | ratio |"]
    lines += ["|---|---|---|---|---|"]
    for epoch, (_, seconds, found) in zip(epochs, theirs.points, strict=True):
        reached = next((s for _, s, distance in mine.points if distance <= found), None)
        told = f"{reached:.1f} | {seconds / reached:.0f}" if reached else "not reached |"
        lines.append(f"| {epoch:g} | {found:.1f} | {seconds:.1f} | {told} |")
    return "\n".join(lines)


@click.command()
@click.option("--dataset", default="digits", show_default=True)
@click.option("--data-dir")
@click.option("--preset", default="quick", show_default=True, type=click.Choice(list(PRESETS)))
@click.option("--epochs", default="1,5,20", show_default=True, help="Of the article's loop.")
@click.option("--seconds", default=120.0, show_default=True, help="Of the preset.")
@click.option("--samples", "count", default=10_000, show_default=True)
@click.option("--first", default=2.0, show_default=True, help="Second at which the preset is first looked at.")
@click.option("--device", default="cpu", show_default=True, type=click.Choice(["cpu", "cuda", "mps"]))
def main(
    dataset: str, data_dir: str | None, preset: str, epochs: str, seconds: float, count: int, first: float, device: str
) -> None:
    """Measure and print."""
    torch.set_num_threads(thread_count(make_config()))
    data = datasets.load(dataset, data_dir)
    net = load_or_train(data, datasets.data_folder(data_dir) / "evaluation")
    distance = judge(data, net)
    wanted = sorted(float(epoch) for epoch in epochs.split(","))
    theirs, mine = baseline(data, wanted, device), ours(preset, data, seconds, first, device)
    while unfinished := [course for course in (theirs, mine) if len(course.points) < len(course.marks)]:
        min(unfinished, key=lambda course: course.share).to_next_mark(distance, count)
    floor = distance(draw_real(data, count, stream(2, "judged")))
    print(f"{data.name}: classifier {net.accuracy:.1%} right, distances of {count:,} samples")
    print(report(preset, theirs, mine, floor, wanted))


if __name__ == "__main__":
    main()
