// Lets the curves of a Plotly chart grow without Plotly, as long as nothing else changes.
//
// Plotly draws a chart whole, whatever changed: axes, texts, every curve. For one new point a second on three charts that
// is a twentieth of a core and as much of the training's speed, whose two threads wait for each other. A pen writes new points behind the curve's path that stands
// there; Plotly finds them in its data when it draws next. It reads `_fullLayout`, which is not documented: where
// that, or what Plotly drew, is not as expected, it declines, and the caller has Plotly draw.

class Pen {
  // Of a chart that Plotly has just drawn with these ranges (of a logarithmic axis: of the exponents).
  constructor(node, { x, y }) {
    Object.assign(this, { node, ranges: { xaxis: x, yaxis: y }, grown: false });
    const groups = [...node.querySelectorAll(".scatterlayer > .trace")];
    const seen = node.data.filter(({ visible }) => visible !== false);
    this.paths = node.data.map((trace) => [...groups[seen.indexOf(trace)]?.querySelectorAll("path.js-line") ?? []].at(-1));
    this.lengths = this.lengthsNow();
  }

  lengthsNow() { return ["xaxis", "yaxis"].map((name) => this.node._fullLayout?.[name]?._length).join(); }

  // Whether the axes are those that it was made for: nobody zoomed, nor made the window smaller.
  stands() {
    return this.lengths === this.lengthsNow() && Object.entries(this.ranges).every(([name, range]) => {
      const now = this.node.layout[name].range;
      return range && now && range.every((end, i) => end === now[i]);
    });
  }

  // Where a value lies, in pixels; null: nowhere, as a value at or below 0 on a logarithmic axis.
  place(name, value) {
    const axis = this.node._fullLayout[name];
    if (value === null || (axis.type === "log" && value <= 0)) return null;
    return axis.c2p(value);
  }

  // Adds points behind those of every trace: `ys` holds a column for each. False, and nothing done: Plotly must draw.
  extend(xs, ys) {
    if (!this.stands()) return false;
    const inside = (pixels, name) => pixels >= 0 && pixels <= this.node._fullLayout[name]._length;
    const across = xs.map((value) => this.place("xaxis", value));
    if (!across.every((pixels) => inside(pixels, "xaxis"))) return false;
    const added = [];
    for (const [i, trace] of this.node.data.entries()) {
      if (trace.visible === false) continue;
      const up = ys[i].map((value) => this.place("yaxis", value));
      if (up.every((pixels) => pixels === null)) continue;
      if (!this.paths[i] || !up.every((pixels) => pixels === null || inside(pixels, "yaxis"))) return false;
      let joined = trace.y.length > 0 && this.place("yaxis", trace.y.at(-1)) !== null, text = "";
      up.forEach((pixels, j) => {
        if (pixels !== null) text += `${joined ? "L" : "M"}${across[j].toFixed(2)},${pixels.toFixed(2)}`;
        joined = pixels !== null;
      });
      added.push([this.paths[i], text]);
    }
    for (const [path, text] of added) path.setAttribute("d", path.getAttribute("d") + text);
    this.node.data.forEach((trace, i) => { trace.x.push(...xs); trace.y.push(...ys[i]); });
    this.grown = true;
    return true;
  }
}
