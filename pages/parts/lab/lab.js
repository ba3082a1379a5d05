/* The lab on the screen: what is played is chosen here, played on the server, and drawn here frame by frame. `feed.js` is
   the socket, `picture.js` the plane, `curves.js` the charts, `formulas.js` the losses, `choices.js` the settings. */

const SPEEDS = [1, 2, 5, 10, 25, 50, 100, 200, 0]; // alternations a second; 0: as fast as it can
const LAYERS = [
  ["real", "real", "Points of the data"],
  ["fake", "fake", "What G makes of the same latents, again and again"],
  ["surface", "D(x)", "What D believes everywhere: real, or fake; pale where it cannot tell"],
  ["optimal", "best D", "The best answer there is to this G: p_data / (p_data + p_g) (Goodfellow 2014, Proposition 1). Together with D(x), a border to drag parts the two"],
  ["manifold", "G's grid", "A grid of latents, bent by G into the plane"],
  ["pushes", "pushes", "Where D pushes each fake: downhill on G's loss"],
  ["path", "path", "The way of the fake that you click, over time"],
];
const CHAIN = {
  d: [["noise", "sample noise"], ["generate", "generate"], ["score", "score"], ["loss", "loss"], ["gradient", "gradient"], ["update", "update D"]],
  g: [["score", "score"], ["loss", "loss"], ["gradient", "gradient"], ["update", "update G"]],
};
const FITS = 0.05; // JS, in nats
const LAGS = [0.08, 0.45]; // how far apart D's answers are at most, and data and fakes (JS) at least
// How far apart D's mean answers to real and to fake are, at least, and what that says.
const BELIEFS = [
  [0.6, "D tells real from fake with ease."], [0.2, "D can mostly tell real from fake."],
  [0.08, "D can hardly tell real from fake."], [-Infinity, "D cannot tell real from fake."],
];
const PROBABILISTIC = ["minimax", "non-saturating"]; // whose D gives a probability
const SAID_AFTER = 350; // milliseconds of quiet, until the page's address is told
const CHANGE_PAUSE = 60;
const NUMBERS_EVERY = 100;
const SMALLEST = 260; // side of the picture
const EMBEDDED = 430;
const BESIDE = 600; // of the width of a part of a page: else the charts stand below
const CHARTS = 240; // their width, with the gap, at least
const GREEN = "#1f9e8c";
const VIOLET = "#7a62cf";
const COUNTED = new Intl.NumberFormat("en-US");

class Lab {
  constructor(component) {
    const { data } = component;
    this.root = component.parentElement.querySelector(".gb");
    this.words = data.words;
    this.translate();
    this.gone = new AbortController();
    const { signal } = this.gone;
    this.root.style.setProperty("--gb-real", data.colours.real);
    this.root.style.setProperty("--gb-fake", data.colours.fake);
    this.root.dataset[data.whole ? "whole" : "part"] = "";
    Object.assign(this, { data, component, chosen: null, on: false, slow: false, speed: 6, at: null, life: -1, over: null, trouble: "", toldAt: 0 });
    this.layers = new Set();
    this.course = new Course();
    this.picture = new Picture(this.root, data.colours, signal, {
      picked: (index) => this.pick(index), told: (...said) => this.t(...said),
    });
    this.pen = new Pen(this.picture, data.written, signal, { drawn: (text) => this.drawn(text) });
    this.formula = new Formula(this.one("formula"));
    this.choices = new Choices(this.one("choices"), data, {
      scene: (query) => this.open(query, true),
      set: (settings) => this.set(settings),
      draw: () => this.drawMode(true),
    });
    this.curves = this.charts();
    this.buildLayers();
    this.buildChain();
    this.listen(signal);
    this.query = { ...data.query };
    this.feed = new Feed(pageBase(), {}, (message) => this.hear(message), "gan/lab");
    this.take(component);
  }

