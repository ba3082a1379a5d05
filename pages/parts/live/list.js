// All runs, as they are now; a click chooses one.

const FILTER_FROM = 12;

class RunList {
  constructor(component) {
    this.root = component.parentElement.querySelector(".gr");
    this.filter = this.root.querySelector(".gr-filter");
    this.list = this.root.querySelector(".gr-runs");
    this.more = this.root.querySelector(".gr-more");
    this.runs = [];
    this.take(component);
    this.filter.oninput = () => this.feed.wish({ list: this.filter.value });
    this.feed = new Feed(pageBase(), { list: "" }, (message) => message.kind === "runs" && this.show(message));
  }

  take(component) {
    this.component = component;
    this.mark();
  }

  show(message) {
    this.runs = message.runs;
    this.filter.hidden = message.total < FILTER_FROM && !this.filter.value;
    this.runs.forEach((run, i) => {
      const item = this.list.children[i] ?? this.list.appendChild(this.item());
      const [button] = item.children, [mark, name, what] = button.children;
      button.dataset.state = run.state;
      button.title = run.name;
      if (mark.textContent !== run.mark) mark.textContent = run.mark;
      if (name.textContent !== run.name) name.textContent = run.name;
      if (what.textContent !== run.what) what.textContent = run.what;
    });
    while (this.list.children.length > this.runs.length) this.list.lastElementChild.remove();
    const hidden = message.matching - this.runs.length;
    this.more.textContent = hidden > 0 ? `and ${hidden.toLocaleString("en-US")} more: type part of a name` : "";
    this.mark();
  }

  item() {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.append(document.createElement("i"), document.createElement("b"), document.createElement("small"));
    button.firstElementChild.setAttribute("aria-hidden", "true");
    button.onclick = () => this.component.setTriggerValue("chosen", button.children[1].textContent);
    item.append(button);
    return item;
  }

  mark() {
    for (const item of this.list.children) {
      const button = item.firstElementChild, here = button.children[1].textContent === this.component.data.selected;
      if (here) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current");
    }
  }

  remove() { this.feed.close(); }
}

export default mounted(RunList);
