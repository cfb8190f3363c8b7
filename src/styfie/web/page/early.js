// @ts-check
// Before anything is drawn: the colours that were chosen last time, so that nothing flashes.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch {
  // no storage: the system's colours
}
