/* The explorer's controls: made from what the generator has, set from the view, and listened to. */

const THUMBS = 6;
const FIRST_DIMS = 12; // before "all" unfolds the others
const MOST_BUTTONS = 24; // more classes than that go into a list
// The picture's height on the screen, and what lies below it up to the slider's end, in pixels.
const SHORTEST = 196;
const TALLEST = 600;
const BELOW_PICTURE = 182;
const KEY_STEP = 0.02; // of the strip, for one press of an arrow key; with Shift a tenth
const SEEDS = 2 ** 31;

class Controls {
  constructor(root, explorer, signal) {
    this.root = root;
    this.explorer = explorer;
    this.signal = signal;
    this.pages = {};
    this.unfolded = false;
    this.natural = { picture: [1, 1], strip: [11, 1] };
    this.listen();
    this.watchSize();
  }

  one(name) {
    return this.root.querySelector(`.gl-${name}`);
  }

  all(name) {
    return [...this.root.querySelectorAll(`.gl-${name}`)];
  }

  on(name, event, act) {
    this.one(name).addEventListener(event, act, { signal: this.signal });
  }

  // made once for each generator

  build() {
    const { classes, colour } = this.explorer.data;
    this.root.style.setProperty("--gl-colour", colour);
    this.pages = {};
    this.one("sides").replaceChildren(...["a", "b"].map((side) => this.side(side)));
    for (const place of this.all("classes")) {
      place.hidden = classes.length === 0;
      place.replaceChildren(...(classes.length > MOST_BUTTONS ? [this.classList(place)] : this.classButtons(place)));
    }
    this.rows = [];
    this.one("dims-rows").replaceChildren();
  }

  side(side) {
    const letter = side.toUpperCase();
    const page = (step, sign, title) =>
      make("button", {
        type: "button", className: "gl-page", textContent: sign, title, ariaLabel: `${title} for ${letter}`,
        onclick: () => this.turnPage(side, step),
      });
    const thumbs = Array.from({ length: THUMBS }, (_, place) =>
      make(
        "button",
        {
          type: "button", className: "gl-thumb", data: { place },
          onclick: () => this.pick(side, { seed: this.seeds(side)[place] }),
        },
        make("canvas", { width: 1, height: 1 }),
      ),
    );
    return make(
      "div",
      { className: "gl-side", data: { side }, role: "group", ariaLabel: `Sample ${letter}` },
      make(
        "div",
        { className: "gl-side-head" },
        make("span", { className: "gl-label", textContent: side === "a" ? "From A" : "To B" }),
        make("span", { className: "gl-pages" }, page(-1, "‹", "Earlier samples"), page(1, "›", "More samples")),
      ),
      make("div", { className: "gl-classes", data: { side }, role: "group", ariaLabel: `Class of ${letter}` }),
      make("div", { className: "gl-thumbs", role: "group", ariaLabel: `Samples for ${letter}` }, ...thumbs),
    );
  }

  classButtons(place) {
    return this.explorer.data.classes.map((name, label) =>
      make("button", {
        type: "button", className: "gl-class", textContent: name, title: `class ${name}`, data: { label },
        onclick: () => this.pick(place.dataset.side, { label }),
      }),
    );
  }

  classList(place) {
    const options = this.explorer.data.classes.map((name, label) => make("option", { value: label, textContent: name }));
    return make(
      "select",
      {
        className: "gl-class-list", ariaLabel: place.ariaLabel,
        onchange: (event) => this.pick(place.dataset.side, { label: Number(event.target.value) }),
      },
      ...options,
    );
  }

  /* Another class or seed for a side. A seed's place is its own: what a hand had moved of A is let go. */
  pick(side, { seed, label }) {
    const end = side === "a" ? "" : "_b";
    if (label !== undefined) this.explorer.choose({ [`label${end}`]: label });
    else this.explorer.choose({ [`seed${end}`]: seed, ...(side === "a" ? { dims: {} } : {}) });
  }

  /* The seeds on offer: six neighbours, at first those around the chosen one. */
  seeds(side) {
    const { view } = this.explorer;
    const chosen = side === "a" ? view.seed : view.seed_b;
    this.pages[side] ??= Math.floor(chosen / THUMBS);
    return Array.from({ length: THUMBS }, (_, place) => (this.pages[side] * THUMBS + place) % SEEDS);
  }

