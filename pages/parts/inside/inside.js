/* The discriminator X-ray on the screen: asks for what D makes of the picture with each movement of the hand. `easel.js`
   is the picture, `gauge.js` the figure, `copies.js` the nearest real ones, `line.js` the socket. */

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const percent = (share) => `${Math.round(share * 100)} %`;
const wide = (share) => `${share * 100}%`; // as CSS has it
// A score as exact as it is worth.
const score = (value) => (Math.abs(value) >= 100 ? signed(value).replace(/\.\d+$/, "") : signed(value));
const NAMES = { real: "Real", fake: "Fake" };
const UNDECIDED = 0.03; // from one half
const NARROW = 900; // of the window: all stands below each other, as in the style sheet
const TALLEST = 476;
const SHORTEST = 224;
const BELOW = 280; // of the picture: its caption and the tools

class Inside {
  constructor(component) {
    this.root = component.parentElement.querySelector(".gi");
    this.gone = new AbortController();
    this.stale = 0; // answers up to this number are of another discriminator
    this.page = 0;
    this.strips = this.found = null;
    this.trouble = "";
    const { colours, kinds } = component.data;
    this.root.style.setProperty("--gi-real-colour", colours.real);
    this.root.style.setProperty("--gi-fake-colour", colours.fake);
    this.easel = new Easel(this.one("picture"), [colours.real, colours.fake], this.gone.signal, () => this.moved());
    this.copies = new CopiesStrip(
      this.one("copies"), this.gone.signal, (page) => this.ask("copies", { page }), (seed) => this.pickSeed(seed),
    );
    this.listen();
    this.line = new Line("gan/inside", kinds, {
      up: () => {
        this.trouble = "";
        this.askAll();
      },
      down: () => this.show(),
      file: () => {},
      message: (message) => this.message(message),
    });
    this.take(component);
  }

  remove() {
    this.gone.abort();
    this.line.close();
    this.gauge?.remove();
  }

  one(name) {
    return this.root.querySelector(`.gi-${name}`);
  }

  /* What Streamlit hands in. The picture counts only with a new revision: else the hand knows better. */
  take(component) {
    const before = this.data;
    const data = (this.data = component.data);
    this.component = component;
    const another = data.run !== before?.run;
    if (String(data.shape) !== String(before?.shape)) {
      this.easel.size(data.shape);
      this.fit();
    }
    if (another) this.buildClasses();
    if (data.revision !== before?.revision) {
      this.link = { ...data.link };
      this.wanted = true;
      this.page = Math.floor(this.link.number / data.perPage);
      this.said = this.query();
    }
    if (another) {
      this.link = { ...data.link };
      this.own = null;
    }
    if (another || data.images !== before?.images) {
      this.stale = this.line.number;
      this.strips = this.found = null;
      this.trouble = "";
      // A drawing stays, for another discriminator to look at; a sample gives way to its own of that number.
      if (!this.easel.drawn) {
        this.wanted = true;
        this.page = Math.floor(this.link.number / data.perPage);
      }
    }
    if (another || data.images !== before?.images || data.revision !== before?.revision) this.askAll();
    this.show();
  }

  // what is asked

  ask(kind, request = {}) {
    const { run, images } = this.data;
    this.line.ask(kind, { run, images, ...request });
  }

  askAll() {
    this.ask("samples", { page: this.page });
    this.ask("gauge");
    this.askPicture();
    this.copies.again();
  }

  askPicture() {
    const { pixels } = this.easel;
    if (!pixels || this.wanted) return; // comes with the samples
    this.ask("picture", { pixels: btoa(String.fromCharCode(...pixels)), label: this.told });
  }

  /* The class that D is told: the one chosen, else the sample's own; null for a D that knows none. */
  get told() {
    return this.data.classes.length ? (this.link.label ?? this.own ?? 0) : null;
  }

  // what comes back

  message(message) {
    if (message.kind === "error") {
      if (message.number === undefined || message.number > this.stale) this.trouble = message.text;
    } else if (message.run === this.data.run && message.images === this.data.images) {
      this.trouble = "";
      if (message.kind === "samples") this.samples(message);
      else if (message.kind === "gauge") this.compare(message);
      else if (message.kind === "picture") this.picture(message);
      else if (message.kind === "copies") this.copies.take(message, this.data);
    }
    this.show();
  }

  samples(strips) {
    if (strips.page !== this.page) return;
    this.strips = strips;
    for (const kind of ["real", "fake"]) this.buildStrip(kind, strips[kind]);
    if (!this.wanted) return;
    const { show, number } = this.link;
    const kind = strips[show] ? show : "fake";
    this.wanted = false;
    this.pick(kind, number % this.data.perPage, this.link.label);
  }

  compare(message) {
    const node = { parentElement: this.one("gauge"), data: { ...message, alt: this.alt(message.counts) } };
    if (this.gauge) this.gauge.take(node);
    else this.gauge = new Gauge(node);
    this.reading = message.reading;
    say(this.one("missing"), message.missing && `Real samples are missing: ${message.missing}`);
  }

