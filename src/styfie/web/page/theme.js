// @ts-check
// Light or dark: the system's, until the button says otherwise.
import { $ } from "./dom.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";

function show() {
  $("theme").setAttribute("aria-pressed", String(isDark()));
  $("theme").querySelector("use")?.setAttribute("href", isDark() ? "#i-sun" : "#i-moon");
}

export function setUpTheme() {
  $("theme").addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // not remembered
    }
    show();
  });
  dark.addEventListener("change", show);
  show();
}
