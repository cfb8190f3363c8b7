// What the interface takes and answers (`schemas.py`, `responses.py`), and what the page's modules hand to each other.
// Nothing of it is there when the page runs.

import type { Soft } from "./blend.js";

export type JobState = "reading" | "ready" | "queued" | "painting" | "done" | "stopped" | "failed";
export type Color = "style" | "keep" | "histogram" | "luma";
export type Bokeh = "gaussian" | "disc" | "hexagon";
export type Quality = "draft" | "standard" | "fine";

export interface StyleSchema {
  name: string;
  weight: number;
}

export interface LookSchema {
  styles: StyleSchema[];
  strength: number;
  color: Color;
  stroke: number;
  content: number;
  likeness: number;
  brush: "auto" | "oil" | "tape" | "marker" | "watercolour";
  blur: number;
  bokeh: Bokeh;
  match: "whole" | "parts";
}

/** Of the regions by name: one of which nothing was asked has none. What is not said of one is by default. */
export type Looks = Partial<Record<string, Partial<LookSchema>>>;

export interface SettingsSchema {
  size: number;
  quality: Quality;
  steps: number;
  seed: number;
  device: "auto" | "cpu" | "cuda" | "mps";
  /** Names of registries, to which packages add. */
  engine: string;
  loss: string;
  segmenter: string;
  start: "photo" | "noise" | "fast";
  max_memory: number;
  radius: number;
  lens: "gaussian" | "disc" | "hexagon" | "plain";
  mark: boolean;
}

/** The settings that the page has fields for. */
export type Chosen = Pick<SettingsSchema, "size" | "quality" | "steps">;

export interface ErrorResponse {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
}

export interface RegionResponse {
  name: string;
  side: string;
  score: number;
  doubtful: boolean;
  area: number;
}

export interface ProgressResponse {
  step: number;
  steps: number;
  seconds_left: number;
  preview: number;
}

export interface JobResponse {
  id: string;
  name: string;
  state: JobState;
  note: string;
  error: string;
  error_code: string;
  /** Seconds ago. */
  created: number;
  width: number;
  height: number;
  regions: RegionResponse[];
  looks: Looks;
  settings: SettingsSchema;
  styles: string[];
  previews: number;
  painted: string[];
  sketched: string[];
  parts: string[];
  /** Of people: top, left, bottom and right of a square, as shares of the photo's height and width. */
  heads: Record<string, number[]>;
  undo: number;
  redo: number;
  progress: ProgressResponse | null;
  queue: number;
  pictures: string[];
  versions: number[];
  batch: string;
  version: number;
}

export type TrashKind = "picture" | "version" | "style" | "look" | "clip";

/** What was deleted; the seconds are those that the server runs. */
export interface TrashResponse {
  id: string;
  kind: TrashKind;
  of: string;
  number: number;
  name: string;
  seconds_left: number;
}

/** What is done with what was deleted; `version` and `style` delete one of a picture's. */
export interface Trash {
  list(): Promise<TrashResponse[]>;
  pictureURL(id: string): string;
  bringBack(id: string): Promise<TrashResponse>;
  remove(id: string): Promise<void>;
  empty(): Promise<void>;
  version?(id: string, number: number): Promise<TrashResponse>;
  style?(id: string, name: string): Promise<TrashResponse>;
}

export interface StyleResponse {
  name: string;
  title: string;
  about: string;
}

export interface NameResponse {
  name: string;
}

/** A saved look: the names of its styles by region. */
export interface PresetResponse {
  id: string;
  name: string;
  styles: Record<string, string[]>;
}

/** A clip: how many of its frames are painted; `preview` counts those that were shown. */
export interface ClipResponse {
  id: string;
  name: string;
  state: JobState;
  error: string;
  error_code: string;
  width: number;
  height: number;
  frame: number;
  frames: number;
  seconds_left: number;
  preview: number;
  created: number;
}

/** What is done with saved looks: by their ids, and as files. */
export interface Presets {
  list(): Promise<PresetResponse[]>;
  /** The look of a job by a name. */
  save(id: string, name: string): Promise<PresetResponse>;
  remove(name: string): Promise<TrashResponse>;
  file(name: string): Promise<File>;
  pictureURL(name: string): string;
  /** The look of a job. */
  of(id: string): Promise<File>;
  apply(id: string, file: File): Promise<JobResponse>;
}

/** Photos that come together: the name of their batch is the page's. */
export interface Batches {
  jobs(name: string): Promise<JobResponse[]>;
  upload(name: string, photo: File, look: File, size: number): Promise<JobResponse>;
  packURL(name: string, kind: string): string;
  sheetURL(name: string): string;
}

/** Clips by their ids; `v` is the number of the frame or film that is wanted. */
export interface Clips {
  list(): Promise<ClipResponse[]>;
  get(id: string): Promise<ClipResponse>;
  upload(clip: File, look: File, size: number): Promise<ClipResponse>;
  paint(id: string): Promise<ClipResponse>;
  stop(id: string): Promise<ClipResponse>;
  remove(id: string): Promise<TrashResponse>;
  frameURL(id: string, v: number): string;
  filmURL(id: string, v: number): string;
}

/** What a painting of that size would cost: `seconds` 0 is not known, `error` says why it cannot be. */
export interface CostResponse {
  size: number;
  seconds: number;
  gigabytes: number;
  error: string;
}

export interface PreviewResponse {
  version: number;
  painted: string[];
}

export interface HealthResponse {
  status: "ok" | "ready";
}

export interface CameraResponse {
  id: string;
}

export interface Limits {
  bytes: number;
  pixels: number;
  size: number;
  filetypes: string[];
  hours: number;
  gigabytes: number;
}

