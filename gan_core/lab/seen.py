"""What there is to see of a game in the plane: its numbers, and the arrays of a picture."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

EQUILIBRIUM = -math.log(4)
"""V(D, G) where D cannot tell: about -1.386."""

LAYERS = ("real", "fake", "surface", "optimal", "manifold", "pushes", "path")


@dataclass(frozen=True)
class Readings:
    """Numbers of one moment; None: not known of this scene, or not yet.

    Attributes:
        step: G's steps so far. d_steps: D's.
        loss_d, loss_g: of the newest batch, without penalties, each as its side last computed it; where D is unrolled,
            loss_g is by the D that would then be there.
        grad_d, grad_g: norms of the gradients of those steps, penalties included.
        value: V(D, G) = E log D(x) + E log(1 - D(G(z))) (Goodfellow 2014, equation 1) over the samples that are
            measured; `EQUILIBRIUM` where D cannot tell. Of objectives whose D gives a probability: minimax and
            non-saturating.
        value_real, value_fake: its two terms.
        score_real, score_fake: D's mean logit (of a critic: score) of real samples and of fakes.
        d_real, d_fake: D's mean belief that each is real, as the objective reads it (`Objective.reading`).
        js: see `measures.js_divergence`, of 2048 fakes and the data.
        modes: see `measures.modes_covered`. n_modes: how many there are. high_quality: share of the fakes.
    """

    step: int
    d_steps: int
    loss_d: float | None = None
    loss_g: float | None = None
    grad_d: float | None = None
    grad_g: float | None = None
    value: float | None = None
    value_real: float | None = None
    value_fake: float | None = None
    score_real: float | None = None
    score_fake: float | None = None
    d_real: float | None = None
    d_fake: float | None = None
    js: float | None = None
    modes: int | None = None
    n_modes: int | None = None
    high_quality: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class View:
    """Arrays of a picture, float32 on the CPU; None: not asked for, or not there in this scene.

    Surfaces lie on `measures.grid(RESOLUTION)`: row 0 at the bottom of the window [-EXTENT, EXTENT]².

    Attributes:
        real, fake: [512, 2]. The same latents each time, so that a fake can be followed by its number.
        surface: [R, R], D(x) in 0..1 as the objective reads it; 0.5 where D cannot tell. Of a D that judges packs, the
            mean over a few packs that x is put into, of real samples and of fakes.
        scores: (lowest, highest) logit on that grid: what a critic's surface stands for.
        optimal: [R, R], see `measures.optimal_discriminator`, of fakes and data both blurred by `measures.BLUR`; nan
            where there is nothing.
        manifold: [K, K, 2], where G maps a grid of latents, even in probability (each line between the same two shares
            of all latents); [K, 2] for latents of one number; None for more than two.
        pushes: [M, 2], minus the gradient of G's loss with respect to each of the first M fakes (128, or a few less
            where D judges packs), as if each were alone: where D as it is now pushes it. One that is unrolled pushes
            elsewhere.
        path: [P, 2], where the chosen fake was at the steps that are remembered, and is now.
    """

    step: int
    real: Tensor | None = None
    fake: Tensor | None = None
    surface: Tensor | None = None
    scores: tuple[float, float] | None = None
    optimal: Tensor | None = None
    manifold: Tensor | None = None
    pushes: Tensor | None = None
    path: Tensor | None = None
