// What things are called for people, and the colours of regions' outlines.

const REGIONS = {
  subject: ["Person", "#ffb640"], background: ["Background", "#53b3ff"], hair: ["Hair", "#ff7ac0"],
  skin: ["Skin", "#ff8f6b"], clothes: ["Clothes", "#6fdc9a"], accessories: ["Accessories", "#c3a0ff"],
};
const OTHERS = ["#ffe16a", "#7ee8e0", "#ff9ddf", "#b8e86b", "#9fb4ff"];

/** A region's name for people; `names` are all there are: what is left of a divided person is the rest of it. */
export function regionTitle(name, names = []) {
  if (name === "subject" && names.some((one) => one !== "subject" && one !== "background")) return "Rest of the person";
  if (REGIONS[name]) return REGIONS[name][0];
  const words = name.replaceAll("-", " ");
  return words[0].toUpperCase() + words.slice(1);
}

export function regionColor(name) {
  if (REGIONS[name]) return REGIONS[name][1];
  const sum = [...name].reduce((total, letter) => total + letter.codePointAt(0), 0);
  return OTHERS[sum % OTHERS.length];
}

export const COLORS = {
  style: ["Style", "The style's colours"], keep: ["Photo", "The photo's palette, spread over the strokes"],
  histogram: ["Photo, closer", "All of the photo's colours, in the same amounts"],
  luma: ["Light only", "The photo's own colour at each place: only light and dark are painted"],
};
export const BOKEHS = {
  gaussian: ["Soft", "Gaussian: even and soft"], disc: ["Lens", "A lens wide open: lights become discs"],
  lens: ["Lens", "A lens wide open: lights become discs"], hexagon: ["Blades", "A lens with six blades: lights become hexagons"],
};

export const PICTURES = {
  both: ["The painting", "Person and background painted"], subject: ["Only the person painted", "Background as in the photo"],
  background: ["Only the background painted", "Person as in the photo"], blur: ["Portrait blur", "The photo, its background out of focus"],
  cutout: ["Cut out", "The person on transparency"], mask: ["Mask", "The person's matte, white inside"],
  photo: ["The photo", "As it was read, upright"], sheet: ["Sheet", "All of them with their styles, labelled"],
};

export const SIZES = [512, 768, 1024, 1536, 2048];
export const CARE = { draft: "Quick", standard: "Normal", fine: "Patient" };

export function duration(seconds) {
  if (seconds < 1.5) return "a moment";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 10 ? `${minutes} min ${Math.round(seconds % 60)} s` : `${minutes} min`;
}

export function ago(seconds) {
  if (seconds < 90) return "just now";
  if (seconds < 5400) return `${Math.round(seconds / 60)} minutes ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} hours ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

export function days(hours) {
  if (hours % 24) return hours === 1 ? "an hour" : `${hours} hours`;
  return hours === 24 ? "a day" : `${hours / 24} days`;
}

/** Whether the page is shown on the computer that runs the server. */
export const isHere = () => ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