  alt([real, fake]) {
    return `Histogram of D's scores of ${real} real and ${fake} fake samples, and where this picture's score stands`;
  }

  picture(found) {
    this.found = found;
    this.easel.laid(new Int8Array(bytes(found.push).buffer));
  }

  // a hand's doings

  pick(kind, place, label = null) {
    const strip = this.strips?.[kind];
    if (!strip) { // clicked while another discriminator's are on their way: that one's of the same number
      this.link = { show: kind, number: this.page * this.data.perPage + place, label };
      this.wanted = true;
      return;
    }
    const length = this.data.shape.reduce((product, side) => product * side);
    const count = strip.scores.length;
    const at = Math.min(place, count - 1);
    this.own = strip.labels?.[at] ?? null;
    this.link = { show: kind, number: this.page * this.data.perPage + at, label };
    this.easel.show(strip.bytes.slice(at * length, (at + 1) * length));
    this.askPicture();
    this.say();
    this.show();
  }

  /* One of G's samples that may be on another page. */
  pickSeed(seed) {
    this.page = Math.floor(seed / this.data.perPage);
    this.link = { show: "fake", number: seed, label: null };
    this.wanted = true;
    this.ask("samples", { page: this.page });
  }

  tell(label) {
    this.link.label = label === this.own ? null : label;
    this.askPicture();
    this.say();
    this.show();
  }

  moved() {
    this.askPicture();
    this.show();
  }

  leaf(step) {
    const { pages } = this.strips ?? {};
    if (pages === undefined || this.wanted) return;
    this.page = (this.page + step + pages) % pages;
    this.ask("samples", { page: this.page });
  }

  query() {
    return new URLSearchParams(Object.entries(this.link).filter(([, value]) => value !== null)).toString();
  }

  /* So that the page's address knows. */
  say() {
    const link = this.query();
    if (link !== this.said) this.component.setTriggerValue("link", (this.said = link));
  }

