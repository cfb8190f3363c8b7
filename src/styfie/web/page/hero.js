// @ts-check
// The start page's picture: a line between before and after that is moved by pointer and keys.

import { $ } from "./dom.js";

export function setUpHero() {
  const range = $("hero-range");
  const show = () => $("hero").style.setProperty("--at", `${range.value}%`);
  range.addEventListener("input", show);
  show();
}
