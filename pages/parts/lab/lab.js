/* The lab on the screen: what is played is chosen here, played on the server, and drawn here frame by frame. `feed.js` is
   the socket, `picture.js` the plane, `curves.js` the charts, `formulas.js` the losses, `choices.js` the settings,
   `panel.js` all that is around the picture. */

const PROBABILISTIC = ["minimax", "non-saturating"]; // whose D gives a probability
const SAID_AFTER = 350; // milliseconds of quiet, until the page's address is told
const CHANGE_PAUSE = 60;
const NUMBERS_EVERY = 100;
const SMALLEST = 260; // side of the picture
const EMBEDDED = 430;
const BESIDE = 600; // of the width of a part of a page: else the charts stand below
const BESIDE_IT = 240; // the charts' width, with the gap, at least
class Lab {
  constructor(component) {
    const { data } = component;
    this.root = component.parentElement.querySelector(".gb");
    this.words = new Words(data.words);
    this.words.translate(this.root);
    this.gone = new AbortController();
    const { signal } = this.gone;
    this.root.style.setProperty("--gb-real", data.colours.real);
    this.root.style.setProperty("--gb-fake", data.colours.fake);
    this.root.dataset[data.whole ? "whole" : "part"] = "";
    Object.assign(this, { data, component, chosen: null, on: false, slow: false, speed: 6, at: null, over: null });
    Object.assign(this, { life: -1, trouble: "", toldAt: 0 });
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
    this.panel = new Panel(this);
    this.listen(signal);
    this.query = { ...data.query };
    this.feed = new Feed(pageBase(), {}, (message) => this.hear(message), "gan/lab");
    this.take(component);
  }

  t(text, ...numbers) {
    return this.words.t(text, ...numbers);
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
    this.speed = Math.max(0, this.data.speeds.indexOf(this.data.speed));
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
    if (plays || (query.data !== "drawing" && query !== this.undrawn)) this.drawMode(false);
    this.feed.wish(this.feed.wishes = { kind: "open", query: this.query, show: this.shown(), marks: this.data.marks });
    if (told) this.sayLink();
    this.panel.show();
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
    this.feed.say({ kind: "go", on: on && !document.hidden, speed: this.data.speeds[this.speed], slow: this.slow });
    if (on) this.drawMode(false);
    this.panel.show();
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
    this.panel.show();
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
    this.panel.show();
    this.picture.draw();
  }

  pick(index) {
    this.chosen = index;
    if (index !== null) this.layers.add("path");
    this.tellShown();
    this.panel.show();
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
    if (this.data.speeds[this.speed] !== this.data.usual.speed) link.speed = String(this.data.speeds[this.speed]);
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
      this.full = true;
      this.trouble = message.text;
    } else if (message.kind === "refused") this.refused(message);
    else if (message.kind === "error") this.trouble = message.text;
    this.panel.show();
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
    this.begunAt = performance.now();
    this.panel.said = "";
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
      this.panel.show();
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
    style(this.picture.canvas, "touch-action", on ? "none" : "");
    set(this.one("pens"), "hidden", !on);
    if (on) {
      if (this.on) this.go(false);
      this.undrawn = this.scene.data === "drawing" ? null : { ...this.query };
      this.pen.take(this.scene.drawing);
      this.layers.add("real");
      this.layers.delete("optimal"); // its border would be in the hand's way
    }
    this.picture.draw();
    this.panel.show();
  }

  /* Without a stroke there is no drawing to play: the data from before the first is back. */
  drawn(text) {
    if (text) this.open(this.asQuery({ ...this.scene, data: "drawing", drawing: text }));
    else if (this.undrawn) this.open(this.undrawn);
  }

  // what is made

  charts() {
    const hear = {
      over: (step) => {
        this.over = step;
        this.drawCurves();
      },
      look: (step) => step !== null && this.look(step),
    };
    const wanted = CHARTS(this.data.colours).filter(({ id, stands }) => this.data.charts.includes(stands ?? id));
    const curves = wanted.map((one) => {
      for (const line of one.lines) line.label = this.t(line.label);
      return new Curve(this.course, { ...one, title: this.t(one.title), hint: this.t(one.hint) }, hear, (...said) => this.t(...said));
    });
    this.one("charts").replaceChildren(...curves.map(({ node }) => node));
    return curves;
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
      if (this.on) this.feed.say({ kind: "go", on: !document.hidden, speed: this.data.speeds[this.speed], slow: this.slow });
    }, { signal });
    const observer = new ResizeObserver(() => this.fit());
    observer.observe(this.root);
    observer.observe(document.documentElement);
    window.addEventListener("resize", () => this.fit(), { signal });
    signal.addEventListener("abort", () => observer.disconnect());
    on("picture", "transitionend", () => this.fit()); // light became dark
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, button, summary, [role=slider], [contenteditable]")) return;
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
      this.panel.show();
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
      if (beside) room = Math.min(room, width - BESIDE_IT);
    }
    const size = Math.floor(Math.max(SMALLEST, Math.min(room, width)));
    style(this.root, "--gb-size", `${size}px`);
    this.picture.fit(Math.min(size, frame.clientWidth || size));
    for (const curve of this.curves) curve.fit();
    this.drawCurves();
  }
}

export default mounted(Lab);
