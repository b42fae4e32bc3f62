"""A browser for the tests of the page, and pages in it that tell what they did."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.web.browser.pages import Pages

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """The system's Chromium, without a window. Module by module: while it runs, no other event loop can."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM} (Debian's package chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def pages(browser: "Browser") -> Iterator["Pages"]:
    from tests.web.browser.pages import Pages

    opened = Pages(browser)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The files of the page come from the real server, with its policy; what it would tell is played."""
    with served(tmp_path_factory.mktemp("empty")) as server:
        yield f"{server.address}/"
