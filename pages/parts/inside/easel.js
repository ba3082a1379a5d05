/* The big picture: its pixels, the brush that changes them, and D's push laid over them. */

const MOST_UNDONE = 30;
const FOLLOWED = 0.1; // of the way from black to white, for the spots that D pushes most

class Easel {
  /* changed: called after each change by a hand */
  constructor(canvas, colours, signal, changed) {
    this.canvas = canvas;
    this.colours = colours.map((colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)));
    this.changed = changed;
    this.cover = 0.8;
    this.radius = 1.25;
    this.ink = [255, 255, 255];
    this.undone = [];
    this.listen(signal);
  }

  /* Another kind of pictures: nothing is left of the last one. */
  size([channels, height, width]) {
    Object.assign(this, { channels, height, width, pixels: null, push: null, stroke: null, undone: [] });
    Object.assign(this.canvas, { width, height });
  }

  /* A sample, which can be gone back to. */
  show(pixels) {
    this.sample = pixels;
    this.pixels = pixels.slice();
    this.stroke = null;
    this.undone = [];
    this.push = null;
    this.paint();
  }

  get drawn() {
    return Boolean(this.pixels) && this.pixels.some((value, at) => value !== this.sample[at]);
  }

  laid(push) {
    this.push = push;
    this.paint();
  }

  // a hand's doings

  /* Everything at once; can be taken back. */
  become(pixels) {
    this.remember();
    this.pixels = pixels;
    this.told();
  }

  clear() {
    this.become(new Uint8Array(this.pixels.length));
  }

  back() {
    this.become(this.sample.slice());
  }

  undo() {
    if (!this.undone.length) return;
    this.pixels = this.undone.pop();
    this.told();
  }

  /* A step uphill on D's score: brighter where it is blue, darker where it is orange. */
  follow() {
    if (!this.push) return;
    const { pixels, push } = this;
    this.become(pixels.map((value, at) => // an array of bytes wraps around: kept within by hand
      Math.max(0, Math.min(255, Math.round(value + (FOLLOWED * 255 * push[at % push.length]) / 127)))));
  }

  remember() {
    this.undone.push(this.pixels.slice());
    if (this.undone.length > MOST_UNDONE) this.undone.shift();
  }

  told() {
    this.paint();
    this.changed();
  }

  listen(signal) {
    const { canvas } = this;
    const on = (event, act) => canvas.addEventListener(event, act, { signal });
    on("pointerdown", (event) => {
      if (event.button !== 0 || !this.pixels) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      this.remember();
      this.stroke = { before: this.pixels.slice(), cover: new Float32Array(this.width * this.height), at: this.place(event) };
      this.dab(this.stroke.at);
    });
    on("pointermove", (event) => {
      if (!this.stroke || !canvas.hasPointerCapture(event.pointerId)) return;
      const moves = event.getCoalescedEvents?.() ?? [];
      for (const move of moves.length ? moves : [event]) this.dab(this.place(move));
    });
    for (const event of ["pointerup", "pointercancel", "lostpointercapture"]) on(event, () => (this.stroke = null));
  }

  /* In pixels of the picture, whose middles lie at whole numbers. */
  place({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((clientX - box.left) / box.width) * this.width - 0.5, ((clientY - box.top) / box.height) * this.height - 0.5,
    ];
  }

  /* From where the stroke stands to there, with soft edges. A stroke covers a pixel once, however often it comes by. */
  dab([x, y]) {
    const { stroke, radius, width, height } = this;
    const [fromX, fromY] = stroke.at;
    const [dx, dy] = [x - fromX, y - fromY];
    const length = dx * dx + dy * dy;
    const reach = radius + 0.5;
    const rows = [Math.min(y, fromY) - reach, Math.max(y, fromY) + reach];
    const columns = [Math.min(x, fromX) - reach, Math.max(x, fromX) + reach];
    for (let row = Math.max(0, Math.ceil(rows[0])); row <= Math.min(height - 1, rows[1]); row++) {
      for (let column = Math.max(0, Math.ceil(columns[0])); column <= Math.min(width - 1, columns[1]); column++) {
        const along = length ? Math.max(0, Math.min(1, ((column - fromX) * dx + (row - fromY) * dy) / length)) : 0;
        const away = Math.hypot(column - fromX - along * dx, row - fromY - along * dy);
        const cover = Math.min(1, reach - away);
        const at = row * width + column;
        if (cover <= stroke.cover[at]) continue;
        stroke.cover[at] = cover;
        for (let channel = 0; channel < this.channels; channel++) {
          const there = channel * width * height + at;
          this.pixels[there] = Math.round(stroke.before[there] + (this.ink[channel] - stroke.before[there]) * cover);
        }
      }
    }
    stroke.at = [x, y];
    this.told();
  }

  paint() {
    if (!this.pixels) return;
    const { canvas, push, cover } = this;
    const image = toImage(this.pixels, this.channels, this.width, this.height);
    if (push && cover) {
      for (let at = 0; at < push.length; at++) {
        const share = Math.min(1, (Math.abs(push[at]) / 127) * cover);
        const colour = this.colours[push[at] > 0 ? 0 : 1];
        const pixel = image.data.subarray(4 * at, 4 * at + 3);
        // Below the colours of the push, the picture's own would only confuse.
        const grey = (pixel[0] + pixel[1] + pixel[2]) / 3;
        for (let channel = 0; channel < 3; channel++) pixel[channel] = grey + (colour[channel] - grey) * share;
      }
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  }
}

/* The `at`-th of pictures in bytes [N, C, H, W] → a canvas of its size. */
function thumbnail(pixels, at, [channels, height, width]) {
  const canvas = make("canvas", { width, height }), length = channels * height * width;
  canvas.getContext("2d").putImageData(toImage(pixels.subarray(at * length, (at + 1) * length), channels, width, height), 0, 0);
  return canvas;
}

/* Bytes [C, H, W] → a picture for a canvas. */
function toImage(pixels, channels, width, height) {
  const image = new ImageData(width, height);
  const plane = width * height;
  for (let at = 0; at < plane; at++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[4 * at + channel] = pixels[(channels === 3 ? channel : 0) * plane + at];
    }
    image.data[4 * at + 3] = 255;
  }
  return image;
}
