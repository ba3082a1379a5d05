/* What there is to be seen of a lab: layers, sub-steps, charts, and what is said of how the game stands. */

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
/* How far apart D's mean answers to real and to fake are, at least, and what that says. */
const BELIEFS = [
  [0.6, "D tells real from fake with ease."], [0.2, "D can mostly tell real from fake."],
  [0.08, "D can hardly tell real from fake."], [-Infinity, "D cannot tell real from fake."],
];

/* stands: for the chart of another objective, whose place it takes. */
const CHARTS = ({ real, fake, js, modes }) => [
  {
    id: "losses",
    title: "Losses",
    hint: "What each player minimises, of the newest batch. They say how the game stands, not how good the points are.",
    lines: [{ name: "loss_d", label: "D", colour: real }, { name: "loss_g", label: "G", colour: fake }],
  },
  {
    id: "value",
    title: "V(D, G)",
    hint: "E[log D(x)] + E[log(1 − D(G(z)))], over 2,048 samples of each kind. At the equilibrium it is −log 4 = −1.386 (Goodfellow 2014, Theorem 1): dotted.",
    lines: [{ name: "value", label: "", colour: modes }],
    mark: { value: -Math.log(4), label: "−log 4" },
  },
  {
    id: "scores",
    title: "D's mean score",
    hint: "What D answers, before anything is made of it. Under this objective that is no probability, and V(D, G) has no meaning.",
    lines: [{ name: "score_real", label: "real", colour: real }, { name: "score_fake", label: "fake", colour: fake }],
    stands: "value",
  },
  {
    id: "beliefs",
    title: "D's mean answer",
    hint: "The probability of being real that D gives to real points, and to fakes. Dotted: 0.5, where it cannot tell.",
    lines: [{ name: "d_real", label: "real", colour: real }, { name: "d_fake", label: "fake", colour: fake }],
    range: [0, 1],
    mark: { value: 0.5, label: "0.5" },
  },
  {
    id: "modes",
    title: "Fit",
    hint: "JS: the Jensen-Shannon divergence between data and fakes, in nats, 0 (the same) to log 2 = 0.69 (nothing in common). Modes: how many of the data's hills G puts points on.",
    lines: [{ name: "js", label: "JS", colour: js }, { name: "modes", label: "modes", colour: modes, range: [0, 8] }],
    range: [0, Math.LN2],
  },
];
