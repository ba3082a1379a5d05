"""Every choice a person can make about a run, validated once.

One pydantic model feeds the shell's flags (`cli/`), the form on the Train page and `run.json`. A field carries
its title, the group it is shown in and one sentence on what it does to the game; a preset (`presets.py`) holds only
what differs from the defaults here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, field_validator, model_validator
from pydantic.fields import FieldInfo

from gan_core.errors import ConfigError
from gan_core.settings import setting, validated_as

Objective = Literal["minimax", "non-saturating", "least-squares", "wasserstein", "hinge", "relativistic"]
Optimiser = Literal["adam", "sgd", "rmsprop"]
Augmentation = Literal["colour", "translation", "cutout"]

GROUPS = ("Data", "Networks", "Objective", "Optimiser", "Length", "Saving", "Machine")


def _split(value: Any) -> Any:
    """A shell writes a list as `a,b`; a form and JSON give a list."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip() and part.strip() != "none")
    return value


def _whole(value: Any) -> Any:
    """A shell writes a number as text, which a fixed choice of numbers would not take."""
    return int(value) if isinstance(value, str) and value.strip().isdecimal() else value


class RunConfig(BaseModel):
    """The whole of what was asked of one run. Frozen: a changed setting is a new config."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    preset: str = setting(
        "quick", "Preset", "The named recipe these settings began from.", "Data", main=True, max_length=40
    )
    dataset: str = setting(
        "digits", "Dataset", "What the discriminator is shown as real.", "Data", main=True, max_length=40
    )
    data_dir: str | None = setting(
        None, "Data folder", "Where downloaded data sets lie. Empty: $GAN_DATA_DIR, else data/.", "Data"
    )
    dataset_path: str | None = setting(
        None, "Picture folder", "For the dataset 'folder': a folder of pictures (sub-folders are classes) or a zip.",
        "Data",
    )
    drawing: str | None = setting(
        None, "Drawing", "For the dataset 'drawing': the strokes as text, as the lab writes it.", "Data",
        max_length=4000,
    )
    image_size: Annotated[Literal[28, 32, 64], BeforeValidator(_whole)] = setting(
        28, "Picture size", "Pixels per side that pictures of the dataset 'folder' are cropped and resized to.", "Data"
    )
    colour: Literal["auto", "grey", "colour"] = setting(
        "auto", "Colour", "For the dataset 'folder'. auto: grey where every picture is grey.", "Data"
    )

    network: Literal["mlp", "dcgan", "shuffle", "channels", "points", "plane"] = setting(
        "dcgan", "Networks", "dcgan sees neighbouring pixels together (convolutions); shuffle does so on a quarter of "
        "the picture's side, which is faster; mlp is the article's fully connected pair, which sees no neighbourhood "
        "and learns more slowly; channels is shuffle with the same weights for red, green and blue, for Stacked MNIST; "
        "points is for data that is no picture, such as ring and grid; plane is the same as plain and small as you "
        "like, for the lab.", "Networks", main=True,
    )
    conditional: Literal["auto", "yes", "no"] = setting(
        "auto", "Conditional", "Tell both networks the class: G draws the digit it is asked for and D judges whether "
        "the picture fits it. auto: where the data has labels.", "Networks",
    )
    latent_dim: int = setting(
        64, "Latent size", "How many random numbers G turns into one picture: more gives room for variety.",
        "Networks", ge=1, le=1024,
    )
    width: int = setting(
        32, "Width", "Channels of dcgan's outermost layer; inner layers have twice as many each, and so have those "
        "of shuffle; a layer of points has four times as many units. Wider is better and slower.",
        "Networks", ge=4, le=256,
    )
    latent: Literal["gaussian", "uniform"] = setting(
        "gaussian", "Latent distribution", "How each of them is drawn: gaussian, mostly near 0, or uniform, anywhere "
        "from -1 to 1 alike.", "Networks",
    )
    depth_d: int = setting(
        2, "Layers of D", "Hidden layers of D, for the network plane. More can draw sharper borders.", "Networks",
        ge=0, le=8,
    )
    depth_g: int = setting(
        2, "Layers of G", "Hidden layers of G, for the network plane. None: G can only stretch and turn the latents.",
        "Networks", ge=0, le=8,
    )
    units_d: int = setting(
        64, "Units of D", "Units in each hidden layer of D, for the network plane.", "Networks", ge=1, le=512
    )
    units_g: int = setting(
        64, "Units of G", "Units in each hidden layer of G, for the network plane.", "Networks", ge=1, le=512
    )
    activation: Literal["relu", "leaky-relu", "tanh"] = setting(
        "leaky-relu", "Activation", "What a hidden unit makes of its sum, for the network plane: relu and leaky-relu "
        "give borders with corners, tanh round ones.", "Networks",
    )
    discriminator_norm: Literal["none", "spectral", "batch"] = setting(
        "spectral", "Normalisation in D", "spectral keeps D from changing its mind too steeply (Miyato 2018), which "
        "steadies the game; batch is DCGAN's own.", "Networks",
    )

    objective: Objective = setting(
        "hinge", "Objective", "What the two players are rewarded for: how strongly each move pushes the other.",
        "Objective", main=True,
    )
    critic_steps: int = setting(
        1, "D steps per G step", "How often D learns for each time G does. Wasserstein wants a critic ahead of G.",
        "Objective", ge=1, le=20,
    )
    gp_weight: float = setting(
        10.0, "Gradient penalty", "Weight of the penalty that holds the Wasserstein critic's slope at 1.",
        "Objective", ge=0, le=1000,
    )
    r1_weight: float = setting(
        0.0, "R1 weight", "Penalty on D's slope at real pictures: flattens D where it is right, so that G's lesson "
        "does not explode. 0 is off.", "Objective", ge=0, le=1000,
    )
    r2_weight: float = setting(
        0.0, "R2 weight", "The same at G's pictures. 0 is off.", "Objective", ge=0, le=1000
    )
    penalty_interval: int = setting(
        1, "Penalty interval", "R1 and R2 only every so many D steps, weighted up as much (lazy regularisation): "
        "faster, slightly coarser.", "Objective", ge=1, le=64,
    )
    label_smoothing: float = setting(
        0.0, "Label smoothing", "Real counts as 1 minus this, so that D is never quite certain. For minimax and "
        "non-saturating.", "Objective", ge=0, le=0.5,
    )
    instance_noise: float = setting(
        0.0, "Instance noise", "Noise on what D sees, real and fake, blurring the line between them; falls to 0 over "
        "the images below.", "Objective", ge=0, le=2,
    )
    instance_noise_images: int = setting(
        100_000, "Noise fades over", "Images seen until instance noise is 0.", "Objective", ge=1, le=10**10
    )
    augment: Annotated[tuple[Augmentation, ...], BeforeValidator(_split)] = setting(
        (), "Augmentation", "Random changes to all that D sees, real and fake alike, through which G's lesson still "
        "flows (Zhao 2020). For small data, where D would learn it by heart.", "Objective",
    )

    unrolled_steps: int = setting(
        0, "Unrolled steps", "G looks so many steps of D ahead, and is judged by the D that would then be there (Metz "
        "2017): hopping from mode to mode no longer pays. Slower with each. 0 is off.", "Objective", ge=0, le=20,
    )
    packing: int = setting(
        1, "Packing", "How many samples D judges together (Lin 2018): samples that are all alike give themselves away. "
        "1 is off.", "Objective", ge=1, le=8,
    )

    batch_size: int = setting(
        64, "Batch", "Pictures per step. Larger is steadier, and slower per step.", "Optimiser", ge=2, le=4096
    )
    lr_d: float = setting(
        4e-3, "Learning rate D", "How far D moves per step.", "Optimiser", main=True, gt=0, le=1
    )
    lr_g: float = setting(
        4e-3, "Learning rate G", "How far G moves per step.", "Optimiser", main=True, gt=0, le=1
    )
    optimiser_d: Optimiser = setting(
        "adam", "Optimiser of D", "adam: steps of one size in each weight, whatever the gradient's; rmsprop: the same "
        "without momentum; sgd: steps as long as the gradient, with beta 1 as momentum.", "Optimiser",
    )
    optimiser_g: Optimiser = setting(
        "adam", "Optimiser of G", "As for D. With sgd one sees a vanishing gradient as a standstill.", "Optimiser"
    )
    beta1: float = setting(
        0.0, "Adam beta 1", "Momentum of the step: high values make a GAN circle.", "Optimiser", ge=0, lt=1
    )
    beta2: float = setting(
        0.9, "Adam beta 2", "Memory of the gradient's size.", "Optimiser", ge=0, lt=1
    )
    lr_decay: Literal["none", "linear", "cosine"] = setting(
        "none", "Rate decay", "How both rates fall: the last steps of a game settle when they get smaller.",
        "Optimiser",
    )
    lr_decay_from: int = setting(
        100_000, "Decay from", "Images seen when the rates begin to fall.", "Optimiser", ge=0, le=10**10
    )
    lr_decay_to: int = setting(
        200_000, "Decay to", "Images seen when the rates reach their end.", "Optimiser", ge=1, le=10**10
    )
    lr_decay_floor: float = setting(
        0.0, "Decay floor", "The end, as a share of the first rate.", "Optimiser", ge=0, le=1
    )
    ema_half_life: int = setting(
        8_850, "EMA half-life", "G's pictures are drawn with a running average of its weights; after this many images "
        "an old weight counts half. 0: the weights as they are.", "Optimiser", ge=0, le=10**9,
    )

    images: int | None = setting(
        None, "Images", "Train until so many real pictures were shown.", "Length", main=True, ge=1, le=10**12
    )
    epochs: float | None = setting(
        None, "Epochs", "Train until the data was shown so many times.", "Length", gt=0, le=10**7
    )
    seconds: float | None = setting(
        None, "Seconds", "Train for so many seconds.", "Length", gt=0, le=10**8
    )

    grid: int = setting(
        8, "Sample grid", "Pictures per side of the sample grid.", "Saving", ge=1, le=16
    )
    sample_every_images: int | None = setting(
        8_000, "Grid every (images)", "Keep a sample grid every so many images; the first few come sooner.",
        "Saving", ge=1, le=10**10,
    )
    sample_every_epochs: float | None = setting(
        None, "Grid every (epochs)", "Keep a sample grid every so many epochs.", "Saving", gt=0, le=10**6
    )
    record_every_steps: int = setting(
        10, "Record every", "Steps averaged into one point of the curves.", "Saving", ge=1, le=100_000
    )
    save_every_images: int = setting(
        50_000, "Checkpoint every", "Images between checkpoints; at least one is written each minute.",
        "Saving", ge=1, le=10**10,
    )
    keep_checkpoints: int = setting(
        10, "Checkpoints kept", "Older ones are removed; sample grids are all kept.", "Saving", ge=1, le=10_000
    )

    measure: Literal["live", "off"] = setting(
        "live", "Measuring", "live: while it trains, the samples are measured every few seconds in a twentieth of the "
        "time, and what is going on is told in words. off: not.", "Saving",
    )
    on_collapse: Literal["go on", "pause", "roll back"] = setting(
        "go on", "On collapse", "What happens when the verdict is mode collapse or that the game is unstable. roll "
        "back: to the best checkpoint from before, and on from there with calmer learning rates.", "Saving",
    )
    tries: int = setting(
        3, "Times rolled back", "After so many, a run goes on whatever becomes of it.", "Saving", ge=1, le=100
    )

    seed: int = setting(
        42, "Seed", "Everything random follows from it: the same seed gives the same run.", "Machine",
        main=True, ge=0, le=2**31 - 1,
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = setting(
        "auto", "Device", "auto: a GPU where PyTorch finds one.", "Machine"
    )
    precision: Literal["float32", "bfloat16"] = setting(
        "float32", "Precision", "Of the networks' products. bfloat16 is half as long: faster on GPUs and CPUs made for "
        "it, slower elsewhere. Weights, losses and the running average stay float32.", "Machine",
    )
    threads: int = setting(
        0, "CPU threads", "Threads of the training step; 0: up to 4 of this machine's cores.", "Machine", ge=0, le=256
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_switch(cls, value: Any) -> Any:
        """No setting is a switch: true would otherwise pass as the number 1."""
        if isinstance(value, bool):
            raise ValueError("neither true nor false")
        return value

    @model_validator(mode="after")
    def _possible(self) -> RunConfig:
        """Combinations that cannot work, each named with the way out."""
        lengths = [name for name in ("images", "epochs", "seconds") if getattr(self, name) is not None]
        if len(lengths) > 1:
            given = ", ".join(f"{name} = {getattr(self, name)}" for name in lengths)
            raise ValueError(f"{given}: give only one of images, epochs, seconds")
        if (self.sample_every_images is None) == (self.sample_every_epochs is None):
            raise ValueError(
                f"sample_every_images = {self.sample_every_images}, sample_every_epochs = {self.sample_every_epochs}: "
                "give exactly one of them"
            )
        if self.dataset == "folder" and not self.dataset_path:
            raise ValueError(
                f"dataset_path = {self.dataset_path!r}: the dataset 'folder' needs the path of a folder of pictures, "
                "or of a zip"
            )
        if self.dataset != "folder":
            for name in ("dataset_path", "image_size", "colour"):
                value = getattr(self, name)
                if value != type(self).model_fields[name].default:
                    raise ValueError(
                        f"{name} = {value!r}: is for the dataset 'folder' only, and the dataset is {self.dataset!r}"
                    )
        if (self.dataset == "drawing") != bool(self.drawing):
            raise ValueError(
                f"drawing = {self.drawing!r}: the dataset 'drawing' needs strokes" if self.dataset == "drawing" else
                f"drawing = {self.drawing!r}: is for the dataset 'drawing' only, and the dataset is {self.dataset!r}"
            )
        if self.on_collapse != "go on" and self.measure == "off":
            raise ValueError(
                f"on_collapse = {self.on_collapse!r}, measure = 'off': only of a run that is measured it is known "
                "whether it collapses; set measure to 'live'"
            )
        if self.lr_decay != "none" and self.lr_decay_to <= self.lr_decay_from:
            raise ValueError(
                f"lr_decay_to = {self.lr_decay_to}: must be more than lr_decay_from = {self.lr_decay_from}"
            )
        if self.network in ("mlp", "channels", "points", "plane") and self.discriminator_norm == "batch":
            raise ValueError(f"discriminator_norm = 'batch': the network {self.network} allows 'none' or 'spectral'")
        if self.discriminator_norm == "batch":
            # Batch norm ties the pictures of a batch together; a penalty on each picture's own slope then has no
            # meaning (Gulrajani 2017, section 4).
            for field, on in (
                ("objective", self.objective == "wasserstein"),
                ("r1_weight", self.r1_weight > 0),
                ("r2_weight", self.r2_weight > 0),
            ):
                if on:
                    raise ValueError(
                        f"{field} = {getattr(self, field)!r}: gradient penalties need each picture judged alone; "
                        "set discriminator_norm to 'none' or 'spectral'"
                    )
        if self.unrolled_steps and self.discriminator_norm != "none":
            raise ValueError(
                f"unrolled_steps = {self.unrolled_steps}: G's gradient goes through D's own steps, which a "
                "normalisation in D does not let through; set discriminator_norm to 'none', it is "
                f"{self.discriminator_norm!r}"
            )
        if self.batch_size % self.packing:
            near = self.packing * max(1, self.batch_size // self.packing)
            raise ValueError(
                f"packing = {self.packing}, batch_size = {self.batch_size}: a batch must be whole packs; set "
                f"batch_size to {near} or a multiple of {self.packing} near it"
            )
        if self.label_smoothing > 0 and self.objective not in ("minimax", "non-saturating"):
            raise ValueError(
                f"label_smoothing = {self.label_smoothing}: only the objectives minimax and non-saturating have "
                f"labels to smooth; objective is {self.objective!r}, set label_smoothing to 0"
            )
        if len(set(self.augment)) != len(self.augment):
            raise ValueError(f"augment = {self.augment}: each of colour, translation, cutout at most once")
        return self

    def differences(self, other: RunConfig) -> dict[str, tuple[Any, Any]]:
        """Field → (value here, value there), only where they differ."""
        mine, theirs = self.model_dump(mode="json"), other.model_dump(mode="json")
        return {name: (mine[name], theirs[name]) for name in mine if mine[name] != theirs[name]}


def fields(group: str | None = None, main: bool | None = None) -> Iterator[tuple[str, FieldInfo]]:
    """The settings in the order they are shown, optionally only of one group, or (not) among the few that matter."""
    for name, info in RunConfig.model_fields.items():
        extra = info.json_schema_extra
        assert isinstance(extra, dict)
        if (group is None or extra["group"] == group) and (main is None or extra["main"] == main):
            yield name, info


def validated(values: Mapping[str, Any]) -> RunConfig:
    """Values → config.

    Raises:
        ConfigError: names the field, the value and what is allowed; several faults are all listed.
    """
    return validated_as(RunConfig, values)


def parse_assignments(pairs: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """`["lr_g=0.001", "augment=colour,cutout"]` → values by field, still unchecked.

    Raises:
        ConfigError: a pair without `=`.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        key, sign, text = pair.partition("=")
        if not sign or not key.strip():
            raise ConfigError(f"{pair!r}: write a setting as key=value, for example lr_g=0.001")
        values[key.strip().replace("-", "_")] = None if text.strip() in ("", "none", "None") and (
            _optional(key.strip().replace("-", "_"))
        ) else text.strip()
    return values