  turnPage(side, step) {
    this.pages[side] = Math.max(0, this.pages[side] + step);
    this.explorer.draw();
    this.explorer.show();
  }

  row(dim) {
    const slider = make("input", {
      type: "range", min: -this.explorer.data.range, max: this.explorer.data.range, step: 0.01,
      ariaLabel: `Coordinate ${dim}`,
      oninput: () => this.explorer.turnDim(dim, Number(slider.value)),
      onchange: () => this.explorer.rest(),
      onfocus: () => this.touch(dim),
    });
    const back = make("button", {
      type: "button", className: "gl-back", textContent: "↺", title: `Back to the seed's own z${dim}`,
      ariaLabel: `Reset coordinate ${dim}`, onclick: () => this.letGo(dim),
    });
    const node = make(
      "div",
      { className: "gl-dim", data: { dim } },
      make("span", { className: "gl-name", textContent: `z${dim}` }),
      slider,
      make("output", { className: "gl-value" }),
      back,
    );
    return { dim, node, slider, value: node.querySelector("output"), back };
  }

  touch(dim) {
    this.explorer.choose({ dim });
  }

  letGo(dim) {
    const dims = { ...this.explorer.view.dims };
    delete dims[dim];
    this.explorer.choose({ dims });
  }

  // listened to

  listen() {
    const { explorer } = this;
    this.on("t", "input", ({ target }) => explorer.walk(Number(target.value)));
    this.on("t", "change", () => explorer.rest());
    this.on("t", "keydown", (event) => this.key(event));
    this.on("play", "click", () => explorer.play(!explorer.playing));
    for (const [name, field] of [["mode", "mode"], ["how", "how"]]) {
      this.on(name, "change", ({ target }) => explorer.choose({ [field]: target.value }));
    }
    this.on("psi", "input", ({ target }) => explorer.change({ truncation: Number(target.value) }));
    this.on("psi", "change", () => explorer.rest());
    this.on("seed", "input", ({ target }) => {
      const seed = Number(target.value);
      if (target.value && Number.isInteger(seed) && seed >= 0 && seed < SEEDS) this.newSeed(seed);
    });
    this.on("seed", "change", () => this.show(true));
    this.on("new", "click", () => this.newSeed(Math.floor(Math.random() * 1e6)));
    this.on("reset", "click", () => explorer.choose({ dims: {}, truncation: explorer.data.defaults.truncation }));
    this.on("all", "click", () => {
      this.unfolded = !this.unfolded;
      this.show();
    });
    this.on("save", "click", ({ target }) => {
      if (!target.dataset.save) return;
      target.disabled = true;
      explorer.save(target.dataset.save);
    });
    this.on("copy", "click", () => this.copy());
    // A slider that ends where it began tells of no change.
    for (const event of ["pointerup", "pointercancel"]) {
      window.addEventListener(event, () => explorer.moving && explorer.rest(), { signal: this.signal });
    }
    this.scrub();
  }

  newSeed(seed) {
    this.pages.a = Math.floor(seed / THUMBS);
    this.explorer.choose({ seed, dims: {} });
  }

  key(event) {
    const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!direction || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.explorer.walk(this.explorer.t + direction * KEY_STEP * (event.shiftKey ? 0.1 : 1));
    this.explorer.rest();
  }

