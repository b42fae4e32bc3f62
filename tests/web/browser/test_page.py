"""The page by itself: what it makes of what it hears, and how it is used."""

import re
from pathlib import Path

import pytest

from sentio_tui.model.decisions import Reason
from sentio_tui.model.events import FeedStatus, Mode
from sentio_tui.ui import formatting
from sentio_tui.web.messages import FromServer, Problem, Update
from sentio_tui.web.pieces import ReasonCount
from tests.web.browser import scenes
from tests.web.browser.pages import DESK, PHONE, Opened, Pages, expect

HOSTILE = "<b>bold</b><img src=x onerror=\"document.title='broken'\">"


def test_cards_tables_and_decision_say_what_the_server_said(pages: Pages, address: str) -> None:
    page, _ = pages.play(address, scenes.usual)
    expect(page.card("equity")).to_have_text("$10,123.00")
    expect(page.card("sharpe")).to_have_text("n/a (1 day, needs 20)")
    levels = {name: page.find(f'[data-card="{name}"]').get_attribute("data-level") for name in ("drawdown", "win_rate")}
    assert levels == {"drawdown": "warn", "win_rate": "bad"}
    expect(page.find('[data-card="win_rate"] .grade')).to_have_text("✖bad")
    expect(page.find("#mode")).to_have_text("PAPER")
    expect(page.find(".foot")).to_contain_text(re.compile(r"· broker \S.* · sentio-tui "))
    expect(page.find("#market-time")).to_contain_text("10:00:00 EST")
    expect(page.find("#market-time")).to_have_attribute("title", re.compile("15:00:00 in your zone"))
    expect(page.find("#decision-verdict")).to_have_text("no trade:")
    expect(page.find("#decision-reason")).to_have_text("minimum hold")
    expect(page.find("#decision-text")).to_have_text("held 3 of 8 bars")
    expect(page.find("#reasons li").first).to_contain_text("neutral")
    assert page.column("positions", "P&L") == ["▼ -3.25", "▲ +12.50"]
    assert page.column("positions", "Note") == ["! stale price", ""]
    assert page.column("fills", "P&L") == ["▼ -4.00", "—", "▲ +2.00", "—"]
    expect(page.drawn("equity").first).to_be_attached()
    expect(page.drawn("price").first).to_be_attached()
    page.is_sound()


def test_updates_change_what_they_name_and_restate_rows_from_since_on(pages: Pages, address: str) -> None:
    page, script = pages.play(address, scenes.usual)
    expect(page.count("fills")).to_have_text("4")
    script.say(
        Update(
            file=scenes.NAME,
            status=scenes.status(at=scenes.START + 45 * scenes.MINUTE),
            fills=scenes.fills(3, since=3, symbol="QQQ"),
            reasons=(ReasonCount(Reason.NEUTRAL, "neutral", 40),),
            notes=scenes.notes("a third line", first=3),
        )
    )
    expect(page.count("fills")).to_have_text("6")
    expect(page.rows("fills").first).to_contain_text("QQQ")
    assert page.column("fills", "Symbol") == ["QQQ"] * 3 + ["SPY"] * 3
    assert page.column("fills", "No.") == ["6", "5", "4", "3", "2", "1"]
    expect(page.find("#market-clock")).to_have_text("10:15:00")
    expect(page.card("equity")).to_have_text("$10,123.00")
    expect(page.count("notes")).to_have_text("3")
    page.tab("notes")
    assert page.column("notes", "Text")[0] == "a third line"
    page.is_sound()


def test_tables_sort_by_keyboard_and_say_how(pages: Pages, address: str) -> None:
    page, _ = pages.play(address, lambda file: [scenes.whole(count=40)])
    expect(page.count("fills")).to_have_text("40")
    head = page.sort("fills", "P&L")
    expect(head).to_have_attribute("aria-sort", "descending")
    assert page.column("fills", "P&L")[:3] == ["▲ +38.00", "▲ +34.00", "▲ +30.00"]
    page.page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert page.column("fills", "P&L")[:2] == ["▼ -40.00", "▼ -36.00"]
    expect(page.find("#table-fills th[aria-sort]")).to_have_count(1)
    side = page.sort("fills", "Side")
    expect(side).to_have_attribute("aria-sort", "ascending")
    assert set(page.column("fills", "Side")[:20]) == {"▲ buy"}
    page.is_sound()


