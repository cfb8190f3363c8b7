// Small helpers for the document: find, make, say.

export const $ = (id) => document.getElementById(id);

/** An element with properties (`on…` are listeners, `data` its data attributes) and children. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** One of the icons drawn in index.html. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

/** Replace text only where it changed: screen readers repeat what is written anew. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show one sentence about what went wrong near where it happened; nothing takes it away. */
export function complain(node, error = "") {
  say(node, error instanceof Error ? error.message : error);
  node.hidden = node.textContent === "";
}

/** Call once things have been quiet for a while; `.now()` does it at once and says when it is done. */
export function settled(call, wait) {
  let timer = 0;
  let last = Promise.resolve();
  const now = () => {
    if (timer) {
      clearTimeout(timer);
      timer = 0;
      last = last.then(call, call);
    }
    return last;
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => now().catch(() => {}), wait);
  };
  later.now = now;
  return later;
}

export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Arrow keys move within a group of radio buttons (role=radio); only the chosen one is a tab stop. */
export function roving(group, choose) {
  group.addEventListener("keydown", (event) => {
    const radios = [...group.querySelectorAll('[role="radio"]:not([disabled])')];
    const at = radios.indexOf(document.activeElement);
    if (at < 0) return;
    const columns = Math.max(1, radios.filter((one) => one.offsetTop === radios[0].offsetTop).length);
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    let to = at + (moves[event.key] ?? 0);
    if (event.key === "Home") to = 0;
    else if (event.key === "End") to = radios.length - 1;
    else if (!(event.key in moves)) return;
    event.preventDefault();
    to = Math.max(0, Math.min(radios.length - 1, to));
    radios[to].focus();
    if (choose) choose(radios[to]);
  });
}

/** Mark which radio of a group is chosen. */
export function check(group, chosen) {
  const radios = [...group.querySelectorAll('[role="radio"]')];
  for (const radio of radios) {
    radio.setAttribute("aria-checked", String(radio === chosen));
    radio.tabIndex = radio === chosen || (!chosen && radio === radios[0]) ? 0 : -1;
  }
}
