// Runs side by side at one moment of their training. Each stop of the slider is a moment of one of them; the others show
// theirs that is nearest. Pictures are loaded ahead, so that each movement of the hand is drawn at once.

const AT_ONCE = 4; // pictures on their way
const PER_SECOND = 8; // stops, while it plays
const AXES = { images: "images seen", seconds: "training time" };
const counted = new Intl.NumberFormat("en-US");

function element(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

class Scrubber {
  constructor(component) {
    this.root = component.parentElement.querySelector(".gs");
    this.by = "images";
    this.pictures = new Map(); // address → the picture, null while it is on its way, undefined before
    this.flying = 0;
    this.build();
    this.take(component);
  }

  build() {
    this.stage = element("div", { className: "gs-stage" });
    this.playing = element("button", { type: "button", className: "gs-play", textContent: "▶", title: "Play", ariaLabel: "Play" });
    this.slider = element("input", { type: "range", className: "gs-t", min: 0, step: 1, ariaLabel: "Training time" });
    this.now = element("output", { className: "gs-now" });
    this.axis = element("select", { ariaLabel: "Side by side at equal" }, ...Object.entries(AXES).map(
      ([value, textContent]) => element("option", { value, textContent }),
    ));
    this.axis.title = "What the runs have in common at each stop";
    const save = element("button", { type: "button", className: "gs-png", textContent: "↓ PNG", title: "What is shown now, as one picture" });
    this.root.replaceChildren(this.stage, element("div", { className: "gs-bar" }, this.playing, this.slider, this.now, this.axis, save));
    this.slider.oninput = () => this.go(Number(this.slider.value));
    this.slider.onpointerdown = () => this.play(false);
    this.playing.onclick = () => this.play(!this.timer);
    this.axis.onchange = () => {
      const at = this.stops[this.stop];
      const share = at / this.stops.at(-1);
      this.by = this.axis.value;
      this.settle();
      this.go(this.nearestIndex(this.stops, share * this.stops.at(-1)));
    };
    save.onclick = () => this.save();
  }

  take({ data }) {
    const told = JSON.stringify(data);
    if (told === this.told) return;
    const first = this.told === undefined, before = first ? 0 : this.stops[this.stop], last = this.stop === this.stops?.length - 1;
    this.told = told;
    this.data = data;
    this.runs = data.runs.map((run) => ({
      ...run,
      moments: run.moments.map(([images, seconds, route]) => ({ images, seconds, address: this.address(run.name, images, route) })),
    }));
    const wanted = new Set(this.runs.flatMap((run) => run.moments.map((moment) => moment.address)));
    for (const address of this.pictures.keys()) if (!wanted.has(address)) this.pictures.delete(address);
    this.stage.style.setProperty("--gs-count", this.runs.length);
    this.stage.nextSibling.style.setProperty("--gs-count", this.runs.length);
    this.stage.replaceChildren(...this.runs.map((run) => {
      run.canvas = element("canvas", { width: 1, height: 1 });
      run.canvas.setAttribute("role", "img");
      run.place = element("span", { className: "gs-place" });
      const dot = element("span", { className: "gs-dot" });
      dot.style.background = run.colour;
      const caption = element("figcaption", {}, dot, element("span", { className: "gs-name", textContent: run.name, title: run.name }), run.place);
      return element("figure", { className: "gs-run" }, caption, run.canvas);
    }));
    this.settle();
    this.go(first || last ? this.stops.length - 1 : this.nearestIndex(this.stops, before));
    this.ahead();
  }

  address(name, images, route) {
    const url = new URL(`gan/${route}/${encodeURIComponent(name)}/${images}.png`, pageBase());
    if (route === "drawn") url.search = this.data.query;
    return url.href;
  }

  /* The stops of the slider: every moment that any run has. */
  settle() {
    this.stops = [...new Set(this.runs.flatMap((run) => run.moments.map((moment) => moment[this.by])))].sort((a, b) => a - b);
    this.slider.max = this.stops.length - 1;
  }

  nearestIndex(values, at) {
    let best = 0;
    values.forEach((value, index) => { if (Math.abs(value - at) < Math.abs(values[best] - at)) best = index; });
    return best;
  }

  go(stop) {
    this.stop = stop;
    if (this.slider.value !== String(stop)) this.slider.value = stop;
    const at = this.stops[stop];
    const words = this.by === "images" ? `${counted.format(at)} images` : `${at.toFixed(1)} s`;
    this.now.textContent = words;
    this.slider.ariaValueText = words;
    for (const run of this.runs) {
      run.at = this.nearestIndex(run.moments.map((moment) => moment[this.by]), at);
      this.show(run);
    }
  }

  /* The moment's picture, or until it is there the nearest that is. */
  show(run) {
    const moment = run.moments[run.at];
    const time = moment.seconds ? ` · ${moment.seconds.toFixed(1)} s` : "";
    run.place.textContent = `${counted.format(moment.images)} images${time}`;
    run.canvas.setAttribute("aria-label", `${run.name} at ${counted.format(moment.images)} images`);
    if (!this.pictures.has(moment.address)) this.load(moment.address);
    let shown;
    for (let distance = 0; distance < run.moments.length && !shown; distance++) {
      for (const index of [run.at - distance, run.at + distance]) shown ||= this.pictures.get(run.moments[index]?.address);
    }
    if (!shown) return;
    const { canvas } = run;
    if (canvas.width !== shown.width || canvas.height !== shown.height) Object.assign(canvas, { width: shown.width, height: shown.height });
    canvas.getContext("2d").drawImage(shown, 0, 0);
    canvas.dataset.images = shown === this.pictures.get(moment.address) ? moment.images : "";
  }

  async load(address) {
    this.pictures.set(address, null);
    this.flying++;
    try {
      const answer = await fetch(address, { signal: (this.leaving ??= new AbortController()).signal });
      if (!answer.ok) throw new Error(await answer.text());
      const picture = await createImageBitmap(await answer.blob());
      if (this.pictures.has(address)) this.pictures.set(address, picture);
    } catch {
      // It was removed a moment ago, or the server is away: the nearest other one is shown.
    } finally {
      this.flying--;
    }
    if (this.gone) return;
    for (const run of this.runs) if (run.at !== undefined) this.show(run);
    this.ahead();
  }

  /* What is not here yet, from where the hand is outwards. */
  ahead() {
    while (!this.gone && this.flying < AT_ONCE) {
      let next, nearest = Infinity;
      for (const run of this.runs) {
        run.moments.forEach((moment, index) => {
          const distance = Math.abs(index - (run.at ?? 0));
          if (!this.pictures.has(moment.address) && distance < nearest) [next, nearest] = [moment.address, distance];
        });
      }
      if (next === undefined) return;
      this.load(next);
    }
  }

  play(on) {
    clearInterval(this.timer);
    this.timer = 0;
    this.playing.textContent = on ? "❚❚" : "▶";
    this.playing.ariaLabel = this.playing.title = on ? "Pause" : "Play";
    if (!on) return;
    if (this.stop === this.stops.length - 1) this.go(0);
    this.timer = setInterval(() => {
      if (this.stop >= this.stops.length - 1) this.play(false);
      else this.go(this.stop + 1);
    }, 1000 / PER_SECOND);
  }

  save() {
    const scale = Math.max(1, Math.floor(480 / Math.max(...this.runs.map((run) => run.canvas.width))));
    const gap = 12, head = 26, style = getComputedStyle(this.root);
    const width = this.runs.reduce((sum, run) => sum + run.canvas.width * scale + gap, gap);
    const height = head + gap + Math.max(...this.runs.map((run) => run.canvas.height * scale));
    const sheet = element("canvas", { width, height }), pen = sheet.getContext("2d");
    pen.fillStyle = style.getPropertyValue("--st-background-color") || "#fff";
    pen.fillRect(0, 0, width, height);
    pen.imageSmoothingEnabled = false;
    let left = gap;
    for (const run of this.runs) {
      const wide = run.canvas.width * scale;
      pen.fillStyle = style.color;
      pen.font = `13px ${style.fontFamily}`;
      pen.fillText(`${run.name}  ${counted.format(run.moments[run.at].images)} images`, left, 18, wide);
      pen.drawImage(run.canvas, left, head, wide, run.canvas.height * scale);
      left += wide + gap;
    }
    sheet.toBlob((blob) => {
      const address = URL.createObjectURL(blob);
      element("a", { href: address, download: `${this.runs.map((run) => run.name).join("-").slice(0, 80)}.png` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    });
  }

  remove() {
    this.gone = true;
    this.play(false);
    this.leaving?.abort();
  }
}

export default mounted(Scrubber);
