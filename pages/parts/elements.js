/* What components make and change their elements with. */

const counted = new Intl.NumberFormat("en-US");
const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);

function make(tag, properties = {}, ...children) {
  const { data = {}, aria = {}, ...own } = properties;
  const node = Object.assign(document.createElement(tag), own);
  Object.assign(node.dataset, data);
  for (const [name, value] of Object.entries(aria)) node.setAttribute(`aria-${name}`, value);
  node.append(...children);
  return node;
}

/* Change only what differs: every change costs the browser a look at the page, and a screen reader may tell it. */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function set(node, property, value) {
  if (node[property] !== value) node[property] = value;
}

function style(node, property, value) {
  if (node.style.getPropertyValue(property) !== value) node.style.setProperty(property, value);
}

/* The most room that is a whole number of the screen's pixels for each of a picture's, wherever there is room for that. */
function whole(room, pixels) {
  const scale = (room * devicePixelRatio) / pixels;
  return ((scale >= 1 ? Math.floor(scale) : scale) * pixels) / devicePixelRatio;
}
