"""Measurements, each by one command: see README.md here."""

import gan_core  # noqa: F401  (before PyTorch: it sets how threads wait, as in the product)