  /* In the language that is spoken; what no translation is known of stays English. Numbers come where {0}, {1}, … stand,
     those of a text that comes with its numbers, too. */
  t(text, ...numbers) {
    let known = this.words[text];
    if (known === undefined && !numbers.length) {
      known = this.words[text.replace(/\d+/g, (number) => `{${numbers.push(number) - 1}}`)];
    }
    return (known ?? text).replace(/\{(\d)\}/g, (_, at) => numbers[at]);
  }

  /* What the HTML says. */
  translate() {
    const walker = document.createTreeWalker(this.root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.nodeValue.trim();
      if (text && this.words[text]) node.nodeValue = node.nodeValue.replace(text, this.words[text]);
    }
    for (const node of this.root.querySelectorAll("[title], [aria-label]")) {
      for (const name of ["title", "aria-label"]) {
        const text = node.getAttribute(name);
        if (text && this.words[text]) node.setAttribute(name, this.words[text]);
      }
    }
  }

  remove() {
    this.gone.abort();
    clearTimeout(this.sayTimer);
    clearTimeout(this.changeTimer);
    cancelAnimationFrame(this.drawing);
    this.feed.close();
  }

  one(name) {
    return this.root.querySelector(`.gb-${name}`);
  }

  /* What Streamlit hands in. The scene counts only with a new revision: else the hand knows better. */
  take(component) {
    this.component = component;
    const before = this.revision;
    this.data = component.data;
    this.revision = this.data.revision;
    if (this.revision === before) return;
    this.layers = new Set(this.data.layers);
    this.speed = Math.max(0, SPEEDS.indexOf(this.data.speed));
    this.chosen = this.data.chosen;
    this.open(this.data.query, this.data.plays, false);
  }

  // what is asked of the server

  /* Another scene, from its beginning. */
  open(query, plays = false, told = true) {
    this.query = { ...query };
    this.on = false;
    this.at = null;
    this.waiting = plays;
    if (plays || query.data !== "drawing") this.drawMode(false);
    this.feed.wish(this.feed.wishes = { kind: "open", query: this.query, show: this.shown(), marks: this.data.marks });
    if (told) this.sayLink();
    this.showControls();
  }

  shown() {
    return { layers: [...this.layers], chosen: this.chosen };
  }

  go(on) {
    if (on && this.full) {
      this.full = false;
      this.open(this.query, true, false);
      return;
    }
    if (on && !this.lost) this.trouble = "";
    if (on && this.at !== null) this.look(null);
    this.on = on;
    this.feed.say({ kind: "go", on: on && !document.hidden, speed: SPEEDS[this.speed], slow: this.slow });
    if (on) this.drawMode(false);
    this.showControls();
  }

  step(what) {
    if (this.on) this.go(false);
    if (this.at !== null) this.look(null);
    this.drawMode(false);
    this.feed.say({ kind: "step", what });
  }

  look(at) {
    if (at !== null && this.on) this.go(false);
    this.at = at;
    this.feed.say({ kind: "look", at });
    this.showControls();
  }

  /* Settings that may change while it plays go there; all others begin anew. */
  set(settings) {
    const scene = { ...this.scene, ...settings };
    for (const [name, { when }] of Object.entries(this.data.fields)) { // what means nothing now is as it usually is
      if (when && !when.values.includes(scene[when.field])) scene[name] = settings[name] = this.data.defaults[name];
    }
    for (const name of Object.keys(settings)) if (settings[name] === this.scene[name]) delete settings[name];
    const live = Object.keys(settings).every((name) => this.data.fields[name]?.live);
    this.query = this.asQuery(scene);
    if (!live) {
      this.open(this.query, this.on);
      return;
    }
    this.scene = scene;
    this.choices.show(scene, this.query);
    this.formula.take(scene);
    this.suitCurves();
    this.changes = { ...this.changes, ...settings };
    this.feed.wishes = { ...this.feed.wishes, query: this.query };
    this.changeTimer ||= setTimeout(() => {
      this.changeTimer = 0;
      this.feed.say({ kind: "change", settings: this.changes });
      this.changes = {};
    }, CHANGE_PAUSE);
    this.sayLink();
  }

