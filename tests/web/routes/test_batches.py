from __future__ import annotations

import io
import zipfile

from styfie.web.studio import Studio
from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio, photo


def sent(client: TestClient, name: str, request: str = "") -> dict[str, object]:
    data = {"batch": "the-photos"} | ({"request": request} if request else {})
    answer = client.post(f"{API}/jobs", files={"photo": (name, photo())}, data=data).json()
    while answer["state"] in ("reading", "queued", "painting"):
        answer = client.get(f"{API}/jobs/{answer['id']}").json()
    found: dict[str, object] = answer
    return found


def test_paintings_of_photos_that_came_together(client: TestClient, studio: StubStudio) -> None:
    request = '{"looks": {"subject": {"styles": [{"name": "ink"}]}}}'
    url = f"{API}/batches/the-photos"
    assert client.get(f"{url}/all.zip").status_code == 404
    for name in ("image.jpg", "image.jpg", "b.jpg"):
        assert sent(client, name, request)["state"] == "done"
    sent(client, "not painted.jpg")
    studio.interactive.answers["export"] = lambda _folder, _request, names, kind, _quality: (kind, str(names).encode())
    studio.reader.answers["contact_sheet"] = lambda cells: repr([title for title, _ in cells]).encode()
    archive = zipfile.ZipFile(io.BytesIO(client.get(f"{url}/all.zip?kind=webp").content))
    names = ["image - painted.webp", "image - painted (2).webp", "b - painted.webp"]
    assert archive.namelist() == names
    assert archive.read(names[1]) == b"{'both': 'image - painted (2)'}"
    titles = ["image - painted", "image - painted (2)", "b - painted"]
    assert client.get(f"{url}/sheet.jpg").text == repr(titles)


def test_a_batch_is_known_after_a_restart(client: TestClient, studio: StubStudio) -> None:
    job = sent(client, "a.jpg")
    studio.shut()
    again = Studio(studio.options)
    assert again.job(str(job["id"])).batch == "the-photos"
    again.shut()
    studio.open()