  listen() {
    const { signal } = this.gone;
    const { easel } = this;
    const on = (name, event, act) => this.one(name).addEventListener(event, act, { signal });
    on("cover", "input", ({ target }) => {
      easel.cover = Number(target.value);
      easel.paint();
      this.show();
    });
    on("width", "input", ({ target }) => {
      easel.radius = Number(target.value) / 2;
      this.show();
    });
    on("tool", "change", () => this.dip());
    on("ink", "input", () => this.dip());
    on("clear", "click", () => easel.pixels && easel.clear());
    on("undo", "click", () => easel.undo());
    on("back", "click", () => easel.pixels && easel.back());
    on("follow", "click", () => easel.pixels && easel.follow());
    on("earlier", "click", () => this.leaf(-1));
    on("later", "click", () => this.leaf(1));
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key !== "z") return;
      if (event.target.closest?.("input:not([type=range]):not([type=radio]), textarea")) return;
      event.preventDefault();
      easel.undo();
    }, { signal });
    const observer = new ResizeObserver(() => this.fit());
    observer.observe(this.root);
    window.addEventListener("resize", () => this.fit(), { signal });
    signal.addEventListener("abort", () => observer.disconnect());
  }

  /* What the brush is full of. */
  dip() {
    const erases = this.root.querySelector('input[value="eraser"]').checked;
    const ink = this.one("ink").value;
    this.easel.ink = erases ? [0, 0, 0] : [1, 3, 5].map((at) => parseInt(ink.slice(at, at + 2), 16));
  }

  // what is made

  buildStrip(kind, strip) {
    const head = make("span", { className: `gi-${kind}`, textContent: NAMES[kind] });
    if (!strip) {
      this.root.querySelector(`.gi-strip[data-kind="${kind}"]`).replaceChildren(head, make("p", {
        textContent: "the run's data is not here",
      }));
      return;
    }
    strip.bytes = bytes(strip.pixels);
    const { shape, classes } = this.data;
    const thumbs = strip.scores.map((value, place) => {
      const canvas = thumbnail(strip.bytes, place, shape);
      const number = this.page * this.data.perPage + place;
      const label = strip.labels ? ` ${classes[strip.labels[place]]}` : "";
      const title = kind === "real" ? `real${label}, number ${number}` : `fake${label}, seed ${number}`;
      return make(
        "button",
        {
          type: "button", className: "gi-thumb gl-thumb", title, ariaLabel: `${title}, score ${score(value)}`, data: { number },
          onclick: () => this.pick(kind, place),
        },
        canvas, make("span", { textContent: score(value) }),
      );
    });
    this.root.querySelector(`.gi-strip[data-kind="${kind}"]`).replaceChildren(head, ...thumbs);
  }

  buildClasses() {
    const { classes, mostBars } = this.data;
    const place = this.one("classes");
    set(this.one("told"), "hidden", classes.length === 0);
    if (classes.length > mostBars) {
      place.replaceChildren(make(
        "select",
        { className: "gl-class-list", ariaLabel: "Class", onchange: ({ target }) => this.tell(Number(target.value)) },
        ...classes.map((name, label) => make("option", { value: label, textContent: name })),
      ));
      return;
    }
    place.replaceChildren(...classes.map((name, label) => make(
      "button",
      { type: "button", className: "gi-class", data: { label }, title: `class ${name}`, onclick: () => this.tell(label) },
      make("span", { textContent: name }), make("i"), make("span"),
    )));
  }

  /* Every pixel of the picture a whole number of the screen's; picture and tools in sight together, where that can be. */
  fit() {
    const [, height, width] = this.data?.shape ?? [1, 1, 1];
    const scrolled = this.root.closest('[data-testid="stMain"]')?.scrollTop ?? window.scrollY;
    const above = this.one("stage").getBoundingClientRect().top + scrolled;
    const below = window.innerWidth <= NARROW ? window.innerHeight / 2 : window.innerHeight - above - BELOW;
    const room = Math.min(TALLEST, Math.max(SHORTEST, below));
    const size = Math.min(whole(this.one("frame").clientWidth, width), whole(room, height) * (width / height));
    style(this.root, "--gi-size", `${size}px`);
  }

  // what is shown

  get status() {
    // Said from the second failure on: most connections are back at once.
    return !this.line.open && this.line.failures ? "Connection lost; trying again…" : this.trouble;
  }

  /* Before the screen is drawn the next time, however often it is asked for until then. */
  show() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (!this.gone.signal.aborted) this.showNow();
    });
  }

  showNow() {
    if (!this.link) return;
    const { easel, found, data } = this;
    const drawn = easel.drawn;
    const { show, number } = this.link;
    const name = data.classes.length && this.own !== undefined && this.own !== null ? ` ${data.classes[this.own]}` : "";
    const sample = show === "real" ? `real${name}, number ${number}` : `fake${name}, seed ${number}`;
    const drawing = data.classes.length ? `your drawing, judged as ${data.classes[this.told]}` : "your drawing";
    const what = !easel.pixels ? "" : drawn ? drawing : sample;
    say(this.one("what"), what);
    set(this.one("picture"), "ariaLabel", `${what}; it can be drawn on`);
    set(this.one("ink"), "hidden", data.shape[0] !== 3);
    set(this.one("undo"), "disabled", !easel.undone.length);
    set(this.one("back"), "disabled", !drawn);
    this.slide("cover", easel.cover, easel.cover ? percent(easel.cover) : "off");
    this.slide("width", 2 * easel.radius, String(2 * easel.radius));
    for (const button of this.root.querySelectorAll(".gi-thumb")) {
      const { kind: strip } = button.parentElement.dataset, kind = strip === "copy" ? "fake" : strip;
      set(button, "ariaPressed", String(!drawn && kind === show && Number(button.dataset.number) === number));
    }
    this.showVerdict(found);
    this.showClasses(found?.classes);
    say(this.root.querySelector(".gl-status"), this.status);
  }

  slide(name, value, said) {
    const slider = this.one(name);
    if (Number(slider.value) !== value) slider.value = value;
    const share = (value - slider.min) / (slider.max - slider.min);
    style(slider, "--gl-high", wide(share));
    say(slider.parentElement.querySelector("output"), said);
  }

  showVerdict(found) {
    this.gauge?.mark(found?.score);
    say(this.one("score"), found ? score(found.score) : "…");
    const belief = found?.probability ?? null;
    const likely = Math.abs(belief - 0.5) < UNDECIDED ? "cannot tell" : `takes it for ${belief > 0.5 ? "real" : "fake"}`;
    say(this.one("belief"), belief === null ? "" : `${likely}: ${percent(belief)} real`);
    set(this.one("belief"), "title", this.reading ?? "");
    style(this.one("bar"), "--gi-share", wide(belief ?? 0));
    set(this.one("bar"), "hidden", belief === null);
    const [real, fake] = found?.above ?? [null, null];
    const among = [real === null ? "" : `${percent(real)} of real samples`, fake === null ? "" : `${percent(fake)} of fakes`];
    say(this.one("rank"), found ? `A higher score than ${among.filter(Boolean).join(" and ")}` : "");
    const strength = found ? `full colour: ±${Number(found.strongest.toPrecision(2))} for a tenth brighter` : "";
    say(this.one("strength"), strength);
  }

  showClasses(classes) {
    const { told } = this;
    const list = this.one("classes").querySelector("select");
    if (list) set(list, "value", String(told));
    for (const button of this.root.querySelectorAll(".gi-class")) {
      const label = Number(button.dataset.label);
      set(button, "ariaPressed", String(label === told));
      if (!classes) continue;
      const [, bar, value] = button.children;
      style(bar, "--gi-share", wide(classes.probabilities?.[label] ?? 0));
      say(value, classes.probabilities ? percent(classes.probabilities[label]) : score(classes.scores[label]));
    }
  }
}

export default mounted(Inside);
