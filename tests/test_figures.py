"""What the figures hold: the numbers, where they are drawn, and how they are smoothed."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import plotly.graph_objects as go
import pytest

from gan_core.figures import (
    AXES,
    DISCRIMINATOR_COLOUR,
    GENERATOR_COLOUR,
    RUN_COLOURS,
    Branch,
    Curve,
    Measured,
    beliefs,
    family,
    losses,
    run_colour,
    score_histogram,
    scores,
    smooth,
)
from gan_core.store import COLUMNS, History


def curve(name: str = "first", points: int = 5, **columns: list[float]) -> Curve:
    steps = np.arange(1.0, points + 1)
    made = {column: np.linspace(0.1, 0.9, points) for column in COLUMNS}
    made |= {"step": steps, "images": 64 * steps, "epoch": steps / 4, "seconds": steps / 8}
    return Curve(name, made | {key: np.array(values) for key, values in columns.items()})


def lines(figure: go.Figure) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.mode == "lines"]


def headings(figure: go.Figure) -> str:
    return " ".join(annotation.text for annotation in figure.layout.annotations)


# smoothing


def test_no_smoothing_leaves_the_values() -> None:
    values = np.array([3.0, -1.0, np.nan])
    assert smooth(values, np.array([1.0, 2.0, 3.0]), 0) is values


def test_a_point_counts_half_for_every_half_life() -> None:
    smoothed = smooth(np.array([8.0, 0.0, 0.0]), np.array([0.0, 100.0, 300.0]), 100)
    # After one half-life the 8 weighs 1/2 against 1; after three 1/8 against 1/4 and 1.
    assert smoothed == pytest.approx([8, 8 * 0.5 / 1.5, 8 * 0.125 / (0.125 + 0.25 + 1)])


def test_smoothing_is_the_weighted_mean_of_its_definition() -> None:
    random = np.random.default_rng(0)
    values, images = random.normal(size=40), np.cumsum(random.integers(0, 500, 40)).astype(float)
    weights = np.tril(0.5 ** ((images[:, None] - images[None, :]) / 700))
    assert smooth(values, images, 700) == pytest.approx((weights * values).sum(1) / weights.sum(1))


def test_a_value_that_is_not_finite_has_no_weight_and_stays() -> None:
    smoothed = smooth(np.array([np.nan, 4.0, np.inf, 0.0]), np.array([0.0, 1.0, 2.0, 3.0]), 1)
    assert np.isnan(smoothed[0])
    assert np.isinf(smoothed[2])
    assert smoothed[[1, 3]] == pytest.approx([4, 4 * 0.25 / 1.25])


# what is drawn


@pytest.mark.parametrize(("draw", "columns"), [(losses, ("loss_d", "loss_g")), (beliefs, ("d_real", "d_fake"))])
@pytest.mark.parametrize("x", list(AXES))
def test_each_run_has_a_line_in_each_panel_with_its_own_numbers(draw, columns: tuple[str, str], x: str) -> None:
    first = curve("first", loss_d=[1, 2, 3, 4, 5], d_fake=[0, 0.1, 0.2, 0.3, 0.4])
    second = curve("second", points=3, loss_g=[7, 8, 9])
    drawn = lines(draw([first, second], x=x))
    assert [(line.name, line.yaxis) for line in drawn] == [
        ("first", "y"), ("second", "y"), ("first", "y2"), ("second", "y2"),
    ]
    expected = [(run, column) for column in columns for run in (first, second)]
    for line, (run, column) in zip(drawn, expected, strict=True):
        assert np.array_equal(line.x, run.columns[x])
        assert np.array_equal(line.y, run.columns[column])


def test_the_axis_is_named_with_its_unit() -> None:
    titles = {x: losses([curve()], x=x).layout.xaxis2.title.text for x in AXES}
    assert titles == {
        "images": "images seen", "step": "steps", "epoch": "epochs", "seconds": "training time (s)"
    }
    with pytest.raises(ValueError, match="x = 'minutes': must be one of images, step, epoch, seconds"):
        losses([curve()], x="minutes")


def test_smoothing_is_applied_to_what_is_drawn() -> None:
    one = curve(loss_d=[8, 0, 0, 0, 0])
    assert lines(losses([one], half_life=64))[0].y == pytest.approx(
        smooth(one.columns["loss_d"], one.columns["images"], 64)
    )


def test_one_run_has_the_players_colours_and_several_have_their_own() -> None:
    assert [line.line.color for line in lines(losses([curve()]))] == [DISCRIMINATOR_COLOUR, GENERATOR_COLOUR]
    several = lines(losses([curve("a"), curve("b")]))
    assert [line.line.color for line in several] == [RUN_COLOURS[0], RUN_COLOURS[1]] * 2
    assert not {DISCRIMINATOR_COLOUR, GENERATOR_COLOUR} & set(RUN_COLOURS)
    assert run_colour(len(RUN_COLOURS)) == run_colour(0)
    told = Curve("a", curve().columns, colour="#123456")
    assert {line.line.color for line in lines(losses([told]))} == {"#123456"}
    for figure in (losses([curve("a"), curve("b")]), beliefs([curve("a"), curve("b")])):
        assert DISCRIMINATOR_COLOUR in headings(figure)
        assert GENERATOR_COLOUR in headings(figure)


def test_the_legend_names_each_of_several_runs_once() -> None:
    shown = [line.name for line in lines(losses([curve("a"), curve("b")])) if line.showlegend]
    assert shown == ["a", "b"]
    assert not any(line.showlegend for line in lines(losses([curve()])))


def test_marks_stand_on_the_line_at_their_images() -> None:
    one = curve(loss_d=[1, 3, 5, 7, 9])
    figure = losses([Curve("first", one.columns, {"A": 64, "B": 224})], x="seconds")
    marks = next(trace for trace in figure.data if trace.mode == "markers+text")
    assert list(marks.text) == ["A", "B"]
    assert marks.x == pytest.approx([1 / 8, 3.5 / 8])  # 224 images are half way from step 3 to 4
    assert marks.y == pytest.approx([1, 6])


def test_a_log_scale_leaves_out_what_has_no_logarithm_and_says_so() -> None:
    one = curve(loss_d=[1, 10, 0, -1, 100])
    figure = losses([one], log=True)
    assert figure.layout.yaxis.type == figure.layout.yaxis2.type == "log"
    assert np.array_equal(lines(figure)[0].y, [1, 10, np.nan, np.nan, 100], equal_nan=True)
    assert "2 points at or below 0 left out" in headings(figure)
    assert "left out" not in headings(losses([one]))
    assert losses([one]).layout.yaxis.type == "linear"


def test_the_equilibrium_is_a_line_at_one_half_in_both_panels() -> None:
    figure = beliefs([curve()])
    assert [(shape.y0, shape.y1, shape.yref) for shape in figure.layout.shapes] == [(0.5, 0.5, "y"), (0.5, 0.5, "y2")]
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range == (-0.02, 1.02)


def test_the_background_is_the_pages() -> None:
    for figure in (losses([curve()]), beliefs([curve()])):
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        assert figure.layout.font.color is None


def test_a_long_history_is_drawn_with_at_most_a_thousand_points() -> None:
    history = History()
    for step in range(1, 5001):
        history.append(dict.fromkeys(COLUMNS, 0.5) | {"step": step, "images": 64 * step})
    figure = losses([Curve("long", history.thinned().columns)])
    assert 500 < len(lines(figure)[0].x) <= 1000


def test_no_points_make_an_empty_figure() -> None:
    empty = Curve("empty", {name: np.empty(0) for name in COLUMNS}, {"A": 64})
    assert all(len(line.x) == 0 for line in losses([empty], half_life=100).data)


def measured(name: str = "first", low: float = 0.0) -> Measured:
    columns = {"images": np.array([64.0, 128.0]), "seconds": np.array([1.0, 3.0])}
    return Measured(name, "#1f9e8c", columns, np.array([8.0, 4.0]), np.array([1.0, 4.0 - low]))


def test_a_measure_has_a_band_as_wide_as_its_error_and_the_floor() -> None:
    figure = scores([measured(), measured("second")], "FID", floor=2.5, x="seconds")
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert [list(band.y) for band in bands] == [[9, 8, 0, 7]] * 2 and list(bands[0].x) == [1, 3, 3, 1]
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [line.name for line in lines] == ["first", "second"] and list(lines[0].y) == [8, 4]
    (floor,) = figure.layout.shapes
    assert floor.y0 == floor.y1 == 2.5 and "real against real, 2.5" in figure.layout.annotations[0].text
    assert figure.layout.xaxis.title.text == AXES["seconds"]
    json.loads(figure.to_json(), parse_constant=pytest.fail)


def test_a_measure_is_logarithmic_only_where_its_bars_stay_above_0() -> None:
    assert scores([measured(low=0.5)], "FID", log=True).layout.yaxis.type == "log"
    assert scores([measured()], "FID", log=True).layout.yaxis.type == "linear"


def test_pandas_is_whole_before_a_figure_is_drawn() -> None:
    """Plotly fails on a pandas that another thread has begun to import: who has the figures has all of it."""
    program = "import sys, gan_core.figures; print(hasattr(sys.modules.get('pandas'), 'Series'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_figures_are_json_without_a_value_that_is_no_number() -> None:
    json.loads(losses([curve(loss_g=[np.nan, 1, 2, 3, 4])]).to_json(), parse_constant=pytest.fail)


# what D gives its scores to

EDGES, REAL, FAKE = np.array([-2.0, -1.0, 0.0, 2.0]), np.array([0, 1, 3]), np.array([6, 2, 0])


def test_histogram_shows_the_shares_of_both_in_the_players_colours() -> None:
    real, fake = score_histogram(EDGES, REAL, FAKE, undecided=0.0).data
    assert (real.name, fake.name) == ("real", "fake")
    assert (real.marker.color, fake.marker.color) == (DISCRIMINATOR_COLOUR, GENERATOR_COLOUR)
    assert list(real.y) == [0, 0.25, 0.75] and list(fake.y) == [0.75, 0.25, 0]
    assert list(real.x) == list(fake.x) == [-1.5, -0.5, 1.0] and list(real.width) == [1, 1, 2]


def test_histograms_line_stands_where_d_cannot_tell() -> None:
    (line,) = score_histogram(EDGES, REAL, FAKE, undecided=0.5).layout.shapes
    assert (line.x0, line.x1) == (0.5, 0.5)
    assert not score_histogram(EDGES, REAL, FAKE).layout.shapes
    for undecided in (-7.0, 0.5, 9.0):  # in sight, wherever it is
        low, high = score_histogram(EDGES, REAL, FAKE, undecided).layout.xaxis.range
        assert low < min(undecided, -2) and high > max(undecided, 2)


@pytest.mark.parametrize(("at", "anchor"), [(-100.0, "left"), (0.0, None), (100.0, "right")])
def test_where_d_cannot_tell_is_said_within_the_figure(at: float, anchor: str | None):
    (words,) = score_histogram(EDGES, REAL, FAKE, undecided=at).layout.annotations
    assert words.text == "D cannot tell" and (anchor is None or words.xanchor == anchor)


def test_histogram_of_one_kind_alone_and_of_counts_that_do_not_fit() -> None:
    (fake,) = score_histogram(EDGES, np.zeros(3, np.int64), FAKE).data
    assert fake.name == "fake" and not score_histogram(EDGES, *np.zeros((2, 3), np.int64)).data
    with pytest.raises(ValueError, match="one more edge than counts"):
        score_histogram(EDGES, REAL, FAKE[:2])
    with pytest.raises(ValueError, match="one more edge than counts"):
        score_histogram(EDGES[:-1], REAL, FAKE)


def test_a_fork_is_marked_where_it_branched_off() -> None:
    figure = losses([curve(), Curve("second", curve().columns, forked=96)], x="step")
    forks = [trace for trace in figure.data if trace.marker.symbol == "diamond-open"]
    assert [(fork.name, list(fork.x), list(fork.customdata)) for fork in forks] == [("second", [1.5], [96])] * 2


def test_a_family_has_a_line_each_below_its_parents() -> None:
    figure = family([
        Branch("a", "#111111", None, 0, 100), Branch("b<i>", "#222222", 0, 40, 200, "rate 1 → 2"),
    ])
    joints = [trace for trace in figure.data if trace.mode == "lines"]
    assert [(list(joint.x), list(joint.y)) for joint in joints] == [([40, 40], [0, -1])]
    runs = [trace for trace in figure.data if trace.mode == "lines+markers+text"]
    assert [list(run.x) for run in runs] == [[0, 100], [40, 200]]
    assert "b&lt;i&gt;" in runs[1].text[1] and "rate 1 → 2" in runs[1].hovertemplate
