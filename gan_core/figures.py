"""Plotly figures from plain arrays: no streamlit, no torch.

    curve = Curve("first", history.thinned().columns, marks={"A": 3200})
    losses([curve, other], x="seconds", half_life=2000).show()

Backgrounds are transparent and text is left to the theme, so that a figure suits light and dark. D and G have a panel
each, headed in their colours. A curve alone is drawn in them too; of several, each run has a colour of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

# Plotly asks a pandas that anyone has imported for its classes, also one that another thread is half way through with.
with contextlib.suppress(ImportError):
    import pandas  # noqa: F401

# The two players' colours, the same in every chart, word and picture, readable on light and on dark.
DISCRIMINATOR_COLOUR = "#3f7fd0"
GENERATOR_COLOUR = "#e07b39"
# Runs beside each other: neither player's colour, and apart in lightness too for eyes that mix up hues.
RUN_COLOURS = ("#1f9e8c", "#b4489c", "#a8891c", "#7a62cf", "#cf4a55", "#6f8791")

AXES = {"images": "images seen", "step": "steps", "epoch": "epochs", "seconds": "training time (s)"}
"""What a curve can be drawn over: a column of the history, and how its axis is called."""

_GRID = "rgba(128,128,128,0.18)"
_LINE = "rgba(128,128,128,0.9)"
_HEIGHT = 460


@dataclass(frozen=True)
class Curve:
    """What is drawn of one run.

    Attributes:
        name: the run's.
        columns: of its history by name, float64 [points], at most about 1,000 points: `History.thinned().columns`.
        marks: letter → images seen; places to point at, such as checkpoints.
        colour: None: a curve alone is drawn in D's and G's colours, of several each has its `run_colour`.
        forked: images seen where it branched off its parent, whose curve it has until there.
    """

    name: str
    columns: Mapping[str, NDArray[np.float64]]
    marks: Mapping[str, float] = field(default_factory=dict)
    colour: str | None = None
    forked: float | None = None


@dataclass(frozen=True)
class _Panel:
    """One column of the history in one part of a figure."""

    column: str
    title: str
    colour: str


_LOSSES = (
    _Panel("loss_d", "loss of D, the discriminator", DISCRIMINATOR_COLOUR),
    _Panel("loss_g", "loss of G, the generator", GENERATOR_COLOUR),
)
_BELIEFS = (
    _Panel("d_real", "D(real): that a real picture is real", DISCRIMINATOR_COLOUR),
    _Panel("d_fake", "D(fake): that G's picture is real", GENERATOR_COLOUR),
)


def run_colour(index: int) -> str:
    """The colour of the `index`-th of several runs."""
    return RUN_COLOURS[index % len(RUN_COLOURS)]


def smooth(values: NDArray[np.float64], images: NDArray[np.float64], half_life: float) -> NDArray[np.float64]:
    """An exponential moving average: at each point the weighted mean of all points so far.

    A point counts half as much for every `half_life` images seen since it, so that runs recorded at different
    spacings are smoothed alike: s_i = Σ_j w_ij v_j / Σ_j w_ij over j ≤ i, with w_ij = ½ ** ((images_i - images_j) /
    half_life). The first point is itself. Points that are not finite have no weight, and stay as they are.

    Args:
        values, images: float64 [points], images not falling.
        half_life: in images; 0 leaves the values as they are.
    """
    if half_life <= 0 or not len(values):
        return values
    smoothed = np.array(values)
    keep = 0.5 ** (np.diff(images, prepend=images[:1]) / half_life)
    total = weight = 0.0
    for i, value in enumerate(values):
        total, weight = total * keep[i], weight * keep[i]
        if np.isfinite(value):
            total, weight = total + value, weight + 1.0
            smoothed[i] = total / weight
    return smoothed


def losses(curves: Sequence[Curve], x: str = "images", log: bool = False, half_life: float = 0.0) -> go.Figure:
    """The losses of D and of G, a panel each, of all runs together.

    Args:
        x: one of `AXES`.
        log: the loss on a logarithmic scale; values at or below 0 have no place on it and are left out.
        half_life: of `smooth`, in images.

    Raises:
        ValueError: another x.
    """
    figure = _figure(curves, _LOSSES, x, half_life, log)
    figure.update_yaxes(type="log" if log else "linear")
    return figure


def beliefs(curves: Sequence[Curve], x: str = "images", half_life: float = 0.0) -> go.Figure:
    """What D believes: the mean probability of being real that it gives to real pictures, and to G's.

    The line at 0.5 is the equilibrium, where D cannot tell the two apart (Goodfellow 2014, Proposition 1).
    Arguments as for `losses`.
    """
    figure = _figure(curves, _BELIEFS, x, half_life, log=False)
    figure.update_yaxes(range=[-0.02, 1.02], tickvals=[0, 0.25, 0.5, 0.75, 1])
    for row in (1, 2):
        figure.add_shape(
            type="line", xref="x domain", x0=0, x1=1, y0=0.5, y1=0.5, row=row, col=1,
            line={"dash": "dot", "width": 1.5, "color": _LINE},
        )
    figure.add_annotation(
        text="dotted: 0.5, D cannot tell", xref="x domain", x=1, y=0, xanchor="right", yanchor="bottom",
        showarrow=False, font={"size": 11}, opacity=0.8, row=1, col=1,
    )
    return figure


@dataclass(frozen=True)
class Measured:
    """What was measured of one run's checkpoints, in the order of training.

    Attributes:
        name, colour: the run's.
        columns: `images` and `seconds` of each checkpoint, float64 [checkpoints].
        values, bars: the number and how far its bar reaches on either side, float64 [checkpoints].
    """

    name: str
    colour: str
    columns: Mapping[str, NDArray[np.float64]]
    values: NDArray[np.float64]
    bars: NDArray[np.float64]


def scores(
    runs: Sequence[Measured], title: str, floor: float | None = None, x: str = "images", log: bool = False
) -> go.Figure:
    """One measure over training, of all runs together: a band for its error, and the floor as a dotted line.

    Args:
        title: of the measure.
        floor: what real samples score against real ones.
        x: `images` or `seconds`.
        log: the measure on a logarithmic scale, as far as all of it is above 0.
    """
    figure = go.Figure()
    log = log and all((run.values - run.bars > 0).all() for run in runs)
    for run in runs:
        at = run.columns[x]
        figure.add_trace(go.Scatter(
            x=np.concatenate([at, at[::-1]]),
            y=np.concatenate([run.values + run.bars, (run.values - run.bars)[::-1]]), fill="toself", mode="lines",
            line={"width": 0}, fillcolor=_faded(run.colour), hoverinfo="skip", showlegend=False, legendgroup=run.name,
        ))
        figure.add_trace(go.Scatter(
            x=at, y=run.values, mode="lines+markers", name=run.name, legendgroup=run.name, showlegend=len(runs) > 1,
            line={"color": run.colour, "width": 1.8}, marker={"size": 6},
            error_y={"type": "data", "array": run.bars, "width": 3, "thickness": 1, "color": run.colour},
            customdata=np.stack([run.columns["images"], run.columns["seconds"], run.bars], axis=1),
            hovertemplate=f"<b>%{{fullData.name}}</b><br>{title} %{{y:.4~g}} ± %{{customdata[2]:.2~g}}<br>"
            "%{customdata[0]:,} images · %{customdata[1]:.1f} s<extra></extra>",
        ))
    if floor is not None and not (log and floor <= 0):
        figure.add_shape(
            type="line", xref="paper", x0=0, x1=1, y0=floor, y1=floor,
            line={"dash": "dot", "width": 1.5, "color": _LINE},
        )
        figure.add_annotation(
            text=f"dotted: real against real, {floor:.3g}", xref="paper", x=1, y=1.0, yref="paper", xanchor="right",
            yanchor="top", showarrow=False, font={"size": 11}, opacity=0.8,
        )
    figure.update_xaxes(
        gridcolor=_GRID, zeroline=False, tickformat="~s" if x == "images" else None, title_text=AXES[x],
        title_standoff=8, uirevision=x,
    )
    figure.update_yaxes(
        gridcolor=_GRID, zeroline=False, automargin=True, type="log" if log else "linear",
        uirevision=f"{title} {log}", title_text=title, title_standoff=4,
    )
    figure.update_layout(
        height=300, margin={"l": 8, "r": 8, "t": 44, "b": 48}, paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)", hovermode="closest",
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
    )
    return figure


def _faded(colour: str) -> str:
    """A hex colour as a veil of itself."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"