def test_filter_keeps_rows_with_the_text_or_without_it(pages: Pages, address: str) -> None:
    page, script = pages.play(address, scenes.usual)
    expect(page.count("fills")).to_have_text("4")
    script.say(Update(file=scenes.NAME, fills=scenes.fills(2, since=4, symbol="QQQ")))
    expect(page.count("fills")).to_have_text("6")
    line = page.page.get_by_label("Filter fills")
    told = page.find("#table-fills output")
    line.fill("qqq")
    expect(told).to_have_text("2 of 6")
    assert page.column("fills", "Symbol") == ["QQQ", "QQQ"]
    line.fill("!qqq")
    expect(told).to_have_text("4 of 6")
    line.fill("sell")
    expect(told).to_have_text("3 of 6")
    line.fill("nowhere")
    expect(page.find("#table-fills .nothing")).to_have_text("no row matches the filter")
    line.press("Escape")
    expect(told).to_have_text("6")
    page.is_sound()


def test_five_thousand_trades_are_all_there_and_stay_quick(pages: Pages, address: str) -> None:
    page, script = pages.play(address, lambda file: [scenes.whole(count=10_000)])
    expect(page.count("fills")).to_have_text("10,000")
    expect(page.count("trades")).to_have_text("5,000")
    page.tab("trades")
    assert page.rows("trades").count() < 100
    table = page.find("#table-trades table")
    expect(table).to_have_attribute("aria-rowcount", "5001")
    print("sorting 5,000 rows took", [round(page.page.evaluate(_SORTING, place)) for place in (5, 1, 11)], "ms")
    page.sort("trades", "Closed")
    scroller = page.find("#table-trades [data-scroller]")
    scroller.press("End")
    expect(page.rows("trades").last).to_have_attribute("aria-rowindex", "5001")
    expect(page.rows("trades").last.locator("td").last).to_have_text("1")
    for since in range(10_000, 10_040):
        script.say(Update(file=scenes.NAME, fills=scenes.fills(1, since=since)))
    expect(page.count("fills")).to_have_text("10,040")
    page.page.get_by_label("Filter trades").fill("take_profit")
    expect(page.find("#table-trades .nothing")).to_be_visible()
    page.page.get_by_label("Filter trades").fill("take profit")
    expect(page.find("#table-trades output")).to_have_text("5,000 of 5,000")
    marks = page.find("#equity-chart .scatterlayer .points path")
    expect(marks.first).to_be_attached()
    assert marks.count() <= 302
    page.is_sound()


_SORTING = """(place) => {
    const start = performance.now();
    document.querySelectorAll('#table-trades th button')[place].click();
    return performance.now() - start;
}"""


def test_a_row_in_view_stays_where_it_is_while_others_come_above(pages: Pages, address: str) -> None:
    page, script = pages.play(address, lambda file: [scenes.whole(count=200)])
    expect(page.count("fills")).to_have_text("200")
    scroller = page.find("#table-fills [data-scroller]")
    scroller.evaluate("place => { place.scrollTop = 1300; }")
    row = page.find("#table-fills tbody tr").filter(has=page.page.get_by_text("146", exact=True))
    before = row.bounding_box()
    script.say(Update(file=scenes.NAME, fills=scenes.fills(5, since=200)))
    expect(page.count("fills")).to_have_text("205")
    assert row.bounding_box() == before


def test_t49_text_from_outside_is_shown_and_never_run(pages: Pages, address: str) -> None:
    def said(file: str) -> list[FromServer]:
        hostile = scenes.whole(symbol=HOSTILE, reason=HOSTILE)
        return [scenes.listed(scenes.NAME, HOSTILE), hostile]

    page, script = pages.play(address, said)
    expect(page.rows("fills").first).to_contain_text(HOSTILE)
    expect(page.rows("positions").first).to_contain_text(HOSTILE)
    expect(page.find("#decision-text")).to_have_text(HOSTILE)
    expect(page.find("#symbols")).to_contain_text(HOSTILE)
    expect(page.drawn("price").first).to_be_attached()
    point = page.find("#price-chart .points path").first
    point.hover(force=True)
    expect(page.find("#price-chart .hoverlayer")).to_contain_text("<b>bold</b><img src=x")
    page.tab("notes")
    assert HOSTILE in page.column("notes", "Text")
    page.tab("sessions")
    assert HOSTILE in page.column("sessions", "Session")
    script.say(Problem(scenes.NAME, HOSTILE))
    expect(page.find("#absent-text")).to_have_text(HOSTILE)
    expect(page.find("img")).to_have_count(0)
    assert page.page.title() != "broken"
    page.is_sound()


