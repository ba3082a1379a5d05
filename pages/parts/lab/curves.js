/* Small live charts on canvases: a line each for a few numbers over the steps, bounded however long a lab plays. */

const MOST_POINTS = 1200; // kept; then every second one goes
const LEAST = 0.1; // room about a mark
const CHART_HEIGHT = 76;
const ROOM = { left: 40, right: 6, top: 7, bottom: 5, steps: 13 };

const shortly = (value) => {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (Number.isInteger(value)) return String(value).replace("-", "−");
  const text = size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 0.01 ? value.toFixed(2)
    : size >= 0.0005 ? value.toFixed(4) : value.toExponential(0);
  return text.replace("-", "−");
};

/* What came in, by step: the same for all charts. */
class Course {
  constructor() {
    this.clear();
  }

  clear() {
    this.points = [];
  }

  /* Half steps of a hand replace the point of their step. */
  add(reading) {
    const last = this.points.at(-1);
    if (last && reading.step < last.step) this.clear();
    if (last && reading.step === last.step) {
      this.points[this.points.length - 1] = reading;
      return;
    }
    this.points.push(reading);
    if (this.points.length > MOST_POINTS) this.points = this.points.filter((_, at) => at % 2 === 0 || at > MOST_POINTS - 40);
  }

  at(step) {
    let [low, high] = [0, this.points.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.points[middle].step < step) low = middle + 1;
      else high = middle;
    }
    return this.points[low];
  }
}

class Curve {
  /* shown: { title, hint, lines: [{ name, label, colour, side? }], mark?: { value, label }, range?: [low, high] };
     told: (text, ...numbers) → in words */
  constructor(course, shown, hear, told) {
    this.course = course;
    this.told = told;
    this.shown = shown;
    this.canvas = make("canvas", { className: "gb-chart" });
    this.values = shown.lines.map(({ label, colour }) => {
      const value = make("b");
      value.style.color = colour;
      const name = make("span", { textContent: label });
      return { node: make("span", { className: "gb-value" }, make("i", { style: `background:${colour}` }), name, " ", value), name, value };
    });
    this.mark = make("span", { className: "gb-mark" });
    this.node = make("figure", { className: "gb-curve", data: { curve: shown.id } },
      make("figcaption", {}, make("span", { className: "gb-title", title: shown.hint, textContent: shown.title }),
        ...this.values.map(({ node }) => node)), this.canvas);
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", told("{0} over the steps", shown.title));
    this.canvas.onpointermove = (event) => hear.over(this.stepAt(event));
    this.canvas.onpointerleave = () => hear.over(null);
    this.canvas.onclick = (event) => hear.look(this.stepAt(event));
  }

  /* How many modes there are to be covered; 0: none to count. */
  count(modes) {
    const at = this.shown.lines.findIndex(({ name }) => name === "modes");
    this.shown.lines[at].range = [0, modes || 1];
    say(this.values[at].name, this.told("modes of {0}", modes));
    this.values[at].node.hidden = !modes;
  }

  stepAt({ clientX }) {
    const { points } = this.course;
    if (!points.length) return null;
    const box = this.canvas.getBoundingClientRect();
    const share = (clientX - box.left - ROOM.left) / (box.width - ROOM.left - ROOM.right);
    const [from, to] = [points[0].step, points.at(-1).step];
    return Math.round(from + Math.max(0, Math.min(1, share)) * (to - from));
  }

  fit() {
    const width = this.canvas.clientWidth;
    const height = this.canvas.clientHeight || CHART_HEIGHT;
    const scale = Math.min(2, devicePixelRatio);
    if (!width) return;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    Object.assign(this, { width, height, scale });
  }

  /* over: the step to point at; null: the newest. last: whether the steps stand below it. */
  draw(ink, over, last) {
    if (!this.width) this.fit();
    if (!this.width) return;
    const { width, height, shown, course: { points } } = this;
    const context = this.canvas.getContext("2d");
    const at = over === null || !points.length ? points.at(-1) : this.course.at(over);
    this.values.forEach(({ value }, i) => say(value, shortly(at?.[shown.lines[i].name])));
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const [left, right, top, bottom] = [ROOM.left, width - ROOM.right, ROOM.top, height - ROOM.bottom - (last ? ROOM.steps : 0)];
    const [low, high] = this.range();
    const y = (value, [from, to] = [low, high]) => bottom - ((Math.max(from, Math.min(to, value)) - from) / (to - from)) * (bottom - top);
    const first = points[0]?.step ?? 0;
    const span = Math.max(1, (points.at(-1)?.step ?? 1) - first);
    const x = (step) => left + ((step - first) / span) * (right - left);
    context.font = "10px sans-serif";
    context.textBaseline = "middle";
    context.textAlign = "right";
    context.fillStyle = tint(ink, 0.62);
    context.strokeStyle = tint(ink, 0.13);
    context.lineWidth = 1;
    const mark = shown.mark ? y(shown.mark.value) : -Infinity;
    for (const value of [low, high]) {
      const line = Math.round(y(value)) + 0.5;
      context.beginPath();
      context.moveTo(left, line);
      context.lineTo(right, line);
      context.stroke();
      if (Math.abs(line - mark) > 10) context.fillText(shortly(value), left - 5, Math.max(6, Math.min(height - 6, line)));
    }
    if (last && points.length > 1) {
      context.fillText(`${this.told("step {0}", COUNTED.format(points.at(-1).step))}`, right, height - 6);
      context.textAlign = "left";
      context.fillText(String(first), left, height - 6);
      context.textAlign = "right";
    }
    if (shown.mark) {
      const line = Math.round(mark) + 0.5;
      context.strokeStyle = tint(ink, 0.6);
      context.setLineDash([2, 3]);
      context.beginPath();
      context.moveTo(left, line);
      context.lineTo(right, line);
      context.stroke();
      context.setLineDash([]);
      context.fillText(shown.mark.label, left - 5, line);
    }
    for (const { name, colour, range } of shown.lines) {
      context.strokeStyle = colour;
      context.lineWidth = 1.5;
      context.lineJoin = "round";
      context.beginPath();
      let drawing = false;
      for (const point of points) {
        const value = point[name];
        if (!Number.isFinite(value)) {
          drawing = false;
          continue;
        }
        if (drawing) context.lineTo(x(point.step), y(value, range));
        else context.moveTo(x(point.step), y(value, range));
        drawing = true;
      }
      context.stroke();
    }
    if (over !== null && at) {
      context.strokeStyle = tint(ink, 0.5);
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(Math.round(x(at.step)) + 0.5, top);
      context.lineTo(Math.round(x(at.step)) + 0.5, bottom);
      context.stroke();
    }
  }

  /* What is given, or all but the wildest fiftieth of what is there. */
  range() {
    const { range, lines, mark } = this.shown;
    if (range) return range;
    const values = [];
    for (const point of this.course.points) {
      for (const { name, range: own } of lines) if (!own && Number.isFinite(point[name])) values.push(point[name]);
    }
    if (!values.length) return mark ? [mark.value - 1, mark.value + 1] : [0, 1];
    values.sort((a, b) => a - b);
    const cut = Math.floor(values.length / 50);
    let [low, high] = [values[cut], values[values.length - 1 - cut]];
    if (mark) [low, high] = [Math.min(low, mark.value - LEAST), Math.max(high, mark.value + LEAST)];
    if (low > 0 && low < 0.6 * high) low = 0;
    if (high < 0 && high > 0.6 * low) high = 0;
    const room = 0.06 * (high - low) || 0.5;
    return [low === 0 ? 0 : low - room, high === 0 ? 0 : high + room];
  }
}
