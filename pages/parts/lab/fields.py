"""The settings of a scene as the column of choices shows them."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

import torch

from gan_core.datasets import plane
from gan_core.lab import CHANGEABLE, SCENES, Scene
from gan_core.lab.measures import EXTENT

GROUPS = (
    ("Data", "What is real: the discriminator sees points from here.", True, ["data"]),
    (
        "Game", "What the two players are rewarded for.", True,
        ["objective", "critic_steps", "unrolled_steps", "packing", "gp_weight", "r1_weight", "r2_weight",
         "discriminator_norm", "instance_noise", "label_smoothing"],
    ),
    ("Learning", "How far each player moves. Changes at once, while it plays.", True,
     ["lr_d", "lr_g", "optimiser_d", "optimiser_g", "beta1", "beta2", "batch_size"]),
    ("Networks", "How much each player can express.", False,
     ["depth_d", "units_d", "depth_g", "units_g", "activation", "latent", "latent_dim"]),
    ("Chance", "Everything random follows from the seed: the same seed plays the same numbers.", False, ["seed"]),
)

TITLES = {
    "critic_steps": "D steps per G", "unrolled_steps": "Unrolled D", "packing": "Packing", "gp_weight": "Gradient pen.",
    "r1_weight": "R1", "r2_weight": "R2", "discriminator_norm": "Norm in D", "instance_noise": "Instance noise",
    "label_smoothing": "Smoothing", "lr_d": "Rate of D", "lr_g": "Rate of G", "optimiser_d": "Optimiser D",
    "optimiser_g": "Optimiser G", "depth_d": "Layers of D", "units_d": "Units of D", "depth_g": "Layers of G",
    "units_g": "Units of G", "activation": "Activation", "latent": "Latent z", "latent_dim": "Size of z",
    "beta1": "Beta 1", "beta2": "Beta 2", "batch_size": "Batch", "objective": "Objective", "seed": "Seed",
}
"""Shorter than those of a run's form: the column is narrow."""

STEPS = {
    "gp_weight": 1.0, "r1_weight": 0.1, "r2_weight": 0.1, "instance_noise": 0.05, "label_smoothing": 0.05, "beta1": 0.1,
    "beta2": 0.01,
}

# A setting that only one objective knows.
ONLY = {
    "gp_weight": {"field": "objective", "values": ["wasserstein"]},
    "label_smoothing": {"field": "objective", "values": ["minimax", "non-saturating"]},
}

LOWEST_RATE, HIGHEST_RATE = 1e-5, 1e-1
DOTS = 260


@lru_cache(maxsize=1)
def fields() -> dict[str, dict[str, Any]]:
    """Field → title, help, whether it may change while it plays, and its choices or its limits."""
    found = {}
    for name, info in Scene.model_fields.items():
        kind: dict[str, Any] = {}
        if get_origin(info.annotation) is Literal:
            kind["choices"] = [{"value": value, "title": str(value)} for value in get_args(info.annotation)]
        elif info.annotation in (int, float):
            whole = info.annotation is int
            low, high = (limit(info.metadata, names) for names in (("ge", "gt"), ("le", "lt")))
            if name in ("lr_d", "lr_g"):
                kind |= {"log": True, "min": LOWEST_RATE, "max": HIGHEST_RATE}
            else:
                kind |= {"min": low, "max": high, "step": 1 if whole else STEPS[name]}
        found[name] = {
            "title": TITLES.get(name, info.title), "help": info.description, "live": name in CHANGEABLE, **kind,
            **({"when": ONLY[name]} if name in ONLY else {}),
        }
    return found


def limit(metadata: list[Any], names: tuple[str, ...]) -> float:
    """A field's least or greatest value, of pydantic's constraints."""
    return next(value for one in metadata for name in names if (value := getattr(one, name, None)) is not None)


@lru_cache(maxsize=1)
def data() -> list[dict[str, Any]]:
    """Each density with some of its points, x and y in turn, as base64 of bytes over the picture; one's own: none."""
    found = []
    for density in plane.DENSITIES.values():
        points = density.sample(DOTS, torch.Generator().manual_seed(1))
        places = ((points / EXTENT + 1) * 127.5).clamp(0, 255).to(torch.uint8)
        text = base64.b64encode(places.numpy().tobytes()).decode()
        found.append({"name": density.name, "title": f"{density.title}: {density.description}", "points": text})
    found.append({"name": "drawing", "title": "Draw your own", "points": None})
    return found


@lru_cache(maxsize=1)
def scenes() -> list[dict[str, Any]]:
    """The ready scenes."""
    return [
        {"name": name, "title": one.title, "text": one.sentence, "query": one.scene.to_query()}
        for name, one in SCENES.items()
    ]


def groups() -> list[dict[str, Any]]:
    """In the order in which they stand."""
    return [dict(zip(("title", "help", "open", "names"), group, strict=True)) for group in GROUPS]
