from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops

import styfie
from styfie.cli import main
from styfie.engines import TAXONOMY
from styfie.errors import InputError
from styfie.gallery import BUILT_IN
from styfie.gallery.masters import MASTERS
from styfie.pipeline import PORTRAIT
from tests.conftest import opened

RESULTS = ["background.png", "blur.png", "both.png", "cutout.png", "mask.png"]
RESULTS += ["painting.ora", "photo.png", "sheet.png", "subject.png"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command."""
    before, sys.argv = sys.argv, ["styfie", *(str(a) for a in arguments)]
    try:
        main()
        code = 0
    except SystemExit as left:
        code = int(left.code or 0)
    finally:
        sys.argv = before
    out = capsys.readouterr()
    return code, out.out, out.err


def test_paints_the_built_in_portrait(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "paint", "-o", tmp_path / "out", "--size", "96", "--steps", "2")
    assert code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == RESULTS
    assert "both.png" in out
    assert "step 8/8" in err, "plain lines where the output is no terminal"
    both, photo = (opened(tmp_path / "out" / f"{name}.png") for name in ("both", "photo"))
    assert both.size == photo.size == (96, 96)
    assert both.tobytes() != photo.tobytes()


def test_the_same_seed_gives_the_same_bytes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("a", "b"):
        options = ("--subject", "glass", "--background", "waves", "--size", "96", "--steps", "2", "--device", "cpu")
        assert run(capsys, "paint", PORTRAIT, "-o", tmp_path / name, *options)[0] == 0
    for file in RESULTS:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_an_unstyled_region_stays_photo(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys, "paint", PORTRAIT, "-o", tmp_path, "--background", "ink", "--size", "96", "--steps", "2")
    pictures = {name: opened(tmp_path / f"{name}.png").tobytes() for name in ("photo", "subject", "background", "both")}
    assert pictures["subject"] == pictures["photo"] and pictures["both"] == pictures["background"]


def test_a_mask_is_used_as_it_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    mask = Image.new("L", (96, 96))
    mask.paste(255, (30, 30, 60, 60))
    mask.save(tmp_path / "mask.png")
    common = ("--subject", "ink", "--size", "96", "--steps", "1")
    for given in (f"{tmp_path}/mask.png", f"subject={tmp_path}/mask.png"):
        assert run(capsys, "paint", PORTRAIT, "-o", tmp_path / "out", "--mask", given, *common)[0] == 0
        assert opened(tmp_path / "out" / "mask.png").tobytes() == mask.tobytes()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("paint", "none.jpg"), "no file none.jpg"),
        (("paint", "--subject", "nonesuch"), "glass"),
        (("paint", "--subject", "none.png"), "no style picture"),
        (("paint", "--size", "7"), "size is 7"),
        (("paint", "--steps", "-1"), "--steps -1 came: a number from 0 to 100000"),
        (("paint", "--quality", "best"), "one of draft, standard, fine"),
        (("paint", "--content", "2"), "--content 2 came: a number from 0 (freely"),
        (("paint", "--seed", "-1"), "--seed -1 came"),
        (("paint", "--device", "toaster"), "--device toaster came: one of auto, cpu"),
        (("paint", "--engine", "steam"), "optimise"),
        (("paint", "--encoder", "ear"), "vgg16"),
        (("paint", "--start", "end"), "one of photo, noise, fast"),
        (("paint", "--steps", "few"), "--steps few came: a number from 0"),
        (("paint", "--mask", "none.png"), "no file none.png"),
        (("paint", "--mask", "hat=none.png"), "no file none.png"),
        (("paint", "--style", "glass"), "--style NAME=STYLE"),
        (("paint", "--style", "subject=ink", "--subject", "glass"), "came twice"),
        (("paint", "--style", "wings=ink"), "accessories, person-1"),
        (("paint", "--style", "person-7=ink"), "one person was found"),
        (("paint", "--segmenter", "eye"), "portrait"),
        (("paint", "--mask", "x" * 300), "no file"),
        (("paint", "--mask", "a/b=" + str(PORTRAIT), "--style", "a/b=ink"), "letters, digits"),
        (("segment", PORTRAIT, "--add", "12"), "x then y"),
        (("segment", PORTRAIT, "--add", "9000,3"), "outside the photo"),
        (("paint", "--subject", "ink", "--strength", "background=0.5"), "painted are subject"),
        (("paint", "--subject", "ink", "--strength", "subject=2"), "--strength subject=2 came"),
        (("paint", "--subject", "ink", "--strength", "subject=half"), "from 0 (photo) to 1"),
        (("paint", "--subject", "ink", "--color", "subject=pink"), "style, keep, histogram, luma"),
        (("paint", PORTRAIT, "--from", "2"), "--from and --to are of a video"),
        (("paint", "none.mp4", "--engine", "fast"), "no video none.mp4"),
        (("mix", "none.ora"), "no file none.ora"),
        (("mix", PORTRAIT), "painting.ora is wanted"),
        (("segment", "none.jpg"), "no file"),
        (("blur", "none.jpg"), "no file"),
        (("train", "segmenter", "--data", "none", "-o", "x"), "No portraits"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert says in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("p*")), "nothing half-written"


@pytest.mark.parametrize(
    ("asked", "network"),
    [
        (("--engine", "classic"), "vgg16"),
        (("--preset", "paper", "--encoder", "vgg19"), "vgg19"),
        (("--engine", "gatys"), "vgg19"),
        (("--encoder", "vgg19"), "vgg19"),
        (("--encoder", "vgg16"), "vgg16"),
    ],
)
def test_weights_are_taken_for_the_network_that_is_used(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, asked: tuple[str, str], network: str
) -> None:
    taken: list[str] = []

    def take(name: str, file: Path) -> None:
        taken.append(name)
        raise InputError(f"{file.name} is read")

    monkeypatch.setattr("styfie.encoders.vgg.import_vgg", take)
    code, _, err = run(capsys, "paint", *asked, "--import", "vgg.h5")
    assert (code, taken) == (2, [network]) and "vgg.h5 is read" in err


def test_where_a_sentence_comes_from_is_told_to_who_asks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    logger = logging.getLogger("styfie")
    monkeypatch.setattr(logger, "handlers", [*logger.handlers])
    level, asked = logger.level, ("segment", tmp_path / "nothing.jpg")
    try:
        code, _, err = run(capsys, "--debug", *asked)
    finally:
        logger.setLevel(level)
    assert code == 2 and "Traceback" in err and "styfie/cli/segment.py" in err and err.count("nothing.jpg") > 1
    monkeypatch.undo()
    code, _, plain = run(capsys, *asked)
    assert (code, plain) == (2, f"{err.splitlines()[-1]}\n"), "the sentence alone"


@pytest.mark.parametrize("arguments", [("paint", "--nonsense"), ("list", "spoons"), ("paint", "--size", "big")])
def test_wrong_usage_exits_with_two(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert run(capsys, *arguments)[0] == 2


def test_segments_a_file_and_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = opened(PORTRAIT).resize((200, 160)).transpose(Image.Transpose.ROTATE_90)
    turned.save(photos / "turned.jpg", exif=exif)
    Image.new("RGB", (64, 64)).save(photos / "nobody.png")
    (photos / "notes.txt").write_text("no picture")
    code, _, err = run(capsys, "segment", photos, "-o", tmp_path / "masks")
    assert code == 2, "one photo has no person"
    assert "nobody.png: No person" in err
    assert [p.name for p in (tmp_path / "masks").iterdir()] == ["turned.png"]
    mask = opened(tmp_path / "masks" / "turned.png")
    assert (mask.size, mask.mode) == ((200, 160), "L")
    assert run(capsys, "segment", photos / "turned.jpg", "-o", tmp_path / "m.png")[0] == 0
    assert (tmp_path / "m.png").read_bytes() == (tmp_path / "masks" / "turned.png").read_bytes()


def test_segments_a_finer_region_and_corrects_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, options in (("hair", ()), ("more", ("--add", "20,250")), ("less", ("--remove", "110,75"))):
        code, _, _ = run(capsys, "segment", PORTRAIT, "--region", "hair", *options, "-o", tmp_path / f"{name}.png")
        assert code == 0
    hair, more, less = (opened(tmp_path / f"{name}.png") for name in ("hair", "more", "less"))
    assert hair.size == opened(PORTRAIT).size
    assert hair.tobytes() != more.tobytes() != less.tobytes()
    mean = [sum(i * n for i, n in enumerate(image.histogram())) for image in (less, hair, more)]
    assert mean[0] <= mean[1] < mean[2]


def test_paints_finer_regions_and_masks_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sky = Image.new("L", (96, 96))
    sky.paste(255, (0, 0, 96, 20))
    sky.save(tmp_path / "sky.png")
    asked = ("--style", "clothes=ink", "--style", "sky=night", "--mask", f"sky={tmp_path}/sky.png")
    code, _, _ = run(capsys, "paint", PORTRAIT, *asked, "--size", "96", "--steps", "2", "-o", tmp_path / "out")
    assert code == 0
    assert opened(tmp_path / "out" / "mask-sky.png").tobytes() == sky.tobytes()
    both, photo = (opened(tmp_path / "out" / f"{name}.png") for name in ("both", "photo"))
    face = (36, 26, 46, 32)  # a hundredth of which counts as clothes
    differs = ImageChops.difference(both.crop(face), photo.crop(face))
    assert max(differs.tobytes()) <= 2, "nobody asked for the skin"
    assert both.tobytes() != photo.tobytes()


def test_mixes_after_the_fact(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    options = ("--subject", "ink", "--background", "night", "--size", "96", "--steps", "2")
    run(capsys, "paint", PORTRAIT, *options, "-o", tmp_path / "a")
    asked = ("--strength", "subject=0", "--color", "background=luma")
    assert run(capsys, "mix", tmp_path / "a" / "painting.ora", *asked, "-o", tmp_path / "b")[0] == 0
    subject, photo = (opened(tmp_path / "b" / f"{name}.png").tobytes() for name in ("subject", "photo"))
    assert subject == photo
    both = [opened(tmp_path / name / "both.png") for name in ("a", "b")]
    assert both[0].tobytes() != both[1].tobytes()
    assert run(capsys, "paint", PORTRAIT, *options, *asked, "-o", tmp_path / "c")[0] == 0
    difference = ImageChops.difference(both[1], opened(tmp_path / "c" / "both.png"))
    assert max(difference.tobytes()) <= 3, "as if painted so, up to the file's 8 bits"


def test_a_mask_in_the_background_is_no_part_of_the_person(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    corner = Image.new("L", (96, 96))
    corner.paste(255, (80, 0, 96, 16))
    corner.save(tmp_path / "corner.png")
    asked = ("--style", "corner=night", "--mask", f"corner={tmp_path}/corner.png", "--size", "96", "--steps", "2")
    assert run(capsys, "paint", PORTRAIT, *asked, "-o", tmp_path / "out")[0] == 0
    mask, subject, photo = (opened(tmp_path / "out" / f"{name}.png") for name in ("mask", "subject", "photo"))
    assert mask.crop((80, 0, 96, 16)).getextrema() == (0, 0)
    assert subject.tobytes() == photo.tobytes()
    assert run(capsys, "paint", PORTRAIT, "--background", "ink", *asked[4:], "-o", tmp_path / "out")[0] == 0
    assert not (tmp_path / "out" / "mask-corner.png").exists(), "of the earlier painting"


def test_a_mask_of_ones_own_needs_no_person(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Image.new("RGB", (96, 96), (128, 128, 128)).save(tmp_path / "sky.png")
    Image.new("L", (96, 96)).save(tmp_path / "black.png")
    Image.new("L", (96, 48), 255).resize((96, 96)).save(tmp_path / "mask.png")
    options = ("--style", "sky=night", "--size", "96", "--steps", "2", "-o", tmp_path / "out")
    assert run(capsys, "paint", tmp_path / "sky.png", "--mask", f"sky={tmp_path}/mask.png", *options)[0] == 0
    code, _, err = run(capsys, "paint", tmp_path / "sky.png", "--mask", f"sky={tmp_path}/black.png", *options)
    assert (code, "nothing inside" in err) == (2, True)
    code, _, err = run(capsys, "paint", tmp_path / "sky.png", "--subject", "ink", "--size", "96")
    assert (code, "No person" in err) == (2, True)


def test_a_folders_masks_never_replace_its_photos(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    opened(PORTRAIT).resize((96, 96)).save(photos / "a.png")
    opened(PORTRAIT).resize((96, 96)).save(photos / "a.jpg", quality=100, subsampling=0)
    code, _, err = run(capsys, "segment", photos, "-o", photos)
    assert (code, "another folder" in err) == (2, True)
    monkeypatch.chdir(photos)
    assert run(capsys, "segment", ".")[0] == 0
    assert sorted(p.name for p in (tmp_path / "photos-masks").iterdir()) == ["a.jpg.png", "a.png.png"]


def test_blurs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = ("blur", PORTRAIT, "--size", "128", "--radius", "20", "-o", tmp_path / "b.png")
    assert run(capsys, *asked)[0] == 0
    marked = opened(tmp_path / "b.png")
    assert marked.size == (128, 128)
    assert b"algorithmicallyEnhanced" in (tmp_path / "b.png").read_bytes()
    assert run(capsys, *asked, "--no-mark")[0] == 0
    assert b"xpacket" not in (tmp_path / "b.png").read_bytes()
    assert opened(tmp_path / "b.png").tobytes() == marked.tobytes()


def test_blurs_as_a_lens_does(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    asked = ("blur", PORTRAIT, "--size", "96", "--lens", "disc")
    Image.linear_gradient("L").save(tmp_path / "depth.png")
    assert run(capsys, *asked, "-o", tmp_path / "a.png")[0] == 0
    assert run(capsys, *asked, "--depth", tmp_path / "depth.png", "-o", tmp_path / "b.png")[0] == 0
    assert run(capsys, *asked[:4], "-o", tmp_path / "c.png")[0] == 0
    assert len({opened(tmp_path / f"{name}.png").tobytes() for name in "abc"}) == 3
    for wrong, says in (("star", "gaussian, disc, hexagon"), ("gaussian", "the same everywhere")):
        code, _, err = run(capsys, *asked[:4], "--lens", wrong, "--depth", "auto", "-o", tmp_path / "d.png")
        assert (code, says in err) == (2, True)
    assert not (tmp_path / "d.png").exists()


@pytest.mark.parametrize("kind", ["styles", "engines", "segmenters", "encoders"])
def test_lists(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    code, out, _ = run(capsys, "list", kind, "--json")
    entries = json.loads(out)
    assert code == 0
    assert all({"name", "title"} <= set(entry) for entry in entries)
    if kind == "styles":
        assert [entry["name"] for entry in entries] == list(BUILT_IN)
        assert all(entry["licence"] and entry["source"] for entry in entries)
        assert [entry["name"] for entry in entries if entry.get("painter") and entry.get("year")] == list(MASTERS)
    plain = run(capsys, "list", kind)[1]
    assert all(entry["name"] in plain for entry in entries)


@pytest.mark.parametrize("kind", ["engines", "losses", "encoders", "segmenters", "styles"])
def test_what_is_listed_is_for_people(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    """Each code stands in a legend, numbers have units, and nothing is a place in the code."""
    entries = json.loads(run(capsys, "list", kind, "--json")[1])
    text = run(capsys, "list", kind)[1]
    for code in {entry["taxonomy"] for entry in entries if "taxonomy" in entry}:
        assert f"{code}  {TAXONOMY[code]}" in text
    assert ("taxonomy, after Jing et al. (2018)" in text) == (kind in ("engines", "losses"))
    assert ("memory: bytes for each pixel" in text) == (kind == "encoders")
    assert not [value for entry in entries for value in entry.values() if re.match(r"styfie[.\w]*:\w", str(value))]


def test_doctor_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "doctor")
    assert code == 0
    assert "weights encoder: valid" in out
    assert "weights segmenter: valid" in out
    assert run(capsys, "--version")[1].strip() == f"styfie {styfie.__version__}"


@pytest.mark.slow
def test_interrupted_it_keeps_the_best_so_far(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "styfie", "paint", "-o", str(tmp_path / "out"), "--size", "96", "--steps", "400"]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=one_thread) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("step"):
                break
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(120) == 130
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted([*RESULTS, "unfinished.ora"])
    assert "The same command goes on" in said


@pytest.mark.slow
def test_interrupted_twice_it_stops_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "styfie", "paint", "-o", str(tmp_path / "out"), "--size", "96", "--steps", "400"]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=one_thread) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(("step", "Stopping")):
                process.send_signal(signal.SIGINT)
            assert "Traceback" not in line
        assert process.wait(120) == 130
    assert {p.name for p in tmp_path.glob("out/*")} <= {"unfinished.ora", ".unfinished.ora.part"}, (
        "nothing half-written"
    )


def test_help_is_instant_because_torch_is_not_loaded() -> None:
    code = "import sys, styfie.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    shown = subprocess.run([sys.executable, "-m", "styfie", "--help"], capture_output=True, text=True, check=True)
    assert "paint" in shown.stdout
