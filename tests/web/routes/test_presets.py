from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from styfie.web.jobs import Job
from styfie.web.presets import Presets
from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio, photo


def own_picture(color: str = "red") -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(held, "PNG")
    return held.getvalue()


def with_own_style(client: TestClient, studio: StubStudio, job: Job) -> None:
    """A job whose subject is as a picture of its own, and whose background is as one of the gallery."""
    studio.reader.answers["style"] = lambda file, into, _most: Path(into).write_bytes(Path(file).read_bytes())
    sent = client.post(f"{API}/jobs/{job.id}/styles", files={"style": ("image.png", own_picture())})
    assert sent.json() == {"name": "image.png"}
    looks = {
        "subject": {"styles": [{"name": "image.png"}], "strength": 0.5},
        "background": {"styles": [{"name": "waves"}], "blur": 4},
    }
    assert client.put(f"{API}/jobs/{job.id}/looks", json=looks).status_code == 200
    client.patch(f"{API}/jobs/{job.id}/settings", json={"engine": "fast", "size": 96, "device": "cpu"})


def another(client: TestClient) -> str:
    answer = client.post(f"{API}/jobs", files={"photo": ("other.png", photo())}).json()
    while answer["state"] == "reading":
        answer = client.get(f"{API}/jobs/{answer['id']}").json()
    return f"{API}/jobs/{answer['id']}"


def test_a_look_is_saved_and_given_to_another_picture(client: TestClient, studio: StubStudio, job: Job) -> None:
    with_own_style(client, studio, job)
    assert client.post(f"{API}/jobs/{job.id}/preview").status_code == 200
    studio.interactive.answers["export"] = lambda _folder, _request, _names, kind, _quality: (kind, b"the sketch")
    saved = client.post(f"{API}/presets", json={"job": job.id, "name": "Evening"})
    assert saved.status_code == 201, saved.text
    preset = saved.json()
    assert preset["styles"] == {"subject": ["image.png"], "background": ["waves"]}
    assert client.get(f"{API}/presets").json() == [preset]
    assert client.get(f"{API}/presets/{preset['id']}/picture.jpg").content == b"the sketch"
    client.delete(f"{API}/jobs/{job.id}")
    file = client.get(f"{API}/presets/{preset['id']}/look.json").content
    url = another(client)
    client.patch(f"{url}/settings", json={"size": 128})
    for _ in range(2):
        given = client.post(f"{url}/look", files={"look": ("look.json", file)}).json()
        assert given["styles"] == ["image.png"], "and is not sent twice"
    assert given["looks"]["subject"]["styles"] == [{"name": "image.png", "weight": 1.0}]
    assert (given["looks"]["subject"]["strength"], given["looks"]["background"]["blur"]) == (0.5, 4)
    assert (given["settings"]["engine"], given["settings"]["size"], given["settings"]["device"]) == (
        "fast",
        128,
        "auto",
    ), "size and device belong to the picture and to the computer"
    kept = studio.jobs.path(studio.job(given["id"])) / studio.job(given["id"]).styles["image.png"]
    assert kept.read_bytes() == own_picture()
    trashed = client.delete(f"{API}/presets/{preset['id']}").json()
    assert client.get(f"{API}/presets").json() == [] and trashed["name"] == "Evening"
    client.post(f"{API}/trash/{trashed['id']}")
    assert client.get(f"{API}/presets").json() == [preset]


def test_a_picture_of_the_same_name_is_not_replaced(client: TestClient, studio: StubStudio, job: Job) -> None:
    with_own_style(client, studio, job)
    look = client.get(f"{API}/jobs/{job.id}/look.json")
    assert "me - look.json" in look.headers["content-disposition"]
    url = another(client)
    client.post(f"{url}/styles", files={"style": ("image.png", own_picture("blue"))})
    found = client.post(f"{url}/look", files={"look": ("look.json", look.content)}).json()
    assert found["styles"] == ["image.png", "image (2).png"]
    assert found["looks"]["subject"]["styles"][0]["name"] == "image (2).png"


def test_a_new_photo_comes_with_a_look_and_a_size(client: TestClient, studio: StubStudio, job: Job) -> None:
    with_own_style(client, studio, job)
    look = client.get(f"{API}/jobs/{job.id}/look.json").content
    data = {"batch": "ten-photos", "size": "64"}
    files = {"photo": ("b.png", photo()), "recipe": ("look.json", look)}
    answer = client.post(f"{API}/jobs", files=files, data=data).json()
    assert (answer["batch"], answer["settings"]["size"], answer["styles"]) == ("ten-photos", 64, ["image.png"])
    assert [one["id"] for one in client.get(f"{API}/jobs?batch=ten-photos").json()] == [answer["id"]]
    assert client.get(f"{API}/jobs?batch=others-and-more").json() == []


@pytest.mark.parametrize(
    "text", ["{", '{"looks": {}, "pictures": {"a.png": "no base64"}}', '{"looks": {"subject": {"styles": 1}}}']
)
def test_what_is_no_look_is_refused(client: TestClient, job: Job, text: str) -> None:
    answer = client.post(f"{API}/jobs/{job.id}/look", files={"look": ("look.json", text.encode())})
    assert answer.status_code == 422 and answer.json()["detail"].endswith(".")
    assert client.get(f"{API}/jobs/{job.id}").json()["looks"] == {}


def test_only_what_has_a_style_is_saved(client: TestClient, job: Job) -> None:
    answer = client.post(f"{API}/presets", json={"job": job.id, "name": "Nothing"})
    assert answer.status_code == 422 and "style" in answer.json()["detail"]
    for path in ("x" * 22, "../looks", "a"):
        assert client.get(f"{API}/presets/{path}/look.json").status_code == 404


def test_a_saved_look_that_cannot_be_read_stays(studio: StubStudio) -> None:
    folder = studio.options.folder / "looks" / ("x" * 22)
    folder.mkdir(parents=True)
    (folder / "look.json").write_text(json.dumps({"looks": {"subject": {"hue": 3}}}))
    assert Presets(folder.parent).all() == [] and (folder / "look.json").is_file()
