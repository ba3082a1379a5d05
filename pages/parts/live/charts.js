// The three charts of a run, fed point by point.

const LINES = {
  loss: [["loss_d", "D"], ["loss_g", "G"]],
  belief: [["d_real", "D(real)"], ["d_fake", "D(fake)"]],
  gradient: [["grad_d", "D"], ["grad_g", "G"]],
};
const X_TITLES = { step: "steps", epoch: "epochs", images: "images seen", seconds: "seconds of training" };
const X_COLUMNS = Object.keys(X_TITLES);

// How the curves are drawn is the tab's own, and outlives a refresh and a visit to another page.
const OPTIONS = { x: "step", beta: 0.6, log: false };
const OPTIONS_KEY = "gan/charts";

function keptOptions() {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(OPTIONS_KEY)); } catch { /* not ours, or no storage: as at first */ }
  const { x, beta, log } = kept ?? {};
  return {
    x: X_COLUMNS.includes(x) ? x : OPTIONS.x,
    beta: beta >= 0 && beta < 1 ? beta : OPTIONS.beta,
    log: typeof log === "boolean" ? log : OPTIONS.log,
  };
}

function keepOptions(options) {
  try { sessionStorage.setItem(OPTIONS_KEY, JSON.stringify(options)); } catch { /* then they last as long as the page */ }
}

// Exponential moving average corrected for its start, as TensorBoard draws it: s = βs + (1-β)x, shown s / (1-βⁿ).
class Smooth {
  constructor(beta) { this.beta = beta; this.sum = 0; this.weight = 0; }

  next(value) {
    if (value === null) return null;
    this.sum = this.beta * this.sum + (1 - this.beta) * value;
    this.weight = this.beta * this.weight + (1 - this.beta);
    return this.sum / this.weight;
  }
}

// The share of the x axis that a curve in growth has free for what comes, and of the y axis on either side.
const AHEAD = 0.2, ROOM = 0.06;

class Charts {
  constructor(root, colours, base, complain) {
    this.nodes = Object.fromEntries([...root.querySelectorAll(".gv-chart")].map((node) => [node.dataset.chart, node]));
    this.root = root;
    this.colours = colours;
    root.style.setProperty("--gv-d", colours.discriminator);
    root.style.setProperty("--gv-g", colours.generator);
    this.options = keptOptions();
    this.smooth = {};
    this.columns = {};
    this.pens = {};
    this.zooms = Object.fromEntries(Object.keys(this.nodes).map((chart) => [chart, new Set()])); // of which axes somebody chose a part
    this.plotly = null;
    this.heard = this.drawing = false;
    this.live = true;
    this.reset();
    this.seen = () => this.draw(); // a tab that nobody sees draws nothing, and leaves the cores to the training
    document.addEventListener("visibilitychange", this.seen);
    for (const [chart, node] of Object.entries(this.nodes)) {
      // What the pen wrote, the mouse finds only after Plotly has drawn it.
      node.addEventListener("pointerenter", () => { if (this.pens[chart]?.grown) this.again(chart); });
    }
    loadPlotly(base).then((plotly) => { this.plotly = plotly; this.draw(); }, (error) => complain(`No curves: ${error.message}. Reload the page to try again.`));
  }

  empty() {
    for (const name of [...X_COLUMNS, ...Object.values(LINES).flat().map(([column]) => column)]) this.columns[name] = [];
    this.drawn = {};
  }

  // Another run: what was drawn goes at once.
  reset() { this.empty(); this.redraw(); }

  // New options: every line is drawn anew; a zoom stays unless what it zoomed into changed its meaning.
  set(options) {
    for (const zoom of Object.values(this.zooms)) {
      if ("x" in options) zoom.delete("xaxis");
      if ("log" in options) zoom.delete("yaxis");
    }
    this.options = { ...this.options, ...options };
    keepOptions(this.options);
    this.redraw();
  }

  // Whether more is to come: a curve at its end needs no room ahead.
  lives(live) {
    if (live === this.live) return;
    this.live = live;
    this.redraw();
  }

  add(message) {
    if (message.all) this.empty();
    for (const name of Object.keys(this.columns)) this.columns[name].push(...message.columns[name]);
    this.heard = true;
    if (this.inkNow() === this.ink) this.draw(); else this.redraw();
  }

  inkNow() { return getComputedStyle(this.root).getPropertyValue("--st-text-color") + getComputedStyle(this.root).color; }

  redraw() {
    this.drawn = {}; // how many points each chart shows
    this.end = undefined;
    this.draw();
  }

  // Brings every chart up to date: all at once where the pen can, and what Plotly draws each in a task of its own, so that
  // clicks and pictures come between. Nothing is drawn before the socket has told what there is: an empty chart takes as
  // long as a full one, just when the first point is waited for.
  async draw() {
    if (this.drawing) return;
    this.drawing = true;
    const behind = () => this.plotly && this.heard && !document.hidden && Object.keys(LINES).find((chart) => this.drawn[chart] !== this.columns.step.length);
    try {
      for (let chart; (chart = behind());) {
        const extended = this.drawn[chart] !== undefined && this.extend(chart);
        if (!extended) this.whole(chart);
        this.drawn[chart] = this.columns.step.length;
        if (!extended) await new Promise((next) => setTimeout(next));
      }
    } finally { this.drawing = false; }
  }

