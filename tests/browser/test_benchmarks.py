"""The benchmarks that need a browser run, in a tiny form, so that they cannot rot."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.browser.dashboard import ROOT

pytestmark = pytest.mark.long  # minutes, most of them a browser's


def _table(*command: str) -> list[list[str]]:
    """What the command prints, cell by cell, without the heads."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_thread_cost(page: object) -> None:
    heads, *rows = _table("benchmarks.thread_cost", "--seconds", "1", "--rounds", "1")
    assert heads[-1] == "ratio" and [float(row[-1]) > 0 for row in rows] == [True] * 3
    assert float(rows[0][-1]) == 1.0


def test_screens(page: object) -> None:
    short = ("--rounds", "1", "--drag-seconds", "1", "--chart-seconds", "3", "--minutes", "0.05")
    rows = _table("benchmarks.screens", *short)
    told = {row[0]: row[1:] for row in rows}
    for page_name in ("Train", "Explore", "Compare"):
        assert any(name.startswith(f"usable: {page_name}") for name in told), told
    assert float(told["pictures a second while dragging"][0]) > 0
    assert told["click on Train to the first point"][0].endswith("ms")
    assert told["new points on the charts, every"][1] and len(rows[-1]) == 3


def test_lab(page: object) -> None:
    rows = _table("benchmarks.lab", "--seconds", "1")[1:]
    assert len(rows) == 6 and all(float(row[1]) > 0 and float(row[4]) > 0 for row in rows)
