/* The plane: points, the discriminator's surface, the generator's manifold, pushes and paths, layer upon layer. */

const POINT = 2.6; // radius of a point, in CSS pixels, as all lengths here
const SHARE = 254; // of 1 in a byte; 255: not known
const NEAR = 12; // how far from a point a pointer still means it
const HEAT = 0.62; // how much of its colour the surface has where D is certain
const PUSH = 0.2; // length of the longest arrow, as a share of the picture's half side
const PATH_PARTS = 8; // fainter the older
const DIM = 0.3; // of what the sub-step shown is not about

const tint = (colour, alpha = 1) => `rgba(${colour.join()}, ${alpha})`;
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

class Picture {
  /* hear: { picked(index or null), told(text, ...numbers) → in words } */
  constructor(root, colours, signal, hear) {
    this.canvas = root.querySelector(".gb-picture");
    this.tip = root.querySelector(".gb-tip");
    this.border = root.querySelector(".gb-wipe");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.heat = new OffscreenCanvas(1, 1);
    this.colours = { real: colours.real, fake: colours.fake };
    this.hear = hear;
    this.layers = new Set();
    this.lit = null; // the layers that a sub-step is about; null: all
    this.wipe = 0.5;
    this.size = 0;
    this.listen(signal);
  }

  /* Side of the square on the screen. */
  fit(size) {
    const pixels = Math.max(1, Math.round(size * Math.min(2, devicePixelRatio)));
    if (this.canvas.width !== pixels) this.canvas.width = this.canvas.height = pixels;
    this.size = size;
    this.scale = pixels / size;
    this.sprites = null;
    this.theme();
    this.draw();
  }

