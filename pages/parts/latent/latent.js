/* The explorer on the screen: holds the view while a hand moves it, asks for pictures of it, and tells Streamlit where
   the hand was let go. `controls.js` makes and sets the controls, `line.js` is the socket. */

const SECONDS_ACROSS = 4; // playing, from one end of the strip to the other
const REST = 200; // milliseconds without a movement, after which the place is told
const SAVED = { png: "image/png", gif: "image/gif", json: "application/json" };
const WORDS = { training: "live", queued: "queued", paused: "paused", stopping: "stopping" };

const explorers = new WeakMap();

/* Streamlit calls this again whenever `data` changes: one explorer for each element, however often. */
export default function (component) {
  const { parentElement } = component;
  let explorer = explorers.get(parentElement);
  if (!explorer) explorers.set(parentElement, (explorer = new Explorer(parentElement.querySelector(".gl"), component.data)));
  const turn = explorer.take(component);
  return () => {
    if (explorer.turn !== turn) return; // a later call has taken over
    explorer.end();
    explorers.delete(parentElement);
  };
}

class Explorer {
  constructor(root, data) {
    this.root = root;
    this.turn = 0;
    this.asked = {}; // of each kind the last request, as text: nothing is asked for twice
    this.stale = 0; // answers up to this number are of another generator
    this.arrived = this.drawn = 0;
    this.trouble = "";
    this.gone = new AbortController();
    this.controls = new Controls(root, this, this.gone.signal);
    this.line = new Line("gan/latent", data.kinds, {
      up: () => {
        this.trouble = "";
        this.asked = {};
        this.draw();
        this.show();
      },
      down: () => {
        Object.keys(SAVED).forEach((kind) => this.controls.saved(kind)); // what was on its way will not come
        this.show();
      },
      file: (answer) => this.file(answer),
      message: (message) => this.message(message),
    });
  }

  end() {
    this.gone.abort();
    this.line.close();
    clearTimeout(this.resting);
    cancelAnimationFrame(this.frame);
  }

  /* What Streamlit hands in. The view counts only with a new revision: else the hand knows better. */
  take(component) {
    const before = this.data;
    const data = (this.data = component.data);
    this.component = component;
    if (data.revision !== before?.revision) {
      this.view = structuredClone(data.view);
      this.said = this.query();
    }
    if (data.run !== before?.run || data.images !== before?.images) {
      this.stale = this.line.number;
      this.asked = {};
      this.state = this.order = this.z = this.seen = null;
      this.trouble = "";
    }
    if (data.run !== before?.run) this.controls.build();
    this.show();
    this.draw();
    return ++this.turn;
  }

  // the hand

  /* A movement: drawn at once, told when the hand rests. */
  change(patch) {
    clearTimeout(this.resting);
    Object.assign(this.view, patch);
    this.moving = true;
    this.show();
    this.draw();
  }

  /* A movement that is complete, like a click. */
  choose(patch) {
    this.change(patch);
    this.rest();
  }

  /* The hand let go. Keys let go with every press, so it waits for a pause. */
  rest() {
    clearTimeout(this.resting);
    if (!this.playing) this.resting = setTimeout(() => this.say(), REST);
  }

  say() {
    this.moving = false;
    const link = this.query();
    if (link !== this.said) this.component.setTriggerValue("link", (this.said = link));
    this.news();
    this.show();
  }

  /* Along the strip: t in [0, 1]. */
  walk(t) {
    t = Math.min(1, Math.max(0, t));
    if (!this.sliders) return this.change({ t: Math.round(t * 1000) / 1000 });
    return this.turnDim(this.strip, (2 * t - 1) * this.data.range);
  }

  turnDim(dim, value) {
    this.change({ dim, dims: { ...this.view.dims, [dim]: Math.round(value * 100) / 100 } });
  }

