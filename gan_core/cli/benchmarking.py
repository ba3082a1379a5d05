"""`benchmark`: the field's tests of mode coverage, our numbers beside the published ones."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import click
import torch
from torch import Tensor, nn

from gan_core import datasets
from gan_core.cli.progress import Bar
from gan_core.cli.settings import setting_option
from gan_core.cli.shell import Command, Failure, Group, say, table
from gan_core.config import RunConfig, parse_assignments, validated
from gan_core.datasets import Dataset
from gan_core.datasets.mixtures import MIXTURES
from gan_core.device import thread_count
from gan_core.errors import TrainingError, WorkbenchError
from gan_core.evaluation import Moments, draw, load_or_train
from gan_core.evaluation.modes import floor, score_points, score_stack
from gan_core.evaluation.sampling import real_places
from gan_core.presets import make_config
from gan_core.runs import load_data
from gan_core.trainer import Trainer, stream

POINTS = 2_500
PICTURES = 26_000
"""Samples drawn of each generator, as in Lin et al. 2018."""

REFERENCE = 10_000
"""Real pictures behind the Fréchet distance, and drawn ones beside them."""

Scores = dict[str, float]


@dataclass(frozen=True)
class Published:
    """A row of another's table: means over 10 trials."""

    name: str
    scores: Mapping[str, float]
    source: str


_TABLE_1 = "Lin et al. 2018, Table 1"
_TABLES_2_3 = "Lin et al. 2018, Tables 2 and 3"
PUBLISHED = {
    "ring": (
        Published("GAN", {"modes": 6.3, "high_quality": 0.982, "kl": 0.45}, _TABLE_1),
        Published("PacGAN2", {"modes": 7.9, "high_quality": 0.956, "kl": 0.07}, _TABLE_1),
    ),
    "grid": (
        Published("GAN", {"modes": 17.3, "high_quality": 0.948, "kl": 0.70}, _TABLE_1),
        Published("PacGAN4", {"modes": 24.8, "high_quality": 0.936, "kl": 0.04}, _TABLE_1),
    ),
    "stacked-mnist": (
        Published("DCGAN", {"modes": 99.0, "kl": 3.40}, _TABLES_2_3),
        Published("VEEGAN", {"modes": 150.0, "kl": 2.95}, _TABLES_2_3),
        Published("PacDCGAN2", {"modes": 1000.0, "kl": 0.06}, _TABLES_2_3),
    ),
}


@dataclass(frozen=True)
class Trained:
    """What one seed's game came to."""

    seed: int
    images: int
    seconds: float
    scores: Scores


@dataclass(frozen=True)
class Result:
    """One data set's test.

    Attributes:
        of: how many modes there are.
        floor: what chance alone makes of the KL at that count of samples.
        measured_with: what told the modes apart.
    """

    dataset: str
    preset: str
    samples: int
    of: int
    floor: float
    real: Scores
    runs: tuple[Trained, ...]
    measured_with: str

    def as_json(self) -> dict[str, Any]:
        """Plain numbers; whatever does not depend on the clock is the same for the same seeds and machine."""
        return {**asdict(self), "published": [asdict(one) for one in PUBLISHED[self.dataset]]}


@click.group(cls=Group)
def benchmark() -> None:
    """The field's tests of mode coverage: whether a generator draws all that there is.

    \b
      python -m gan_core benchmark mixtures
      python -m gan_core benchmark stacked-mnist --seeds 1 --data-dir data

    Each trains one of our presets from several seeds, in memory, and prints what was drawn beside what as many real
    samples score, what chance alone would do, and the published numbers.
    """


def _seeds_option(default: int) -> Any:
    return click.option(
        "--seeds", type=click.IntRange(1, 1000), default=default, show_default=True, metavar="N",
        help="How many games: of the seeds 1 to N.",
    )