def _figure(curves: Sequence[Curve], panels: Sequence[_Panel], x: str, half_life: float, log: bool) -> go.Figure:
    if x not in AXES:
        raise ValueError(f"x = {x!r}: must be one of {', '.join(AXES)}")
    figure = make_subplots(
        rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.12,
        subplot_titles=[f'<b style="color:{panel.colour}">{panel.title}</b>' for panel in panels],
    )
    figure.update_annotations(x=0, xanchor="left", font={"size": 13})
    hidden = 0
    for row, panel in enumerate(panels, start=1):
        for index, curve in enumerate(curves):
            colour = curve.colour or (panel.colour if len(curves) == 1 else run_colour(index))
            values = smooth(curve.columns[panel.column], curve.columns["images"], half_life)
            if log:
                hidden += int((values <= 0).sum())
                values = np.where(values > 0, values, np.nan)
            for trace in _traces(curve, panel, values, x, colour, legend=row == 1 and len(curves) > 1):
                figure.add_trace(trace, row=row, col=1)
    if hidden:
        figure.add_annotation(
            text=f"{hidden:,} point{'s' * (hidden > 1)} at or below 0 left out: a log scale has no place for them",
            xref="paper", yref="paper", x=0, y=-0.16, xanchor="left", yanchor="top", showarrow=False,
            font={"size": 11}, opacity=0.8,
        )
    # A zoom stays over changes, but for one of what it zoomed into.
    figure.update_xaxes(uirevision=x)
    figure.update_yaxes(uirevision="log" if log else "linear")
    figure.update_xaxes(gridcolor=_GRID, zeroline=False, tickformat="~s" if x in ("images", "step") else None)
    figure.update_xaxes(title_text=AXES[x], title_standoff=8, row=len(panels), col=1)
    figure.update_yaxes(gridcolor=_GRID, zeroline=False, automargin=True)
    figure.update_layout(
        height=_HEIGHT, margin={"l": 8, "r": 8, "t": 64 if len(curves) > 1 else 32, "b": 76 if hidden else 48},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", hovermode="closest",
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.09, "yanchor": "bottom"},
    )
    return figure