  /* Only what differs from the default. */
  asQuery(scene) {
    const query = {};
    for (const [name, value] of Object.entries(scene)) {
      if (JSON.stringify(value) !== JSON.stringify(this.data.defaults[name])) query[name] = String(value);
    }
    if (scene.data !== "drawing") delete query.drawing;
    return query;
  }

  show(layer, on) {
    this.layers[on ? "add" : "delete"](layer);
    this.tellShown();
    this.showControls();
    this.picture.draw();
  }

  pick(index) {
    this.chosen = index;
    if (index !== null) this.layers.add("path");
    this.tellShown();
    this.showControls();
  }

  tellShown() {
    this.picture.layers = this.layers;
    this.feed.wishes = { ...this.feed.wishes, show: this.shown() };
    this.feed.say({ kind: "show", ...this.shown() });
    this.sayLink();
  }

  link() {
    const layers = LAYERS.map(([name]) => name).filter((name) => this.layers.has(name));
    const link = { ...this.query };
    if (layers.join() !== this.data.usual.layers.join()) link.layers = layers.join() || "none";
    if (this.chosen !== null) link.chosen = String(this.chosen);
    if (SPEEDS[this.speed] !== this.data.usual.speed) link.speed = String(SPEEDS[this.speed]);
    return new URLSearchParams(link).toString();
  }

  /* So that the page's address knows. */
  sayLink() {
    clearTimeout(this.sayTimer);
    this.sayTimer = setTimeout(() => {
      const link = this.link();
      if (link !== this.said) this.component.setTriggerValue("link", (this.said = link));
    }, SAID_AFTER);
  }

  // what comes back

  hear(message) {
    if (message.kind === "open") {
      if (this.lost) this.trouble = this.t("The connection was lost, and with it what was played: it begins anew.");
    } else if (message.kind === "lost") {
      this.trouble = this.t("Connection lost; trying again…");
      this.on = false;
      this.lost = true;
    } else if (message.kind === "live") this.frameCame(readFrame(message.data));
    else if (message.kind === "scene") this.begun(message);
    else if (message.kind === "paused") {
      this.on = false;
      this.trouble = message.text;
    } else if (message.kind === "ended") {
      this.on = false;
      this.component.setTriggerValue("ended", { scene: message.scene, marks: message.marks });
    } else if (message.kind === "full") {
      this.on = false;
      this.trouble = message.text;
    }
    else if (message.kind === "refused") this.refused(message);
    else if (message.kind === "error") this.trouble = message.text;
    this.showControls();
  }

  /* What was asked for cannot be: what was there goes on. */
  refused({ text, still }) {
    this.trouble = text;
    this.waiting = false;
    if (!still) return;
    Object.assign(this, still);
    this.choices.show(this.scene, this.query);
    this.formula.take(this.scene);
    this.suitCurves();
    this.sayLink();
  }

  begun({ life, scene, query, facts }) {
    if (!this.lost) this.trouble = "";
    Object.assign(this, { life, scene, query, facts, at: null, frame: null, latest: null, substep: null, lost: false });
    this.course.clear();
    this.formula.take(scene);
    this.picture.lit = null;
    this.choices.show(scene, query);
    this.suitCurves();
    if (this.waiting) this.go(true);
    this.waiting = false;
  }

  /* Charts that say something of this objective and this data. */
  suitCurves() {
    const hidden = { value: !PROBABILISTIC.includes(this.scene.objective), scores: PROBABILISTIC.includes(this.scene.objective) };
    for (const curve of this.curves) {
      curve.node.hidden = Boolean(hidden[curve.shown.id]);
      if (curve.shown.id === "modes") curve.count(this.facts.n_modes);
    }
    this.fit();
  }