_images_option = click.option(
    "--images", type=click.IntRange(min=1), metavar="N",
    help="Images a game is trained for, rate decay included; for a short trial. Default: the preset's.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="A JSON list, one object a data set.")


@benchmark.command(cls=Command)
@_seeds_option(10)
@_images_option
@_json_option
def mixtures(seeds: int, images: int | None, as_json: bool) -> None:
    """8 Gaussians on a ring and 25 on a grid: modes found, share of points near one, and how evenly.

    \b
      python -m gan_core benchmark mixtures
      python -m gan_core benchmark mixtures --seeds 2 --images 100000 --json

    The setting of Lin et al. 2018 (PacGAN), section 4.1. A point is of high quality within 3 standard deviations of its
    nearest mode; the reverse KL is that of the high-quality points' modes from all being equally likely.
    """
    with Bar() as bar:
        results = [_mixture(name, seeds, images, _part(bar, i, len(MIXTURES))) for i, name in enumerate(MIXTURES)]
    _tell(results, as_json)


@benchmark.command("stacked-mnist", cls=Command)
@_seeds_option(3)
@_images_option
@setting_option("data_dir", RunConfig.model_fields["data_dir"])
@setting_option("threads", RunConfig.model_fields["threads"])
@_json_option
def stacked_mnist(seeds: int, images: int | None, as_json: bool, **machine: str | None) -> None:
    """Three random digits as the colours of one picture: how many of the 1,000 kinds are drawn, and how evenly.

    \b
      python -m gan_core download mnist
      python -m gan_core benchmark stacked-mnist
      python -m gan_core benchmark stacked-mnist --seeds 1 --images 20000 --json

    The setting of Lin et al. 2018 (PacGAN), section 4.2. A classifier of MNIST, trained once and kept in the data
    folder, tells each channel's digit. Nets whose digits nobody can read count nearly all kinds too: so how sure the
    classifier is of each digit, and its features' Fréchet distance per channel, stand beside the count.
    """
    with Bar() as bar:
        results = [_stack(seeds, images, machine, lambda share, text: bar.show(share, text))]
    _tell(results, as_json)


Tell = Callable[[float, str], None]


def _part(bar: Bar, number: int, of: int) -> Tell:
    return lambda share, text: bar.show((number + share) / of, text)


def _mixture(name: str, seeds: int, images: int | None, tell: Tell) -> Result:
    mixture = MIXTURES[name]
    config = _shortened(make_config(name), images)
    dataset = load_data(config)

    def score(points: Tensor) -> Scores:
        return asdict(score_points(points, mixture))

    places = real_places(dataset, POINTS, stream(0, "real"))
    runs = _games(config, dataset, seeds, POINTS, score, tell)
    return Result(
        name, config.preset, POINTS, len(mixture.centres), floor(len(mixture.centres), POINTS),
        score(dataset.samples[places]), runs, "the known centres",
    )


def _stack(seeds: int, images: int | None, machine: Mapping[str, str | None], tell: Tell) -> Result:
    given = parse_assignments([f"{name}={text}" for name, text in machine.items() if text is not None])
    config = _shortened(make_config("stacked-mnist", **given), images)
    torch.set_num_threads(thread_count(config))
    digits, dataset = datasets.load("mnist", config.data_dir), load_data(config)
    where = datasets.data_folder(config.data_dir) / "evaluation"
    try:
        classifier = load_or_train(digits, where, lambda share: tell(share, "of a classifier of digits trained"))
    except OSError as error:
        raise WorkbenchError(f"{where}: the classifier cannot be kept there: {error.strerror}") from None
    # A channel holds each digit once: what is compared with is never what the real pictures' own score is measured on.
    half = len(dataset) // 2
    reference, places = real_places(dataset, len(dataset), stream(0, "real")).split((half, len(dataset) - half))
    real = Moments.of(classifier.features(dataset.samples[reference[:REFERENCE], :1]))

    def score(pictures: Tensor) -> Scores:
        return asdict(score_stack(pictures, classifier, real))

    runs = _games(config, dataset, seeds, PICTURES, score, tell)
    modes = digits.n_classes ** dataset.shape[0]
    return Result(
        dataset.name, config.preset, PICTURES, modes, floor(modes, PICTURES), score(dataset.samples[places[:PICTURES]]),
        runs, f"{classifier.name} {classifier.digest}, {classifier.accuracy:.1%} right on digits it was not shown",
    )


def _shortened(config: RunConfig, images: int | None) -> RunConfig:
    """The recipe squeezed into so many images: its rates fall to their end all the same."""
    if images is None:
        return config
    assert config.images
    share = images / config.images
    start = int(config.lr_decay_from * share)
    end = max(start + 1, int(config.lr_decay_to * share))
    return validated({**config.model_dump(), "images": images, "lr_decay_from": start, "lr_decay_to": end})


def _games(
    config: RunConfig, dataset: Dataset, seeds: int, samples: int, score: Callable[[Tensor], Scores], tell: Tell
) -> tuple[Trained, ...]:
    """Train from each seed in turn, and measure what it draws."""
    torch.set_num_threads(thread_count(config))
    runs = []
    for seed in range(1, seeds + 1):
        asked = config.model_copy(update={"seed": seed})

        def tell_this(images: int, number: int = seed - 1) -> None:
            assert config.images
            share = min(1.0, images / config.images)
            text = f"{dataset.name}, game {number + 1} of {seeds}: {images:,} of {config.images:,} images"
            tell((number + share) / seeds, text)

        try:
            generator, images, seconds = _train(asked, dataset, tell_this)
        except TrainingError as error:
            raise Failure(f"{dataset.name}, seed {seed}: {error}") from None
        drawn, _ = draw(generator, config.latent_dim, None, samples, stream(seed, "evaluation"))
        runs.append(Trained(seed, images, round(seconds, 1), score(drawn)))
    return tuple(runs)


def _train(config: RunConfig, dataset: Dataset, tell: Callable[[int], None]) -> tuple[nn.Module, int, float]:
    """One game in memory → the generator to draw with on the CPU, images seen, seconds it took.

    Raises:
        TrainingError: it diverged.
    """
    trainer = Trainer(config, dataset)
    assert config.images
    begin = time.monotonic()
    while trainer.images < config.images:
        trainer.step()
        if trainer.step_count % config.record_every_steps == 0:
            trainer.record()
            tell(trainer.images)
    trainer.record()
    trainer.check_finite()
    return trainer.ema.to("cpu").eval(), trainer.images, time.monotonic() - begin


COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "modes": ("modes of {of:,}", lambda value: f"{value:,.1f}".removesuffix(".0")),
    "high_quality": ("high quality", lambda value: f"{value:.1%}"),
    "kl": ("reverse KL", lambda value: f"{value:.4f}"),
    "confidence": ("confidence", lambda value: f"{value:.3f}"),
    "fid": ("FID per channel", lambda value: f"{value:.1f}"),
}


