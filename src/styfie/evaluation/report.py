"""An evaluation as a table of strings, as JSON, and as one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styfie.evaluation.masks import MaskSummary
from styfie.evaluation.mattes import MatteScore
from styfie.evaluation.segmenter import Evaluation, WorstCase
from styfie.images import to_image
from styfie.storage.atomic import writing_into

COLUMNS = {
    "pictures": "photos",
    "iou": "IoU",
    "mean_iou": "mean IoU",
    "boundary_f": "boundary F",
    "worst_tenth": "worst tenth",
    "mae": "MAE",
    "sad": "SAD/1000",
    "gradient": "gradient/1000",
}
MATTES = ("SAD/1000", "MSE", "MAD", "Grad/1000", "Conn/1000")
CONSTANT = "constant"
REPORT = ("report.json", "report.html")
ABOUT = (
    "Means over pictures, at the size of each true mask. IoU is of the person, mean IoU of person and background, both "
    "cut at 0.5; boundary F matches contours within 0.8 % of the diagonal; worst tenth is the mean of the lowest tenth "
    "of IoUs. MAE, SAD (thousands of pixels) and the gradient error are better when lower. "
    f"“{CONSTANT}” calls every pixel person: the best that can be had without looking."
)
STYLE = """
:root { color-scheme: light dark; --paper: #faf8f4; --ink: #28261f; --line: #d8d3c8; --soft: #6b665a }
@media (prefers-color-scheme: dark) { :root { --paper: #1b1a17; --ink: #ece8de; --line: #45423a; --soft: #a8a294 } }
body { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto;
       max-width: 72rem; padding: 0 1rem }
h1, h2 { font-weight: 600; line-height: 1.2 } p, figcaption { color: var(--soft); max-width: 46rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem; text-align: right; white-space: nowrap }
th:first-child, td:first-child { text-align: left } tr.all td { font-weight: 600 }
figure { margin: 1.5rem 0 } .row { display: grid; gap: .5rem; grid-template-columns: repeat(4, minmax(0, 1fr)) }
img { display: block; width: 100%; height: auto } figcaption { margin-top: .3rem }
""".strip()


def table(evaluation: Evaluation) -> list[list[str]]:
    """A heading, a line for each source, one for all, and one for the constant predictor."""
    lines = [*evaluation.sources().items(), ("all", evaluation.overall()), (CONSTANT, evaluation.constant)]
    return [["source", *COLUMNS.values()], *([name, *_cells(summary)] for name, summary in lines)]


def parts_table(parts: Mapping[str, float | None]) -> list[list[str]]:
    """A heading and one line of pooled IoUs; a dash for a part that was nowhere."""
    return [list(parts), ["–" if score is None else f"{score:.3f}" for score in parts.values()]]


def mattes_table(mattes: Mapping[str, MatteScore]) -> list[list[str]]:
    """A heading, and a line each for the whole picture and for the band that a trimap leaves open."""
    digits = {"sad": ".2f", "mse": ".4f", "mad": ".4f", "gradient": ".2f", "connectivity": ".2f"}
    lines = [
        [name, *(format(value, digits[key]) for key, value in asdict(one).items())] for name, one in mattes.items()
    ]
    return [["mattes", *MATTES], *lines]


def as_record(evaluation: Evaluation, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All that was measured, in plain types for JSON."""
    return {
        "settings": dict(settings),
        "overall": asdict(evaluation.overall()),
        "sources": {name: asdict(summary) for name, summary in evaluation.sources().items()},
        "constant": asdict(evaluation.constant),
        "mattes": {name: asdict(one) for name, one in evaluation.mattes.items()},
        "parts": evaluation.parts,
        "pictures": [{"name": row.name, "source": row.source, **asdict(row.score)} for row in evaluation.rows],
    }


def as_html(evaluation: Evaluation, settings: Mapping[str, Any]) -> str:
    """One page with tables and the worst pictures inside it; no script, nothing fetched."""
    body = [f"<h1>{escape(_title(settings))}</h1>", f"<p>{escape(ABOUT)}</p>", _html_table(table(evaluation))]
    about = "Errors, better when lower: over the whole picture, and in the band that a trimap leaves open."
    body += ["<h2>Mattes</h2>", f"<p>{about}</p>", _html_table(mattes_table(evaluation.mattes))]
    if evaluation.parts:
        about = "IoU pooled over labelled pixels; the mean is that of skin, hair and clothes."
        body += ["<h2>Parts</h2>", f"<p>{about}</p>", _html_table(parts_table(evaluation.parts))]
    body += [
        "<h2>The worst pictures</h2>",
        "<p>Photo, true mask, found mask, and where they differ: red was taken for person, blue was missed.</p>",
        *(_figure(shown) for shown in evaluation.worst),
    ]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f"<title>{escape(_title(settings))}</title><style>\n{STYLE}\n</style>"
    page = "\n".join(body)
    return f'<!doctype html>\n<html lang="en">\n<head>{head}</head>\n<body>\n{page}\n</body>\n</html>\n'


def write_report(evaluation: Evaluation, folder: Path, settings: Mapping[str, Any]) -> list[Path]:
    """Write `report.json` and `report.html` beside and rename them; `settings` says what was evaluated, and on what.

    Raises:
        OutputError: the folder cannot be written to; what was there before stays.
    """
    record = json.dumps(as_record(evaluation, settings), indent=1) + "\n"
    texts = dict(zip(REPORT, (record, as_html(evaluation, settings)), strict=True))
    with writing_into(folder) as beside:
        for name, text in texts.items():
            (beside / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def difference(photo: Tensor, truth: Tensor, found: Tensor) -> Tensor:
    """A pale grey photo (1, 3, H, W) with what was taken for person too much in red, what was missed in blue."""
    pale = 0.5 + 0.5 * photo.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    for amount, colour in (((found - truth).clamp(0, 1), (0.84, 0.1, 0.1)), ((truth - found).clamp(0, 1), (0, 0.3, 1))):
        pale = torch.lerp(pale, torch.tensor(colour).view(1, 3, 1, 1), amount)
    return pale


def _title(settings: Mapping[str, Any]) -> str:
    return "Segmenter: " + ", ".join(f"{key} {value}" for key, value in settings.items())


def _cells(summary: MaskSummary) -> list[str]:
    values = asdict(summary)
    digits = {"pictures": "d", "mae": ".4f", "sad": ".2f", "gradient": ".2f"}
    return [format(values[key], digits.get(key, ".3f")) for key in COLUMNS]


def _html_table(lines: Sequence[Sequence[str]]) -> str:
    rows = ["<tr>" + "".join(f'<th scope="col">{escape(cell)}</th>' for cell in lines[0]) + "</tr>"]
    for line in lines[1:]:
        kind = ' class="all"' if line[0] == "all" else ""
        rows.append(f"<tr{kind}>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>")
    return '<div class="wide"><table>\n' + "\n".join(rows) + "\n</table></div>"


def _figure(case: WorstCase) -> str:
    pictures = {
        "photo": case.photo,
        "true mask": case.truth,
        "found mask": case.found,
        "difference": difference(case.photo, case.truth, case.found),
    }
    images = "".join(_img(picture, f"{case.row.name}: {kind}") for kind, picture in pictures.items())
    score = case.row.score
    caption = f"{case.row.name}: IoU {score.iou:.3f}, boundary F {score.boundary_f:.3f}, SAD/1000 {score.sad:.2f}"
    return f'<figure><div class="row">{images}</div><figcaption>{escape(caption)}</figcaption></figure>'


def _img(picture: Tensor, alt: str) -> str:
    file = io.BytesIO()
    to_image(picture).save(file, "JPEG", quality=80)
    height, width = picture.shape[-2:]
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return f'<img alt="{escape(alt)}" width="{width}" height="{height}" src="data:image/jpeg;base64,{data}">'
