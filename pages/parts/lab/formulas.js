/* What the two players minimise, term by term, each with its value now below it; the same formulas as in
   gan_core/objectives.py. */

const MEAN = (what, of) => `<i>E</i><sub>${of}</sub>[${what}]`;
const D = { real: "<b class=gb-d>D</b>(<i>x</i>)", fake: "<b class=gb-d>D</b>(<b class=gb-g>G</b>(<i>z</i>))" };

const FORMULAS = {
  minimax: {
    real: `−${MEAN(`log ${D.real}`, "x")}`, fake: `−${MEAN(`log(1 − ${D.fake})`, "z")}`,
    generator: MEAN(`log(1 − ${D.fake})`, "z"),
  },
  "non-saturating": {
    real: `−${MEAN(`log ${D.real}`, "x")}`, fake: `−${MEAN(`log(1 − ${D.fake})`, "z")}`,
    generator: `−${MEAN(`log ${D.fake}`, "z")}`,
  },
  "least-squares": {
    real: `½ ${MEAN(`(${D.real} − 1)²`, "x")}`, fake: `½ ${MEAN(`${D.fake}²`, "z")}`,
    generator: `½ ${MEAN(`(${D.fake} − 1)²`, "z")}`,
  },
  wasserstein: {
    real: `−${MEAN(D.real, "x")}`, fake: MEAN(D.fake, "z"), generator: `−${MEAN(D.fake, "z")}`,
  },
  hinge: {
    real: MEAN(`max(0, 1 − ${D.real})`, "x"), fake: MEAN(`max(0, 1 + ${D.fake})`, "z"),
    generator: `−${MEAN(D.fake, "z")}`,
  },
  relativistic: {
    pair: MEAN(`softplus(${D.fake} − ${D.real})`, "x,z"), generator: MEAN(`softplus(${D.real} − ${D.fake})`, "x,z"),
  },
};
const PENALTIES = {
  gp: ["gp_weight", (weight) => `${weight} <i>E</i>[(‖∇<b class=gb-d>D</b>‖ − 1)²]`],
  r1: ["r1_weight", (weight) => `${half(weight)} ${MEAN(`‖∇${D.real}‖²`, "x")}`],
  r2: ["r2_weight", (weight) => `${half(weight)} ${MEAN(`‖∇${D.fake}‖²`, "z")}`],
};
const half = (weight) => String(Number((weight / 2).toPrecision(3)));

class Formula {
  constructor(node) {
    this.node = node;
  }

  /* Another scene's formula. */
  take(scene) {
    const { objective } = scene;
    const formula = FORMULAS[objective];
    if (!formula) return;
    const penalties = Object.entries(PENALTIES)
      .filter(([name, [setting]]) => scene[setting] > 0 && (name !== "gp" || objective === "wasserstein"))
      .map(([name, [setting, text]]) => [name, text(scene[setting])]);
    const { generator, ...terms } = formula;
    this.values = {};
    this.node.replaceChildren(
      this.row("d", "L<sub>D</sub>", "loss_d", [...Object.entries(terms), ...penalties]),
      this.row("g", "L<sub>G</sub>", "loss_g", [["generator", generator]]),
    );
    this.light(null);
    if (this.shown) this.show(...this.shown);
  }

  row(side, name, whole, terms) {
    const cells = terms.map(([term, text], at) => {
      const value = (this.values[term] = make("output"));
      const cell = make("span", { className: "gb-term", data: { term } }, make("span", { innerHTML: text }), value);
      return at ? [make("span", { className: "gb-plus", textContent: "+" }), cell] : [cell];
    }).flat();
    const total = (this.values[whole] = make("output"));
    return make("div", { className: "gb-row", data: { side } },
      make("span", { className: "gb-term gb-total", data: { term: whole } }, make("span", { innerHTML: name }), total),
      make("span", { className: "gb-plus", textContent: "=" }), ...cells);
  }

  /* terms: the summands' values; empty for what is past, of which only the whole is known. */
  show(reading, terms) {
    this.shown = [reading, terms];
    const { generator, ...summands } = terms;
    const whole = Object.values(summands);
    const sum = whole.length ? whole.reduce((all, one) => all + one) : reading.loss_d;
    const all = { ...terms, loss_d: sum, loss_g: generator ?? reading.loss_g };
    for (const [term, output] of Object.entries(this.values ?? {})) say(output, shortly(all[term]));
  }

  /* The terms that a sub-step is about: one, both of D's, or none. */
  light(substep) {
    const term = substep?.term || "";
    const lit = substep?.side === "g" ? term && ["generator"] : term === "both" ? ["real", "fake", "pair"] : [term, term && "pair"];
    const whole = ["loss", "gradient"].includes(substep?.name) ? `loss_${substep.side}` : "";
    for (const cell of this.node.querySelectorAll(".gb-term")) {
      cell.classList.toggle("gb-lit", lit.includes(cell.dataset.term) || cell.dataset.term === whole);
    }
  }
}
