"""The pages in a real browser: every chart draws, nothing leaves the machine, text stays text."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from sentio_tui import paths
from sentio_tui.journal.catalogue import SessionState
from sentio_tui.model.bars import MINUTE
from sentio_tui.model.decisions import Direction
from sentio_tui.reports import charts
from sentio_tui.reports.comparison import comparison_page
from sentio_tui.reports.markup import raw
from sentio_tui.reports.page import drawn as drawn_chart
from sentio_tui.reports.page import page as whole_page
from sentio_tui.reports.plotting import Chart, Data
from sentio_tui.reports.session_page import session_page
from sentio_tui.reports.study import Study
from sentio_tui.settings import Settings
from sentio_tui.style_sheets import sheet_themes, style_sheet
from tests.engine.scripts import COIN, START, bar, engine, run
from tests.reports import hostile
from tests.reports.test_study import Read

CHROMIUM = which("chromium")
THEMES = sheet_themes([paths.packaged_themes()], Settings().ui.theme)
MADE = START
ALWAYS = {"equity", "exposure"}
OF_TRADES = {"trades", "returns", "excursions", "by-hour", "by-symbol", "by-strategy", "by-exit_reason"}

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a page from its file. At the end, nothing went wrong on it and nothing was asked of anybody."""
    troubles: list[str] = []
    pages: list[Page] = []

    def open_(content: bytes, width: int = 1600, *, drawn: bool = True, is_dark: bool = True) -> Page:
        path = tmp_path / f"{len(pages)}.html"
        path.write_bytes(content)
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme="dark" if is_dark else "light")
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: troubles.append(request.url) if request.url != path.as_uri() else None)
        page.on("dialog", lambda dialog: troubles.append(dialog.message))
        pages.append(page)
        page.goto(path.as_uri())
        if drawn:
            page.wait_for_selector("html[data-drawn=yes]", timeout=60_000)
        return page

    yield open_
    for page in pages:
        page.close()
    assert not troubles