def _tell(results: Sequence[Result], as_json: bool) -> None:
    if as_json:
        say(json.dumps([result.as_json() for result in results], indent=2))
    else:
        say("\n\n".join(_told(result) for result in results))


def _told(result: Result) -> str:
    names = list(result.real)
    heads = [COLUMNS[name][0].format(of=result.of) for name in names]
    seconds = _spread([run.seconds for run in result.runs], lambda value: f"{value:.0f}")
    images = f"{result.runs[0].images:,}"
    games = f"{len(result.runs)} seed{'s' if len(result.runs) > 1 else ''}"
    rows: list[tuple[str, ...]] = [("", *heads, "images", "seconds", "source")]
    ours = (_spread([run.scores[name] for run in result.runs], COLUMNS[name][1]) for name in names)
    rows.append((f"preset {result.preset}", *ours, images, seconds, f"this machine, {games}"))
    rows.append(("real samples", *(COLUMNS[name][1](result.real[name]) for name in names), "", "", ""))
    chance = {"modes": f"{result.of:,}", "kl": COLUMNS["kl"][1](result.floor)}
    rows.append(("even, by chance", *(chance.get(name, "") for name in names), "", "", "(K - 1) / 2N"))
    for one in PUBLISHED[result.dataset]:
        cells = (COLUMNS[name][1](one.scores[name]) if name in one.scores else "" for name in names)
        rows.append((one.name, *cells, "", "", one.source))
    return (
        f"{result.dataset}\n{table(rows)}\n{result.samples:,} samples each; modes told by {result.measured_with}."
    )


def _spread(values: Sequence[float], told: Callable[[float], str]) -> str:
    """Mean and, of several, standard deviation."""
    mean = told(statistics.fmean(values))
    return f"{mean} ± {told(statistics.stdev(values))}" if len(values) > 1 else mean