def _optional(name: str) -> bool:
    info = RunConfig.model_fields.get(name)
    return info is not None and type(None) in get_args(info.annotation)


LENGTHS = ("images", "epochs", "seconds")
RATES = ("lr_d", "lr_g")
# Of each, a run has one at most.
ALTERNATIVES = (LENGTHS, ("sample_every_images", "sample_every_epochs"))
# Where a run trains, and on whose copy of its data: another machine may need others.
PLACES = ("data_dir", "dataset_path", "device", "threads")
# What may change between stopping and going on without making it another game.
FREE_TO_CHANGE = frozenset(
    {"preset", *PLACES} | {name for group in ("Length", "Saving") for name, _ in fields(group)}
)


def replaced(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes`, still unchecked: a length that is given replaces one in another unit, and likewise the
    spacing of sample grids."""
    values = dict(base)
    for names in ALTERNATIVES:
        if any(changes.get(name) is not None for name in names):
            values.update(dict.fromkeys(names))
    return {**values, **changes}


def of_the_game(config: RunConfig) -> dict[str, Any]:
    """The settings that make the game what it is, as JSON: a checkpoint of other settings does not fit them."""
    return {key: value for key, value in config.model_dump(mode="json").items() if key not in FREE_TO_CHANGE}


def fits(made_with: Mapping[str, Any], config: RunConfig) -> bool:
    """Whether a checkpoint made with those settings `of_the_game` is one of this config. What it does not name, it is
    older than: such a setting's default is what the game was before there was a choice."""
    now = of_the_game(config)
    return all(name not in now or now[name] == value for name, value in made_with.items())