def drawn(page: Page) -> dict[str, int]:
    """How many marks each chart has drawn."""
    found: dict[str, int] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".chart")].map((each) => [each.dataset.chart,
            each.querySelectorAll(".overplot .lines path, .overplot .points path").length]))"""
    )
    return found


@pytest.mark.parametrize("fixture", ["crypto", "several", "ladder"])
@pytest.mark.parametrize("width", [360, 1600])
def test_every_chart_of_a_finished_session_draws(
    request: pytest.FixtureRequest, study: Read, shown: Open, fixture: str, width: int
) -> None:
    made = study(request.getfixturevalue(fixture))
    page = shown(session_page(made, THEMES, MADE), width, is_dark=width > 400)
    marks = drawn(page)
    assert {*ALWAYS, *OF_TRADES, "reasons"} <= set(marks)
    assert len([name for name in marks if name.startswith("price-")]) == len(made.prices)
    assert all(marks.values()), marks
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cards = page.locator(".card").all_inner_texts()
    assert any(f"{made.state.equity:,.2f}" in card for card in cards)
    assert page.locator("h2", has_text="Trade statement").count() == 1


def test_a_session_without_a_trade_says_so(study: Read, shown: Open, quiet: str) -> None:
    page = shown(session_page(study(quiet), THEMES, MADE), 360)
    assert set(drawn(page)) >= ALWAYS | {"reasons"}
    assert not set(drawn(page)) & OF_TRADES
    assert "No round trip was closed" in page.inner_text("main")
    assert "n/a (no closed trades)" in page.inner_text(".cards")


def test_a_session_without_a_bar_has_nothing_to_draw(shown: Open) -> None:
    page = shown(session_page(Study(run(engine({COIN: []}), []), SessionState.INTERRUPTED), THEMES, MADE), drawn=False)
    assert "No bar came in" in page.inner_text("main")
    assert page.locator(".chart").count() == 0


def test_open_positions_and_a_running_session_are_told(shown: Open) -> None:
    events = run(engine({COIN: [Direction.LONG]}), [bar(minute, 100.0 + minute) for minute in range(5)])
    page = shown(session_page(Study(events, SessionState.RUNNING), THEMES, MADE))
    assert "still running: up to 2025-01-06 00:05 UTC" in page.inner_text("header")
    assert "as of its last event on disk" in page.inner_text("[role=note]")
    assert COIN in page.inner_text("section:has(h2:text('Open positions'))")
    assert "still open" in page.inner_html("[data-chart=by-hour]")


def test_t49_text_from_outside_is_never_markup(shown: Open, study: Read, quiet: str) -> None:
    for content in (
        session_page(hostile.study(), THEMES, MADE),
        comparison_page([hostile.study(), study(quiet)], THEMES, MADE),
    ):
        page = shown(content)
        assert page.evaluate("window.broken") is None
        assert page.locator("main img, main a").count() == 0
        assert hostile.SYMBOL in page.inner_text("main")
    assert b"secret.example.org" not in session_page(hostile.study(), THEMES, MADE)
    page = shown(session_page(hostile.study(), THEMES, MADE))
    page.locator("[data-chart=price-0] .overplot .points path").first.hover(force=True)
    page.locator("[data-chart=price-0] .hoverlayer text").first.wait_for()
    assert page.evaluate("document.querySelectorAll('.chart a').length") == 0
    assert page.locator("[data-chart=by-exit_reason] .ytick", has_text=hostile.ANCHOR).count() == 1


def test_t49_no_data_of_a_chart_ends_its_script(shown: Open) -> None:
    sly: list[Data] = [{"type": "bar", "x": [1], "y": [1], "name": hostile.SCRIPT, "hoverinfo": "skip"}]
    chart = Chart("sly", "Sly", "", sly, {})
    page = shown(whole_page("t", "h", [drawn_chart(chart)], [chart], THEMES))
    assert page.evaluate("window.broken") is None
    with pytest.raises(ValueError, match="must not hold its end"):
        raw("style", "a { } </STYLE>")


def test_the_theme_can_be_changed_and_paper_is_light(study: Read, shown: Open, crypto: str) -> None:
    page = shown(session_page(study(crypto), THEMES, MADE))
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    line = page.locator("[data-chart=equity] .overplot path.js-line").first
    before = line.evaluate("each => each.style.stroke")
    page.click("#theme")
    light = page.evaluate(colour)
    assert light != dark
    page.wait_for_function(
        "old => document.querySelector('[data-chart=equity] path.js-line').style.stroke !== old", arg=before
    )
    page.click("#theme")
    assert page.evaluate(colour) == dark
    words = "getComputedStyle(document.querySelector('[data-chart=equity] .xtick text')).fill"
    on_screen = page.evaluate(words)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(f"old => {words} !== old", arg=on_screen)
    assert page.evaluate("document.querySelector('[data-chart=equity] svg').getBoundingClientRect().width") < 700
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_function(f"old => {words} === old", arg=on_screen)
    page.emulate_media(media="print")
    assert page.evaluate(colour) == light


def test_tables_sort_by_a_click_and_by_the_keyboard(study: Read, shown: Open, crypto: str) -> None:
    made = study(crypto)
    page = shown(session_page(made, THEMES, MADE))
    table = page.locator("section:has(h2:text('Round trips'))")
    heading = table.locator("th", has_text=re.compile(r"^P&L$"))
    heading.locator("button").focus()
    page.keyboard.press("Enter")
    column = table.locator("tbody tr td:nth-child(10)")
    assert column.first.inner_text() == f"{min(trade.pnl for trade in made.trades):+,.2f}"
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.locator("button").click()
    assert column.first.inner_text() == f"{max(trade.pnl for trade in made.trades):+,.2f}"


def test_several_sessions_are_compared(study: Read, shown: Open, crypto: str, several: str, quiet: str) -> None:
    page = shown(comparison_page([study(crypto), study(several), study(quiet)], THEMES, MADE), 360)
    assert page.locator("[data-chart=together] .overplot path.js-line").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert "session.duration" in page.inner_text("section:has(h2:text('What they do not have in common'))")


def test_a_long_session_is_thinned_and_says_so() -> None:
    prices = [100.0 + (minute % 97) * 0.01 for minute in range(5_000)]
    prices[3_333] = 150.0
    made = Study(
        run(engine({COIN: []}), [bar(minute, price) for minute, price in enumerate(prices)]), SessionState.ENDED
    )
    content = session_page(made, THEMES, MADE).decode()
    assert re.search(r"Drawn are 1,\d{3} of 5,000 minutes", content)
    assert "150.0" in content
    assert made.state.curve.times[-1] == START + 5_000 * MINUTE


def test_themes_are_those_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("name = ")
    (tmp_path / "sly.toml").write_text('name = "sly"\ndark = true\n[base]\nbackground = "red;}</style>"\n')
    (tmp_path / "mine.toml").write_text('name = "mine"\ndark = true\n[base]\nbackground = "#010203"\n')
    themes = sheet_themes([tmp_path, paths.packaged_themes()], "mine")
    assert [theme.name for theme in themes[:3]] == ["mine", "sentio-dark", "sentio-light"]
    assert not {"broken", "sly", "sentio-mono"} & {theme.name for theme in themes}
    assert "--base-background: #010203;" in style_sheet(themes)


def test_of_many_driving_symbols_the_busiest_are_drawn_and_the_rest_told() -> None:
    symbols = [f"C{number}-USD" for number in range(8)]
    bars = [bar(minute, 100.0 + minute, symbol) for minute in range(4) for symbol in symbols]
    made = Study(
        run(engine({symbol: [] for symbol in symbols} | {symbols[6]: [Direction.LONG]}), bars), SessionState.ENDED
    )
    drawn_ = charts.prices(made)
    assert len(drawn_) == charts.LINES
    assert drawn_[0].title == "Price of C6-USD"
    assert drawn_[-1].note.endswith("2 further symbols with fewer fills not drawn.")
