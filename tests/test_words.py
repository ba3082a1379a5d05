"""Numbers as people read them."""

from __future__ import annotations

import pytest

from gan_core.words import measured


@pytest.mark.parametrize(
    ("value", "error", "told"),
    [
        (1053.2, 4.71, ("1,053.2", "4.7")), (0.0389, 0.00612, ("0.0389", "0.0061")), (77.69, 103.4, ("78", "103")),
        (-0.0327, 0.0101, ("-0.033", "0.010")), (33.18, None, ("33.2", "")), (0.9, None, ("0.9", "")),
        (3506.1, None, ("3,506", "")), (1e-9, None, ("1e-09", "")), (5.0, 0.0, ("5", "0")),
        (123456.7, 3000.0, ("123,457", "3,000")), (5.0, 0.0001, ("5.00000", "0.00010")), (1e30, 1.0, ("1e+30", "")),
        (float("nan"), 1.0, ("nan", "")), (3.0, float("inf"), ("3", "")), (-2.0, float("nan"), ("-2", "")),
    ],
)
def test_a_number_and_its_error_end_where_they_stop_saying_anything(
    value: float, error: float | None, told: tuple[str, str]
):
    assert measured(value, error) == told
