"""The browser that pages are tested in: the system's own, and what is read from a page there."""

from __future__ import annotations

import shutil

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PIXELS = """async () => {
  await styfie.studio.drawn();
  const {scene} = styfie.studio;
  let text = "";
  for (let at = 0; at < scene.out.data.length; at += 30000) {
    text += String.fromCharCode(...scene.out.data.subarray(at, at + 30000));
  }
  return [scene.width, scene.height, btoa(text)];
}"""
"""What the page blended: width, height and RGBA in base64."""
