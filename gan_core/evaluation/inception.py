"""Inception's features, for colour pictures: where a person has its weights at hand.

The weights are not ours to bring along, and PyTorch's own files of them are pickles, which are never read here. Once,
where there is a network:

    python -c "import torchvision, safetensors.torch as s; \\
        s.save_file(torchvision.models.inception_v3(weights='DEFAULT').state_dict(), 'inception.safetensors')"

These are the weights that torchvision ships, trained on ImageNet as the original's were, but not the file that
published FIDs are measured with: its numbers stand beside each other, and not beside those of papers.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gan_core.errors import ConfigError
from gan_core.evaluation.digest import digest_of

SIDE = 299
HOW = "see gan_core/evaluation/inception.py for how to make it from torchvision's"


class Inception(nn.Module):
    """Colour pictures → the 2,048 features before Inception v3's last layer (Szegedy 2015; Heusel 2017, section 3)."""

    name = "inception v3 of torchvision"
    accuracy = None

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: of its weights, as torchvision names them.

        Raises:
            ConfigError: no such file, or not those weights.
        """
        super().__init__()
        try:
            weights = load_file(path)
        except (OSError, SafetensorError) as error:
            raise ConfigError(f"inception = {str(path)!r}: cannot be read ({error}); {HOW}") from None
        from torchvision.models import inception_v3  # takes a second: only for who wants it

        body = inception_v3(weights=None, init_weights=False, aux_logits=False)
        body.register_module("fc", nn.Identity())
        wanted = body.state_dict()
        found = {name: value for name, value in weights.items() if name in wanted}
        wrong = [name for name, value in wanted.items() if name not in found or found[name].shape != value.shape]
        if wrong:
            raise ConfigError(
                f"inception = {str(path)!r}: not the weights of torchvision's inception_v3 ({wrong[0]} is missing or "
                f"of another shape); {HOW}"
            )
        body.load_state_dict(found)
        self.body = body
        self.requires_grad_(False).eval()
        self._digest = digest_of(self)

    @property
    def digest(self) -> str:
        return self._digest

    @torch.no_grad()
    def features(self, samples: Tensor, batch: int = 32) -> Tensor:
        """uint8 [N, 3, S, S] → float32 [N, 2048]. Pictures are enlarged to 299 pixels, bilinearly."""
        return torch.cat([
            self.body(interpolate(part.float() / 127.5 - 1, (SIDE, SIDE), mode="bilinear", antialias=True))
            for part in samples.split(batch)
        ])

    def probabilities(self, features: Tensor) -> None:
        return None
