from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from PIL import Image

from styfie.errors import OutputError
from styfie.evaluation.report import as_html, as_record, difference, parts_table, table, write_report
from styfie.evaluation.segmenter import Evaluation, evaluate_segmenter
from tests.evaluation.test_segmenter import left_half, portrait

SETTINGS = {"segmenter": "left <half>", "data": "tiny"}
VOID = ("meta", "img")


class Page(HTMLParser):
    """Checks that tags close in order, and gathers what they hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for key, value in attrs if key in ("href", "src", "srcset", "data", "action")]
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "td":
            self.cells.append(data)


@pytest.fixture
def evaluation() -> Evaluation:
    some = [portrait("a_1", 10), portrait("b_<1>", 5, label=2), portrait("a_2", 20)]
    return evaluate_segmenter(some, left_half, lambda photo: torch.ones(1, 5, 2, 2))


def test_html_is_whole_and_needs_nothing_else(evaluation: Evaluation) -> None:
    text = as_html(evaluation, SETTINGS)
    page = Page(text)
    assert page.open == []
    assert not page.tags & {"script", "link", "iframe", "object", "form"}
    assert all(link.startswith("data:image/jpeg;base64,") for link in page.links)
    text = re.sub('"data:[^"]*"', "", text)
    assert not any(outside in text for outside in ("http:", "https:", "//", "@import", "url("))
    assert "prefers-color-scheme: dark" in text
    assert "left &lt;half&gt;" in text
    assert [cell for cell in page.cells if cell == "0.667"] == ["0.667"], "the mean IoU of 1, 1/2 and 1/2"


def test_html_shows_each_worst_picture_four_times(evaluation: Evaluation) -> None:
    images = Page(as_html(evaluation, SETTINGS)).images
    kinds = ("photo", "true mask", "found mask", "difference")
    names = [shown.row.name for shown in evaluation.worst]
    assert names[-1] == "a_1"
    assert [image["alt"] for image in images] == [f"{name}: {kind}" for name in names for kind in kinds]
    data = str(images[0]["src"]).partition(",")[2]
    with Image.open(io.BytesIO(base64.b64decode(data))) as opened:
        assert (opened.format, opened.size) == ("JPEG", (20, 20))


def test_files_hold_all_that_was_measured(evaluation: Evaluation, tmp_path: Path) -> None:
    files = write_report(evaluation, tmp_path / "new", SETTINGS)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["report.html", "report.json"]
    record = json.loads(files[0].read_text())
    assert record == as_record(evaluation, SETTINGS)
    assert record["settings"] == SETTINGS
    assert sum(p["iou"] for p in record["pictures"]) / 3 == pytest.approx(record["overall"]["iou"])
    assert {p["source"] for p in record["pictures"]} == set(record["sources"]) == {"a", "b"}
    assert record["parts"]["hair"] == 0
    again = write_report(evaluation, tmp_path / "again", SETTINGS)
    assert [f.read_bytes() for f in files] == [f.read_bytes() for f in again]


def test_a_folder_that_cannot_be_is_one_sentence(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"Could not write into .*file"):
        write_report(evaluation, tmp_path / "file", SETTINGS)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_tables_line_up(evaluation: Evaluation) -> None:
    lines = table(evaluation)
    assert [line[0] for line in lines] == ["source", "a", "b", "all", "constant"]
    assert {len(line) for line in lines} == {9}
    assert lines[3][:3] == ["all", "3", "0.667"]
    assert parts_table({"hair": 0.25, "skin": None}) == [["hair", "skin"], ["0.250", "–"]]


def test_difference_is_red_for_too_much_and_blue_for_missed() -> None:
    photo = torch.zeros(1, 3, 1, 3)
    truth, found = torch.tensor([[[[0.0, 1.0, 1.0]]]]), torch.tensor([[[[1.0, 0.0, 1.0]]]])
    too_much, missed, right = difference(photo, truth, found)[0, :, 0].T
    assert too_much.argmax() == 0
    assert missed.argmax() == 2
    assert torch.equal(right, torch.full((3,), 0.5))


def test_the_difference_lies_over_a_pale_photo() -> None:
    photo = torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3).expand(1, 3, 1, 3)
    nothing, all_ = torch.zeros(1, 1, 1, 3), torch.ones(1, 1, 1, 3)
    assert difference(photo, nothing, nothing)[0, 0, 0].tolist() == [0.5, 0.75, 1.0]
    coloured = torch.tensor([0.9, 0.0, 0.0]).view(1, 3, 1, 1)
    assert difference(coloured, nothing[..., :1], nothing[..., :1]).flatten().tolist() == pytest.approx([0.65] * 3)
    red, blue = difference(photo, nothing, all_)[0, :, 0, 0], difference(photo, all_, nothing)[0, :, 0, 0]
    assert red.tolist() == pytest.approx([0.84, 0.1, 0.1]) and blue.tolist() == pytest.approx([0, 0.3, 1])
    half = difference(photo, nothing, 0.5 * all_)[0, :, 0, 0]
    assert half.tolist() == pytest.approx([0.67, 0.3, 0.3]), "as much as it differs"


def test_numbers_have_as_many_digits_as_mean_something(evaluation: Evaluation) -> None:
    heading, first = table(evaluation)[0], table(evaluation)[1]
    cells = dict(zip(heading, first, strict=True))
    digits = {name: len(cell.partition(".")[2]) for name, cell in cells.items() if name != "source"}
    assert digits == {
        "photos": 0,
        "IoU": 3,
        "mean IoU": 3,
        "boundary F": 3,
        "worst tenth": 3,
        "MAE": 4,
        "SAD/1000": 2,
        "gradient/1000": 2,
    }


def test_all_sources_together_stand_out(evaluation: Evaluation) -> None:
    lines = [line for line in as_html(evaluation, SETTINGS).splitlines() if line.startswith("<tr")]
    assert [line for line in lines if 'class="all"' in line] == [next(line for line in lines if ">all<" in line)]
    shown = Page(as_html(evaluation, SETTINGS)).images[0]
    assert (shown["width"], shown["height"]) == ("20", "20")
