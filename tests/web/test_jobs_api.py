from __future__ import annotations

import io
import json
import struct
import threading
import zipfile
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

import styfie
from styfie.images import to_image
from styfie.painting import Painting
from styfie.web.errors import WorkerDiedError
from styfie.web.studio import Studio
from tests.web.conftest import API, FAST, LOOKS, TestClient, ended, folder_of, post

pytestmark = pytest.mark.slow


def pixels(client: TestClient, url: str) -> NDArray[np.float64]:
    """A picture of the interface, in 255ths."""
    answer = client.get(f"{API}{url}")
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as image:
        return np.asarray(image, np.float64)


def own_colours(client: TestClient, url: str, photo: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """The own colours of subject and background, as the page unpacks them."""
    data = client.get(f"{API}{url}").content
    width, height, count, soft = struct.unpack("<4I", data[:16])
    at = 16 + -(-width * height // 4) * 4
    places = np.frombuffer(data, "<u4", soft, at)
    colours = np.frombuffer(data, "<f4", offset=at + 4 * soft * (1 + count)).reshape(count, 3, soft)
    found = {}
    for name, own in zip(("subject", "background"), colours, strict=True):
        found[name] = photo.copy()
        found[name].reshape(-1, 3)[places] = own.T
    return found


def png_of(picture: torch.Tensor) -> bytes:
    held = io.BytesIO()
    to_image(picture).save(held, "PNG")
    return held.getvalue()


@pytest.fixture(scope="module")
def painted(client: TestClient, small: bytes) -> dict[str, Any]:
    """A job painted in one call."""
    return ended(client, post(client, small, looks=LOOKS, settings=FAST), "done", "failed")


def test_one_call_paints_what_the_library_paints(
    client: TestClient, painted: dict[str, Any], small: bytes, tmp_path: Any
) -> None:
    assert painted["state"] == "done" and painted["error"] == "" and painted["painted"] == ["subject", "background"]
    (tmp_path / "small.jpg").write_bytes(small)
    looks: Any = {"subject": "ink", "background": "waves"}
    same = styfie.paint(tmp_path / "small.jpg", looks, styfie.Settings(**FAST))
    both = np.asarray(to_image(same.render()), np.float64)
    assert np.abs(pixels(client, f"/jobs/{painted['id']}/pictures/both.png") - both).max() <= 2  # of threads


def test_what_the_page_blends_is_what_is_rendered(client: TestClient, painted: dict[str, Any]) -> None:
    """The page's formula on what the interface delivers, against `Painting.render`, within two of 255."""
    base = f"/jobs/{painted['id']}"
    asked: dict[str, dict[str, Any]] = {
        "subject": {"strength": 0.4, "color": "keep"},
        "background": {"strength": 0.9, "color": "luma", "blur": 6.0, "bokeh": "disc"},
    }
    looks = {name: {**LOOKS[name], **asked[name]} for name in LOOKS}
    assert client.put(f"{API}{base}/looks", json=looks).status_code == 200
    photo = pixels(client, f"{base}/pictures/photo.png") / 255
    least = min(look["strength"] for look in asked.values())
    alphas = {name: pixels(client, f"{base}/mattes/{name}.png")[..., None] / 255 for name in asked}
    owns = own_colours(client, f"{base}/soft.bin", photo)
    total, squares = sum(alphas.values()), sum(alpha**2 for alpha in alphas.values())
    picture = photo.copy()
    for name, look in asked.items():
        own = owns[name]
        layer = pixels(client, f"{base}/layers/{name}.png?v=1") / 255
        share = alphas[name] ** 2 * total / squares
        gain = look["strength"] * (layer - own)
        picture += alphas[name] * gain + least * (share - alphas[name]) * (own + gain)
    rendered = pixels(client, f"{base}/pictures/both.png")
    assert np.abs(picture.clip(0, 1) * 255 - rendered).max() <= 2
    assert np.abs(rendered - 255 * photo).mean() > 3, "and it is painted"


def test_files_hold_the_looks_as_they_are_now(client: TestClient, painted: dict[str, Any], tmp_path: Any) -> None:
    base = f"{API}/jobs/{painted['id']}"
    looks = {name: {**look, "strength": 0.25} for name, look in LOOKS.items()}
    assert client.put(f"{base}/looks", json=looks).json()["version"] > painted["version"]
    (tmp_path / "painting.ora").write_bytes(client.get(f"{base}/painting.ora").content)
    painting = Painting.load(tmp_path / "painting.ora")
    assert {name: look.strength for name, look in painting.looks.items()} == {"subject": 0.25, "background": 0.25}
    with zipfile.ZipFile(io.BytesIO(client.get(f"{base}/all.zip").content)) as archive:
        assert {"both.png", "sheet.png", "mask.png", "cutout.png", "blur.png", "painting.ora"} <= set(
            archive.namelist()
        )
        with archive.open("both.png") as packed, Image.open(packed) as image:
            assert np.array_equal(np.asarray(image), pixels(client, f"/jobs/{painted['id']}/pictures/both.png"))


def test_the_same_look_on_another_photo(client: TestClient, studio: Studio, small: bytes) -> None:
    """By `again`, by a painting's file and by its recipe; styles of one's own come with them."""
    own = png_of(torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(1)))
    looks = {"background": {"styles": [{"name": "wall.png", "weight": 2.0}], "strength": 0.5}}
    files: list[Any] = [("photo", ("a.jpg", small)), ("style", ("../../wall.png", own))]
    asked = {"looks": looks, "settings": FAST}
    first = client.post(f"{API}/jobs", files=files, data={"request": json.dumps(asked)}).json()
    first = ended(client, first, "done", "failed")
    assert first["styles"] == ["wall.png"] and first["painted"] == ["background"]
    base = f"{API}/jobs/{first['id']}"
    ora = client.get(f"{base}/painting.ora").content
    again = client.post(f"{base}/again", files={"photo": small}).json()
    by_file = client.post(f"{API}/jobs", files={"photo": small, "recipe": ("x", ora)}).json()
    for other, name in ((again, "wall.png"), (by_file, "style 1 of the recipe")):
        assert other["looks"]["background"]["styles"] == [{"name": name, "weight": 2.0}]
        assert other["looks"]["background"]["strength"] == 0.5
        assert other["settings"]["size"] == 96 and other["settings"]["engine"] == "fast"
        done = ended(client, other, "done", "failed")
        assert done["state"] == "done", done["error"]
        mine, same = (pixels(client, f"/jobs/{job['id']}/pictures/both.png") for job in (first, done))
        assert np.abs(mine - same).max() <= 2
    plain = client.get(f"{base}/recipe.json").content
    refused = client.post(f"{API}/jobs", files={"photo": small, "recipe": ("x", plain)})
    assert refused.status_code == 422 and "wall.png" in refused.json()["detail"], "a recipe alone has no pictures"
    assert not any(".." in file.name for file in folder_of(studio, first).iterdir())


def test_regions_are_split_corrected_brushed_and_given_back(client: TestClient, small: bytes) -> None:
    job = ended(client, post(client, small, settings={"size": 128}))
    base = f"{API}/jobs/{job['id']}"
    assert [region["name"] for region in job["regions"]] == ["subject", "background"]
    assert client.post(f"{base}/regions", json={"name": "hair"}).json()["regions"][2]["side"] == "subject"
    assert client.post(f"{base}/regions", json={"name": "hair"}).status_code == 422
    assert client.post(f"{base}/regions", json={"name": "wings"}).status_code == 422
    areas = {r["name"]: r["area"] for r in client.get(base).json()["regions"]}
    found = client.post(f"{base}/regions/hair/points", json={"remove": [[0.5, 0.1]]}).json()["regions"]
    assert {r["name"]: r["area"] for r in found}["hair"] < areas["hair"]
    sky = torch.zeros(1, 1, 64, 64)
    sky[..., :16, :] = 1
    brushed = client.put(f"{base}/mattes/sky.png", content=png_of(sky), headers={"content-type": "image/png"})
    assert abs(next(r for r in brushed.json()["regions"] if r["name"] == "sky")["area"] - 0.25) < 0.02
    matte = pixels(client, f"/jobs/{job['id']}/mattes/sky.png")
    assert matte.shape == (128, 128) and matte[:24].min() == 255 and matte[44:].max() == 0
    total = sum(pixels(client, f"/jobs/{job['id']}/mattes/{r['name']}.png") for r in brushed.json()["regions"])
    assert np.abs(total - 255).max() == 0, "a partition"
    left = client.delete(f"{base}/regions/sky").json()["regions"]
    assert "sky" not in [r["name"] for r in left]
    assert client.delete(f"{base}/regions/subject").status_code == 422
    assert client.post(f"{base}/regions/hair/points", json={}).status_code == 422


def test_nobody_in_the_photo(client: TestClient) -> None:
    """All of it may be painted, or a mask brushed."""
    job = ended(client, post(client, png_of(torch.rand(1, 3, 64, 64).round()), settings=FAST))
    assert job["state"] == "ready" and "No person" in job["note"]
    assert [r["name"] for r in job["regions"]] == ["background"] and job["regions"][0]["area"] == 1
    base = f"{API}/jobs/{job['id']}"
    assert client.put(f"{base}/looks", json={"subject": {}}).status_code == 422
    half = torch.zeros(1, 1, 32, 32)
    half[..., :16] = 1
    brushed = client.put(f"{base}/mattes/subject.png", content=png_of(half)).json()
    assert [(r["name"], r["side"]) for r in brushed["regions"]] == [("subject", "subject"), ("background",) * 2]
    assert abs(brushed["regions"][0]["area"] - 0.5) < 0.02 and brushed["note"] == ""
    assert client.post(f"{base}/undo").json()["regions"] == job["regions"]
    left = client.put(f"{base}/mattes/background.png", content=png_of(half)).json()  # the rest is the subject
    assert [r["name"] for r in left["regions"]] == ["subject", "background"]
    assert abs(left["regions"][0]["area"] - 0.5) < 0.02
    nothing = client.put(f"{base}/mattes/sky.png", content=png_of(torch.zeros(1, 1, 32, 32)))
    assert nothing.status_code == 422 and "nothing inside" in nothing.json()["detail"]


def test_regions_that_are_not_there_do_not_drop_the_painting(client: TestClient, small: bytes) -> None:
    looks = LOOKS | {"hair": LOOKS["subject"], "wings": LOOKS["subject"]}
    job = ended(client, post(client, small, looks=looks, settings=FAST), "done", "failed")
    assert job["error"] == "" and set(job["painted"]) == {"subject", "background", "hair"}
    assert "wings" in job["note"] and "--" not in job["note"]


def test_preview_then_paint_then_stop(client: TestClient, small: bytes) -> None:
    job = ended(client, post(client, small, settings={"size": 96}))
    base = f"{API}/jobs/{job['id']}"
    client.put(f"{base}/looks", json={"background": {"styles": [{"name": "night"}]}})
    assert client.get(f"{base}/layers/background.png").status_code == 404
    assert client.get(f"{base}/layers/background.png?blur=5").status_code == 200, "out of focus, not painted"
    assert client.post(f"{base}/preview").json() == {"version": 1, "painted": ["background"]}
    url = f"/jobs/{job['id']}/pictures"
    before, after = pixels(client, f"{url}/photo.png"), pixels(client, f"{url}/both.png")
    inside = pixels(client, f"/jobs/{job['id']}/mattes/subject.png") == 255
    assert np.array_equal(before[inside], after[inside]) and np.abs(before - after)[~inside].mean() > 5
    assert client.post(f"{base}/stop").status_code == 409
    assert client.post(f"{base}/paint", json={"size": 96, "steps": 2000}).status_code == 202
    assert client.post(f"{base}/regions", json={"name": "hair"}).status_code == 409
    running = ended(client, job, "painting")
    assert running["settings"]["steps"] == 2000
    client.post(f"{base}/stop")
    stopped = ended(client, job)
    assert stopped["state"] == "stopped" and stopped["progress"]["step"] < stopped["progress"]["steps"]
    assert stopped["painted"] == ["background"]
    assert client.get(f"{base}/pictures/both.png").status_code == 200


def test_settings_that_are_not_said_stay_as_they_are(client: TestClient, small: bytes) -> None:
    asked = {"size": 64, "engine": "strokes", "seed": 3, "device": "cpu", "radius": 4.0}
    job = ended(client, post(client, small, settings=asked))
    base = f"{API}/jobs/{job['id']}"
    assert client.patch(f"{base}/settings", json={"size": 5}).status_code == 422
    set_up = client.patch(f"{base}/settings", json={"steps": 3}).json()["settings"]
    assert set_up == {**job["settings"], "steps": 3} and set_up["engine"] == "strokes"
    assert client.post(f"{base}/paint", json={"size": 96}).json()["settings"] == {**set_up, "size": 96}
    done = ended(client, job, "done", "failed")
    assert done["error"] == "" and done["settings"] == {**set_up, "size": 96}
    assert client.get(f"{base}/pictures/both.png").status_code == 200


def test_events_tell_each_change_and_end_with_the_job(client: TestClient, studio: Studio, small: bytes) -> None:
    job = ended(client, post(client, small, settings=FAST))
    heard: list[str] = []
    listening = threading.Thread(target=lambda: heard.append(client.get(f"{API}/jobs/{job['id']}/events").text))
    listening.start()
    client.post(f"{API}/jobs/{job['id']}/preview")
    client.post(f"{API}/jobs/{job['id']}/paint")
    ended(client, job, "done")
    assert client.delete(f"{API}/jobs/{job['id']}").status_code == 200
    listening.join(20)
    on_event = [json.loads(line.removeprefix("data: ")) for line in heard[0].splitlines() if line.startswith("data: ")]
    assert [one["version"] for one in on_event] == sorted({one["version"] for one in on_event})
    assert on_event[-1]["state"] == "done" and on_event[-1]["painted"] == ["subject", "background"]


def test_nothing_is_left_of_a_deleted_job(client: TestClient, studio: Studio, small: bytes) -> None:
    """Also where it is being painted."""
    job = ended(client, post(client, small, settings={"size": 96}))
    base = f"{API}/jobs/{job['id']}"
    photo = client.get(f"{base}/photo.jpg").content
    assert client.get(f"{base}/growing.jpg").content == photo  # nothing is painted yet
    client.post(f"{base}/paint", json={"size": 96, "steps": 2000})
    ended(client, job, "painting")
    assert folder_of(studio, job).is_dir()
    trashed = client.delete(base).json()
    assert not folder_of(studio, job).exists()
    for url in ("", "/photo.jpg", "/pictures/both.png", "/painting.ora", "/events"):
        assert client.get(base + url).status_code == 404
    assert job["id"] not in [one["id"] for one in client.get(f"{API}/jobs").json()]
    assert client.delete(f"{API}/trash/{trashed['id']}").status_code == 204
    assert not [file for file in studio.options.folder.rglob("*") if job["id"] in str(file)]


def test_a_painter_that_is_killed_is_reported_and_the_painting_goes_on(
    client: TestClient, studio: Studio, small: bytes
) -> None:
    job = ended(client, post(client, small, looks=LOOKS, settings={"size": 96, "steps": 2000}), "painting")
    assert studio.painter.process
    studio.painter.process.kill()
    failed = ended(client, job)
    assert failed["state"] == "failed" and "ended in the middle" in failed["error"]
    other = ended(client, post(client, small, looks=LOOKS, settings=FAST), "done", "failed")
    assert other["state"] == "done", "the server lives"
    assert client.post(f"{API}/jobs/{job['id']}/paint", json=FAST).status_code == 202
    assert ended(client, job)["state"] == "done"


def test_a_photo_that_could_not_be_looked_at_can_be_asked_for_again(
    client: TestClient, studio: Studio, small: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def died(*_: object, **__: object) -> None:
        raise WorkerDiedError("It ended.")

    with monkeypatch.context() as patch:
        patch.setattr(studio, "_quickly", died)
        job = ended(client, post(client, small))
    assert (job["state"], job["error"], job["regions"]) == ("failed", "It ended.", [])
    assert client.post(f"{API}/jobs/{job['id']}/paint", json=FAST).json()["state"] == "reading"
    done = ended(client, job, "done", "failed")
    assert done["error"] == "" and done["painted"] == ["subject", "background"]
    assert list(done["looks"]) == done["painted"], "the pair that is taken where nothing is asked"


def test_the_quick_worker_may_die(client: TestClient, studio: Studio, small: bytes) -> None:
    assert studio.interactive.process
    studio.interactive.process.kill()
    assert ended(client, post(client, small, settings=FAST))["state"] == "ready"


def test_the_camera(client: TestClient, small: bytes) -> None:
    name = client.post(f"{API}/camera", json={"looks": {"background": LOOKS["background"]}, "size": 96}).json()["id"]
    for _ in range(2):
        answer = client.post(f"{API}/camera/{name}/frame", content=small, headers={"content-type": "image/jpeg"})
        assert answer.status_code == 200, answer.text
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.size == (96, 96)
    assert float(answer.headers["x-frames-per-second"]) > 0
    assert client.post(f"{API}/camera/{name}/frame", content=b"no picture at all").status_code == 422
    assert client.delete(f"{API}/camera/{name}").status_code == 204
    assert client.post(f"{API}/camera/{name}/frame", content=small).status_code == 404
    own = client.post(f"{API}/camera", json={"looks": {"background": {"styles": [{"name": "mine"}]}}})
    assert own.status_code == 422
