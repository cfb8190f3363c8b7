// @ts-check
// How the picture lies in its frame: zoomed and moved, by wheel, keys, buttons and fingers.

/** @import { Place } from "./types.d.ts" */

export const MAX_ZOOM = 16; // times

/**
 * Zoom and shift of a picture that is centred in a frame, all in pixels of the screen. At zoom 1 it fits.
 *
 * @typedef {{ zoom: number, x: number, y: number }} View
 */

/** @type {View} */
export const FIT = Object.freeze({ zoom: 1, x: 0, y: 0 });

/**
 * The view zoomed to so much, with the place (from the frame's middle) staying where it is.
 *
 * @param {View} view @param {number} zoom @param {Place} place @returns {View}
 */
export function zoomed(view, zoom, [x, y]) {
  const now = Math.max(1, Math.min(MAX_ZOOM, zoom));
  const by = 1 - now / view.zoom;
  return { zoom: now, x: view.x + (x - view.x) * by, y: view.y + (y - view.y) * by };
}

/**
 * The view moved no further than that the frame is still full, or the picture in its middle.
 *
 * @param {View} view @param {Place} picture width and height of the picture at zoom 1 @param {Place} frame its
 */
export function clamped({ zoom, x, y }, picture, frame) {
  /** @param {number} at @param {0 | 1} axis */
  const within = (at, axis) => {
    const most = Math.max(0, (picture[axis] * zoom - frame[axis]) / 2);
    return Math.max(-most, Math.min(most, at)) || 0;
  };
  return { zoom, x: within(x, 0), y: within(y, 1) };
}

/**
 * The view as two fingers have moved from one pair of places to another.
 *
 * @param {View} view @param {[Place, Place]} from @param {[Place, Place]} to
 */
export function pinched(view, from, to) {
  /** @param {[Place, Place]} pair @returns {Place} */
  const middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  /** @param {[Place, Place]} pair */
  const apart = ([a, b]) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));
  const [was, is] = [middle(from), middle(to)];
  const moved = { ...view, x: view.x + is[0] - was[0], y: view.y + is[1] - was[1] };
  return zoomed(moved, view.zoom * apart(to) / apart(from), is);
}
