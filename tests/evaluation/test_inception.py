"""Inception's features from weights that a person gives: a file made here, for the real ones are a download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import inception_v3

from gan_core.errors import ConfigError
from gan_core.evaluation import judge_for
from gan_core.evaluation.inception import Inception


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As torchvision's own would be, but for their values."""
    path = tmp_path_factory.mktemp("weights") / "inception.safetensors"
    net = inception_v3(weights=None, init_weights=False)  # with the second head that features do not need
    random = torch.Generator().manual_seed(0)
    save_file({
        name: 0.05 * torch.randn(value.shape, generator=random)
        if name.endswith("weight") and value.dim() > 1 else value for name, value in net.state_dict().items()
    }, path)
    return path


def test_features_are_those_before_the_last_layer(weights: Path, tiny: Any):
    samples = tiny(4, shape=(3, 28, 28)).samples
    extractor = Inception(weights)
    found = extractor.features(samples)
    assert found.shape == (4, 2048) and found.std(0).max() > 0
    assert torch.allclose(found, extractor.features(samples, batch=3), rtol=1e-3, atol=1e-5)
    assert len(extractor.digest) == 12 and extractor.probabilities(found) is None and not extractor.training


def test_what_is_no_such_file_is_said(weights: Path, tmp_path: Path, tiny: Any):
    with pytest.raises(ConfigError, match=r"gone.safetensors.*cannot be read.*inception.py"):
        Inception(tmp_path / "gone.safetensors")
    (tmp_path / "torn").write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ConfigError, match="cannot be read"):
        Inception(tmp_path / "torn")
    save_file({"fc.weight": torch.zeros(2, 2)}, tmp_path / "other")
    with pytest.raises(ConfigError, match="not the weights of torchvision's inception_v3"):
        Inception(tmp_path / "other")
    with pytest.raises(ConfigError, match="it sees colour pictures"):
        judge_for(tiny(200), tmp_path, 50, inception=weights)
