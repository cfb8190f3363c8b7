// @ts-check
// The compositor of styfie/painting.py (`Painting.render`) once more, so that sliders answer at once.
//
//   picture = photo + sum over painted regions r of [alpha_r * gain_r + least * (share_r - alpha_r) * (own_r + gain_r)]
//   gain_r = strength_r * (layer_r - own_r);  least = the least strength of those with a style
//   share_r = alpha_r made crisp among those with a style; alpha_r itself where a region is only out of focus
//
// Only few pixels are shared by regions. The server lists those with each region's alpha and foreground colours there; all
// others belong to one owner, whose own colour is the photo's, and are a plain mix of photo and layer.

/**
 * @import { Pixels } from "./types.d.ts"
 *
 * @typedef {object} Soft which region each pixel is of, and of those that regions share more
 * @property {number} width
 * @property {number} height
 * @property {Uint8Array} owner the region with the largest alpha, by pixel
 * @property {Uint32Array} places the pixels that are shared
 * @property {Float32Array[]} alpha of each region there
 * @property {Float32Array[]} own foreground colours of each region there: red of all of them, then green, then blue
 *
 * @typedef {object} Painted a region that shows something else than the photo
 * @property {number} index
 * @property {number} strength 0 to 1
 * @property {Pixels} layer of the photo's size
 * @property {boolean} styled not only out of focus
 */

/** What `soft.bin` holds; `routes/page.py` says in which order. @param {ArrayBuffer} buffer @returns {Soft} */
export function readSoft(buffer) {
  const [width, height, regions, count] = new Uint32Array(buffer, 0, 4);
  let at = 16;
  const owner = new Uint8Array(buffer, at, width * height);
  at = Math.ceil((at + width * height) / 4) * 4;
  const places = new Uint32Array(buffer, at, count);
  at += 4 * count;
  /** @param {number} step */
  const rows = (step) => Array.from({ length: regions }, () => {
    const found = new Float32Array(buffer, at, step * count);
    at += 4 * step * count;
    return found;
  });
  return { width, height, owner, places, alpha: rows(1), own: rows(3) };
}

/**
 * Blend into `out`; if that is a picture of this photo, only some of whose regions are painted otherwise, into those alone.
 *
 * @param {Pixels} out @param {Pixels} photo @param {Soft} soft @param {Painted[]} painted
 * @param {number[] | null} changed indices of those regions; null: `out` may be anything
 */
export function blend(out, photo, soft, painted, changed = null) {
  if (changed?.length === 0) return;
  if (!changed) new Uint32Array(out.buffer).set(new Uint32Array(photo.buffer));
  mixOwned(out, photo, soft.owner, painted, changed);
  mixShared(out, photo, soft, painted);
}

/** @param {Pixels} out @param {Pixels} photo @param {Uint8Array} owner @param {Painted[]} painted @param {number[] | null} changed */
function mixOwned(out, photo, owner, painted, changed) {
  const strength = new Float32Array(256);
  const layers = new Array(256).fill(photo);
  const wanted = new Uint8Array(256);
  for (const { index, strength: much, layer } of painted) {
    strength[index] = much;
    layers[index] = layer;
    wanted[index] = changed || much === 0 ? 0 : 1; // `out` is a copy of the photo, which none of it changes
  }
  for (const index of changed ?? []) wanted[index] = 1;
  for (let pixel = 0, at = 0; pixel < owner.length; pixel++, at += 4) {
    if (!wanted[owner[pixel]]) continue;
    const share = strength[owner[pixel]];
    const layer = layers[owner[pixel]];
    out[at] = photo[at] + share * (layer[at] - photo[at]);
    out[at + 1] = photo[at + 1] + share * (layer[at + 1] - photo[at + 1]);
    out[at + 2] = photo[at + 2] + share * (layer[at + 2] - photo[at + 2]);
  }
}

/** @param {Pixels} out @param {Pixels} photo @param {Soft} soft @param {Painted[]} painted */
function mixShared(out, photo, soft, painted) {
  const { places, alpha, own } = soft;
  const count = places.length;
  const styled = painted.filter((one) => one.styled);
  const least = Math.min(...styled.map((one) => one.strength));
  for (let n = 0; n < count; n++) {
    const at = 4 * places[n];
    let sum = 0;
    let squares = 0;
    for (const { index } of styled) {
      const a = alpha[index][n];
      sum += a;
      squares += a * a;
    }
    const crisp = styled.length > 1 ? sum / Math.max(squares, 1e-12) : 0;
    let red = photo[at], green = photo[at + 1], blue = photo[at + 2];
    for (const { index, strength, layer, styled: crisper } of painted) {
      const a = alpha[index][n];
      const more = crisp && crisper ? least * (a * a * crisp - a) : 0;
      const mine = own[index];
      const r = 255 * mine[n], g = 255 * mine[count + n], b = 255 * mine[2 * count + n];
      red += (a + more) * strength * (layer[at] - r) + more * r;
      green += (a + more) * strength * (layer[at + 1] - g) + more * g;
      blue += (a + more) * strength * (layer[at + 2] - b) + more * b;
    }
    out[at] = red;
    out[at + 1] = green;
    out[at + 2] = blue;
  }
}

/**
 * One region's alpha (8 bit) at each pixel; of one that there is not yet, nothing.
 *
 * @param {Soft} soft @param {number} index
 */
export function matteOf(soft, index) {
  const matte = new Uint8ClampedArray(soft.owner.length);
  if (index < 0) return matte;
  for (let pixel = 0; pixel < matte.length; pixel++) matte[pixel] = soft.owner[pixel] === index ? 255 : 0;
  soft.places.forEach((place, n) => {
    matte[place] = 255 * soft.alpha[index][n];
  });
  return matte;
}