def _traces(
    curve: Curve, panel: _Panel, values: NDArray[np.float64], x: str, colour: str, legend: bool
) -> list[go.Scatter]:
    """A run's line in a panel, and its marks where it has any."""
    columns = curve.columns
    places = np.stack([columns[name] for name in ("images", "step", "epoch", "seconds")], axis=1)
    what = panel.title.split(":")[0].split(",")[0]
    line = go.Scatter(
        x=columns[x], y=values, mode="lines", name=curve.name, legendgroup=curve.name, showlegend=legend,
        line={"color": colour, "width": 1.8}, customdata=places,
        hovertemplate=f"<b>%{{fullData.name}}</b><br>{what} %{{y:.4~g}}<br>%{{customdata[0]:,}} images · "
        "step %{customdata[1]:,}<br>epoch %{customdata[2]:.3~g} · %{customdata[3]:.1f} s<extra></extra>",
    )
    if not len(values):
        return [line]
    traces = [line] if curve.forked is None else [line, _fork(curve, curve.forked, values, x, colour)]
    if not curve.marks:
        return traces
    images = np.array(list(curve.marks.values()), dtype=np.float64)
    marks = go.Scatter(
        x=np.interp(images, columns["images"], columns[x]), y=np.interp(images, columns["images"], values),
        mode="markers+text", text=list(curve.marks), textposition="top center", name=curve.name,
        legendgroup=curve.name, showlegend=False, cliponaxis=False, customdata=images,
        marker={"color": colour, "size": 9, "line": {"color": "rgba(255,255,255,0.9)", "width": 1.5}},
        hovertemplate="<b>%{text}</b>: the checkpoint of %{fullData.name}<br>at %{customdata:,} images<extra></extra>",
    )
    return [*traces, marks]


def _fork(curve: Curve, at: float, values: NDArray[np.float64], x: str, colour: str) -> go.Scatter:
    """Where a run branched off its parent."""
    columns = curve.columns
    return go.Scatter(
        x=np.interp([at], columns["images"], columns[x]), y=np.interp([at], columns["images"], values),
        mode="markers", name=curve.name, legendgroup=curve.name, showlegend=False, cliponaxis=False, customdata=[at],
        marker={"symbol": "diamond-open", "color": colour, "size": 11, "line": {"width": 2}},
        hovertemplate="<b>%{fullData.name}</b> was forked here<br>at %{customdata:,} images<extra></extra>",
    )