  theme() {
    const style = getComputedStyle(this.canvas);
    const one = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const read = (name, otherwise) => {
      one.fillStyle = style.getPropertyValue(name).trim() || otherwise;
      one.fillRect(0, 0, 1, 1);
      return [...one.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    this.paper = read("--gb-paper", "#ffffff");
    this.ink = read("--st-text-color", "#222222");
    this.sprites = null;
  }

  show(frame) {
    this.frame = frame;
    this.draw();
  }

  /* From the plane to the canvas and back, in CSS pixels. */
  x(value) { return ((value / this.extent + 1) / 2) * this.size; }
  y(value) { return ((1 - value / this.extent) / 2) * this.size; }
  get extent() { return this.frame?.extent ?? 1; }

  alpha(layer) {
    return this.lit && !this.lit.has(layer) ? DIM : 1;
  }

  draw() {
    const { context, frame, size } = this;
    const layers = this.lit ? new Set([...this.layers, ...this.lit]) : this.layers;
    if (!size || !this.paper) return;
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.globalAlpha = 1;
    context.fillStyle = tint(this.paper);
    context.fillRect(0, 0, size, size);
    const split = layers.has("surface") && layers.has("optimal") && Boolean(frame?.arrays.optimal);
    set(this.border, "hidden", !split);
    if (split) style(this.border, "--gb-at", `${this.wipe * 100}%`);
    if (!frame) return;
    this.drawHeat(layers, split);
    this.drawAxes();
    this.pen?.draw(context, this.colours.real);
    if (layers.has("manifold")) this.drawManifold(frame.arrays.manifold);
    if (layers.has("real")) this.drawPoints(frame.arrays.real, "real");
    if (layers.has("fake")) this.drawPoints(frame.arrays.fake, "fake");
    if (layers.has("pushes")) this.drawPushes(frame.arrays.fake, frame.arrays.pushes);
    if (layers.has("path")) this.drawPath(frame.arrays.path);
    this.drawChosen();
    context.globalAlpha = 1;
  }

  drawHeat(layers, split) {
    const { context, size, frame: { arrays } } = this;
    const lower = layers.has("surface") ? arrays.surface : null;
    const upper = layers.has("optimal") ? arrays.optimal : null;
    if (!lower && !upper) return;
    const at = split ? this.wipe : lower ? 1 : 0;
    for (const [map, from, to] of [[lower, 0, at], [upper, at, 1]]) {
      if (!map || from >= to) continue;
      this.paintHeat(map);
      context.save();
      context.beginPath();
      context.rect(from * size, 0, (to - from) * size, size);
      context.clip();
      context.globalAlpha = map === lower ? this.alpha("surface") : 1;
      context.imageSmoothingQuality = "medium";
      context.drawImage(this.heat, 0, 0, size, size);
      context.restore();
    }
  }

  /* From G's colour, surely fake, over the paper, cannot tell, to D's, surely real. */
  paintHeat(map) {
    const { side, values } = map;
    if (this.heat.width !== side) {
      this.heat.width = this.heat.height = side;
      this.image = null;
    }
    this.table ??= new Map();
    const key = String(this.paper);
    if (this.tableOf !== key) {
      this.tableOf = key;
      this.table = heatTable(this.paper, rgb(this.colours.fake), rgb(this.colours.real));
    }
    this.image ??= new ImageData(side, side);
    const pixels = new Uint32Array(this.image.data.buffer);
    for (let row = 0; row < side; row++) { // the first row of the map is the lowest
      const to = (side - 1 - row) * side;
      for (let column = 0; column < side; column++) pixels[to + column] = this.table[values[row * side + column]];
    }
    this.heat.getContext("2d").putImageData(this.image, 0, 0);
  }

  drawAxes() {
    const { context, size } = this;
    context.globalAlpha = 1;
    context.strokeStyle = tint(this.ink, 0.09);
    context.lineWidth = 1;
    context.beginPath();
    for (const share of [0.25, 0.5, 0.75]) {
      const at = Math.round(share * size) + 0.5;
      context.moveTo(at, 0);
      context.lineTo(at, size);
      context.moveTo(0, at);
      context.lineTo(size, at);
    }
    context.stroke();
  }

  sprite(kind) {
    this.sprites ??= {};
    return (this.sprites[kind] ??= pointSprite(this.colours[kind], this.paper, this.scale));
  }

  drawPoints(points, kind) {
    if (!points) return;
    const { context } = this;
    context.globalAlpha = 0.92 * this.alpha(kind);
    if (kind === "real") this.drawStill(points);
    else this.stamp(context, points, this.sprite(kind));
  }

  /* Real points stay where they are from frame to frame: painted once, as long as they are the same. */
  drawStill(points) {
    const { context, canvas: { width }, size } = this;
    const key = `${points.length} ${points.subarray(0, 16)} ${width} ${this.extent} ${this.paper}`;
    if (this.stillOf !== key) {
      this.stillOf = key;
      this.still = new OffscreenCanvas(width, width);
      const own = this.still.getContext("2d");
      own.scale(this.scale, this.scale);
      this.stamp(own, points, this.sprite("real"));
    }
    context.drawImage(this.still, 0, 0, size, size);
  }

  stamp(context, points, sprite) {
    const { size } = this;
    const side = sprite.width / this.scale;
    for (let at = 0; at < points.length; at += 2) {
      const x = this.x(points[at]);
      const y = this.y(points[at + 1]);
      if (x > -4 && y > -4 && x < size + 4 && y < size + 4) context.drawImage(sprite, x - side / 2, y - side / 2, side, side);
    }
  }

  /* G's grid of latents, bent into the plane; a 1-D latent is a line. Cells are denser where G puts more. */
  drawManifold(manifold) {
    if (!manifold) return;
    const { context } = this;
    const { side, flat, values } = manifold;
    context.strokeStyle = this.colours.fake;
    context.lineJoin = "round";
    const line = (start, stride, count) => {
      for (let i = 0; i < count; i++) {
        const at = 2 * (start + i * stride);
        const [x, y] = [this.x(values[at]), this.y(values[at + 1])];
        if (i) context.lineTo(x, y);
        else context.moveTo(x, y);
      }
    };
    context.globalAlpha = 0.75 * this.alpha("manifold");
    context.lineWidth = flat ? 2.2 : 1;
    context.beginPath();
    if (flat) line(0, 1, side);
    else for (let i = 0; i < side; i++) {
      line(i * side, 1, side);
      line(i, side, side);
    }
    context.stroke();
  }

  /* Where D pushes each fake: downhill on G's loss. The strongest is as long as an arrow gets. */
  drawPushes(points, pushes) {
    if (!points || !pushes) return;
    const { context, size } = this;
    const count = Math.min(points.length, pushes.length);
    const longest = (PUSH * size) / 2;
    context.globalAlpha = 0.8 * this.alpha("pushes");
    context.strokeStyle = tint(this.ink);
    context.lineWidth = 1.1;
    context.lineCap = "round";
    context.beginPath();
    for (let at = 0; at < count; at += 2) {
      const slope = Math.hypot(pushes[at], pushes[at + 1]);
      // Steep at first, so that weak pushes are seen, and bounded; nothing at all stays nothing.
      const length = longest * Math.tanh(0.45 * Math.sqrt(slope)) ;
      if (length < 1.5) continue;
      const [x, y] = [this.x(points[at]), this.y(points[at + 1])];
      const [dx, dy] = [(pushes[at] / slope) * length, (-pushes[at + 1] / slope) * length];
      const head = Math.min(4.5, length / 2);
      const [ux, uy] = [(dx / length) * head, (dy / length) * head];
      context.moveTo(x, y);
      context.lineTo(x + dx, y + dy);
      context.lineTo(x + dx - ux - uy * 0.6, y + dy - uy + ux * 0.6);
      context.moveTo(x + dx, y + dy);
      context.lineTo(x + dx - ux + uy * 0.6, y + dy - uy - ux * 0.6);
    }
    context.stroke();
  }

  /* From where it began, faint, to where it is. */
  drawPath(path) {
    if (!path || path.length < 2) return;
    const { context } = this;
    const last = path.length / 2 - 1;
    context.lineJoin = context.lineCap = "round";
    context.strokeStyle = this.colours.fake;
    let from = 0;
    for (let part = 1; part <= PATH_PARTS && from < last; part++) {
      const share = part / PATH_PARTS;
      const to = part === PATH_PARTS ? last : Math.max(from + 1, Math.floor(last * (1 - (1 - share) ** 2)));
      context.globalAlpha = this.alpha("path") * (0.1 + 0.9 * share ** 2);
      context.lineWidth = 1 + 1.6 * share;
      context.beginPath();
      for (let at = from; at <= Math.min(to, last); at++) context.lineTo(this.x(path[2 * at]), this.y(path[2 * at + 1]));
      context.stroke();
      from = to;
    }
    context.globalAlpha = this.alpha("path");
    context.fillStyle = tint(this.ink);
    context.beginPath();
    context.arc(this.x(path[0]), this.y(path[1]), 3.4, 0, 7);
    context.fill();
  }

  drawChosen() {
    const { context, frame } = this;
    const points = frame.arrays.fake;
    if (!points || this.lit || !this.layers.has("fake")) return;
    for (const [index, radius] of [[frame.chosen, 7], [this.over, 6]]) {
      if (index === null || index === undefined || 2 * index >= points.length) continue;
      context.globalAlpha = 1;
      context.strokeStyle = tint(this.ink);
      context.lineWidth = 2;
      context.beginPath();
      context.arc(this.x(points[2 * index]), this.y(points[2 * index + 1]), radius, 0, 7);
      context.stroke();
    }
  }

  // a hand's doings

  listen(signal) {
    const { canvas, border } = this;
    const on = (node, event, act) => node.addEventListener(event, act, { signal });
    on(canvas, "pointermove", (event) => this.hover(event));
    on(canvas, "pointerleave", () => this.hover(null));
    on(canvas, "click", (event) => {
      if (this.pen) return;
      const nearest = this.nearest(event);
      this.hear.picked(nearest === this.frame?.chosen ? null : nearest);
    });
    on(border, "pointerdown", (event) => {
      event.preventDefault();
      border.focus();
      border.setPointerCapture(event.pointerId);
    });
    on(border, "pointermove", (event) => {
      if (!border.hasPointerCapture(event.pointerId)) return;
      const box = canvas.getBoundingClientRect();
      this.wiped((event.clientX - box.left) / box.width);
    });
    on(border, "keydown", (event) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      this.wiped(this.wipe + step);
    });
  }

  wiped(share) {
    this.wipe = Math.max(0, Math.min(1, share));
    this.border.setAttribute("aria-valuenow", String(Math.round(this.wipe * 100)));
    this.draw();
  }

  nearest({ clientX, clientY }) {
    const points = this.frame?.arrays.fake;
    if (!points || !this.layers.has("fake")) return null;
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [clientX - box.left, clientY - box.top];
    let [best, least] = [null, NEAR * NEAR];
    for (let at = 0; at < points.length; at += 2) {
      const away = (this.x(points[at]) - x) ** 2 + (this.y(points[at + 1]) - y) ** 2;
      if (away < least) [best, least] = [at / 2, away];
    }
    return best;
  }

  /* D's answer to the fake under the pointer. */
  hover(event) {
    this.pointer = event && { clientX: event.clientX, clientY: event.clientY };
    this.say();
    this.draw();
  }

  /* D's answer at a place, between those of the surface's cells about it; null outside. */
  belief({ side, values }, x, y) {
    const [column, row] = [x, y].map((at) => ((at / this.extent + 1) / 2) * side - 0.5);
    if (column < -0.5 || row < -0.5 || column > side - 0.5 || row > side - 0.5) return null;
    const at = (i, j) => values[Math.max(0, Math.min(side - 1, j)) * side + Math.max(0, Math.min(side - 1, i))] / SHARE;
    const [i, j] = [Math.floor(column), Math.floor(row)];
    const [u, v] = [column - i, row - j];
    return (1 - v) * ((1 - u) * at(i, j) + u * at(i + 1, j)) + v * ((1 - u) * at(i, j + 1) + u * at(i + 1, j + 1));
  }

  say() {
    const over = this.pointer && !this.pen ? this.nearest(this.pointer) : null;
    this.over = over;
    const { fake: points, surface } = this.frame?.arrays ?? {};
    const score = over === null || !surface ? null : this.belief(surface, points[2 * over], points[2 * over + 1]);
    set(this.tip, "hidden", score === null);
    if (score === null) return;
    const [x, y] = [this.x(points[2 * over]), this.y(points[2 * over + 1])];
    say(this.tip, this.hear.told("fake {0}: D says {1} % real", over, Math.round(score * 100)));
    style(this.tip, "left", `${Math.min(this.size - 170, Math.max(0, x + 12))}px`);
    style(this.tip, "top", `${Math.max(0, y - 34)}px`);
  }
}

function heatTable(paper, fake, real) {
  return Uint32Array.from({ length: 256 }, (_, value) => {
    const belief = value > SHARE ? 0 : value / SHARE - 0.5; // what is not known is pale, too
    const strength = HEAT * Math.min(1, Math.abs(belief) * 2) ** 0.9;
    const to = belief < 0 ? fake : real;
    const [red, green, blue] = paper.map((from, at) => Math.round(from + (to[at] - from) * strength));
    return (255 << 24) | (blue << 16) | (green << 8) | red;
  });
}

/* A point with a thin rim of paper, so that it is seen upon its own colour. */
function pointSprite(colour, paper, scale) {
  const side = Math.ceil(2 * (POINT + 1.4) * scale);
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext("2d");
  context.translate(side / 2, side / 2);
  context.scale(scale, scale);
  context.beginPath();
  context.arc(0, 0, POINT + 0.9, 0, 7);
  context.fillStyle = tint(paper, 0.85);
  context.fill();
  context.beginPath();
  context.arc(0, 0, POINT, 0, 7);
  context.fillStyle = colour;
  context.fill();
  return canvas;
}