  play(on) {
    cancelAnimationFrame(this.frame);
    this.playing = on;
    this.show();
    if (!on) return this.rest();
    let direction = this.t < 1 ? 1 : -1;
    let at = this.t;
    let last = performance.now();
    const step = (now) => {
      at += (direction * (now - last)) / 1000 / SECONDS_ACROSS;
      last = now;
      if (at >= 1 || at <= 0) direction = at >= 1 ? -1 : 1;
      at = Math.min(1, Math.max(0, at));
      this.walk(at);
      this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  // where it stands

  get sliders() {
    return this.view.mode === "sliders";
  }

  /* The coordinate whose doings the strip shows, `view.dim`: the last that was touched, at first the most influential. */
  get strip() {
    return this.view.dim ?? this.order?.[0] ?? 0;
  }

  /* A coordinate of sample A; undefined until the server told what the seed's is. */
  coordinate(dim) {
    return this.view.dims[dim] ?? this.z?.[dim];
  }

  /* Place on the strip, in [0, 1]. */
  get t() {
    if (!this.sliders) return this.view.t;
    const { range } = this.data;
    return Math.min(1, Math.max(0, ((this.coordinate(this.strip) ?? 0) / range + 1) / 2));
  }

  /* The view as a link holds it, without run and checkpoint: only what differs from the defaults, and the mode. */
  query() {
    const parts = new URLSearchParams({ mode: this.view.mode });
    for (const [field, value] of Object.entries(this.view)) {
      if (field === "mode" || value === null || JSON.stringify(value) === JSON.stringify(this.data.defaults[field])) continue;
      parts.set(field, field === "dims" ? Object.entries(value).map((pair) => pair.join(":")).join(",") : value);
    }
    return parts.toString();
  }

  get address() {
    const { run } = this.data;
    // Of a run at rest the very checkpoint, whatever it is trained to later; of one in training what is newest then.
    const images = this.data.images ?? (this.live ? null : this.seen);
    const which = new URLSearchParams(images === null ? { run } : { run, images });
    return `${location.origin}${location.pathname}?${which}&${this.query()}`;
  }

  // what is asked

  /* What the screen needs now, each with only those parts of the view that it depends on. */
  wanted() {
    const { t, ...way } = this.view;
    const { seed, label, label_b, truncation, dims } = this.view;
    const wanted = { picture: { view: this.view } };
    if (this.sliders) {
      const others = { ...dims };
      delete others[this.strip];
      wanted.strip = { view: { seed, label, truncation, dims: others }, dim: this.strip };
      wanted.latent = { view: { seed, truncation } };
      wanted.influence = {};
    } else {
      wanted.strip = { view: way };
      wanted.thumbs_a = { view: { label, truncation }, seeds: this.controls.seeds("a") };
      wanted.thumbs_b = { view: { label, label_b, truncation }, seeds: this.controls.seeds("b") };
    }
    return wanted;
  }

  draw() {
    for (const [kind, request] of Object.entries(this.wanted())) {
      const text = JSON.stringify(request);
      if (this.asked[kind] !== text) this.ask(kind, request);
      this.asked[kind] = text;
    }
  }

  ask(kind, request) {
    const { run, images } = this.data;
    this.line.ask(kind, { run, images, ...request });
  }

  save(kind) {
    const dim = kind === "gif" && this.sliders ? { dim: this.strip } : {};
    this.ask(kind, { view: structuredClone(this.view), ...dim });
  }

  // what comes back

  async file({ kind, number, images, bytes }) {
    this.controls.saved(kind);
    if (number <= this.stale) return;
    const blob = new Blob([bytes], { type: SAVED[kind] ?? "image/png" });
    if (kind in SAVED) {
      this.controls.download(blob, `${this.data.run}-${images}.${kind}`, kind);
      return;
    }
    const arrived = ++this.arrived;
    const picture = await createImageBitmap(blob);
    if (number <= this.stale || this.gone.signal.aborted) return;
    if (kind === "picture") {
      if (arrived < this.drawn) return; // decoded later than a newer one
      this.drawn = arrived;
      this.seen = images;
      this.trouble = "";
    }
    this.controls.paint(kind, picture);
    this.show();
  }

  message(message) {
    if (message.kind === "error") {
      if (message.number === undefined || message.number > this.stale) this.trouble = message.text;
      this.controls.saved(message.of);
    } else if (message.kind === "state" && message.run === this.data.run) {
      this.state = message;
      if (this.trouble) {
        this.trouble = "";
        this.asked = {};
        this.draw();
      }
      this.news();
    } else if (message.number > this.stale) {
      if (message.kind === "latent") this.z = message.z;
      if (message.kind === "influence") {
        this.order = message.values.map((_, dim) => dim).sort((a, b) => message.values[b] - message.values[a]);
        this.draw();
      }
    }
    this.show();
  }

  /* The lists above know less than the socket: let the script look again, but never under a moving hand. */
  news() {
    const { state, data } = this;
    if (!state || this.moving || this.playing) return;
    if (state.state === data.state && state.checkpoints === data.checkpoints) return;
    const news = `${state.state} ${state.checkpoints}`;
    if (news !== this.told) this.component.setTriggerValue("news", (this.told = news));
  }

  // what is shown

  get live() {
    return this.data.images === null ? (WORDS[this.state?.state] ?? "") : "";
  }

  get status() {
    // Said from the second failure on: most connections are back at once.
    return !this.line.open && this.line.failures ? "Connection lost; trying again…" : this.trouble;
  }

  show() {
    if (this.line && this.view) this.controls.show();
  }
}
