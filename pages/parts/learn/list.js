// The lessons and which of them are done. The browser remembers that, and the language; the script is told at first.

const KEPT = "gan/learn";

function remembered() {
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(KEPT)); } catch { /* not ours, or no storage: as at first */ }
  const { done, last, lang } = kept ?? {};
  return {
    done: Array.isArray(done) ? done.filter((id) => typeof id === "string").slice(0, 200) : [],
    last: typeof last === "string" ? last : null,
    lang: typeof lang === "string" ? lang : null,
  };
}

function remember(kept) {
  try { localStorage.setItem(KEPT, JSON.stringify(kept)); } catch { /* then it lasts as long as the page */ }
}

class Lessons {
  constructor(component) {
    this.root = component.parentElement.querySelector(".gt");
    this.part = Object.fromEntries([...this.root.querySelectorAll("[class]")].map((node) => [node.className.slice(3), node]));
    this.kept = remembered();
    this.told = false;
    const { begin, sure, yes, no } = this.part;
    const ask = (asked) => { begin.hidden = asked; sure.hidden = !asked; (asked ? no : begin).focus(); };
    begin.onclick = () => ask(true);
    no.onclick = () => ask(false);
    yes.onclick = () => {
      this.kept = { ...this.kept, done: [], last: null };
      remember(this.kept);
      this.over = this.component.data.round;
      ask(false);
      this.component.setTriggerValue("anew", true);
    };
    // Done in another tab.
    this.elsewhere = (event) => { if (event.key === KEPT) { this.kept = remembered(); this.draw(); } };
    addEventListener("storage", this.elsewhere);
    this.take(component);
  }

  take(component) {
    this.component = component;
    const { current, lang, done, settled, round } = component.data;
    if (!settled && !this.told) {
      // Where this browser was: the script goes there, unless its link says otherwise.
      this.told = true;
      component.setTriggerValue("hello", { last: this.kept.last, lang: this.kept.lang });
    } else if (settled) {
      const kept = remembered();
      // What the script still says from before all ticks were taken back does not count.
      if (round !== this.over) for (const id of done) if (!kept.done.includes(id)) kept.done.push(id);
      this.kept = { ...kept, last: current, lang };
      remember(this.kept);
    }
    this.draw();
  }

  draw() {
    const { lessons, current, words } = this.component.data, { done } = this.kept;
    const count = lessons.filter(({ id }) => done.includes(id)).length;
    say(this.part.count, words.count.replace("{done}", count).replace("{all}", lessons.length));
    this.part.bar.firstElementChild.style.width = `${(100 * count) / Math.max(1, lessons.length)}%`;
    say(this.part.begin, words.anew);
    this.part.begin.parentElement.hidden = !count;
    say(this.part.sure.firstElementChild, words.sure);
    say(this.part.yes, words.yes);
    say(this.part.no, words.no);
    lessons.forEach((lesson, i) => {
      const item = this.part.lessons.children[i] ?? this.part.lessons.appendChild(this.item());
      const button = item.firstElementChild, [mark, title] = button.children, is = done.includes(lesson.id);
      button.dataset.id = lesson.id;
      button.toggleAttribute("data-done", is);
      set(button, "title", lesson.title);
      button.setAttribute("aria-label", `${i + 1}. ${lesson.title}${is ? `, ${words.done}` : ""}`);
      if (lesson.id === current) button.setAttribute("aria-current", "step"); else button.removeAttribute("aria-current");
      say(mark, is ? "✓" : String(i + 1));
      say(title, lesson.title);
    });
    while (this.part.lessons.children.length > lessons.length) this.part.lessons.lastElementChild.remove();
  }

  item() {
    const button = make("button", { type: "button" }, make("i", { aria: { hidden: "true" } }), make("span"));
    button.onclick = () => this.component.setTriggerValue("chosen", button.dataset.id);
    return make("li", {}, button);
  }

  remove() { removeEventListener("storage", this.elsewhere); }
}

export default mounted(Lessons);
