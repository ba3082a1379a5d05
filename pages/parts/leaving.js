// Streamlit sends what was typed into a field when the hand leaves it. Where a click on a link of the top bar is what it
// leaves for, that comes after the page was changed, and brings the old page back without it; or so shortly before that it
// is dropped. Such a click therefore waits until what was typed has been taken.
const LINK = '[data-testid="stTopNavLink"]';
const SENDING = 60, LONGEST = 3000; // milliseconds
let typing = false, waiting = false;

const pause = (time) => new Promise((done) => setTimeout(done, time));
const state = () => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState;

async function follow(link) {
  waiting = true;
  document.activeElement?.blur();
  const end = performance.now() + LONGEST;
  do await pause(SENDING); while (state() === "running" && performance.now() < end);
  typing = false;
  if (link.isConnected) link.click();
  waiting = false;
}

function clicked(event) {
  const link = event.target.closest?.(LINK);
  if (!link || !typing) return;
  event.preventDefault();
  event.stopPropagation();
  if (!waiting) follow(link);
}

document.addEventListener("input", () => { typing = true; }, true);
document.addEventListener("click", clicked, true);

export default () => {};
