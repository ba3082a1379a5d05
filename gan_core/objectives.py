"""The losses of the game as pairs, and the penalties on the discriminator's slope.

Each objective is a `Objective`: what D minimises, what G minimises, and how to read a logit as a probability.
Logits are float [B]; `real` and `fake` are D's answers to real pictures and to G's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus


@dataclass(frozen=True)
class Objective:
    """One pair of losses.

    Attributes:
        discriminator: (real, fake, smoothing) → loss, a scalar. `smoothing`: real counts as 1 - smoothing; only the
            objectives with labels use it.
        generator: (real, fake) → loss, a scalar. `real` is None unless `needs_real`.
        undecided: (real, fake) → the score, a scalar, at which D cannot tell: P(real) = 0.5.
        probability: (logits, undecided) → P(real) of each, in [0, 1].
        needs_real: G's loss looks at the real pictures too.
        formula: what the two minimise, in LaTeX.
        reading: how `probability` is to be understood, for the hover.
    """

    discriminator: Callable[[Tensor, Tensor, float], Tensor]
    generator: Callable[[Tensor | None, Tensor], Tensor]
    undecided: Callable[[Tensor, Tensor], Tensor]
    probability: Callable[[Tensor, Tensor], Tensor]
    needs_real: bool
    formula: str
    reading: str

    def probabilities(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """Mean P(real) of each, in [0, 1]; both 0.5 where D cannot tell."""
        undecided = self.undecided(real, fake)
        return self.probability(real, undecided).mean(), self.probability(fake, undecided).mean()


def _logistic_discriminator(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    # -log D(x) = softplus(-logit) and -log(1 - D(x)) = softplus(logit): no overflow at any logit.
    loss = softplus(-real).mean() + softplus(fake).mean()
    # Cross-entropy with the target 1 - s differs from that with target 1 by s·logit.
    return loss + smoothing * real.mean() if smoothing else loss


def _zero(real: Tensor, fake: Tensor) -> Tensor:
    return real.new_zeros(())


def _half(real: Tensor, fake: Tensor) -> Tensor:
    return real.new_full((), 0.5)


def _midpoint(real: Tensor, fake: Tensor) -> Tensor:
    return (real.mean() + fake.mean()) / 2


def _sigmoid(logits: Tensor, undecided: Tensor) -> Tensor:
    return torch.sigmoid(logits - undecided)


def _clamped(logits: Tensor, undecided: Tensor) -> Tensor:
    return logits.clamp(0, 1)


_SIGMOID = "The mean of D's answer after the sigmoid: 1 means surely real, 0 surely fake, 0.5 cannot tell."

OBJECTIVES: dict[str, Objective] = {
    "minimax": Objective(  # Goodfellow 2014, equation 1
        _logistic_discriminator, lambda real, fake: -softplus(fake).mean(), _zero, _sigmoid, False,
        r"\min_G \max_D \; E[\log D(x)] + E[\log(1 - D(G(z)))]", _SIGMOID,
    ),
    "non-saturating": Objective(  # Goodfellow 2014, section 3
        _logistic_discriminator, lambda real, fake: softplus(-fake).mean(), _zero, _sigmoid, False,
        r"L_D = -E[\log D(x)] - E[\log(1 - D(G(z)))], \quad L_G = -E[\log D(G(z))]", _SIGMOID,
    ),
    "least-squares": Objective(  # Mao 2017, equation 9 (a = 0, b = c = 1)
        lambda real, fake, smoothing: ((real - 1).square().mean() + fake.square().mean()) / 2,
        lambda real, fake: (fake - 1).square().mean() / 2, _half, _clamped, False,
        r"L_D = \tfrac12 E[(D(x) - 1)^2] + \tfrac12 E[D(G(z))^2], \quad L_G = \tfrac12 E[(D(G(z)) - 1)^2]",
        "The mean of D's answer, cut to [0, 1]: D aims at 1 for real and 0 for fake; at 0.5 it cannot tell.",
    ),
    "wasserstein": Objective(  # Arjovsky 2017; with the penalty of Gulrajani 2017, equation 3
        lambda real, fake, smoothing: fake.mean() - real.mean(), lambda real, fake: -fake.mean(),
        _midpoint, _sigmoid, False,
        r"L_D = E[D(G(z))] - E[D(x)] + \lambda E[(\lVert\nabla_{\hat x} D(\hat x)\rVert_2 - 1)^2], "
        r"\quad L_G = -E[D(G(z))]",
        "A critic's scores have no zero: shown is the sigmoid of the score about the midpoint of real and fake.",
    ),
    "hinge": Objective(  # Lim & Ye 2017; Miyato 2018, equations 16 and 17
        lambda real, fake, smoothing: torch.relu(1 - real).mean() + torch.relu(1 + fake).mean(),
        lambda real, fake: -fake.mean(), _zero, _sigmoid, False,
        r"L_D = E[\max(0, 1 - D(x))] + E[\max(0, 1 + D(G(z)))], \quad L_G = -E[D(G(z))]",
        "The mean sigmoid of D's score. The hinge rests once a score passes 1 or -1, so sure answers stand near 0.73 "
        "and 0.27; at 0.5 D cannot tell.",
    ),
    "relativistic": Objective(  # Jolicoeur-Martineau 2019, paired; Huang 2024, equation 2
        lambda real, fake, smoothing: softplus(fake - real).mean(),
        lambda real, fake: softplus(_given(real) - fake).mean(), _midpoint, _sigmoid, True,
        r"L_D = E[\operatorname{softplus}(D(G(z)) - D(x))], \quad L_G = E[\operatorname{softplus}(D(x) - D(G(z)))]",
        "Only the difference between real and fake counts: shown is the sigmoid of the score about their midpoint.",
    ),
}


def _given(real: Tensor | None) -> Tensor:
    if real is None:
        raise ValueError("the relativistic objective needs the real pictures' logits")
    return real


def slope_penalty(logits: Tensor, samples: Tensor) -> Tensor:
    """½ E‖∇ₓ D(x)‖²: R1 at real samples, R2 at fake ones (Mescheder 2018, equation 9).

    Args:
        logits: [B], computed from `samples`.
        samples: [B, *shape] with `requires_grad`.
    """
    (slope,) = torch.autograd.grad(logits.sum(), samples, create_graph=True)
    return slope.square().flatten(1).sum(1).mean() / 2


def gradient_penalty(
    discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, generator: torch.Generator
) -> Tensor:
    """E(‖∇ₓ̂ D(x̂)‖₂ - 1)² at points x̂ drawn between pairs of real and fake (Gulrajani 2017, equation 3).

    Args:
        discriminator: [B, *shape] → logits [B].
        real, fake: [B, *shape].
        generator: the place between the two is drawn from it.
    """
    one_each = (real.shape[0], *[1] * (real.dim() - 1))
    share = torch.rand(one_each, generator=generator, device=real.device, dtype=real.dtype)
    between = torch.lerp(real, fake, share).requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(between).sum(), between, create_graph=True)
    # The small number keeps the square root's own slope finite where the gradient vanishes.
    norm = (slope.square().flatten(1).sum(1) + 1e-12).sqrt()
    return (norm - 1).square().mean()
