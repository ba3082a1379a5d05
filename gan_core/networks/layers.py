"""Layers that draw their randomness from a run's own generator, and how weights begin."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils import parametrize


class Dropout(nn.Module):
    """Inverted dropout (Srivastava 2014) whose masks come from `generator`, never from the global one.

    `torch.nn.Dropout` cannot be given a generator; a run that shares the global one could not be repeated beside
    another run.
    """

    def __init__(self, p: float, generator: torch.Generator) -> None:
        super().__init__()
        self.p, self.generator = p, generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        keep = torch.rand(x.shape, generator=self.generator, device=x.device) >= self.p
        return x * keep / (1 - self.p)


class SpectralNorm(nn.Module):
    """Weight → weight / its largest singular value (Miyato 2018, algorithm 1): one power iteration a forward pass.

    `torch.nn.utils.parametrizations.spectral_norm` begins from the global generator; this begins from the weight, and
    takes fewer small operations, whose overhead counts in small networks.
    """

    u: Tensor
    v: Tensor

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.register_buffer("u", torch.empty(rows))
        self.register_buffer("v", torch.empty(columns))

    @torch.no_grad()
    def iterate(self, weight: Tensor, times: int = 1) -> None:
        matrix = _matrix(weight)
        for _ in range(times):
            torch.mv(matrix.t(), self.u, out=self.v)
            self.v.div_(self.v.norm().clamp_(min=_TINY))
            torch.mv(matrix, self.v, out=self.u)
            self.u.div_(self.u.norm().clamp_(min=_TINY))

    def forward(self, weight: Tensor) -> Tensor:
        if torch.is_autocast_enabled(weight.device.type):  # a singular value in half precision is none
            with torch.autocast(weight.device.type, enabled=False):
                return self._normalised(weight)
        return self._normalised(weight)

    def _normalised(self, weight: Tensor) -> Tensor:
        if self.training:
            self.iterate(weight)
        return _Normalised.apply(weight, self.u, self.v)


_TINY = 1e-12


class _Normalised(torch.autograd.Function):
    """W / σ with σ = uᵀWv, where u and v are held constant (Miyato 2018, section 2.1 and equation 11)."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, u: Tensor, v: Tensor) -> Tensor:
        # Clones: a later power iteration must not change what this pass's backward still needs.
        u, v = u.clone(), v.clone()
        sigma = torch.dot(u, torch.mv(_matrix(weight), v))
        normalised = weight / sigma
        ctx.save_for_backward(normalised, u, v, sigma)
        return normalised

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        normalised, u, v, sigma = ctx.saved_tensors
        # d(W/σ) = dW/σ - (W/σ)(uᵀ dW v)/σ
        matrix = _matrix(gradient)
        along = torch.dot(matrix.flatten(), _matrix(normalised).flatten())
        turned = torch.addr(matrix, u, v * along, alpha=-1).div_(sigma)
        if gradient.dim() == 4:
            turned = turned.unflatten(1, (*gradient.shape[2:], gradient.shape[1])).permute(0, 3, 1, 2)
        return turned, None, None


def _matrix(weight: Tensor) -> Tensor:
    """[outputs, everything else]; of a convolution in the order in which channels_last lies in memory: a view then."""
    return (weight.permute(0, 2, 3, 1) if weight.dim() == 4 else weight).flatten(1)


def has_batch_norm(net: nn.Module) -> bool:
    """Whether the samples of a batch depend on each other in it."""
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in net.modules())


def spectral(module: nn.Module) -> nn.Module:
    """`module` (a Linear, Conv2d or Embedding) with its weight spectrally normalised."""
    weight = module.weight
    assert isinstance(weight, Tensor)
    normalise = SpectralNorm(weight.shape[0], weight.flatten(1).shape[1]).to(weight.device)
    # unsafe: the parametrization is checked by our tests; torch's own check would run it on the meta device.
    parametrize.register_parametrization(module, "weight", normalise, unsafe=True)
    return module


def initialise(net: nn.Module, generator: torch.Generator, normal_std: float | None = None) -> None:
    """Fill every parameter and buffer of `net`, drawing only from `generator`.

    `normal_std=None`: torch's own defaults for Linear and Conv2d (kaiming uniform, a=√5). A number: weights from
    N(0, std) and batch norm scales from N(1, std), biases 0 (Radford 2016, section 3).
    """
    for module in net.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            weight = _raw_weight(module)
            # As torch does: for a transposed convolution too, dimension 1 counts as the inputs.
            fan_in = weight[0].numel()
            if normal_std is None:
                bound = 1 / math.sqrt(fan_in)
                nn.init.uniform_(weight, -bound, bound, generator=generator)
                if module.bias is not None:
                    nn.init.uniform_(module.bias, -bound, bound, generator=generator)
            else:
                nn.init.normal_(weight, 0.0, normal_std, generator=generator)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            nn.init.normal_(_raw_weight(module), 0.0, 0.1 if normal_std is None else normal_std, generator=generator)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_parameters()
            if normal_std is not None:
                nn.init.normal_(module.weight, 1.0, normal_std, generator=generator)
    for module in net.modules():
        if parametrize.is_parametrized(module):
            normalise = module.parametrizations.weight[0]  # type: ignore[union-attr, index]
            assert isinstance(normalise, SpectralNorm)
            nn.init.normal_(normalise.u, generator=generator)
            # Enough iterations that the first real forward pass already divides by the true singular value.
            normalise.iterate(_raw_weight(module).detach(), 15)


def _raw_weight(module: nn.Module) -> Tensor:
    if parametrize.is_parametrized(module, "weight"):
        return module.parametrizations.weight.original  # type: ignore[union-attr, return-value]
    weight = module.weight
    assert isinstance(weight, Tensor)
    return weight


class Projection(nn.Module):
    """Logit of a picture given its label: ψ(h) + ⟨embed(y), h⟩ (Miyato & Koyama 2018, equation 3).

    Input: features [B, features] and labels int64 [B], or soft labels float [B, n_classes], or None when
    unconditional. Output: logits [B].
    """

    def __init__(self, features: int, n_classes: int, normalise: bool) -> None:
        super().__init__()
        self.score: nn.Module = nn.Linear(features, 1)
        self.embed: nn.Module | None = nn.Linear(n_classes, features, bias=False) if n_classes else None
        self.n_classes = n_classes
        if normalise:
            spectral(self.score)
            if self.embed is not None:
                spectral(self.embed)

    def forward(self, features: Tensor, labels: Tensor | None) -> Tensor:
        logits = self.score(features).squeeze(1)
        if self.embed is None:
            return logits
        return logits + (self.embed(one_hot(labels, self.n_classes)) * features).sum(1)


def one_hot(labels: Tensor | None, n_classes: int) -> Tensor:
    """Labels int64 [B] → float [B, n_classes]; labels already soft pass through (a mix of classes is a place too).

    Raises:
        ValueError: no labels for a conditional network.
    """
    if labels is None:
        raise ValueError("this network is conditional: it needs labels")
    if labels.is_floating_point():
        return labels
    # Not F.one_hot, which looks at the values and so waits for the device.
    return (labels.unsqueeze(1) == torch.arange(n_classes, device=labels.device)).to(torch.float32)