@dataclass(frozen=True)
class Branch:
    """A run in the drawing of its family.

    Attributes:
        parent: the number of its parent in the order drawn; None: none.
        start, end: images seen where it branched off, and its last.
        told: what is different in it, in words.
    """

    name: str
    colour: str
    parent: int | None
    start: float
    end: float
    told: str = ""


def family(branches: Sequence[Branch]) -> go.Figure:
    """Which run was forked from which, and where: a line each, over images seen, below that of its parent."""
    figure = go.Figure()
    most = max((branch.end for branch in branches), default=1.0) or 1.0
    for row, branch in enumerate(branches):
        if branch.parent is not None:
            figure.add_trace(go.Scatter(
                x=[branch.start, branch.start], y=[-branch.parent, -row], mode="lines", hoverinfo="skip",
                line={"color": branch.colour, "width": 1.5, "dash": "dot"},
            ))
        name = escape(branch.name)
        figure.add_trace(go.Scatter(
            x=[branch.start, branch.end], y=[-row, -row], mode="lines+markers+text", text=["", f"  {name}"],
            textposition="middle right", cliponaxis=False, line={"color": branch.colour, "width": 3},
            marker={"size": [10, 7], "symbol": ["circle" if branch.parent is None else "diamond-open", "circle"],
                    "line": {"width": 2}},
            hovertemplate=f"<b>{name}</b><br>%{{x:,}} images{'<br>' if branch.told else ''}{escape(branch.told)}"
            "<extra></extra>",
        ))
    figure.update_xaxes(
        gridcolor=_GRID, zeroline=False, tickformat="~s", title_text=AXES["images"], title_standoff=8,
        range=[-0.02 * most, 1.3 * most],  # with room for the names
    )
    figure.update_yaxes(visible=False, range=[0.6 - len(branches), 0.6])
    figure.update_layout(
        height=70 + 38 * len(branches), margin={"l": 8, "r": 8, "t": 8, "b": 48}, showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", hovermode="closest",
    )
    return figure


def score_histogram(
    edges: NDArray[np.float64], real: NDArray[np.int64], fake: NDArray[np.int64], undecided: float | None = None
) -> go.Figure:
    """How D scores real samples and G's: the more the two hills overlap, the less it can tell them apart.

    Args:
        edges: float64 [bins + 1], rising.
        real, fake: int64 [bins], how many scores lie between neighbouring edges: see `xray.histogram`. A kind without
            any has no bars.
        undecided: the score at which D cannot tell: a dotted line.

    Raises:
        ValueError: counts and edges do not fit.
    """
    if len(edges) != len(real) + 1 or len(real) != len(fake):
        raise ValueError(f"{len(edges)} edges do not fit {len(real)} and {len(fake)} counts: one more edge than counts")
    figure = go.Figure()
    ends = [float(edges[0]), float(edges[-1])]
    for name, counts, colour in (("real", real, DISCRIMINATOR_COLOUR), ("fake", fake, GENERATOR_COLOUR)):
        if not (total := counts.sum()):
            continue
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2, y=counts / total, width=np.diff(edges), name=name, opacity=0.6,
            marker={"color": colour, "line": {"width": 0}}, customdata=np.stack([edges[:-1], edges[1:], counts], 1),
            hovertemplate=f"%{{customdata[2]:,}} of {total:,} {name} samples<br>score %{{customdata[0]:.3~g}} to "
            "%{customdata[1]:.3~g}<extra></extra>",
        )
    if undecided is not None:
        ends = [min(ends[0], undecided), max(ends[1], undecided)]
        figure.add_vline(undecided, line={"dash": "dot", "width": 1.5, "color": _LINE})
        share = (undecided - ends[0]) / (ends[1] - ends[0] or 1)  # words at an edge would be cut off
        figure.add_annotation(
            text="D cannot tell", x=undecided, yref="paper", y=1,
            xanchor="left" if share < 0.2 else "right" if share > 0.8 else "center", yanchor="bottom", showarrow=False,
            font={"size": 11}, opacity=0.8,
        )
    room = 0.02 * (ends[1] - ends[0])
    figure.update_xaxes(
        title_text="D's score (logit)", title_standoff=6, gridcolor=_GRID, zeroline=False,
        range=[ends[0] - room, ends[1] + room],
    )
    figure.update_yaxes(visible=False, rangemode="tozero")
    figure.update_layout(
        height=230, barmode="overlay", bargap=0, margin={"l": 8, "r": 8, "t": 44, "b": 44}, hovermode="closest",
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.1, "yanchor": "bottom"},
    )
    return figure
