// One run, live: where it stands, its samples and its curves. Mounted once; a rerun of the script only hands it new data.

const FILM = 8;

function count(value) { return Math.round(value).toLocaleString("en-US"); }

function duration(seconds) {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60), left = Math.round(seconds) % 60;
  return minutes < 60 ? `${minutes} min ${left} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

class LiveView {
  constructor(component) {
    this.root = component.parentElement.querySelector(".gv");
    this.part = Object.fromEntries([...this.root.querySelectorAll("[class]")].map((node) => [node.classList[0].slice(3), node]));
    this.base = pageBase();
    this.charts = new Charts(this.root, component.data.colours, this.base, (text) => this.say(text));
    this.pictures = new Map();
    this.abort = new AbortController();
    this.listen();
    this.take(component);
    this.feed = new Feed(this.base, { run: this.run }, (message) => this.hear(message));
  }

  take(component) {
    this.component = component;
    const { run, reading } = component.data;
    this.told = null;
    this.root.querySelector(".gv-belief").title = reading;
    if (run === this.run) return;
    this.run = run;
    this.kept = [];
    this.live = null;
    this.following = true;
    this.shown = null;
    this.pictures.clear();
    this.part.frame.classList.remove("gv-drawn");
    this.part.film.replaceChildren();
    this.charts.reset();
    this.feed?.wish({ run });
  }

  listen() {
    const { signal } = this.abort, { part } = this;
    const on = (node, event, act) => node.addEventListener(event, act, { signal });
    const { x, log, beta } = this.charts.options;
    part.x.value = x;
    part.log.checked = log;
    part.smooth.value = String(beta);
    part["smooth-value"].value = beta.toFixed(2);
    on(part.x, "change", () => this.charts.set({ x: part.x.value }));
    on(part.log, "change", () => this.charts.set({ log: part.log.checked }));
    on(part.smooth, "input", () => {
      part["smooth-value"].value = Number(part.smooth.value).toFixed(2);
      this.charts.set({ beta: Number(part.smooth.value) });
    });
    on(part.scrub, "input", () => this.look(Number(part.scrub.value)));
  }

  hear(message) {
    if (message.kind === "open") this.say("");
    else if (message.kind === "lost") this.say("The connection to the dashboard is lost; training goes on. Trying again …");
    else if (message.kind === "watching") this.watched = message.run;
    else if (this.watched !== this.run) return; // still of the run looked at before
    else if (message.kind === "error") this.say(message.text);
    else if (message.kind === "facts") this.facts(message);
    else if (message.kind === "points") this.charts.add(message);
    else if (message.kind === "grids") this.grids(message);
    else if (message.kind === "live") this.liveGrid(message.data);
  }

  say(text) { if (this.part.status.textContent !== text) this.part.status.textContent = text; }

  facts(facts) {
    const { part } = this, { bar } = part;
    this.say("");
    this.active = facts.active;
    this.charts.lives(facts.active);
    const endless = facts.progress === null, percent = endless ? 0 : 100 * facts.progress;
    bar.classList.toggle("gv-endless", endless && facts.active);
    bar.classList.toggle("gv-rest", !facts.active);
    bar.firstElementChild.style.width = endless ? "" : `${percent}%`;
    if (endless) bar.removeAttribute("aria-valuenow"); else bar.setAttribute("aria-valuenow", Math.floor(percent));
    part.share.textContent = endless ? (facts.active ? "until stopped" : "") : `${Math.floor(percent)} %`;
    part.left.textContent = facts.active && facts.secondsLeft !== null ? `${duration(facts.secondsLeft)} left` : "";
    part.rate.textContent = facts.rate ? `${count(facts.rate)} images/s` : "";
    part.images.textContent = facts.targetImages ? `${count(facts.images)} of ${count(facts.targetImages)} images` : `${count(facts.images)} images`;
    part.step.textContent = `step ${count(facts.step)}`;
    part.epoch.textContent = `epoch ${facts.epoch.toFixed(facts.epoch < 10 ? 2 : 1)}`;
    part.seconds.textContent = `${duration(facts.seconds)} trained`;
    // The buttons are the script's: it is asked to run again only when they must change.
    if (facts.state !== this.component.data.state && facts.state !== this.told) {
      this.told = facts.state;
      this.component.setTriggerValue("state", facts.state);
    }
    if (!facts.active) { this.live = null; this.lookAgain(); }
  }

  grids(message) {
    if (message.all) { this.kept = []; this.pictures.clear(); }
    this.kept.push(...message.kept);
    const { scrub } = this.part;
    scrub.max = String(Math.max(0, this.kept.length - 1));
    scrub.disabled = this.kept.length < 2;
    if (this.following) scrub.value = scrub.max;
    this.film();
    this.lookAgain();
  }

  // The grids of the strip: the first, the newest, and some between them.
  film() {
    const { film } = this.part, n = this.kept.length, size = Math.min(FILM, n);
    const places = Array.from({ length: size }, (_, i) => (size === 1 ? 0 : Math.round((i * (n - 1)) / (size - 1))));
    const wanted = places.map((place) => this.kept[place]);
    places.forEach((place, i) => {
      let button = film.children[i];
      if (!button) {
        button = document.createElement("button");
        button.type = "button";
        button.append(new Image());
        button.addEventListener("click", () => this.look(this.kept.indexOf(Number(button.dataset.images))));
        film.append(button);
      }
      if (button.dataset.images === String(wanted[i])) return;
      button.dataset.images = String(wanted[i]);
      button.title = `${count(wanted[i])} images`;
      button.firstElementChild.alt = `Samples at ${count(wanted[i])} images`;
      button.firstElementChild.src = this.address(wanted[i]);
    });
    while (film.children.length > size) film.lastElementChild.remove();
  }

  address(images) { return new URL(`gan/samples/${encodeURIComponent(this.run)}/${images}.png`, this.base).href; }

  look(place) {
    this.following = place >= this.kept.length - 1;
    this.part.scrub.value = String(place);
    this.lookAgain();
  }

  liveGrid(data) {
    this.live = { images: Number(new DataView(data).getBigUint64(0, true)), blob: new Blob([new Uint8Array(data, 8)], { type: "image/png" }) };
    this.lookAgain();
  }

  // Show what should be seen now: the live grid while following a run in training, else the kept grid at the scrubber.
  async lookAgain() {
    const live = this.following ? this.live : null;
    const kept = this.kept[Number(this.part.scrub.value)];
    const images = live && live.images >= (kept ?? 0) ? live.images : kept;
    if (images === undefined) return;
    const wanted = `${this.run}/${images}/${live ? "live" : "kept"}`;
    for (const button of this.part.film.children) button.setAttribute("aria-pressed", String(!this.following && Number(button.dataset.images) === kept));
    if (wanted === this.shown) return;
    this.shown = wanted;
    try {
      const bitmap = live && images === live.images ? await createImageBitmap(live.blob) : await this.picture(images);
      if (wanted !== this.shown) return;
      const { grid } = this.part;
      if (grid.width !== bitmap.width || grid.height !== bitmap.height) Object.assign(grid, { width: bitmap.width, height: bitmap.height });
      grid.getContext("2d").drawImage(bitmap, 0, 0);
      grid.dataset.images = String(images);
      this.part.frame.classList.add("gv-drawn");
      this.part.when.value = `${count(images)} images`;
    } catch (error) {
      this.shown = null;
      if (!this.abort.signal.aborted) this.say(`A sample grid could not be shown: ${error.message}`);
    }
  }

  async picture(images) {
    const address = this.address(images);
    const known = this.pictures.get(address);
    if (known) return known;
    const answer = await fetch(address, { signal: this.abort.signal });
    if (!answer.ok) throw new Error(await answer.text());
    const bitmap = await createImageBitmap(await answer.blob());
    this.pictures.set(address, bitmap);
    if (this.pictures.size > 64) this.pictures.delete(this.pictures.keys().next().value);
    return bitmap;
  }

  remove() {
    this.abort.abort();
    this.feed.close();
    this.charts.remove();
  }
}

export default mounted(LiveView);
