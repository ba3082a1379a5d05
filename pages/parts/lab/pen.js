/* One's own density: ink on a coarse grid, drawn on the picture itself. */

class Pen {
  /* picture: a Picture, whose canvas is drawn on; hear: { inked(cells) } after each stroke */
  constructor(picture, side, signal, hear) {
    Object.assign(this, { picture, side, hear, erases: false, cells: new Float32Array(side * side) });
    const { canvas } = picture;
    const on = (event, act) => canvas.addEventListener(event, act, { signal });
    on("pointerdown", (event) => {
      if (!picture.pen || event.button !== 0) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      this.last = this.place(event);
      this.stroking = true;
      this.dab(this.last);
    });
    on("pointermove", (event) => {
      if (!this.stroking) return;
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) this.line(this.place(move));
      this.paint();
    });
    for (const event of ["pointerup", "pointercancel"]) on(event, () => this.end());
  }

  get empty() {
    return !this.cells.some((ink) => ink > 0);
  }

  end() {
    if (!this.stroking) return;
    this.stroking = false;
    this.hear.inked(this.cells);
  }

  clear() {
    this.cells.fill(0);
    this.paint();
    this.hear.inked(this.cells);
  }

  place({ clientX, clientY }) {
    const box = this.picture.canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * this.side, (1 - (clientY - box.top) / box.height) * this.side];
  }

  line([x, y]) {
    const [fromX, fromY] = this.last;
    const steps = Math.max(1, Math.ceil(Math.hypot(x - fromX, y - fromY) * 2));
    for (let i = 1; i <= steps; i++) this.dab([fromX + ((x - fromX) * i) / steps, fromY + ((y - fromY) * i) / steps]);
    this.last = [x, y];
  }

  /* Ink with soft edges; the middles of the cells lie at halves. */
  dab([x, y]) {
    const { side, cells } = this;
    const radius = side / 26;
    for (let row = Math.max(0, Math.floor(y - radius - 1)); row < Math.min(side, y + radius + 1); row++) {
      for (let column = Math.max(0, Math.floor(x - radius - 1)); column < Math.min(side, x + radius + 1); column++) {
        const cover = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(column + 0.5 - x, row + 0.5 - y)));
        const at = row * side + column;
        cells[at] = this.erases ? Math.min(cells[at], 1 - cover) : Math.max(cells[at], cover);
      }
    }
    this.paint();
  }

  /* Row 0 is the lowest. */
  paint() {
    this.picture.inked = { side: this.side, cells: this.cells };
    this.picture.draw();
  }
}
