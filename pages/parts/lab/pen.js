/* One's own density: strokes upon the picture. A link holds them as text, two letters a point, dots between strokes; see
   gan_core/datasets/plane/drawing.py. */

class Pen {
  /* written: { letters, reach, most, brush } of a drawing; hear: { drawn(text) } after each stroke, "" for none */
  constructor(picture, written, signal, hear) {
    Object.assign(this, { picture, written, hear, strokes: [], stroke: null });
    const { canvas } = picture;
    const on = (event, act) => canvas.addEventListener(event, act, { signal });
    on("pointerdown", (event) => {
      if (picture.pen !== this || event.button !== 0) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      this.stroke = this.place(event);
      picture.draw();
    });
    on("pointermove", (event) => {
      if (this.stroke === null) return;
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) this.to(this.place(move));
      picture.draw();
    });
    for (const event of ["pointerup", "pointercancel"]) on(event, () => this.end());
  }

  get text() {
    return this.strokes.join(".");
  }

  /* Go on with a drawing that is there. */
  take(text) {
    this.strokes = text ? text.split(".") : [];
  }

  place({ clientX, clientY }) {
    const box = this.picture.canvas.getBoundingClientRect();
    const { extent } = this.picture;
    return this.letter((((clientX - box.left) / box.width) * 2 - 1) * extent)
      + this.letter((1 - ((clientY - box.top) / box.height) * 2) * extent);
  }

  letter(value) {
    const { letters, reach } = this.written;
    const share = (Math.max(-reach, Math.min(reach, value)) + reach) / (2 * reach);
    return letters[Math.round(share * (letters.length - 1))];
  }

  to(pair) {
    const { stroke, written } = this;
    if (pair === stroke.slice(-2) || this.text.length + stroke.length + 3 > written.most) return;
    this.stroke += pair;
  }

  end() {
    if (this.stroke === null) return;
    this.strokes.push(this.stroke);
    this.stroke = null;
    this.hear.drawn(this.text);
  }

  undo() {
    this.strokes.pop();
    this.changed();
  }

  clear() {
    this.strokes = [];
    this.changed();
  }

  changed() {
    this.picture.draw();
    this.hear.drawn(this.text);
  }

  /* Onto the picture. */
  draw(context, colour) {
    const { picture, written: { letters, reach, brush } } = this;
    const value = (letter) => (letters.indexOf(letter) / (letters.length - 1)) * 2 * reach - reach;
    context.strokeStyle = colour;
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = (3.2 * brush * picture.size) / (2 * picture.extent);
    context.globalAlpha = 0.32;
    context.beginPath();
    for (const stroke of [...this.strokes, ...(this.stroke === null ? [] : [this.stroke])]) {
      for (let at = 0; at < stroke.length; at += 2) {
        const [x, y] = [picture.x(value(stroke[at])), picture.y(value(stroke[at + 1]))];
        if (at) context.lineTo(x, y);
        else {
          context.moveTo(x, y);
          context.lineTo(x + 0.01, y); // a dab is seen, too
        }
      }
    }
    context.stroke();
  }
}