export interface Defaults {
  look: LookSchema;
  settings: SettingsSchema;
}

export interface Choices {
  colors: Color[];
  brushes: LookSchema["brush"][];
  bokehs: Bokeh[];
  strokes: number[];
  blurs: number[];
  pairs: string[][];
}

/** A field of a look: what it is, and for a number its range. */
export interface FieldResponse {
  name: string;
  help: string;
  low: number | null;
  high: number | null;
}

/** Addresses by which other devices open the page; where there are none, whether they can be let in. */
export interface PhoneResponse {
  addresses: string[];
  can_open: boolean;
}

export interface AboutResponse {
  version: string;
  computer: string;
  device: string;
  limits: Limits;
  fields: FieldResponse[];
  engines: StyleResponse[];
  defaults: Defaults;
  choices: Choices;
}

export type FirstSketch = (id: string) => Promise<ImageBitmap | null>;

export interface Phone {
  how(): Promise<PhoneResponse>;
  /** Let other devices in. */
  open(): Promise<PhoneResponse>;
  /** The QR code of one of them, which opens a picture by its id if there is one. */
  codeURL(number: number, picture: string): string;
}

/** What is exported: names of the job's pictures, and as what. */
export interface Export {
  names: string[];
  kind: "jpeg" | "png" | "webp";
  quality: number;
}

/** x and y in pixels of the picture, from its upper left corner. */
export type Place = [x: number, y: number];

/** Points, as shares of width and height, whose surroundings come into a region or go out of it. */
export interface Points {
  add: [x: number, y: number][];
  remove: [x: number, y: number][];
}

/** RGBA, 8 bit. */
export type Pixels = Uint8ClampedArray<ArrayBuffer>;

/** One photo's pixels, what `readSoft` read of its regions, and the picture that they are blended into. */
export interface Scene {
  photo: Pixels;
  soft: Soft;
  out: ImageData;
  width: number;
  height: number;
}

/** What the studio tells, and what it says with it. */
export interface News {
  /** The job as it was before. */
  job: JobResponse | null;
  scene: undefined;
  /** The region whose look was changed here; none if they came from elsewhere. */
  looks: string | undefined;
  /** Whether anything but the photo is to be seen. */
  picture: boolean;
  growing: ImageBitmap;
  first: ImageBitmap;
  /** Lines around each region, in pixels: `contours` says how. */
  outlines: number[][][];
  selected: undefined;
  status: undefined;
  error: unknown;
  deleted: undefined;
}

/** Elements of index.html by their ids, where more than `HTMLElement` is known of them. */
export interface Elements {
  again: HTMLButtonElement;
  "again-file": HTMLInputElement;
  blur: HTMLInputElement;
  camera: HTMLDialogElement;
  choose: HTMLButtonElement;
  "capture-file": HTMLInputElement;
  "clip-file": HTMLInputElement;
  "clip-frame": HTMLImageElement;
  "clip-paint": HTMLButtonElement;
  "clip-progress": HTMLProgressElement;
  "clip-save": HTMLAnchorElement;
  "clip-size": HTMLSelectElement;
  "clip-video": HTMLVideoElement;
  "clip-view": HTMLDialogElement;
  compare: HTMLButtonElement;
  "compare-with": HTMLSelectElement;
  content: HTMLInputElement;
  export: HTMLDialogElement;
  "export-copy": HTMLButtonElement;
  "export-quality": HTMLInputElement;
  "export-save": HTMLButtonElement;
  "export-share": HTMLButtonElement;
  file: HTMLInputElement;
  "hero-range": HTMLInputElement;
  history: HTMLDialogElement;
  likeness: HTMLInputElement;
  live: HTMLCanvasElement;
  "look-copy": HTMLButtonElement;
  "look-dialog": HTMLDialogElement;
  "look-file": HTMLInputElement;
  "look-name": HTMLInputElement;
  "look-paste": HTMLButtonElement;
  "look-save": HTMLButtonElement;
  "live-background": HTMLSelectElement;
  "live-subject": HTMLSelectElement;
  "live-toggle": HTMLButtonElement;
  "many-paint": HTMLButtonElement;
  "many-progress": HTMLProgressElement;
  "many-sheet": HTMLAnchorElement;
  "many-size": HTMLSelectElement;
  "many-stop": HTMLButtonElement;
  "many-zip": HTMLAnchorElement;
  overlay: HTMLCanvasElement;
  paint: HTMLButtonElement;
  phone: HTMLDialogElement;
  "phone-code": HTMLImageElement;
  "phone-let-in": HTMLButtonElement;
  "phone-next": HTMLButtonElement;
  picture: HTMLCanvasElement;
  "progress-bar": HTMLProgressElement;
  "paint-kind": HTMLSelectElement;
  "put-back": HTMLButtonElement;
  redo: HTMLButtonElement;
  save: HTMLButtonElement;
  shoot: HTMLButtonElement;
  size: HTMLSelectElement;
  steps: HTMLSelectElement;
  softness: HTMLInputElement;
  stop: HTMLButtonElement;
  strength: HTMLInputElement;
  stroke: HTMLInputElement;
  "style-file": HTMLInputElement;
  "take-again": HTMLButtonElement;
  trash: HTMLDetailsElement;
  undo: HTMLButtonElement;
  "version-delete": HTMLButtonElement;
  video: HTMLVideoElement;
  width: HTMLInputElement;
  "zoom-fit": HTMLButtonElement;
  "zoom-in": HTMLButtonElement;
  "zoom-out": HTMLButtonElement;
}

/** What `el` gives a new element. */
export type Props<Tag extends keyof HTMLElementTagNameMap> = Partial<HTMLElementTagNameMap[Tag]> & {
  data?: Record<string, string>;
};
