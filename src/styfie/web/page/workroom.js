// @ts-check
// All that a photo is worked on with. It is fetched when the first one comes: the start page does without.

import { setUpTools } from "./brush.js";
import { setUpCamera } from "./camera.js";
import { setUpDivider } from "./divider.js";
import { setUpExport } from "./export.js";
import { Gallery } from "./gallery.js";
import { setUpLook } from "./look.js";
import { setUpMix } from "./mix.js";
import { setUpPresets } from "./presets.js";
import { setUpRegions } from "./regions.js";
import { setUpRun } from "./run.js";
import { Stage } from "./stage.js";
import { setUpSuggestions } from "./suggestions.js";
import { setUpVersions } from "./versions.js";

/**
 * @import { Studio } from "./studio.js"
 * @import { AboutResponse } from "./types.d.ts"
 *
 * @typedef {Awaited<ReturnType<typeof setUp>>} Workroom
 */

/** @param {Studio} studio @param {AboutResponse} about @param {(photo: File, like?: string | null) => void} open */
export async function setUp(studio, about, open) {
  const stage = new Stage(studio);
  const gallery = new Gallery(studio);
  const offerLooks = setUpLook(studio);
  const offerCamera = setUpCamera(gallery, open);
  const offerSizes = setUpExport(studio);
  const offerPairs = setUpSuggestions(studio, gallery);
  setUpMix(studio, gallery);
  setUpPresets(studio, gallery);
  setUpTools(studio, stage);
  setUpDivider(studio, stage);
  setUpVersions(studio, stage);
  setUpRegions(studio, stage, gallery);
  setUpRun(studio, stage, (file) => open(file, studio.job?.id));
  await gallery.load();
  offerLooks(about);
  offerCamera.styles(...studio.suggested);
  offerSizes(about.limits.size);
  offerPairs(about.choices.pairs);
  return { stage, gallery, camera: offerCamera };
}