def test_invisible_and_control_characters_are_left_out(pages: Pages, address: str) -> None:
    page, _ = pages.play(address, lambda file: [scenes.whole(reason="a\u202eb\u200bc\x1b[31md")])
    expect(page.find("#decision-text")).to_have_text("abc [31md")


def test_what_is_wrong_stands_above_the_figures(pages: Pages, address: str) -> None:
    page, script = pages.play(address, scenes.usual)
    script.say(
        Update(
            file=scenes.NAME,
            status=scenes.status(standing="interrupted", faults=("broker: no answer",), problem="line 7 is torn"),
            feed=scenes.feed(state=FeedStatus.DOWN),
        )
    )
    alarms = page.find("#alarms li")
    expect(alarms).to_have_count(3)
    expect(alarms.nth(0)).to_contain_text("no process holds this session")
    expect(alarms.nth(1)).to_have_text("Trading is halted: broker: no answer")
    expect(page.find("#phase")).to_contain_text("interrupted")
    expect(page.find("#feed")).to_contain_text("feed was down")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_themes_follow_the_system_until_one_is_chosen(pages: Pages, address: str, scheme: str) -> None:
    page, _ = pages.play(address, scenes.usual, color_scheme=scheme)
    expect(page.card("equity")).to_be_visible()
    back = "() => getComputedStyle(document.documentElement).backgroundColor"
    light, dark = "rgb(250, 250, 250)", "rgb(15, 19, 26)"
    assert page.page.evaluate(back) == (light if scheme == "light" else dark)
    other = "sentio-dark" if scheme == "light" else "sentio-light"
    page.find("#theme").select_option(other)
    assert page.page.evaluate(back) == (dark if scheme == "light" else light)
    page.page.reload()
    expect(page.card("equity")).to_be_visible()
    assert page.page.evaluate(back) == (dark if scheme == "light" else light)
    page.find("#theme").select_option("")
    assert page.page.evaluate(back) == (light if scheme == "light" else dark)
    page.page.evaluate("() => localStorage.setItem('sentio-theme', 'no-longer-there')")
    page.page.reload()
    expect(page.find("html")).not_to_have_attribute("data-theme", re.compile(".*"))
    assert page.page.evaluate(back) == (light if scheme == "light" else dark)
    page.is_sound()


@pytest.mark.parametrize("mode", list(Mode))
def test_the_badge_of_live_is_red(pages: Pages, address: str, mode: Mode) -> None:
    page, _ = pages.play(address, lambda file: [scenes.whole(mode=mode)], color_scheme="dark")
    badge = page.find("#mode")
    expect(badge).to_have_text(mode.value.upper())
    is_red = badge.evaluate("badge => getComputedStyle(badge).backgroundColor") == "rgb(255, 92, 99)"
    assert is_red == (mode is Mode.LIVE)


@pytest.mark.parametrize("size", [DESK, (1024, 768), (700, 900), PHONE], ids=str)
def test_nothing_is_wider_than_the_screen(pages: Pages, address: str, size: tuple[int, int]) -> None:
    page, _ = pages.play(address, lambda file: [scenes.whole(symbol="A" * 60, reason="word " * 40)], size)
    expect(page.card("equity")).to_be_visible()
    for name in ("fills", "trades", "orders", "notes", "sessions"):
        page.tab(name)
        page.is_narrow_enough()
    page.find("summary").click()
    page.is_narrow_enough()


def test_everything_is_reached_by_tab_and_seen_to_be(pages: Pages, address: str) -> None:
    page, _ = pages.play(address, scenes.usual)
    expect(page.card("equity")).to_be_visible()
    reached: list[str] = []
    while not reached or reached[-1] not in ("table-sessions scroller", "BODY"):
        page.page.keyboard.press("Tab")
        reached.append(_focused(page))
        assert len(reached) < 100, reached
        if reached[-1] != "BODY":
            assert page.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none", reached
    wanted = {"picker", "theme", "price-style", "table-positions scroller", "tab-fills", "table-fills scroller"}
    assert wanted <= set(reached), reached
    page.find("#tab-fills").focus()
    page.page.keyboard.press("ArrowRight")
    expect(page.find("#tab-trades")).to_have_attribute("aria-selected", "true")
    expect(page.find("#table-trades")).to_be_visible()
    page.page.keyboard.press("End")
    expect(page.find("#tab-sessions")).to_be_focused()


