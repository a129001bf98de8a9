"""Files in a browser: they come with progress, go on after a break, and say why when they are not taken."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import hostile_files as bad
import live
import make
import pytest
from flask_security import hash_password
from offices import PASSWORD, Office, until_saved
from playwright.sync_api import Locator, Page, Request, Route, expect
from test_access import EVERYTHING, TWICE, violations

from library import create_app
from library.config import Config
from library.db import Database

pytestmark = pytest.mark.browser

PART = 4 << 20
PARTS = re.compile("/uploads/[^/]+$")


@pytest.fixture(scope="module")
def keeper(site: str, folder: Path) -> Database:
    """The database, with somebody in it who keeps files: keeper@office.example."""
    config = Config.read({"CASELIB_DATA": str(folder / "data")})
    database = Database(config.database_url)
    with create_app(config, database).app_context():
        password = hash_password(PASSWORD)
    with database.unit() as session:
        given = {"email": "keeper@office.example", "name": "keeper", "password": password}
        make.member(session, make.organisation(session), "owner", **given)
    return database


@pytest.fixture
def office(keeper: Database, reader: live.Reader) -> Office:
    return Office(keeper, reader)


def files(office: Office, **wishes: Any) -> Page:
    """The section of files of a new draft."""
    tab = office.tab("keeper", **wishes)
    tab.goto(f"{office.draft(tab)}/files")
    return tab


def written(folder: Path, **contents: bytes) -> list[Path]:
    paths = [folder / name.replace("_", ".") for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    return paths


def names(tab: Page) -> list[str]:
    return [name.inner_text() for name in tab.locator("#files-list .file-name").all()]


def listed(tab: Page, count: int) -> Locator:
    """Wait until the list has so many files."""
    found = tab.locator("#files-list [data-upload]")
    expect(found).to_have_count(count)
    return found


def starts(request: Request) -> int:
    """At which byte a part begins; -1: it is no part."""
    return int(request.headers.get("upload-offset", -1))


def long_text(size: int) -> bytes:
    return (b"one line of a long text\n" * (size // 24 + 1))[:size]


def test_files_join_the_form_and_nothing_typed_is_lost(office: Office, tmp_path: Path) -> None:
    tab = files(office)
    tab.set_input_files("#file", written(tmp_path, photo_jpg=bad.jpeg((800, 600))))
    listed(tab, 1)
    before = tab.locator("[data-part=rules] .is-bad li").count()
    tab.locator('[id="attachments.0.title.zh"]').fill("现场照片")
    tab.set_input_files("#file", written(tmp_path, notes_txt=b"Notes\n", table_csv=b"month,meters\n1,2\n"))
    listed(tab, 3)
    assert names(tab) == ["photo.jpg", "notes.txt", "table.csv"]
    assert tab.locator('[id="attachments.0.title.zh"]').input_value() == "现场照片"
    assert tab.locator("[data-part=rules] .is-bad li").count() != before
    tab.locator('[id="attachments.2.title.zh"]').fill("月度数据")
    tab.select_option('[id="attachments.2.audience"]', "public")
    until_saved(tab)
    tab.reload()
    assert names(tab) == ["photo.jpg", "notes.txt", "table.csv"]
    assert tab.locator('[id="attachments.0.title.zh"]').input_value() == "现场照片"
    assert tab.locator('[id="attachments.2.title.zh"]').input_value() == "月度数据"
    assert tab.locator('[id="attachments.2.audience"]').input_value() == "public"


def test_a_large_file_comes_in_parts_with_progress_and_survives_a_break(office: Office, tmp_path: Path) -> None:
    tab = files(office)
    offsets: list[int] = []
    broken: list[int] = []

    def once(route: Route, request: Request) -> None:
        if request.method != "PATCH":
            return route.continue_()
        offset = starts(request)
        offsets.append(offset)
        if offset == PART and not broken:
            broken.append(offset)
            route.abort()
        else:
            route.continue_()

    tab.route(PARTS, once)
    tab.set_input_files("#file", written(tmp_path, large_txt=long_text(2 * PART + 1000)))
    expect(tab.locator("#uploads progress")).to_have_attribute("max", str(2 * PART + 1000))
    expect(tab.locator("#uploads")).to_contain_text("retrying")
    listed(tab, 1)
    assert offsets == [0, PART, PART, 2 * PART]
    assert tab.locator("#uploads li").count() == 0


def test_a_file_chosen_again_goes_on_where_it_stopped(office: Office, tmp_path: Path) -> None:
    tab = files(office)
    address = tab.url
    [path] = written(tmp_path, large_txt=long_text(2 * PART))
    tab.route(PARTS, lambda route, request: route.abort() if starts(request) == PART else route.continue_())
    tab.set_input_files("#file", path)
    expect(tab.locator("#uploads")).to_contain_text("retrying")
    tab.context.close()

    tab = office.tab("keeper")
    tab.goto(address)
    expect(tab.locator("#files-others")).to_contain_text("choose the same file once more")
    offsets: list[int] = []
    tab.on("request", lambda request: offsets.append(starts(request)))
    tab.set_input_files("#file", path)
    listed(tab, 1)
    assert [offset for offset in offsets if offset >= 0] == [PART]


def test_stopping_leaves_nothing_behind(office: Office, tmp_path: Path) -> None:
    tab = files(office)
    tab.route(PARTS, lambda route, request: None if request.method == "PATCH" else route.continue_())
    tab.set_input_files("#file", written(tmp_path, large_txt=long_text(1000)))
    tab.locator("#uploads button").click()
    expect(tab.locator("#uploads li")).to_have_count(0)
    tab.unroute_all()
    tab.reload()
    assert tab.locator("#files-others").count() == 0


def test_a_file_that_is_not_taken_says_why(keeper: Database, site: str, chromium: Any, tmp_path: Path) -> None:
    with live.reader(chromium, site) as context:
        tab = files(Office(keeper, lambda **wishes: context.new_page()))
        tab.set_input_files(
            "#file", written(tmp_path, page_svg=b"<svg/>", plan_docx=bad.docx({"word/vbaProject.bin": b"x"}))
        )
        expect(tab.locator("#uploads .error")).to_have_count(2)
        said = [error.inner_text() for error in tab.locator("#uploads .error").all()]
        assert said[0].startswith("page.svg: This kind of file is not taken. Allowed:")
        assert said[1] == "plan.docx: The file has macros or controls; save it without them."
        assert tab.locator("#upload-said").inner_text() == said[1]
        tab.reload()
        assert tab.locator("#files-others .file-name").all_inner_texts() == ["plan.docx"]
        tab.click("#files-others button")
        assert tab.locator("#files-others").count() == 0


def test_without_scripts_a_form_brings_a_file(office: Office, tmp_path: Path) -> None:
    tab = files(office, scripts=False)
    tab.set_input_files("#file", written(tmp_path, plan_pdf=bad.pdf()))
    press(tab, "#upload button")
    assert names(tab) == ["plan.pdf"]
    tab.locator('[id="attachments.0.title.zh"]').fill("方案")
    tab.set_input_files("#file", written(tmp_path, notes_txt=b"Notes\n"))
    press(tab, "#upload button")
    assert names(tab) == ["plan.pdf", "notes.txt"]
    assert tab.locator('[id="attachments.0.title.zh"]').input_value() == "方案"
    press(tab, "button[value='remove:attachments.0']")
    assert names(tab) == ["notes.txt"]


def press(tab: Page, control: str) -> None:
    """Without scripts every button sends a form, and a page comes back."""
    with tab.expect_navigation():
        tab.click(control)


def test_axe_finds_nothing_and_nothing_sticks_out(office: Office, tmp_path: Path) -> None:
    tab = files(office)
    tab.set_input_files(
        "#file", written(tmp_path, photo_jpg=bad.jpeg((1600, 900)), table_csv=b"month,meters\n" + b"1," * 40)
    )
    listed(tab, 2)
    found = [f"twice the id {name}" for name in tab.evaluate(TWICE)]
    for width in (live.WIDE, live.NARROW):
        tab.set_viewport_size({"width": width, "height": 800})
        found += [f"{width} {words}" for words in violations(tab, EVERYTHING)]
        assert tab.evaluate("document.scrollingElement.scrollWidth") <= width
    assert not found, "\n".join(found)
