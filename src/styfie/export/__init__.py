"""Networks as ONNX files, which run without PyTorch."""

from __future__ import annotations

from pathlib import Path

from styfie.errors import InputError
from styfie.export.fast import export_fast
from styfie.export.per_style import export_per_style
from styfie.export.segmenter import export_segmenter
from styfie.export.tab import FILES, export_tab
from styfie.settings import Settings
from styfie.storage.atomic import check_targets
from styfie.styles import style_files

__all__ = ["export", "export_fast", "export_per_style", "export_segmenter", "export_tab"]


def export(what: str, file: Path, style: str | None = None, size: int = Settings.size) -> Path:
    """Write `segmenter`, `gallery`, `fast` of one `style` seen at `size` pixels, or what a FILE.safetensors holds.

    With `tab` all that a browser tab needs, into the folder `file`: see `tab.export_tab`.

    Raises:
        InputError: none of these; a style where none is wanted, or none where one is.
        MissingError: there is no such file or style, or the optional part is not installed.
        OutputError: the file cannot be written, or would replace what is read for it.
    """
    files = [file / name for name in FILES] if what == "tab" else [file]
    check_targets(files, [what, *(style_files({"style": style}) if style else [])])
    if (style is not None) != (what == "fast"):
        raise InputError(
            "The network fast is exported with one style in it: give --style NAME."
            if style is None
            else f"--style {style} came with {what}: only fast is exported with a style."
        )
    if style is not None:
        return export_fast(style, file, size)
    if what == "segmenter":
        return export_segmenter(file)
    if what == "gallery":
        return export_per_style(file)
    if what == "tab":
        return export_tab(file)
    if what.endswith(".safetensors"):
        source = Path(what)
        return export_segmenter(file, source) if _finds_people(source) else export_per_style(file, source)
    raise InputError(f"{what} came: segmenter, gallery, fast, tab or a FILE.safetensors of styfie train is wanted.")


def _finds_people(source: Path) -> bool:
    """Whether it is a file of `styfie train segmenter`; one that is of neither kind is no per-style network."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(source, "pt") as opened:
            return "arch" in (opened.metadata() or {})
    except (SafetensorError, OSError):
        return False