  // All of a chart, by Plotly.
  whole(chart) {
    this.ink = this.inkNow();
    for (const [column] of LINES[chart]) this.smooth[column] = new Smooth(this.options.beta);
    const config = { responsive: true, displaylogo: false, doubleClick: "autosize", modeBarButtonsToRemove: ["select2d", "lasso2d", "resetScale2d", "zoomIn2d", "zoomOut2d"] };
    const traces = this.traces(chart), node = this.nodes[chart], x = this.range(chart, "xaxis", traces), y = this.range(chart, "yaxis", traces);
    this.plotly.react(node, traces, this.layout(chart, [...x], y && [...y]), config);
    if (!this.pens[chart]) node.on("plotly_relayout", (change) => this.zoomed(chart, Object.keys(change)));
    this.pens[chart] = new Pen(node, { x, y });
  }

  // Somebody chose a part of an axis, which stands from then on, or asked for all of it.
  zoomed(chart, changes) {
    const zoom = this.zooms[chart], all = changes.filter((change) => change.endsWith(".autorange"));
    for (const axis of ["xaxis", "yaxis"]) if (changes.some((change) => change.startsWith(`${axis}.range`))) zoom.add(axis);
    if (!all.length) return;
    for (const change of all) zoom.delete(change.split(".")[0]);
    this.again(chart);
  }

  // The points that came since, by the pen; false where it can't. While the mouse is there Plotly draws: it answers it.
  extend(chart) {
    if (this.zooms[chart].size || this.nodes[chart].matches(":hover")) return false;
    const since = this.drawn[chart];
    const ys = LINES[chart].flatMap(([column]) => {
      const values = this.columns[column].slice(since);
      return [values, values.map((value) => this.smooth[column].next(value))];
    });
    return this.pens[chart].extend(this.columns[this.options.x].slice(since), ys);
  }

  again(chart) {
    delete this.drawn[chart];
    this.draw();
  }

  // The right end of the x axis, the same of all charts until the curves come to it.
  across() {
    const newest = this.columns[this.options.x].at(-1) || 1;
    if (!this.live || !(newest <= this.end)) this.end = newest * (this.live ? 1 + AHEAD : 1);
    return this.end;
  }

  // Of an axis: the part that somebody chose, else all that is there and room for what comes.
  range(chart, axis, traces) {
    if (this.zooms[chart].has(axis)) return this.nodes[chart].layout[axis].range;
    if (axis === "xaxis") return [0, this.across()];
    if (chart === "belief") return [-0.02, 1.02];
    let low = Infinity, high = -Infinity;
    for (const { y, visible } of traces) {
      if (visible === false) continue;
      for (const value of y) {
        if (value === null || (this.options.log && value <= 0)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    if (low > high) return undefined; // nothing there: as Plotly thinks best
    if (this.options.log) [low, high] = [Math.log10(low), Math.log10(high)];
    const room = ROOM * (high - low) || 0.5;
    return [low - room, high + room];
  }

  traces(chart) {
    const { x, beta } = this.options;
    return LINES[chart].flatMap(([column, name], i) => {
      const colour = i ? this.colours.generator : this.colours.discriminator;
      const shared = { x: [...this.columns[x]], mode: "lines", type: "scatter", connectgaps: false };
      const raw = this.columns[column];
      return [
        { ...shared, y: [...raw], line: { color: colour, width: 1 }, opacity: 0.28, hoverinfo: "skip", showlegend: false, visible: beta > 0 },
        { ...shared, x: [...shared.x], y: raw.map((value) => this.smooth[column].next(value)), name, line: { color: colour, width: 2 }, hovertemplate: `%{y:.4g}<extra>${name}</extra>` },
      ];
    });
  }

  layout(chart, across, up) {
    const style = getComputedStyle(this.root);
    const ink = style.color, faint = style.getPropertyValue("--st-border-color") || "#8884";
    const { x, log } = this.options;
    const logged = log && chart !== "belief";
    const axis = { gridcolor: faint, zerolinecolor: faint, linecolor: faint, tickcolor: faint, automargin: false, uirevision: false };
    const last = chart === "gradient";
    return {
      uirevision: "kept",
      margin: { l: 46, r: 8, t: 6, b: last ? 38 : 22 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: style.fontFamily, size: 11, color: ink },
      hovermode: "x unified",
      hoverlabel: { bgcolor: style.getPropertyValue("--st-background-color") || "#fff", font: { color: ink } },
      showlegend: false,
      dragmode: "zoom",
      xaxis: { ...axis, range: across, title: last ? { text: X_TITLES[x], standoff: 6 } : undefined },
      yaxis: {
        ...axis, range: up,
        ...(chart === "belief" ? { tickvals: [0, 0.25, 0.5, 0.75, 1] } : { type: logged ? "log" : "linear", exponentformat: "power", nticks: 6 }),
      },
      shapes: chart === "belief"
        ? [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: 0.5, y1: 0.5, line: { color: ink, width: 1, dash: "dot" }, opacity: 0.6 }]
        : [],
    };
  }

  remove() {
    this.heard = false;
    document.removeEventListener("visibilitychange", this.seen);
    if (this.plotly) for (const node of Object.values(this.nodes)) this.plotly.purge(node);
  }
}
