// @ts-check
// Undo and redo of all that changes the picture: looks and settings here, regions on the server, one after the other.

/**
 * @import { Looks, SettingsSchema } from "./types.d.ts"
 *
 * @typedef {{ kind: "looks" | "settings" | "regions", key: string, looks: Looks, settings: SettingsSchema | null }} Change
 * `looks` and `settings` as they were on its other side
 */

const TOGETHER = 700; // milliseconds within which a slider's steps are one change
const MOST = 200;

export class UndoStack {
  /** @type {Change[]} */
  #done = [];
  /** @type {Change[]} */
  #undone = [];
  #last = 0;

  /**
   * Something is about to be changed; what was undone is then gone.
   *
   * @param {Change["kind"]} kind @param {Looks} looks as they are now @param {string} key of what can be one with the last
   * @param {SettingsSchema | null} settings as they are now; null: they are not known
   */
  note(kind, looks, key = "", settings = null) {
    const now = Date.now();
    const [last] = this.#done.slice(-1);
    this.#undone = [];
    const same = key && last?.key === key && now - this.#last < TOGETHER;
    this.#last = now;
    if (same) return;
    this.#done = [...this.#done, structuredClone({ kind, key, looks, settings })].slice(-MOST);
  }

  /** It was not changed after all. */
  drop() {
    this.#done.pop();
  }

  clear() {
    this.#done = [];
    this.#undone = [];
  }

  /** How many changes can be taken back, and done again. */
  get counts() {
    return { undo: this.#done.length, redo: this.#undone.length };
  }

  /**
   * The change to take back, or to do again: it moves to the other side, with the looks and settings as they are now.
   *
   * @param {boolean} back @param {Looks} looks @param {SettingsSchema | null} settings
   * @returns {Change | undefined}
   */
  step(back, looks, settings = null) {
    const [from, to] = back ? [this.#done, this.#undone] : [this.#undone, this.#done];
    const change = from.pop();
    if (change) to.push({ ...change, ...structuredClone({ key: "", looks, settings }) });
    return change;
  }
}