  /* The strip itself can be dragged, too: the middle of each picture is its place. */
  scrub() {
    const strip = this.one("strip");
    const follow = (event) => {
      const box = strip.getBoundingClientRect();
      const count = this.explorer.data.strip;
      this.explorer.walk((((event.clientX - box.left) / box.width) * count - 0.5) / (count - 1));
    };
    const { signal } = this;
    strip.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      strip.setPointerCapture(event.pointerId);
      follow(event);
    }, { signal });
    strip.addEventListener("pointermove", (event) => strip.hasPointerCapture(event.pointerId) && follow(event), { signal });
    strip.addEventListener("lostpointercapture", () => this.explorer.rest(), { signal });
  }

  // taken home

  download(blob, name, kind) {
    const address = URL.createObjectURL(blob);
    make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
    this.saved(kind);
  }

  saved(kind) {
    const button = this.root.querySelector(`[data-save="${kind}"]`);
    if (button) button.disabled = false;
  }

  async copy() {
    const button = this.one("copy");
    const { address } = this.explorer;
    try {
      await navigator.clipboard.writeText(address);
    } catch { // not allowed, or not served by https: the old way
      const text = make("textarea", { value: address });
      this.root.append(text);
      text.select();
      document.execCommand("copy");
      text.remove();
      button.focus();
    }
    button.textContent = "Copied ✓";
    setTimeout(() => (button.textContent = "Copy link"), 1500);
  }

  // painted

  paint(kind, picture) {
    const { width, height } = picture;
    if (kind.startsWith("thumbs")) {
      const side = width / THUMBS;
      this.root.querySelectorAll(`.gl-side[data-side="${kind.at(-1)}"] canvas`).forEach((canvas, place) => {
        this.copyTo(canvas, picture, place * side, side, height);
      });
      return;
    }
    this.copyTo(kind === "strip" ? this.one("strip").firstElementChild : this.one("picture"), picture, 0, width, height);
    if (String(this.natural[kind]) !== String([width, height])) {
      this.natural[kind] = [width, height];
      this.fit();
    }
  }

  copyTo(canvas, picture, left, width, height) {
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    canvas.getContext("2d").drawImage(picture, left, 0, width, height, 0, 0, width, height);
  }

  watchSize() {
    const observer = new ResizeObserver(() => this.fit());
    observer.observe(this.root);
    // The page above may grow or shrink, by a message for example.
    const page = this.root.closest('[data-testid="stMainBlockContainer"]');
    if (page) observer.observe(page);
    window.addEventListener("resize", () => this.fit(), { signal: this.signal });
    this.signal.addEventListener("abort", () => observer.disconnect());
  }

  /* Every pixel of a picture a whole number of pixels of the screen, wherever there is room. */
  fit() {
    const scrolled = this.root.closest('[data-testid="stMain"]')?.scrollTop ?? window.scrollY;
    const above = this.root.getBoundingClientRect().top + scrolled;
    const height = Math.min(TALLEST, Math.max(SHORTEST, window.innerHeight - above - BELOW_PICTURE));
    const [width, tall] = this.natural.picture;
    const size = Math.min(whole(this.one("frame").clientWidth, width), whole(height, tall) * (width / tall));
    const count = this.explorer.data?.strip ?? 11;
    const cell = whole(this.one("track").clientWidth / count, this.natural.strip[0] / count);
    style(this.root, "--gl-size", `${size}px`);
    style(this.root, "--gl-cell", `${cell}px`);
  }

  // set from the view

  show(seedToo = false) {
    const { explorer, root } = this;
    const { view, data, sliders, t, seen, live, status } = explorer;
    set(root.dataset, "mode", view.mode);
    set(root.dataset, "live", live);
    for (const field of ["mode", "how"]) {
      for (const radio of this.one(field).querySelectorAll("input")) set(radio, "checked", radio.value === view[field]);
    }
    const play = this.one("play");
    set(play, "ariaPressed", String(Boolean(explorer.playing)));
    set(play, "ariaLabel", explorer.playing ? "Pause" : "Play");
    this.showPath(view, data, sliders, t);
    this.showSlider(this.one("psi"), view.truncation);
    say(this.one("truncation").querySelector("output"), view.truncation.toFixed(2));
    const seed = this.one("seed");
    if (seedToo || seed !== document.activeElement) set(seed, "value", String(view.seed));
    for (const place of this.all("classes")) this.showClass(place, view);
    for (const side of ["a", "b"]) this.showThumbs(side, view);
    if (sliders) this.showDims();
    say(this.one("seen"), seen === null ? "" : `${live && `${live} · `}${counted.format(seen)} images seen`);
    say(this.one("status"), status);
  }

  showPath(view, data, sliders, t) {
    const [a, b] = this.names(view, data);
    const slider = this.one("t");
    const share = `${Math.round(t * 100)} %`;
    const z = `z${this.explorer.strip}`;
    const value = this.explorer.coordinate(this.explorer.strip);
    this.showSlider(slider, t);
    style(this.one("marker"), "--gl-t", String(t)); // not on the root: all within would be styled anew
    set(slider, "ariaLabel", sliders ? `Coordinate ${this.explorer.strip}` : `From ${a} to ${b}`);
    set(slider, "ariaValueText", sliders ? String(value ?? "") : `${share} of the way`);
    say(this.one("from"), sliders ? signed(-data.range) : a);
    say(this.one("middle"), sliders ? `${z} = ${value === undefined ? "…" : signed(value)}` : share);
    say(this.one("to"), sliders ? signed(data.range) : b);
    const moved = Object.keys(view.dims).length;
    const by = moved ? `, ${moved} coordinate${moved > 1 ? "s" : ""} set by hand` : "";
    const what = sliders ? `${a}${data.classes.length ? ` · seed ${view.seed}` : ""}${by}` : `${a} → ${b}`;
    say(this.one("what"), what);
    set(this.one("picture"), "ariaLabel", `The generated picture: ${what}`);
    const strip = sliders ? `What coordinate ${this.explorer.strip} does` : `The way from ${a} to ${b}`;
    set(this.one("strip").firstElementChild, "ariaLabel", `${strip}, in ${data.strip} pictures`);
  }

  names(view, data) {
    if (!data.classes.length) return [`seed ${view.seed}`, `seed ${view.seed_b}`];
    return [data.classes[view.label], data.classes[view.label_b]];
  }

  /* Filled from 0, or from the left end where there is no 0. */
  showSlider(slider, value) {
    if (Number(slider.value) !== value) slider.value = value;
    const share = (at) => (at - slider.min) / (slider.max - slider.min);
    const [from, to] = [share(Math.max(0, slider.min)), share(slider.value)].sort((a, b) => a - b);
    style(slider, "--gl-low", `${from * 100}%`);
    style(slider, "--gl-high", `${to * 100}%`);
  }

  showClass(place, view) {
    const label = place.dataset.side === "a" ? view.label : view.label_b;
    for (const button of place.querySelectorAll("button")) {
      set(button, "ariaPressed", String(Number(button.dataset.label) === label));
    }
    const list = place.querySelector("select");
    if (list) set(list, "value", String(label));
  }

  showThumbs(side, view) {
    const chosen = side === "a" ? view.seed : view.seed_b;
    const moved = side === "a" && Object.keys(view.dims).length > 0;
    const seeds = this.seeds(side);
    this.root.querySelectorAll(`.gl-side[data-side="${side}"] .gl-thumb`).forEach((button, place) => {
      set(button, "ariaPressed", String(seeds[place] === chosen && !moved));
      for (const name of ["title", "ariaLabel"]) set(button, name, `seed ${seeds[place]}`);
    });
  }

  showDims() {
    const { explorer } = this;
    const count = explorer.data.latentDim;
    const order = explorer.order ?? Array.from({ length: count }, (_, dim) => dim);
    const shown = order.slice(0, this.unfolded ? count : FIRST_DIMS);
    if (!explorer.moving && String(this.rows.map((row) => row.dim)) !== String(shown)) { // never under the hand
      this.rows = shown.map((dim) => this.row(dim));
      this.one("dims-rows").replaceChildren(...this.rows.map((row) => row.node));
    }
    for (const { dim, node, slider, value, back } of this.rows) {
      const z = explorer.coordinate(dim);
      const moved = dim in explorer.view.dims;
      this.showSlider(slider, z ?? 0);
      say(value, z === undefined ? "" : signed(z));
      set(node.dataset, "strip", String(dim === explorer.strip));
      style(back, "visibility", moved ? "visible" : "hidden");
    }
    const title = explorer.order ? `The ${shown.length} coordinates that matter most` : "Coordinates, being measured…";
    say(this.one("dims-title"), shown.length === count ? `All ${count} coordinates` : title);
    const all = this.one("all");
    set(all, "hidden", count <= FIRST_DIMS);
    say(all, this.unfolded ? "fewer" : `all ${count}`);
    set(all, "ariaExpanded", String(this.unfolded));
  }
}
