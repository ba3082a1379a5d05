"""`python -m gan_core.evaluation.embedded`: make anew the classifier of the embedded digits.

It comes with the program, so that a first run is measured from its first seconds.
"""

from __future__ import annotations

from gan_core import datasets
from gan_core.evaluation.classifier import SHIPPED, keep, train


def make() -> None:
    digits = datasets.load("digits")
    net = train(digits)
    for old in SHIPPED.glob("*.safetensors"):
        old.unlink()
    keep(net, digits, SHIPPED)
    print(f"{SHIPPED}: {net.accuracy:.1%} right on digits that it was not shown")


if __name__ == "__main__":
    make()
