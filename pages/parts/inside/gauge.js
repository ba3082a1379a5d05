// Where a picture's score stands among those of real and fake samples: the figure's last trace is moved, not drawn anew.

class Gauge extends FigureView {
  draw() {
    super.draw();
    this.mark(this.score);
  }

  mark(score) {
    this.score = score;
    if (!this.node.data || this.marking) return;
    this.marking = requestAnimationFrame(() => {
      this.marking = 0;
      if (this.gone || !this.node.data) return;
      const x = this.score ?? null;
      this.plotly.restyle(this.node, { x: [[x, x]], "line.color": this.inkNow() }, [this.node.data.length - 1]);
    });
  }
}
