"""Runs as zips, in memory."""

from __future__ import annotations

import io
import zipfile

from gan_core.store import RunFolder, export_run

FIRST, SECOND = "run/000000008.safetensors", "run/000000016.safetensors"
SAMPLE = "run/samples/000000016.png"


def exported(folder: RunFolder) -> io.BytesIO:
    file = io.BytesIO()
    export_run(folder, file)
    return file


def members(file: io.BytesIO) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as zf:
        return {name: zf.read(name) for name in zf.namelist()}


def zipped(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as zf:
        for name, data in files.items():
            zf.writestr(name, data)
    return out