def _focused(page: Opened) -> str:
    where = """() => {
        const element = document.activeElement;
        const table = element.closest('[id^=table-]');
        return element.id || (table && element.matches('[data-scroller]') ? `${table.id} scroller` : element.tagName);
    }"""
    found = page.page.evaluate(where)
    assert isinstance(found, str)
    return found


def test_figures_read_as_in_the_terminal(pages: Pages, address: str) -> None:
    values = [
        0.0,
        0.004,
        -0.004,
        0.02464,
        -0.5,
        1.005,
        0.125,
        -100.375,
        0.0625,
        9.87654321,
        123.4,
        -1234.567,
        0.00012345,
        1e-7,
        98765.4321,
    ]
    page, _ = pages.play(address, scenes.usual)
    names = {"money": formatting.money, "change": formatting.change, "percent": formatting.percent}
    names |= {"share": formatting.share, "price": formatting.price, "quantity": formatting.quantity}
    names |= {"number": formatting.number}
    script = (
        "async ([name, values]) => { const forms = await import('/static/format.js'); return values.map(forms[name]); }"
    )
    for name, form in names.items():
        assert page.page.evaluate(script, [name, values]) == [form(value) for value in values], name
    moments = [0, 3_000, 125_000, 3_900_000, 360_000_000]
    assert page.page.evaluate(script, ["age", moments]) == [formatting.age(each) for each in moments]


def test_charts_join_neighbours_and_break_where_no_bar_came(pages: Pages, address: str) -> None:
    """Ten one-minute bars, a night, ten more; a hundred buys."""
    page, _ = pages.play(address, scenes.usual)
    script = """async ([candles, fills]) => {
        const { candlesOf, lineOf, marksOf } = await import('/static/series.js');
        const marks = marksOf(fills, 'buy', fills.time[0], fills.time[99], 10, (row) => fills.price[row]);
        return [candlesOf(candles, 0, Infinity, 7), lineOf(candles), marks];
    }"""
    times = [minute * scenes.MINUTE for minute in (*range(10), *range(1000, 1010))]
    closes = [float(place) for place in range(20)]
    candles = {"minutes": 1, "time": times, "open": closes, "high": closes, "low": closes, "close": closes}
    buys = {"time": list(range(100)), "side": ["buy"] * 100, "price": closes * 5}
    joined, line, marks = page.page.evaluate(script, [candles, buys])
    assert joined["minutes"] == 3
    assert joined["open"][0] == joined["low"][0] == 0.0
    assert joined["high"][0] == joined["close"][0] == 2.0
    assert 9.0 in joined["close"]
    assert 10.0 in joined["open"]
    assert line["close"] == [*closes[:10], None, *closes[10:]]
    assert len(marks) <= 11
    assert sum(len(mark["fills"]) for mark in marks) == 100


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "UTC", "nowhere"])
def test_clocks_read_as_in_the_terminal(pages: Pages, address: str, zone: str) -> None:
    page, _ = pages.play(address, scenes.usual)
    moments = [scenes.START, 1_741_503_599_000, 1_741_503_600_000, 1_762_063_200_000]
    script = """async ([zone, moments]) => {
        const { Clock } = await import('/static/format.js');
        const clock = new Clock(zone);
        return moments.map((at) => clock.stamp(at));
    }"""
    expected = [formatting.clock(at, zone, "%Y-%m-%d %H:%M:%S") for at in moments]
    assert page.page.evaluate(script, [zone, moments]) == expected


def test_motion_is_left_out_for_who_wants_none(pages: Pages, address: str) -> None:
    page, script = pages.play(address, scenes.usual, reduced_motion="reduce")
    expect(page.count("fills")).to_have_text("4")
    script.say(Update(file=scenes.NAME, fills=scenes.fills(1, since=4)))
    row = page.find("#table-fills tr.fresh td").first
    expect(row).to_be_attached()
    assert row.evaluate("cell => getComputedStyle(cell).animationName") == "none"


def test_no_file_of_the_page_is_long_or_makes_markup_of_text() -> None:
    folder = Path(__file__).parents[3] / "sentio_tui" / "web" / "static"
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 400, file
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://", "https://"):
            assert word not in text.replace("http://www.w3.org/2000/svg", "").replace('"https:"', ""), f"{file}: {word}"
