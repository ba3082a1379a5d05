"""What the losses of a scene are made of now: each summand of the formula, with its value."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from gan_core.game import packed
from gan_core.lab.play import Play
from gan_core.objectives import OBJECTIVES, gradient_penalty, slope_penalty
from gan_core.trainer import stream

Term = Callable[[Tensor], Tensor]

# D's loss is the sum of a term of real samples and one of fakes (see `objectives`); of the relativistic one alone both
# are in one.
_SIDES: dict[str, tuple[Term, Term]] = {
    "minimax": (lambda real: softplus(-real).mean(), lambda fake: softplus(fake).mean()),
    "non-saturating": (lambda real: softplus(-real).mean(), lambda fake: softplus(fake).mean()),
    "least-squares": (lambda real: (real - 1).square().mean() / 2, lambda fake: fake.square().mean() / 2),
    "wasserstein": (lambda real: -real.mean(), lambda fake: fake.mean()),
    "hinge": (lambda real: torch.relu(1 - real).mean(), lambda fake: torch.relu(1 + fake).mean()),
}


def terms(play: Play) -> dict[str, float]:
    """Over the samples that are shown, without instance noise, as all networks stand now.

    Returns:
        `real` and `fake`, or `pair`: D's loss as the objective has it, label smoothing in `real`. `gp`, `r1`, `r2`: its
        penalties, weighted, those that there are. `generator`: G's loss.
    """
    scene, game = play.scene, play.trainer.game
    objective, net = OBJECTIVES[scene.objective], game.discriminator
    view = play.view(("real", "fake"))
    assert view.real is not None and view.fake is not None
    whole = len(view.fake) - len(view.fake) % scene.packing
    real, fake = (packed(points[:whole].detach(), scene.packing) for points in (view.real, view.fake))
    net.eval()  # a look must not move what moves with each pass in training
    try:
        weights = {"r1": (scene.r1_weight, real), "r2": (scene.r2_weight, fake)}
        found = {
            name: weight * slope_penalty(*_judged(net, samples)) for name, (weight, samples) in weights.items()
            if weight
        }
        if scene.objective == "wasserstein" and scene.gp_weight:
            found["gp"] = scene.gp_weight * gradient_penalty(net, real, fake, stream(scene.seed, "terms"))
        with torch.no_grad():
            real_logits, fake_logits = net(real), net(fake)
    finally:
        net.train()
    smoothing = scene.label_smoothing
    if scene.objective == "relativistic":
        found["pair"] = objective.discriminator(real_logits, fake_logits, smoothing)
    else:
        of_real, of_fake = _SIDES[scene.objective]
        found |= {"real": of_real(real_logits) + smoothing * real_logits.mean(), "fake": of_fake(fake_logits)}
    found["generator"] = objective.generator(real_logits if objective.needs_real else None, fake_logits)
    return {name: float(value.detach()) for name, value in found.items()}


def _judged(net: torch.nn.Module, samples: Tensor) -> tuple[Tensor, Tensor]:
    """Logits, and the samples that they can be derived by."""
    samples = samples.clone().requires_grad_()
    return net(samples), samples
