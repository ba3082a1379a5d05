"""`export-onnx`: a generator for use without Python."""

from __future__ import annotations

from pathlib import Path

import click

from gan_core import export
from gan_core.cli.shell import Command, checkpoint_option, checkpoints_option, name_argument, out_option, say, write
from gan_core.runs import Runs
from gan_core.store import Store


@click.command("export-onnx", cls=Command)
@name_argument
@out_option(".onnx")
@checkpoint_option
@checkpoints_option
def export_onnx(name: str, out: Path, step: int | None, store: Store) -> None:
    """Write the generator of the run NAME as an ONNX file, which browsers, phones and other languages can run.

    \b
      pip install -r requirements-onnx.txt
      python -m gan_core export-onnx digits-quick-1 --out digits.onnx

    Inputs: `z`, float32 batch×latent size, from N(0, 1); where the generator knows classes also `label`, int64 batch.
    Output: `pictures`, float32 batch×channels×height×width from -1 (black) to 1 (white). The file is kept only if ONNX
    Runtime draws with it what PyTorch draws, within 0.0001, in batches of several sizes.
    """
    export.check_available()
    runs = Runs(store)
    folder = runs.folder(name)
    file = folder.find(step=step)
    generator, images = runs.generator(name, file.images)
    facts = {"run": name, "images": str(images), "dataset": folder.info.dataset.name}
    facts["classes"] = "\n".join(folder.info.dataset.classes)
    data = export.to_onnx(generator, facts)
    worst = export.compare(data, generator)
    write(out, data)
    say(
        f"{out}: the generator of {name} at {images:,} images, {len(data) / 1e6:.1f} MB; differs from PyTorch by at "
        f"most {worst:.1e} (allowed: {export.TOLERANCE:.0e}) in batches of {', '.join(map(str, export.BATCHES))}"
    )
