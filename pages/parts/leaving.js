// Streamlit sends what was typed into a field when the hand leaves it. Where a click on a link of the top bar is what it
// leaves for, that comes after the page was changed, and brings the old page back without it; or so shortly before that it
// is dropped. Such a click is therefore sent behind what was typed, and the page is changed by who has taken both.
const FIELD = "textarea, input:is([type=text], [type=number], [type=password], :not([type])):not([role=combobox])";
const LINK = '[data-testid="stTopNavLink"]';
const SENDING = 60; // milliseconds that a field has to send what it holds
let typed = false, leave = () => {};

function clicked(event) {
  const link = event.target.closest?.(LINK);
  if (!link || !typed) return;
  event.preventDefault();
  event.stopPropagation();
  typed = false;
  document.activeElement?.blur();
  setTimeout(() => leave(link.pathname.split("/").pop()), SENDING);
}

document.addEventListener("input", ({ target }) => { typed ||= target.matches?.(FIELD) ?? false; }, true);
document.addEventListener("click", clicked, true);

export default (component) => {
  leave = (to) => component.setTriggerValue("to", to);
};
