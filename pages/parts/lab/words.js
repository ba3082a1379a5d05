/* The lab's words in the language that is spoken. */

class Words {
  /* known: the words by the English ones; empty for English */
  constructor(known) {
    this.known = known;
  }

  /* What no translation is known of stays English. Numbers come where {0}, {1}, … stand,
     those of a text that comes with its numbers, too. */
  t(text, ...numbers) {
    let known = this.known[text];
    if (known === undefined && !numbers.length) {
      known = this.known[text.replace(/\d+/g, (number) => `{${numbers.push(number) - 1}}`)];
    }
    return (known ?? text).replace(/\{(\d)\}/g, (_, at) => numbers[at]);
  }

  /* What the HTML says. */
  translate(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.nodeValue.trim();
      if (text && this.known[text]) node.nodeValue = node.nodeValue.replace(text, this.known[text]);
    }
    for (const node of root.querySelectorAll("[title], [aria-label]")) {
      for (const name of ["title", "aria-label"]) {
        const text = node.getAttribute(name);
        if (text && this.known[text]) node.setAttribute(name, this.known[text]);
      }
    }
  }
}
