/* The column of choices: ready scenes, data, and every setting of a scene; each control is made from what Python says
   of its field. */

const THUMB = 52;

class Choices {
  /* hear: { scene(query), set({ name: value }), draw() } */
  constructor(node, data, hear) {
    Object.assign(this, { node, data, hear, controls: {} });
    const parts = [this.scenes(), ...data.groups.map((group) => this.group(group))];
    node.replaceChildren(...parts.filter(Boolean));
  }

  scenes() {
    if (!this.data.scenes.length) return null;
    this.ready = this.data.scenes.map(({ name, title, text, query }) => make("button", {
      type: "button", className: "gb-scene", title: text, data: { scene: name }, textContent: title,
      onclick: () => this.hear.scene(query),
    }));
    return make("section", { className: "gb-group" }, make("h3", { textContent: "Try" }),
      make("div", { className: "gb-scenes" }, ...this.ready));
  }

  group({ title, help, open, names }) {
    const rows = names.map((name) => (name === "data" ? this.thumbs() : this.control(name)));
    const head = make("summary", { textContent: title, title: help });
    return make("details", { className: "gb-group", open }, head, make("div", { className: "gb-rows" }, ...rows));
  }

  thumbs() {
    this.pictures = this.data.data.map(({ name, title, points }) => {
      const canvas = make("canvas", { width: THUMB * 2, height: THUMB * 2 });
      const button = make("button", {
        type: "button", className: "gb-thumb", title, ariaLabel: title, data: { data: name },
        onclick: () => (points === null ? this.hear.draw() : this.hear.set({ data: name })),
      }, canvas);
      if (points === null) button.append(make("span", { textContent: "draw" }));
      else this.dots(canvas, points);
      return button;
    });
    return make("div", { className: "gb-thumbs", role: "group", ariaLabel: "Data" }, ...this.pictures);
  }

  /* points: base64 of bytes, x and y in turn, 0 to 255 across the picture */
  dots(canvas, points) {
    const places = Uint8Array.from(atob(points), (letter) => letter.charCodeAt(0));
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = this.data.colours.real;
    context.globalAlpha = 0.7;
    for (let at = 0; at < places.length; at += 2) {
      context.beginPath();
      context.arc((places[at] / 255) * canvas.width, (1 - places[at + 1] / 255) * canvas.height, 1.8, 0, 7);
      context.fill();
    }
  }

  control(name) {
    const field = this.data.fields[name];
    const title = make("span", { className: "gl-label", innerHTML: coloured(field.title) });
    const input = field.choices ? this.list(name, field) : field.log ? this.slider(name, field) : this.number(name, field);
    const row = make("label", { className: "gb-row-of", title: field.help, data: { field: name, kind: field.choices ? "list" : field.log ? "slider" : "number" } }, title, input);
    const output = field.log ? row.appendChild(make("output", { className: "gl-value" })) : null;
    this.controls[name] = { row, input, output, field };
    return row;
  }

  list(name, { choices }) {
    return make("select", { onchange: ({ target }) => this.hear.set({ [name]: choices[target.selectedIndex].value }) },
      ...choices.map(({ value, title }) => make("option", { value: String(value), textContent: title })));
  }

  number(name, { min, max, step }) {
    return make("input", {
      type: "number", min, max, step, onchange: ({ target }) => {
        const value = Number(target.value);
        const good = target.value !== "" && value >= min && value <= max && (step % 1 || Number.isInteger(value));
        if (good) this.hear.set({ [name]: value });
        else this.show(this.scene); // what it was
      },
    });
  }

  /* A tenth of the way to the next power of ten at a time. */
  slider(name, { min, max }) {
    const set = (target) => this.hear.set({ [name]: Number((10 ** Number(target.value)).toPrecision(2)) });
    return make("input", {
      type: "range", min: Math.log10(min), max: Math.log10(max), step: 0.1, oninput: ({ target }) => set(target),
    });
  }

  /* scene: every value. */
  show(scene, query) {
    this.scene = scene;
    for (const [name, { input, output, field, row }] of Object.entries(this.controls)) {
      const value = scene[name];
      if (field.choices) set(input, "value", String(value));
      else if (field.log) {
        const at = Math.log10(value);
        if (Math.abs(Number(input.value) - at) > 0.04) input.value = at;
        style(input, "--gl-high", `${(100 * (input.value - input.min)) / (input.max - input.min)}%`);
        say(output, String(value));
        input.setAttribute("aria-valuetext", String(value));
      } else if (document.activeElement !== input || Number(input.value) !== value) set(input, "value", String(value));
      row.hidden = Boolean(field.when) && !field.when.values.includes(scene[field.when.field]);
    }
    for (const button of this.pictures ?? []) set(button, "ariaPressed", String(button.dataset.data === scene.data));
    if (query) {
      const here = JSON.stringify(sorted(query));
      this.data.scenes.forEach((ready, at) =>
        set(this.ready[at], "ariaPressed", String(JSON.stringify(sorted(ready.query)) === here)));
    }
  }
}

const sorted = (query) => Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1));
/* D and G in their colours, in what Python says of a field. */
const coloured = (title) => title.replace(/\b([DG])\b/g, (side) => `<b class="gb-${side.toLowerCase()}">${side}</b>`);
