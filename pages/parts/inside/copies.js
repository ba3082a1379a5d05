// G's samples that are nearest to real ones, above those. Worked out only when somebody comes to look.

class CopiesStrip {
  /* `ask(page)` asks for a page of them; `pick(seed)` is called when a sample of G was clicked. */
  constructor(root, signal, ask, pick) {
    Object.assign(this, { root, ask, pick, page: 0, seen: false, found: null });
    const one = (name) => root.querySelector(`.gi-${name}`);
    one("nearer").addEventListener("click", () => this.leaf(-1), { signal });
    one("farther").addEventListener("click", () => this.leaf(1), { signal });
    const watch = new IntersectionObserver((entries) => {
      this.seen = entries.at(-1).isIntersecting;
      if (this.seen && !this.found) this.ask(this.page);
    });
    watch.observe(root);
    signal.addEventListener("abort", () => watch.disconnect());
  }

  /* Of another discriminator's G, or over another connection. */
  again() {
    this.found = null;
    if (this.seen) this.ask(this.page);
  }

  leaf(step) {
    if (!this.found?.count) return;
    this.page = (this.page + step + this.found.pages) % this.found.pages;
    this.ask(this.page);
  }

  take(found, { shape, classes }) {
    if (found.page !== this.page) return;
    this.found = found;
    say(this.root.querySelector(".gi-authentic"), found.missing ? `Real samples are missing: ${found.missing}` : (
      `${percent(found.authenticity)} of ${found.count} samples are further from their nearest real one than that is from its own nearest: `
      + "about half where they are new, none where they are copies."
    ));
    const fill = (strip, head, thumbs) => this.root.querySelector(`[data-kind="${strip}"]`).replaceChildren(
      ...(thumbs.length ? [make("span", { className: `gi-${head[0]}`, textContent: head[1] }), ...thumbs] : []),
    );
    const all = (kind, thumb) => {
      if (found.missing) return [];
      const { pixels, numbers, labels } = found[kind], held = bytes(pixels);
      return numbers.map((number, at) => thumb(number, labels ? ` ${classes[labels[at]]}` : "", thumbnail(held, at, shape), at));
    };
    fill("copy", ["fake", "G's"], all("fake", (number, label, canvas, at) => {
      const near = `${Number(found.nearness[at].toPrecision(2))} ×`;
      const title = `fake${label}, seed ${number}: ${near} as far from its nearest real one as that is from the next`;
      return make("button", {
        type: "button", className: "gi-thumb gl-thumb", title, ariaLabel: title, data: { number }, onclick: () => this.pick(number),
      }, canvas, make("span", { textContent: near }));
    }));
    fill("source", ["real", "Nearest real"], all("real", (number, label, canvas) => {
      const title = `real${label}, number ${number} of the data`;
      return make("div", { className: "gi-thumb", title, role: "img", ariaLabel: title }, canvas);
    }));
  }
}
