// @ts-check
// A picture's file says that the picture was changed: an XMP packet in it, as `styfie.storage.xmp` writes it, which has
// made the packet itself (`marks` in models/gallery.json).

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/** @type {Record<string, "painted" | "altered">} */
const KINDS = { both: "painted", subject: "painted", background: "painted", cutout: "altered" }; // as `results.SOURCE_TYPES`
const [PNG_START, PNG_KEYWORD] = [8, "XML:com.adobe.xmp\0\0\0\0\0"]; // bytes before the first chunk; iTXt, not packed, of no language
const [JPEG_KEYWORD, APP0, APP1] = ["http://ns.adobe.com/xap/1.0/\0", 0xe0, 0xe1];
const [WEBP_ALPHA, WEBP_XMP] = [0x10, 0x04]; // flags of the chunk VP8X

/** @type {Uint32Array} */
const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let rest = n;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest >>> 0;
});

/** CRC-32, as PNG and ZIP have it. @param {Uint8Array} bytes */
export function checksum(bytes) {
  let found = 0xffffffff;
  for (const byte of bytes) found = CRC[(found ^ byte) & 255] ^ (found >>> 8);
  return (found ^ 0xffffffff) >>> 0;
}

/** Which packet a picture of this name has; none where it shows nothing that was changed, as photo and mask. @param {string} name @param {Record<string, string>} marks */
export const packetOf = (name, marks) => marks[KINDS[name]] ?? "";

/**
 * A file as it is, and a packet in it.
 *
 * @param {Bytes} bytes @param {string} type image/png, image/jpeg or image/webp @param {string} packet
 * @param {[width: number, height: number]} size of the picture in pixels
 */
export function marked(bytes, type, packet, size) {
  const text = new TextEncoder().encode(packet);
  if (type === "image/png") return markedPNG(bytes, text);
  return type === "image/jpeg" ? markedJPEG(bytes, text) : markedWebP(bytes, text, size);
}

/** @param {...(Uint8Array | string | number[])} parts @returns {Bytes} */
function joined(...parts) {
  const all = parts.map((one) => (typeof one === "string" ? new TextEncoder().encode(one) : Uint8Array.from(one)));
  const found = new Uint8Array(all.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of all) {
    found.set(one, at);
    at += one.length;
  }
  return found;
}

/** Four bytes, the largest first. @param {number} value */
const big = (value) => [value >>> 24, value >>> 16, value >>> 8, value].map((one) => one & 255);
/** The smallest first. @param {number} value @param {number} bytes */
const little = (value, bytes) => big(value).reverse().slice(0, bytes);

/** After the header. @param {Bytes} bytes @param {Uint8Array} text */
function markedPNG(bytes, text) {
  const body = joined("iTXt", PNG_KEYWORD, text);
  const start = PNG_START + 12 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(PNG_START);
  return joined(bytes.subarray(0, start), big(body.length - 4), body, big(checksum(body)), bytes.subarray(start));
}

/** After what says that it is a JFIF, which comes first. @param {Bytes} bytes @param {Uint8Array} text */
function markedJPEG(bytes, text) {
  const start = bytes[3] === APP0 ? 4 + 256 * bytes[4] + bytes[5] : 2;
  const body = joined(JPEG_KEYWORD, text);
  return joined(bytes.subarray(0, start), [0xff, APP1], big(body.length + 2).slice(2), body, bytes.subarray(start));
}

/** At the end; a simple file becomes an extended one (RFC 9649). @param {Bytes} bytes @param {Uint8Array} text @param {[number, number]} size */
function markedWebP(bytes, text, [width, height]) {
  const rest = bytes.slice(12);
  const kind = String.fromCharCode(...rest.subarray(0, 4));
  const alpha = kind === "VP8L" && rest[12] & WEBP_ALPHA ? WEBP_ALPHA : 0; // a bit after 8 of signature, 14 of width, 14 of height
  if (kind === "VP8X") rest[8] |= WEBP_XMP;
  const head = kind === "VP8X" ? [] : joined("VP8X", little(10, 4), [WEBP_XMP | alpha, 0, 0, 0], little(width - 1, 3), little(height - 1, 3));
  const chunks = joined("WEBP", head, rest, "XMP ", little(text.length, 4), text, text.length % 2 ? [0] : []);
  return joined("RIFF", little(chunks.length, 4), chunks);
}
