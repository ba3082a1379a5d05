"""Looking into a discriminator: how it scores samples, and where a picture's pixels push the score.

    discriminator, _ = runs.discriminator("first")
    scores(discriminator, samples, labels)         # D's logits
    push(discriminator, samples[0], labels[0])     # which pixels, made brighter, would make it believe more

Everything is a pure function of its arguments. A discriminator is one in eval mode, as `Runs.discriminator` gives it:
without dropout, each picture on its own, and without the instance noise and the augmentation that training adds.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv2d

from gan_core.game import packed
from gan_core.networks import has_batch_norm
from gan_core.objectives import Objective

BINS = 40

_BATCH = 256


@torch.inference_mode()
def scores(discriminator: nn.Module, samples: Tensor, labels: Tensor | None, packing: int = 1) -> Tensor:
    """D's logits.

    Args:
        samples: float [N, *shape], pictures in [-1, 1].
        labels: int64 [N], the classes that D is told; None for one that knows no classes.
        packing: how many samples D judges together; a sample's score is its pack's then, those of `samples` in their
            order, the last filled up with the first.

    Returns:
        float [N].
    """
    if packing > 1 and len(samples):
        whole = -(-len(samples) // packing) * packing
        packs = packed(samples[torch.arange(whole) % len(samples)], packing)
        return scores(discriminator, packs, None).repeat_interleave(packing)[: len(samples)]
    parts = [samples.new_empty(0)]
    for start in range(0, len(samples), _BATCH):
        some = slice(start, start + _BATCH)
        parts.append(discriminator(samples[some], None if labels is None else labels[some]).float())
    return torch.cat(parts)


def push(discriminator: nn.Module, sample: Tensor, label: Tensor | None, dab: float = 1.0) -> Tensor:
    """Where D's logit rises or falls when a spot of the picture gets brighter: its gradient with respect to the picture
    (a saliency map: Simonyan 2014, section 3, with its sign kept), over a soft dab of a brush.

    At each place stands Σ_p k(p - place) Σ_channels ∂logit/∂x(p), with k a Gaussian whose weights sum to 1: the slope
    of the logit as that dab is laid on in white. The bare gradient (`dab=0`) of these small networks is speckled from
    pixel to pixel, and strokes drown in it. SmoothGrad (Smilkov 2017, equation 1; 16 to 32 copies, noise of 5 to 20 %
    of the range) looked the same, for the speckle is the networks' own; gradient times input turns its sign with the
    grey that is called 0. The dab leaves the strokes that D asks for and those it objects to, at the price of one
    backward pass.

    Args:
        sample: float [C, H, W] in [-1, 1].
        label: int64, a scalar: the class that D is told; None for one that knows no classes.
        dab: standard deviation of k in pixels; 0: one pixel.

    Returns:
        float [H, W], logit per unit of brightness, of which black to white is 2; positive: brighter looks more real.

    Raises:
        ValueError: the sample is no picture, or a negative dab.
    """
    if sample.dim() != 3 or dab < 0:
        raise ValueError(f"a push needs a sample [C, H, W] and a dab of 0 or more, not {tuple(sample.shape)} and {dab}")
    x = sample.detach().unsqueeze(0).requires_grad_()
    logit = discriminator(x, None if label is None else label.reshape(1))
    (slope,) = torch.autograd.grad(logit.sum(), x)
    slope = slope.sum(1, keepdim=True)
    if dab:
        reach = max(1, round(3 * dab))
        bell = torch.exp(-torch.arange(-reach, reach + 1, dtype=slope.dtype).square() / (2 * dab**2))
        bell = bell / bell.sum()
        # Beyond the edge there is nothing to paint on: zeros.
        slope = conv2d(slope, (bell.unsqueeze(1) * bell)[None, None], padding=reach)
    return slope[0, 0]


def undecided(objective: Objective, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """The logit at which D cannot tell, a scalar: the objective's own, or the midpoint of real and fake where a score
    has no zero.

    So it is with batch normalisation, too: in training D compares the pictures of a batch with each other; on its own,
    with running averages instead, each picture's score lies elsewhere (on MNIST after 45 s: real at -7.3 and fake at
    -8.7, where in their batches they were at 1.9 and -0.1).

    Args:
        real, fake: float [N], its scores of samples of both kinds; neither empty.
    """
    if has_batch_norm(discriminator):
        return (real.mean() + fake.mean()) / 2
    return objective.undecided(real, fake)


def histogram(
    real: Tensor, fake: Tensor, bins: int = BINS
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """How often which score is given to real and to fake samples, over the same bins.

    Args:
        real, fake: float [N] each, any N; scores that are not finite are left out.

    Returns:
        edges [bins + 1], rising; counts of the real and of the fake samples [bins] between them.
    """
    kinds = [values[np.isfinite(values)] for values in (real.double().numpy(), fake.double().numpy())]
    edges = np.histogram_bin_edges(np.concatenate(kinds), bins)
    first, second = (np.histogram(values, edges)[0] for values in kinds)
    return edges, first, second
