"""A generator as ONNX: one file that draws pictures in a browser, on a phone or in another language.

    data = to_onnx(generator)                    # bytes of the .onnx file
    worst = compare(data, generator)             # the largest difference to PyTorch, or an error if it is too large

The graph's inputs are `z`, float32 [batch, latent_dim] from N(0, 1), and, where the generator knows classes, `label`,
int64 [batch]; its output is `pictures`, float32 [batch, *shape] in [-1, 1]. The batch may have any size.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import cast

import torch
from torch import Tensor, nn

from gan_core.errors import WorkbenchError
from gan_core.trainer import stream

OPSET = 18
TOLERANCE = 1e-4
"""Largest difference allowed between ONNX Runtime and PyTorch, in outputs that lie in [-1, 1]: 1/80 of a grey level.
Sums in another order already differ by some 1e-6."""

BATCHES = (1, 2, 7, 64)
_NEEDED = ("onnx", "onnxruntime", "onnxscript")


class ExportError(WorkbenchError):
    """A generator could not be exported; the message is the reason in words."""


class _Graph(nn.Module):
    """The generator with the names that its inputs get."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator(z, label)


def check_available() -> None:
    """
    Raises:
        ExportError: a package that exporting needs is not installed; names the line that installs it.
    """
    for name in _NEEDED:
        _module(name)


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ExportError(
            f"the package {name!r} is needed for ONNX and is not installed: pip install -r requirements-onnx.txt"
        ) from None


def to_onnx(generator: nn.Module, facts: Mapping[str, str] | None = None) -> bytes:
    """The generator as the bytes of an `.onnx` file with all its weights inside (opset 18).

    Args:
        generator: on the CPU in eval mode, with `latent_dim`, `shape` and `n_classes`. It is not changed.
        facts: text that is kept in the file's metadata: of which run, at how many images.

    Raises:
        ExportError: packages are missing, or PyTorch cannot express this network as ONNX.
    """
    check_available()
    graph = _Graph(copy.deepcopy(generator).eval())
    inputs = {key: value[:2] for key, value in _inputs(generator, 2).items()}
    batch = torch.export.Dim("batch", min=1)
    try:
        with _quiet():
            program = torch.onnx.export(
                graph, kwargs=inputs, dynamo=True, opset_version=OPSET, external_data=False, verbose=False,
                input_names=list(inputs), output_names=["pictures"], dynamic_shapes={key: {0: batch} for key in inputs},
            )
    except Exception as error:  # its exporters raise dozens of kinds
        reason = str(error).strip().splitlines() or [""]
        raise ExportError(f"PyTorch could not express this network as ONNX: {reason[0]}") from error
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:
        del node.metadata_props[:]  # where in whose folders the code lay that made it
    for key, value in (facts or {}).items():
        model.metadata_props.add(key=key, value=value)
    return cast(bytes, model.SerializeToString())


def compare(data: bytes, generator: nn.Module, batches: tuple[int, ...] = BATCHES) -> float:
    """Run the file and the generator on the same latents → the largest difference of any output.

    Args:
        data: what `to_onnx` returned.
        batches: sizes to try, each with latents and labels of its own.

    Raises:
        ExportError: the file cannot be run, or differs by more than `TOLERANCE` or in shape.
    """
    runtime = _module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        worst = 0.0
        for size in batches:
            inputs = _inputs(generator, size)
            theirs = session.run(["pictures"], {key: value.numpy() for key, value in inputs.items()})[0]
            with torch.inference_mode():
                ours = generator(inputs["z"], inputs.get("label"))
            if theirs.shape != tuple(ours.shape):
                raise ExportError(f"ONNX Runtime draws {theirs.shape} where PyTorch draws {tuple(ours.shape)}")
            difference = float((torch.from_numpy(theirs) - ours).abs().max())
            worst = max(worst, difference) if difference == difference else float("nan")
            if not worst <= TOLERANCE:
                raise ExportError(
                    f"ONNX Runtime's pictures differ from PyTorch's by {worst:.1e} in a batch of {size}; at most "
                    f"{TOLERANCE:.0e} is allowed, so the file was not kept"
                )
    except ExportError:
        raise
    except Exception as error:  # ONNX Runtime's own kinds share no base but this
        raise ExportError(f"ONNX Runtime cannot run the file: {error}") from error
    return worst


def _inputs(generator: nn.Module, size: int) -> dict[str, Tensor]:
    """Latents, and labels where the generator knows classes, the same for a size always."""
    latent_dim, n_classes = cast(int, generator.latent_dim), cast(int, generator.n_classes)
    random = stream(size, "onnx")
    inputs = {"z": torch.randn(size, latent_dim, generator=random)}
    if n_classes:
        inputs["label"] = torch.randint(n_classes, (size,), generator=random)
    return inputs


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's talk to its own developers."""
    talkers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    before = [logger.level for logger in talkers]
    for logger in talkers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(talkers, before, strict=True):
            logger.setLevel(level)
