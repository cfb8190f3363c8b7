// @ts-check
// What a job's answer and the page's looks say together: what is painted, sketched, shown, and where its layers are.

/**
 * @import { JobResponse, LookSchema, Looks, RegionResponse, SettingsSchema } from "./types.d.ts"
 *
 * @typedef {{ session: string, regions: number, painting: number }} Marks that tell an address from those of before
 */

/** @param {JobResponse | null} job */
export const isRunning = (job) => job?.state === "queued" || job?.state === "painting";

/** What changes when the regions do, and is the same for the same regions. @param {RegionResponse[]} regions */
export function markOf(regions) {
  const text = regions.map(({ name, area }) => `${name}${area.toFixed(3)}`).join();
  return [...text].reduce((sum, letter) => (31 * sum + letter.charCodeAt(0)) % 0xfffffff, 7).toString(36);
}

/** A name that no region has yet. @param {string[]} names of those that there are */
export function newName(names) {
  let number = 1;
  while (names.includes(`part-${number}`)) number++;
  return `part-${number}`;
}

/** A region's look; what it does not say is by default. @param {Looks} looks @param {string} name @param {LookSchema} defaults @returns {LookSchema} */
export const lookOf = (looks, name, defaults) => ({ ...defaults, ...(Object.hasOwn(looks, name) ? looks[name] : {}) });

/** The names of a job's regions that have a style. @param {JobResponse | null} job @param {Looks} looks */
const styledOf = (job, looks) => (job?.regions ?? []).map(({ name }) => name)
  .filter((name) => Object.hasOwn(looks, name) && looks[name]?.styles?.length);

/** Regions with a style that are not painted. @param {JobResponse | null} job @param {Looks} looks */
export const unpaintedOf = (job, looks) => styledOf(job, looks).filter((name) => !job?.painted.includes(name));

/** Regions with a style of which there is neither a painting nor a sketch. @param {JobResponse | null} job @param {Looks} looks */
export const unsketchedOf = (job, looks) => unpaintedOf(job, looks).filter((name) => !job?.sketched.includes(name));

/** The regions that show something else than the photo. @param {JobResponse | null} job @param {Looks} looks */
export function visibleOf(job, looks) {
  const styled = styledOf(job, looks);
  return (job?.regions ?? []).map(({ name }) => name)
    .filter((name) => styled.includes(name) || (Object.hasOwn(looks, name) && (looks[name]?.blur ?? 0) > 0));
}

/**
 * Where a region's layer is, as the look wants it: what is another layer has another address.
 *
 * @param {JobResponse} job @param {string} name @param {LookSchema} look @param {Marks} marks
 */
export function layerPath(job, name, look, { session, regions, painting }) {
  const of = job.painted.includes(name) ? "painting" : "preview";
  const v = `${session}.${regions}.${of === "preview" ? job.previews : painting}`;
  /** @type {Record<string, string | number>} */
  const values = { v: `${v}.${of}.${look.styles.length}`, color: look.color, ...(look.blur > 0 && { blur: look.blur, bokeh: look.bokeh }) };
  return { path: `layers/${encodeURIComponent(name)}.png`, values };
}

/**
 * Which of the layers that are held are let go of, so that there are but the `most`: the oldest that are not used.
 *
 * @param {string[]} keys the oldest first @param {Set<string>} used @param {number} most
 */
export const surplusOf = (keys, used, most) => keys.filter((key) => !used.has(key)).slice(0, Math.max(0, keys.length - most));

/** Whether settings are others than those of now. @param {SettingsSchema | undefined} now @param {Partial<SettingsSchema>} settings */
export function isChanged(now, settings) {
  const known = /** @type {Record<string, unknown>} */ ({ ...now });
  return Object.entries(settings).some(([name, value]) => known[name] !== value);
}
