from __future__ import annotations

from tests.web.conftest import API, TestClient
from tests.web.stubs import StubStudio


def test_a_camera_paints_frames_until_it_is_closed(client: TestClient, studio: StubStudio) -> None:
    looks = {"subject": {"styles": [{"name": "ink"}]}, "background": {"styles": [{"name": "waves"}]}}
    opened = client.post(f"{API}/camera", json={"looks": looks, "size": 128})
    assert opened.status_code == 201
    name, (camera, asked, settings) = studio.interactive.calls[-1]
    assert name == "camera" and camera == opened.json()["id"]
    assert [look["styles"][0]["name"] for look in asked.values()] == ["ink", "waves"]
    assert (settings["size"], settings["engine"], settings["drawn"]) == (128, "fast", str(studio.drawn))
    studio.reader.answers["frame"] = lambda data, most, size: (data if most >= 4096 * 2160 else b"too large", 96, size)
    studio.interactive.answers["frame"] = lambda _name, data, height, width: data.upper() + b" at %d" % width
    frame = client.post(f"{API}/camera/{camera}/frame", content=b"a frame of 4k")
    assert (frame.status_code, frame.content) == (200, b"A FRAME OF 4K at 128")
    assert frame.headers["content-type"] == "image/jpeg" and frame.headers["x-frames-per-second"] == "0.00"
    again = client.post(f"{API}/camera/{camera}/frame", content=b"one more")
    assert float(again.headers["x-frames-per-second"]) > 0
    assert client.delete(f"{API}/camera/{camera}").status_code == 204
    assert client.post(f"{API}/camera/{camera}/frame", content=b"late").status_code == 404


def test_only_the_gallerys_styles_are_painted_by_a_camera(client: TestClient, studio: StubStudio) -> None:
    refused = client.post(f"{API}/camera", json={"looks": {"subject": {"styles": [{"name": "mine.png"}]}}})
    assert refused.status_code == 422 and "does not know the style “mine.png”." in refused.json()["detail"]
    both = {"subject": {"styles": [{"name": "ink"}]}, "background": {"styles": [{"name": "theirs"}]}}
    assert "“theirs”" in client.post(f"{API}/camera", json={"looks": both}).json()["detail"]
    assert client.post(f"{API}/camera", json={"looks": {}}).json()["detail"].startswith("There is no style")
    assert not studio.interactive.calls


def test_no_frame_is_larger_than_a_screen_of_4k_with_a_little_more(client: TestClient, studio: StubStudio) -> None:
    most: list[int] = []

    def decoded(data: bytes, pixels: int, size: int) -> tuple[bytes, int, int]:
        most.append(pixels)
        return data, size, size

    studio.reader.answers["frame"], studio.interactive.answers["frame"] = decoded, b"painted"
    looks = {"subject": {"styles": [{"name": "ink"}]}}
    camera = client.post(f"{API}/camera", json={"looks": looks}).json()["id"]
    client.post(f"{API}/camera/{camera}/frame", content=b"a frame")
    assert 3840 * 2160 < most[0] < 10_000_000 and most[0] % 1_000_000 == 0
