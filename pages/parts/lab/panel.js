/* What is around the picture: the bar, the layers' switches, the scrubber, and the sentence that says how the game stands. */

const COUNTED = new Intl.NumberFormat("en-US");
const ABOUT_FOR = 8000; // milliseconds after its beginning, what a ready scene is
const SAID_FOR = 900;

class Panel {
  constructor(lab) {
    this.lab = lab;
    this.buildLayers();
    this.buildChain();
  }

  buildLayers() {
    const { lab } = this;
    this.switches = LAYERS.map(([name, title, hint]) => make("button", {
      type: "button", className: "gb-layer", title: lab.t(hint), textContent: lab.t(title), data: { layer: name },
      onclick: () => lab.show(name, !lab.layers.has(name)),
    }));
    lab.one("layers").replaceChildren(...this.switches);
  }

  buildChain() {
    const { lab } = this;
    this.links = ["d", "g"].flatMap((side) => CHAIN[side].map(([name, title]) =>
      make("li", { textContent: lab.t(title), data: { side, name } })));
    lab.one("chain").replaceChildren(...this.links);
  }

  get sentence() {
    const { lab } = this;
    if (lab.picture.pen) return "";
    if (lab.substep) {
      const { side, turn, turns, sentence } = lab.substep;
      return (side === "d" && turns > 1 ? lab.t("Step {0} of {1} of D. ", turn, turns) : "") + lab.t(sentence);
    }
    if (lab.at !== null) return lab.t("Looking back at step {0}.", COUNTED.format(lab.frame?.step ?? lab.at));
    const now = performance.now();
    if (!lab.frame || lab.frame.step === 0 || (this.ready && now - lab.begunAt < ABOUT_FOR)) return this.about;
    // What changes many times a second could not be read.
    if (!lab.on || !this.said || now - this.saidAt > SAID_FOR) {
      this.said = this.verdict;
      this.saidAt = now;
    }
    return this.said;
  }

  /* The ready scene that is played; undefined where none is. */
  get ready() {
    const { lab } = this;
    const here = JSON.stringify(sorted(lab.query));
    return lab.data.scenes.find(({ query }) => JSON.stringify(sorted(query)) === here);
  }

  /* Of a scene that has hardly begun. */
  get about() {
    const { lab } = this;
    return this.ready?.text ?? lab.t("Press Play: D learns to tell real from fake, G learns to be taken for real.");
  }

  /* How the game stands. */
  get verdict() {
    const { lab } = this;
    const { js, modes, d_real: real, d_fake: fake } = lab.frame.readings;
    const n = lab.facts?.n_modes;
    const said = n && modes !== null ? [lab.t("G covers {0} of {1} modes.", modes, n)] : [];
    const apart = real - fake;
    const behind = apart <= LAGS[0] && js !== null && js > LAGS[1];
    said.push(lab.t(behind ? "D cannot tell, though they lie apart: it has not kept up with G."
      : BELIEFS.find(([least]) => apart > least)[1]));
    if (js !== null && js < FITS) said.push(lab.t("G fits the data."));
    return said.join(" ");
  }

  /* Change what is another now. */
  show() {
    const { lab } = this;
    const { frame } = lab;
    const play = lab.one("play");
    set(play, "ariaPressed", String(lab.on));
    set(play, "ariaLabel", lab.t(lab.on ? "Pause" : "Play"));
    say(play.querySelector("span"), lab.t(lab.on ? "Pause" : "Play"));
    set(lab.one("slow"), "ariaPressed", String(lab.slow));
    const speed = lab.one("speed").querySelector("input");
    if (Number(speed.value) !== lab.speed) speed.value = lab.speed;
    const pace = lab.data.speeds[lab.speed];
    style(speed, "--gl-high", `${(100 * lab.speed) / (lab.data.speeds.length - 1)}%`);
    say(lab.one("speed").querySelector("output"), pace ? `${pace} / s` : lab.t("fastest"));
    speed.setAttribute("aria-valuetext", pace ? lab.t("{0} steps a second", pace) : lab.t("fastest"));
    say(lab.one("step-count"), COUNTED.format(frame?.step ?? 0));
    say(lab.one("rate"), lab.on && frame?.rate ? ` · ${Math.round(frame.rate)} / s` : "");
    for (const button of this.switches) {
      set(button, "ariaPressed", String(lab.layers.has(button.dataset.layer)));
    }
    const scrub = lab.one("scrub");
    const [from, to] = lab.latest?.past ?? [0, 0];
    set(scrub, "min", String(from));
    set(scrub, "max", String(to));
    set(scrub, "disabled", to <= from);
    const at = lab.at ?? to;
    if (document.activeElement !== scrub || lab.at === null) if (Number(scrub.value) !== at) scrub.value = at;
    style(scrub, "--gl-high", `${to > from ? (100 * (scrub.value - from)) / (to - from) : 100}%`);
    say(lab.one("now"), lab.t(lab.at === null ? "now" : "back to now"));
    set(lab.one("now"), "disabled", lab.at === null);
    set(lab.one("chain"), "hidden", !lab.substep);
    if (lab.substep) {
      for (const link of this.links) {
        link.classList.toggle("gb-lit", link.dataset.side === lab.substep.side && link.dataset.name === lab.substep.name);
      }
    }
    // While it plays, what is said changes too fast to be read out.
    lab.one("sentence").setAttribute("aria-live", lab.on && !lab.slow ? "off" : "polite");
    say(lab.one("sentence"), frame || lab.scene ? this.sentence : "");
    say(lab.root.querySelector(".gl-status"), lab.trouble);
    lab.root.dataset.state = lab.on ? "playing" : "paused";
  }
}
