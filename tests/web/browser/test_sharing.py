"""Several tabs, what is deleted, saved and opened again: nothing is lost."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from PIL import Image

from tests.web.browser.visits import PORTRAIT, Visit, alike, saved

pytestmark = pytest.mark.slow


def test_two_tabs_join_what_was_changed_in_each(visit: Visit) -> None:
    """Also at the same time; a style that the other chose is sketched, and shown."""
    visit.open()
    other = Visit.beside(visit)
    visit.style("subject", "mosaic")
    other.shows("subject", "mosaic")
    other.page.click('#regions [data-name="background"]')
    visit.page.fill("#strength", "40")
    other.page.fill("#blur", "3")
    for one in (visit, other):
        one.until("styfie.studio.look('subject').strength === 0.4 && styfie.studio.look('background').blur > 0")
        one.settle()
    visit.until("styfie.studio.job.looks.background?.blur > 0 && styfie.studio.job.looks.subject.strength === 0.4")
    alike(visit)
    other.wrong = visit.wrong = [line for line in visit.wrong if "412" not in line]  # the browser notes it itself
    other.page.close()


def test_more_tabs_than_connections(visit: Visit) -> None:
    visit.open()
    others = [Visit.beside(visit) for _ in range(6)]
    visit.style("background", "waves")
    for other in others:
        other.until("styfie.studio.look('background').styles[0]?.name === 'waves'")
        other.page.close()


def test_a_picture_that_is_deleted_elsewhere(visit: Visit) -> None:
    """The server says so: nobody has to ask."""
    visit.open()
    job = f"{visit.address}/api/v1/jobs/{visit.job()['id']}"
    visit.page.wait_for_timeout(1000)  # what is still to be asked of it as it was opened
    asked = visit.asked.count(("GET", job))
    visit.page.wait_for_timeout(2500)
    assert visit.asked.count(("GET", job)) == asked
    reply = visit.context.request.delete(job)
    assert reply.status == 200
    visit.page.wait_for_selector("#start-error:not([hidden])")
    assert "deleted" in visit.page.locator("#start-error").inner_text()
    visit.wrong = [line for line in visit.wrong if "404" not in line]  # the browser notes it itself


def test_deleting_can_be_undone(visit: Visit) -> None:
    page = visit.page
    visit.open()
    name = visit.job()["id"]
    page.click("#open-history")
    page.wait_for_selector("#history-list li")
    count = page.locator("#history-list li").count()
    page.locator("#history-list .recent-remove").first.click()
    visit.until(f"document.querySelectorAll('#history-list li').length === {count - 1}")
    page.click("#history-undo button")
    visit.until(f"document.querySelectorAll('#history-list li').length === {count}")
    assert visit.context.request.get(f"{visit.address}/api/v1/jobs/{name}").status == 200
    page.locator("#history-list .recent-remove").first.click()
    visit.until(f"document.querySelectorAll('#history-list li').length === {count - 1}")
    visit.home()  # who leaves the page finds it in the trash
    page.click("#open-history")
    page.click("#trash summary")
    page.locator("#trash-list .recent-open button").first.click()
    visit.until(f"document.querySelectorAll('#history-list li').length === {count}")
    before = len(visit.context.request.get(f"{visit.address}/api/v1/trash").json())  # of other tests
    visit.until(f"document.querySelectorAll('#trash-list li').length === {before}")
    page.locator("#history-list .recent-remove").first.click()
    visit.until(f"document.querySelectorAll('#trash-list li').length === {before + 1}")
    page.locator("#trash-list .recent-remove").first.click()
    visit.until(f"document.querySelectorAll('#trash-list li').length === {before}")
    assert visit.context.request.get(f"{visit.address}/api/v1/jobs/{name}").status == 404
    trashed = visit.context.request.get(f"{visit.address}/api/v1/trash").json()
    assert name not in [one["of"] for one in trashed], "and it is gone for good"
    visit.wrong = [line for line in visit.wrong if "404" not in line]  # its small picture was asked for as it went


def test_everything_can_be_saved_and_used_again(visit: Visit) -> None:
    page = visit.page
    visit.open()
    visit.style("subject", "pop")
    visit.paint(96, 2)
    visit.until("styfie.studio.job.state === 'done'")
    visit.settle()
    names = ["both", "subject", "background", "cutout", "mask", "blur", "photo", "sheet"]
    page.click("#save")
    assert page.eval_on_selector_all("#export-what input", "(all) => all.map((one) => one.value)") == names
    page.click('#export-kind [data-value="webp"]')
    for name in names:
        page.set_checked(f'#export-what [value="{name}"]', True)
    files = saved(visit, "#export-save")
    several = zipfile.ZipFile(io.BytesIO(files["me.zip"]))
    assert {name.rpartition(".")[2] for name in several.namelist()} == {"webp"} and len(several.namelist()) == 8
    with Image.open(several.open("me - cut out.webp")) as whole, Image.open(PORTRAIT) as photo:
        assert whole.mode == "RGBA" and whole.size == photo.size, "the photo's own size"
    page.click("#save")
    page.click("#export .more summary")
    for link in ("all.zip", "painting.ora", "recipe.json"):
        files |= saved(visit, f'#export-more [href*="{link}"]')
    assert {f"{name}.png" for name in names} <= set(zipfile.ZipFile(io.BytesIO(files["styfie.zip"])).namelist())
    assert json.loads(files["recipe.json"])["looks"]["subject"]["styles"][0]["name"] == "pop"
    page.keyboard.press("Escape")

    first = visit.job()["id"]
    with page.expect_file_chooser() as chooser:
        page.click("#again")
    chooser.value.set_files(PORTRAIT)
    visit.until(f"styfie.studio.job && styfie.studio.job.id !== '{first}'")
    visit.until("styfie.studio.job.looks.subject?.styles[0].name === 'pop'")

    held: list[Any] = []
    page.route("**/growing.jpg*size=240*", lambda one: held.append(one))  # deleted while its picture is still to come
    page.click("#open-history")
    page.wait_for_selector("#history-list li")
    jobs = page.locator("#history-list li").count()
    page.locator("#history-list .recent-remove").last.click()
    visit.until(f"document.querySelectorAll('#history-list li').length === {jobs - 1}")
    assert len(held) >= jobs
    for one in held:
        one.continue_()
    visit.settle()
