// What was measured of a run while it trained: how far its samples are from the data, and which classes they are taken for.

class MeasuresView {
  constructor(component) {
    this.root = component.parentElement.querySelector(".gm");
    this.part = Object.fromEntries([...this.root.querySelectorAll("[class]")].map((node) => [node.classList[0].slice(3), node]));
    this.base = pageBase();
    this.root.style.setProperty("--gm-g", component.data.colours.generator);
    this.root.style.setProperty("--gm-d", component.data.colours.discriminator);
    this.colour = component.data.colours.generator;
    this.seen = () => this.draw();
    document.addEventListener("visibilitychange", this.seen);
    this.take(component);
    loadPlotly(this.base).then((plotly) => { this.plotly = plotly; this.draw(); }, () => {}); // the live part says so
    this.feed = new Feed(this.base, { quality: this.run }, (message) => this.hear(message));
  }

  take({ data: { run } }) {
    if (run !== this.run) {
      this.run = run;
      this.told = null;
      this.root.classList.add("gm-bare");
      this.part.note.textContent = "";
      this.feed?.wish({ quality: run });
    } else if (this.ink !== this.inkNow()) this.draw();
  }

  hear(message) {
    if (message.kind !== "quality" || message.run !== this.run) return;
    const measured = JSON.stringify([message.measures, message.floor]);
    this.told = message;
    this.part.note.textContent = [message.by && `Measured on ${message.by}.`, message.note].filter(Boolean).join(" ");
    this.root.classList.toggle("gm-bare", !message.measures.images.length);
    this.root.classList.toggle("gm-unclassed", !message.classes);
    this.root.classList.toggle("gm-silent", !message.beliefs);
    if (message.classes) this.bars(message.classes);
    if (message.beliefs) this.hills(message.beliefs);
    if (measured !== this.measured) { this.measured = measured; this.draw(); }
  }

  bars({ names, counts, real }) {
    const total = counts.reduce((a, b) => a + b, 0), most = Math.max(...counts, ...real), { bars } = this.part;
    const every = Math.ceil(names.length / 40); // the labels of many classes would not be read
    while (bars.children.length > names.length) bars.lastElementChild.remove();
    names.forEach((name, i) => {
      let bar = bars.children[i];
      if (!bar) {
        bar = document.createElement("div");
        bar.className = "gm-bar";
        bar.append(document.createElement("i"), document.createElement("u"), document.createElement("span"));
        bars.append(bar);
      }
      const [fill, mark, label] = bar.children;
      fill.style.height = `${100 * counts[i] / most}%`;
      mark.style.bottom = `${100 * real[i] / most}%`;
      label.textContent = i % every ? "" : name;
      bar.classList.toggle("gm-gone", counts[i] < 0.2 * real[i]);
      bar.title = `${name}: ${counts[i]} of ${total} samples; ${real[i]} of as many real ones`;
    });
  }

  // Both kinds as steps over the same scores, each by its own share.
  hills({ edges, real, fake, undecided }) {
    const low = Math.min(edges[0], undecided), high = Math.max(edges.at(-1), undecided);
    const x = (value) => 100 * (value - low) / (high - low || 1), share = (counts) => counts.map((value) => value / (counts.reduce((a, b) => a + b, 0) || 1));
    const kinds = [share(real), share(fake)], most = Math.max(...kinds.flat()) || 1;
    const paths = kinds.map((shares, kind) => {
      const steps = shares.map((value, i) => `L${x(edges[i])},${50 - 48 * value / most}L${x(edges[i + 1])},${50 - 48 * value / most}`).join("");
      return `<path class="gm-${kind ? "fake" : "real"}" d="M${x(edges[0])},50${steps}L${x(edges.at(-1))},50Z"/>`;
    });
    this.part.hills.innerHTML = `${paths.join("")}<line x1="${x(undecided)}" x2="${x(undecided)}" y1="0" y2="50"/>`;
    this.part.low.textContent = low.toPrecision(2);
    this.part.high.textContent = high.toPrecision(2);
  }

  inkNow() { return getComputedStyle(this.root).color; }

  draw() {
    if (!this.plotly || !this.told?.measures.images.length || document.hidden || this.gone) return;
    const style = getComputedStyle(this.root), { measures, floor } = this.told, { images, fid, fid_error: error } = measures;
    this.ink = style.color;
    const faint = style.getPropertyValue("--st-border-color") || "#8884";
    const axis = { gridcolor: faint, zerolinecolor: faint, linecolor: faint, tickcolor: faint };
    const lower = fid.map((value, i) => Math.max(value - (error[i] ?? 0), value / 4, 1e-6)), upper = fid.map((value, i) => value + (error[i] ?? 0));
    const line = { x: images, mode: "lines", type: "scatter", hoverinfo: "skip", line: { width: 0 }, showlegend: false };
    const short = (value) => value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(2);
    this.part.now.textContent = `${short(fid.at(-1))} ± ${short(error.at(-1) ?? 0)}; real samples ${short(floor.fid)}`;
    this.plotly.react(this.part.chart, [
      { ...line, y: lower },
      { ...line, y: upper, fill: "tonexty", fillcolor: `${this.colour}33` },
      { ...line, y: fid, mode: "lines+markers", hoverinfo: undefined, line: { width: 2, color: this.colour }, marker: { size: 4 }, hovertemplate: "%{y:.3g}<extra>distance</extra>" },
    ], {
      uirevision: this.run, margin: { l: 46, r: 8, t: 6, b: 38 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: style.fontFamily, size: 11, color: style.color }, showlegend: false, hovermode: "x unified",
      hoverlabel: { bgcolor: style.getPropertyValue("--st-background-color") || "#fff", font: { color: style.color } },
      xaxis: { ...axis, rangemode: "tozero", title: { text: "images seen", standoff: 6 } },
      yaxis: { ...axis, type: "log", exponentformat: "power", dtick: Math.max(...fid) > 30 * Math.min(...fid) ? 1 : "D2" },
      shapes: floor.fid > 0 ? [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: floor.fid, y1: floor.fid, line: { color: style.color, width: 1, dash: "dot" }, opacity: 0.6 }] : [],
    }, { responsive: true, displaylogo: false, displayModeBar: false });
  }

  remove() {
    this.gone = true;
    document.removeEventListener("visibilitychange", this.seen);
    this.feed.close();
    this.plotly?.purge(this.part.chart);
  }
}

export default mounted(MeasuresView);
