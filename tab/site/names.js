// @ts-check
// What things are called, as on the server's page; but here everything is in this tab.

export * from "./names.page.js";
export { SIZES } from "./engine/defaults.js";

export const isHere = () => true;
