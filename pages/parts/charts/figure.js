// A whole figure as `gan_core.figures` makes it, in the page's own ink. A rerun of the script changes it in place.

class FigureView {
  constructor(component) {
    this.node = component.parentElement.querySelector(".gc-figure");
    this.take(component);
    loadPlotly(pageBase()).then(
      (plotly) => { this.plotly = plotly; this.draw(); },
      (error) => { this.node.textContent = `No curves: ${error.message}. Reload the page to try again.`; },
    );
  }

  take({ data }) {
    const { figure, alt, height } = data;
    this.node.setAttribute("aria-label", alt);
    this.node.style.minHeight = `${height}px`;
    if (figure === this.figure && this.ink === this.inkNow()) return;
    this.figure = figure;
    this.draw();
  }

  inkNow() { return getComputedStyle(this.node).color; }

  draw() {
    if (!this.plotly || this.gone) return;
    const { data, layout } = JSON.parse(this.figure), style = getComputedStyle(this.node);
    this.ink = this.inkNow();
    const faint = style.getPropertyValue("--st-background-color") || "#fff";
    Object.assign(layout, {
      template: undefined, uirevision: "kept", font: { family: style.fontFamily, color: style.color, size: 12 },
      hoverlabel: { bgcolor: faint, font: { color: style.color } },
    });
    this.plotly.react(this.node, data, layout, { responsive: true, displaylogo: false, displayModeBar: false });
  }

  remove() {
    this.gone = true;
    this.plotly?.purge(this.node);
  }
}
