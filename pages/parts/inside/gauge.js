// Where a picture's score stands among those of real and fake samples. The mark is no part of the figure: to have Plotly
// move it takes longer than all else that a movement of the hand asks for.

class Gauge extends FigureView {
  constructor(component) {
    super(component);
    this.pointer = component.parentElement.querySelector(".gi-mark");
  }

  draw() {
    super.draw();
    const { xaxis, margin } = JSON.parse(this.figure).layout;
    Object.assign(this, { range: xaxis.range, margin });
    this.mark(this.score);
  }

  /* A score beyond the figure's ends is pointed at from there. */
  mark(score) {
    this.score = score;
    if (!this.pointer) return;
    const there = this.plotly && score !== undefined && score !== null;
    set(this.pointer, "hidden", !there);
    if (!there) return;
    const [low, high] = this.range;
    const share = (score - low) / (high - low);
    set(this.pointer.dataset, "beyond", share < 0 ? "low" : share > 1 ? "high" : "no");
    style(this.pointer, "--gi-at", String(Math.min(1, Math.max(0, share))));
    const { l, r, t, b } = this.margin;
    style(this.pointer, "inset", `${t}px ${r}px ${b}px ${l}px`);
  }
}