  frameCame(frame) {
    if (frame.life !== this.life) {
      this.feed.say({ kind: "seen", number: frame.number });
      return;
    }
    frame.extent = this.facts.extent;
    if (frame.at === null) this.course.add(frame.readings);
    this.coming = frame;
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = undefined;
      this.drawNow();
    });
  }

  drawNow() {
    const frame = (this.frame = this.coming);
    if (frame.at === null) this.latest = frame;
    this.feed.say({ kind: "seen", number: frame.number });
    this.substep = frame.substep;
    this.picture.layers = this.layers;
    this.picture.lit = frame.substep && new Set(frame.substep.lights);
    this.picture.show(frame);
    this.picture.say();
    // Numbers that change faster than they can be read would only take the picture's time.
    const now = performance.now();
    if (!frame.on || now - this.toldAt > NUMBERS_EVERY) {
      this.toldAt = now;
      this.formula.light(frame.substep);
      this.formula.show(frame.readings, frame.terms);
      this.drawCurves();
      this.showControls();
    }
    this.root.dataset.step = frame.step;
    this.root.dataset.frame = frame.number;
  }

  drawCurves() {
    const over = this.over ?? (this.at === null ? null : this.frame?.step ?? null);
    const shown = this.curves.filter(({ node }) => !node.hidden);
    shown.forEach((curve, i) => curve.draw(this.picture.ink, over, i === shown.length - 1));
  }

  // one's own density

  drawMode(on) {
    if (Boolean(this.picture.pen) === on) return;
    this.picture.pen = on ? this.pen : null;
    set(this.one("pens"), "hidden", !on);
    if (on) {
      if (this.on) this.go(false);
      this.pen.take(this.scene.drawing);
      this.layers.add("real");
      this.layers.delete("optimal"); // its border would be in the hand's way
    }
    this.picture.draw();
    this.showControls();
  }

  drawn(text) {
    if (text) this.open(this.asQuery({ ...this.scene, data: "drawing", drawing: text }));
  }

  // what is made

  charts() {
    const { real, fake } = this.data.colours;
    const hear = {
      over: (step) => {
        this.over = step;
        this.drawCurves();
      },
      look: (step) => step !== null && this.look(step),
    };
    const shown = [
      { id: "losses", title: "Losses", hint: "What each player minimises, of the newest batch. They say how the game stands, not how good the points are.", lines: [{ name: "loss_d", label: "D", colour: real }, { name: "loss_g", label: "G", colour: fake }] },
      { id: "value", title: "V(D, G)", hint: "E[log D(x)] + E[log(1 − D(G(z)))], whatever the objective. At the equilibrium it is −log 4 = −1.386 (Goodfellow 2014, Theorem 1): dotted.", lines: [{ name: "value", label: "", colour: VIOLET }], mark: { value: -Math.log(4), label: "−log 4" } },
      { id: "beliefs", title: "D's mean answer", hint: "The probability of being real that D gives to real points, and to fakes. Dotted: 0.5, where it cannot tell.", lines: [{ name: "d_real", label: "real", colour: real }, { name: "d_fake", label: "fake", colour: fake }], range: [0, 1], mark: { value: 0.5, label: "0.5" } },
      { id: "modes", title: "Fit", hint: "JS: the Jensen-Shannon divergence between data and fakes, in nats, 0 (the same) to log 2 = 0.69 (nothing in common). Modes: how many of the data's hills G puts points on.", lines: [{ name: "js", label: "JS", colour: GREEN }, { name: "modes", label: "modes", colour: VIOLET, range: [0, 8] }], range: [0, Math.LN2] },
    ];
    shown.splice(2, 0, { id: "scores", title: "D's mean score", hint: "A critic gives scores, not probabilities: only how far apart real and fake are counts.", lines: [{ name: "score_real", label: "real", colour: real }, { name: "score_fake", label: "fake", colour: fake }], stands: "value" });
    const wanted = shown.filter(({ id, stands }) => this.data.charts.includes(stands ?? id));
    const curves = wanted.map((one) => {
      for (const line of one.lines) line.label = this.t(line.label);
      return new Curve(this.course, { ...one, title: this.t(one.title), hint: this.t(one.hint) }, hear, (...said) => this.t(...said));
    });
    this.one("charts").replaceChildren(...curves.map(({ node }) => node));
    return curves;
  }

  buildLayers() {
    this.switches = LAYERS.map(([name, title, hint]) => make("button", {
      type: "button", className: "gb-layer", title: this.t(hint), textContent: this.t(title), data: { layer: name },
      onclick: () => this.show(name, !this.layers.has(name)),
    }));
    this.one("layers").replaceChildren(...this.switches);
  }

  buildChain() {
    this.links = ["d", "g"].flatMap((side) => CHAIN[side].map(([name, title]) =>
      make("li", { textContent: this.t(title), data: { side, name } })));
    this.one("chain").replaceChildren(...this.links);
  }

  // a hand's doings

  listen(signal) {
    const on = (name, event, act) => this.one(name).addEventListener(event, act, { signal });
    // A click leaves the keyboard where it was: space goes on to mean play.
    this.root.addEventListener("mousedown", (event) => event.target.closest("button") && event.preventDefault(), { signal });
    // So does a choice by mouse, and a number once it is entered.
    this.root.addEventListener("change", ({ target }) => target.matches(":focus-visible") || target.blur(), { signal });
    this.root.addEventListener("keydown", ({ key, target }) => {
      if (key === "Enter" && target.type === "number") target.blur();
    }, { signal });
    on("play", "click", () => this.go(!this.on));
    on("reset", "click", () => {
      this.go(false);
      this.feed.say({ kind: "reset" });
    });
    for (const button of this.root.querySelectorAll(".gb-step")) {
      button.addEventListener("click", () => this.step(button.dataset.step), { signal });
    }
    on("slow", "click", () => {
      this.slow = !this.slow;
      if (this.slow) this.go(true);
      else this.go(this.on);
    });
    this.one("speed").querySelector("input").addEventListener("input", ({ target }) => {
      this.speed = Number(target.value);
      this.slow = false;
      this.go(this.on);
      this.sayLink();
    }, { signal });
    on("copy", "click", () => this.copy());
    on("scrub", "input", ({ target }) => this.look(Number(target.value)));
    on("now", "click", () => this.look(null));
    on("clear", "click", () => this.pen.clear());
    on("done", "click", () => this.drawMode(false));
    on("undo", "click", () => this.pen.undo());
    document.addEventListener("keydown", (event) => this.key(event), { signal });
    document.addEventListener("visibilitychange", () => {
      if (this.on) this.feed.say({ kind: "go", on: !document.hidden, speed: SPEEDS[this.speed], slow: this.slow });
    }, { signal });
    const observer = new ResizeObserver(() => this.fit());
    observer.observe(this.root);
    observer.observe(document.documentElement);
    window.addEventListener("resize", () => this.fit(), { signal });
    signal.addEventListener("abort", () => observer.disconnect());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(() => this.fit(), 100), { signal });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, button, summary, a, [role=slider], [contenteditable]")) return;
    const halves = { d: () => this.step("d"), g: () => this.step("g") };
    const act = {
      " ": () => this.go(!this.on), ArrowRight: () => this.step("both"), s: () => this.step("sub"),
      ArrowLeft: () => this.back(), ...(this.data.whole ? halves : {}),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /* A fiftieth of the past back. */
  back() {
    const [from, to] = this.frame?.past ?? [0, 0];
    this.look(Math.max(from, (this.at ?? to) - Math.max(1, Math.round((to - from) / 50))));
  }

  async copy() {
    const button = this.one("copy");
    const address = `${pageBase()}?${this.link()}`.replace(/\?$/, "");
    try {
      await navigator.clipboard.writeText(address);
      say(button, "Copied");
    } catch {
      this.trouble = address; // to be copied by hand
      say(button, "See below");
      this.showControls();
    }
    setTimeout(() => say(button, "Copy link"), 1600);
  }

  /* The square as large as the window leaves room for, with all that belongs to it in sight. */
  fit() {
    const stage = this.one("stage");
    const frame = this.one("frame");
    const others = stage.offsetHeight - frame.offsetHeight;
    const scrolled = this.root.closest('[data-testid="stMain"]')?.scrollTop ?? window.scrollY;
    const above = stage.getBoundingClientRect().top + scrolled;
    const width = this.root.clientWidth;
    const beside = width >= BESIDE;
    let room = this.data.whole ? window.innerHeight - above - others - 14 : EMBEDDED;
    if (!this.data.whole) {
      this.root.dataset.part = beside ? "beside" : "below";
      if (beside) room = Math.min(room, width - CHARTS);
    }
    const size = Math.floor(Math.max(SMALLEST, Math.min(room, width)));
    style(this.root, "--gb-size", `${size}px`);
    this.picture.fit(Math.min(size, frame.clientWidth || size));
    for (const curve of this.curves) curve.fit();
    this.drawCurves();
  }

  // what is shown

  get sentence() {
    if (this.picture.pen) return "";
    if (this.substep) {
      const { side, turn, turns, sentence } = this.substep;
      return (side === "d" && turns > 1 ? this.t("Step {0} of {1} of D. ", turn, turns) : "") + this.t(sentence);
    }
    if (this.at !== null) return this.t("Looking back at step {0}.", COUNTED.format(this.frame?.step ?? this.at));
    if (!this.frame || this.frame.step === 0) return this.about;
    return this.verdict;
  }

  get about() {
    const here = JSON.stringify(sorted(this.query));
    const ready = this.data.scenes.find(({ query }) => JSON.stringify(sorted(query)) === here);
    return ready?.text ?? this.t("Press Play: D learns to tell real from fake, G learns to be taken for real.");
  }

  get verdict() {
    const { js, modes, d_real: real, d_fake: fake } = this.frame.readings;
    const n = this.facts?.n_modes;
    const said = n && modes !== null ? [this.t("G covers {0} of {1} modes.", modes, n)] : [];
    const apart = real - fake;
    const behind = apart <= LAGS[0] && js !== null && js > LAGS[1];
    said.push(this.t(behind ? "D cannot tell, though they lie apart: it has not kept up with G."
      : BELIEFS.find(([least]) => apart > least)[1]));
    if (js !== null && js < FITS) said.push(this.t("G fits the data."));
    return said.join(" ");
  }

  showControls() {
    const { frame } = this;
    const play = this.one("play");
    set(play, "ariaPressed", String(this.on));
    set(play, "ariaLabel", this.t(this.on ? "Pause" : "Play"));
    say(play.querySelector("span"), this.t(this.on ? "Pause" : "Play"));
    set(this.one("slow"), "ariaPressed", String(this.slow));
    const speed = this.one("speed").querySelector("input");
    if (Number(speed.value) !== this.speed) speed.value = this.speed;
    const pace = SPEEDS[this.speed];
    style(speed, "--gl-high", `${(100 * this.speed) / (SPEEDS.length - 1)}%`);
    say(this.one("speed").querySelector("output"), pace ? `${pace} / s` : this.t("fastest"));
    speed.setAttribute("aria-valuetext", pace ? this.t("{0} steps a second", pace) : this.t("fastest"));
    say(this.one("step-count"), COUNTED.format(frame?.step ?? 0));
    say(this.one("rate"), this.on && frame?.rate ? ` · ${Math.round(frame.rate)} / s` : "");
    for (const button of this.switches) {
      set(button, "ariaPressed", String(this.layers.has(button.dataset.layer)));
    }
    const scrub = this.one("scrub");
    const [from, to] = this.latest?.past ?? [0, 0];
    set(scrub, "min", String(from));
    set(scrub, "max", String(to));
    set(scrub, "disabled", to <= from);
    const at = this.at ?? to;
    if (document.activeElement !== scrub || this.at === null) if (Number(scrub.value) !== at) scrub.value = at;
    style(scrub, "--gl-high", `${to > from ? (100 * (scrub.value - from)) / (to - from) : 100}%`);
    say(this.one("now"), this.t(this.at === null ? "now" : "back to now"));
    set(this.one("now"), "disabled", this.at === null);
    set(this.one("chain"), "hidden", !this.substep);
    if (this.substep) {
      for (const link of this.links) {
        link.classList.toggle("gb-lit", link.dataset.side === this.substep.side && link.dataset.name === this.substep.name);
      }
    }
    say(this.one("sentence"), frame || this.scene ? this.sentence : "");
    say(this.root.querySelector(".gl-status"), this.trouble);
    this.root.dataset.state = this.on ? "playing" : "paused";
  }
}

export default mounted(Lab);
