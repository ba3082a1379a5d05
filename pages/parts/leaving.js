// Streamlit sends what was typed into a field when the hand leaves it. Where a click on a link of the top bar is what it
// leaves for, that comes after the page was changed, and brings the old page back without it; or so shortly before that it
// is dropped. Such a click therefore waits until the script has run on what was typed.
const FIELD = "textarea, input:is([type=text], [type=number], [type=password], :not([type])):not([role=combobox])";
const LINK = '[data-testid="stTopNavLink"]', APP = '[data-testid="stApp"]';
const COMING = 1000, LONGEST = 5000; // milliseconds: until such a run begins (none does where nothing changed); and in all
let typed = false, sent = false, runs = false, waiting = false;

const pause = (time) => new Promise((done) => setTimeout(done, time));
const running = () => (document.querySelector(APP)?.dataset.testScriptState ?? "notRunning") !== "notRunning";

function look() {
  if (!typed) return;
  if (sent && running()) runs = true;
  else if (runs) typed = runs = sent = false;
}

async function follow(link) {
  waiting = true;
  document.activeElement?.blur();
  const begin = performance.now();
  do {
    await pause(20);
    look();
  } while (typed && performance.now() - begin < (runs ? LONGEST : COMING));
  typed = false;
  // A run may have drawn the bar anew.
  const now = link.isConnected ? link : [...document.querySelectorAll(LINK)].find((other) => other.href === link.href);
  waiting = false;
  now?.click();
}

function clicked(event) {
  const link = event.target.closest?.(LINK);
  if (!link || !(typed || waiting)) return;
  event.preventDefault();
  event.stopPropagation();
  if (!waiting) follow(link);
}

new MutationObserver(look).observe(document.body, { subtree: true, attributeFilter: ["data-test-script-state"] });
document.addEventListener("input", ({ target }) => {
  if (!target.matches?.(FIELD)) return;
  typed = true;
  sent = runs = false;
}, true);
document.addEventListener("keydown", (event) => { sent ||= event.key === "Enter"; }, true);
document.addEventListener("focusout", () => { sent = true; }, true);
document.addEventListener("click", clicked, true);

export default () => {};
