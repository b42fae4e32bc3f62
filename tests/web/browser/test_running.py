"""The page before real servers, of sessions that really run."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from sentio_tui.journal.reader import read_all
from sentio_tui.model.events import OrderFilled
from tests.web.browser.pages import DESK, PHONE, Opened, Pages, expect
from tests.web.browser.programs import Programs, free_port, kill
from tests.web.recordings import Growing, lines_of
from tests.web.serving import served

HOSTILE = "<img src=x onerror=\"document.title='broken'\">"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """A simulated session runs in its folder, ten hours of market a minute."""
    started = Programs(tmp_path_factory.mktemp("running"))
    try:
        started.run("--speed", "600")
        yield started
    finally:
        started.close()


_WATCH_SHIFTS = """() => {
    window.shifted = 0;
    const add = (list) => list.getEntries().forEach((entry) => { window.shifted += entry.value; });
    new PerformanceObserver(add).observe({ type: 'layout-shift' });
}"""
"""The share of the screen that was moved, times how far, as browsers count it."""


def shows_a_session(page: Opened) -> None:
    """Everything on the page is filled."""
    expect(page.card("equity")).to_contain_text("$")
    for chart in ("equity", "price"):
        page.find(f"#{chart}-chart").scroll_into_view_if_needed()
        expect(page.drawn(chart).first).to_be_attached()
    expect(page.find("#decision-reason")).not_to_be_empty()
    expect(page.find("#reasons li").first).to_be_visible()
    expect(page.find("#symbols tr")).to_have_count(3)
    page.tab("fills")
    expect(page.rows("fills").first).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=str)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_running_session_fills_the_page(
    pages: Pages, programs: Programs, tmp_path: Path, size: tuple[int, int], scheme: str
) -> None:
    with served(programs.sessions) as server:
        page = pages.open(f"{server.address}/", size, color_scheme=scheme)
        expect(page.find("#phase")).to_contain_text("running")
        expect(page.find("#mode")).to_have_text("SIM")
        shows_a_session(page)
        page.page.evaluate(_WATCH_SHIFTS)
        for _ in range(4):
            clock = page.find("#market-clock").inner_text()
            expect(page.find("#market-clock")).not_to_have_text(clock)
        assert page.page.evaluate("() => window.shifted") < 0.01, "what is on the page jumps while it goes on"
        page.is_narrow_enough()
        picture = tmp_path / f"{scheme}-{size[0]}.png"
        page.page.screenshot(path=picture, full_page=True)
        print(f"the page looks like {picture}")
        page.is_sound()


def test_a_fill_appears_within_a_second(pages: Pages, tmp_path: Path) -> None:
    """From the moment its line is in the journal. Told, not asserted: machines are busy."""
    growing = Growing(tmp_path)
    growing.write_until_fills(1)
    with served(tmp_path) as server:
        page = pages.open(f"{server.address}/")
        expect(page.count("fills")).to_have_text("1")
        taken = []
        for fill in range(2, 7):
            growing.write_until_fills(fill)
            written = monotonic()
            page.until(partial(has_text, page, str(fill)))
            taken.append(monotonic() - written)
            expect(page.rows("fills").first.locator("td").last).to_have_text(str(fill))
        print("fills appeared after", *(f"{each * 1000:.0f} ms" for each in taken))
        page.is_sound()


def has_text(page: Opened, text: str) -> bool:
    return page.count("fills").text_content() == text


def test_an_ended_session_shows_what_its_journal_says(pages: Pages, tmp_path: Path) -> None:
    growing = Growing(tmp_path)
    growing.write()
    fills = [event.fill for event in read_all(growing.path).events if isinstance(event, OrderFilled)]
    with served(tmp_path) as server:
        page = pages.open(f"{server.address}/")
        expect(page.find("#phase")).to_contain_text("ended")
        expect(page.count("fills")).to_have_text(str(len(fills)))
        assert page.column("fills", "Symbol") == [fill.symbol for fill in reversed(fills)]
        assert page.column("fills", "Price") == [f"{fill.price:,.2f}" for fill in reversed(fills)]
        cards = {card["id"]: card["text"] for card in server.ask("/api/metrics").json["cards"]}
        for name in ("equity", "total_return", "max_drawdown", "fees"):
            expect(page.card(name)).to_have_text(cards[name])
        page.is_sound()


def test_a_server_that_is_killed_and_started_again_is_found_again(pages: Pages, programs: Programs) -> None:
    port = free_port()
    server = programs.web(port)
    page = pages.open(f"http://127.0.0.1:{port}/")
    shows_a_session(page)
    page.is_sound()
    kill(server)
    page.is_linked("lost")
    expect(page.find("#lost-why")).to_have_text("Connection lost: what you see is old.")
    expect(page.find("#lost-as-of")).to_contain_text("as of")
    old = page.find("#market-date").inner_text() + page.find("#market-clock").inner_text()
    expect(page.find("#lost-next")).to_contain_text("reconnecting in")
    programs.web(port)
    page.is_linked()
    expect(page.find("#lost")).to_be_hidden()
    page.until(lambda: page.find("#market-date").inner_text() + page.find("#market-clock").inner_text() > old)
    assert page.elsewhere == []


def test_a_token_is_asked_for_once_and_a_new_one_is_told(pages: Pages, programs: Programs) -> None:
    port = free_port()
    server = programs.web(port, token="a" * 20)
    page = pages.open(f"http://127.0.0.1:{port}/?token={'a' * 20}")
    expect(page.card("equity")).to_contain_text("$")
    assert page.page.url == f"http://127.0.0.1:{port}/"
    page.page.reload()
    expect(page.card("equity")).to_contain_text("$")
    kill(server)
    page.is_linked("lost")
    programs.web(port, token="b" * 20)
    page.find("#retry").click()
    expect(page.find("#lost-why")).to_have_text("Access denied: open the link with the token again.")
    assert page.elsewhere == []


def test_t49_markup_in_a_journal_is_shown_as_text(pages: Pages, tmp_path: Path) -> None:
    """As symbol, as reason and as words of the session."""
    name, lines = lines_of(240.0)
    inside = json.dumps(HOSTILE)[1:-1]
    text = b"".join(lines).decode()
    for word in ("BTC-USD", "Momentum Signal", "the configured duration is over"):
        assert word in text, word
        text = text.replace(word, inside)
    (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    with served(tmp_path) as server:
        page = pages.open(f"{server.address}/")
        expect(page.find("#phase")).to_contain_text(HOSTILE)
        expect(page.find("#symbols")).to_contain_text(HOSTILE)
        expect(page.find("#price-symbol")).to_contain_text(HOSTILE)
        assert HOSTILE in page.column("fills", "Reason")
        assert HOSTILE in page.column("fills", "Symbol")
        page.find("#price-symbol").select_option(HOSTILE)
        expect(page.drawn("price").first).to_be_attached()
        page.find("#price-chart .points path").first.hover(force=True)
        expect(page.find("#price-chart .hoverlayer")).to_contain_text("<img src=x")
        page.tab("notes")
        assert any(HOSTILE in line for line in page.column("notes", "Text"))
        expect(page.find("img")).to_have_count(0)
        assert "broken" not in page.page.title()
        page.is_sound()
