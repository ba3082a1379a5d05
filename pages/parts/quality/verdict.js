// What is going on in a run, in a sentence; a click shows what it rests on, and what to try.

const MOODS = { good: "#2e9e5b", calm: "#8a93a3", bad: "#d9472f" };

function svg(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

class VerdictView {
  constructor(component) {
    this.root = component.parentElement.querySelector(".gq");
    this.part = Object.fromEntries([...this.root.querySelectorAll("[class]")].map((node) => [node.classList[0].slice(3), node]));
    this.part.line.onclick = () => this.open(this.part.more.hidden);
    this.part.try.onclick = () => {
      this.part.try.disabled = true;
      this.component.setTriggerValue("fork", this.shown.kind);
    };
    this.take(component);
    this.feed = new Feed(pageBase(), { quality: this.run }, (message) => this.hear(message));
  }

  take(component) {
    this.component = component;
    this.part.try.disabled = false;
    const { run } = component.data;
    if (run === this.run) return;
    this.run = run;
    this.root.hidden = true;
    this.open(false);
    this.feed?.wish({ quality: run });
  }

  hear(message) { if (message.kind === "quality" && message.run === this.run) this.show(message); }

  show({ verdicts, note, trains }) {
    const [first, ...others] = verdicts, { part } = this;
    this.root.hidden = !first;
    if (!first) return;
    this.shown = first;
    this.root.style.setProperty("--gq-mood", MOODS[first.mood]);
    // Said aloud when it becomes another, not with each new number in it.
    if (this.root.dataset.kind !== first.kind) part.said.textContent = `${first.title}: ${first.text}`;
    this.root.dataset.kind = first.kind;
    part.title.textContent = first.title;
    part.text.textContent = first.text;
    part.why.hidden = !first.evidence.length;
    part.also.textContent = [...others.map((one) => `${one.title}: ${one.text}`), note].filter(Boolean).join(" ");
    part.advice.textContent = first.advice;
    part.try.hidden = !first.changes.length;
    part.try.textContent = first.anew ? "Begin anew with this change" : "Fork with this change";
    part.try.title = `Trains another run with ${first.changes.join(", ")}`;
    part.fate.textContent = first.changes.length ? (trains ? "This run is stopped, and kept." : "This run stays as it is.") : "";
    if (!part.more.hidden) this.evidence();
  }

  open(wide) {
    this.part.more.hidden = !wide;
    this.part.line.setAttribute("aria-expanded", String(wide));
    if (wide) this.evidence();
  }

  evidence() {
    this.part.evidence.replaceChildren(...this.shown.evidence.map((one) => this.card(one)));
  }

  card({ name, value, series, real }) {
    const card = document.createElement("div"), head = document.createElement("h4"), text = document.createElement("p");
    card.className = "gq-card";
    head.textContent = name;
    text.textContent = value;
    card.append(head, text);
    if (series.length > 1) card.append(this.course(name, series, real), this.ends(series));
    return card;
  }

  // The value over images seen, with that of real samples as a broken line.
  course(name, series, real) {
    const all = [...series.map(([, y]) => y), ...(real === null ? [] : [real])];
    const [x0, x1] = [series[0][0], series.at(-1)[0]], low = Math.min(...all), high = Math.max(...all);
    const x = (value) => 100 * (value - x0) / (x1 - x0 || 1), y = (value) => 30 - 28 * (value - low) / (high - low || 1) - 1;
    const picture = svg("svg", { viewBox: "0 0 100 30", preserveAspectRatio: "none", role: "img", "aria-label": `${name} over images seen` });
    if (real !== null) picture.append(svg("line", { class: "gq-real", x1: 0, x2: 100, y1: y(real), y2: y(real) }));
    const since = x(this.shown.since);
    if (since > 0 && since < 100) picture.append(svg("line", { class: "gq-since", x1: since, x2: since, y1: 0, y2: 30 }));
    picture.append(svg("polyline", { class: "gq-course", points: series.map(([a, b]) => `${x(a)},${y(b)}`).join(" ") }));
    return picture;
  }

  ends(series) {
    const row = document.createElement("div");
    row.className = "gq-ends";
    for (const [images] of [series[0], series.at(-1)]) {
      const end = document.createElement("span");
      end.textContent = `${images.toLocaleString("en-US")} images`;
      row.append(end);
    }
    return row;
  }

  remove() { this.feed.close(); }
}

export default mounted(VerdictView);
