import math
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from sentio_tui.model.snapshot import Unknown
from sentio_tui.ui import formatting as f
from tests.ui.sample_parts import START
from tests.ui.samples import HOSTILE

Form = Callable[[float, int], str]
FORMS: Final[tuple[Form, ...]] = (f.money, f.change, f.percent, f.share, f.ratio, f.price, f.quantity, f.number)
any_float = st.floats(allow_nan=True, allow_infinity=True)
any_text = st.text(st.characters(), max_size=40)


@pytest.mark.parametrize("form", FORMS)
@given(value=any_float, width=st.integers(-1, 40))
def test_a_number_is_never_wider_than_its_place(form: Form, value: float, width: int) -> None:
    assert cell_len(form(value, width)) <= max(width, 0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_not_shown_as_a_number(form: Form, value: float) -> None:
    assert form(value, 20) in {"n/a", "∞", "-∞"}
    assert not any(character.isdigit() for character in form(value, 20))


@given(value=st.floats(allow_nan=False, allow_infinity=False, max_value=1e9, min_value=-1e9))
def test_money_with_room_keeps_the_cents(value: float) -> None:
    assert float(f.money(value).replace(",", "")) == pytest.approx(value, abs=0.005001)


@given(value=st.floats(min_value=-1e14, max_value=1e14), width=st.integers(6, 12))
def test_a_number_that_does_not_fit_is_rounded_and_not_cut(value: float, width: int) -> None:
    text = f.money(value, width)
    unit = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}.get(text[-1], 1.0)
    shown = float(text.rstrip("KMBT").replace(",", "")) * unit
    assert shown == pytest.approx(value, rel=0.06, abs=0.5)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (f.money(1234.5), "1,234.50"),
        (f.money(-0.001), "0.00"),
        (f.money(1_234_567.89, 9), "1,234,568"),
        (f.money(1_234_567.89, 8), "1.23M"),
        (f.change(1234.56), "+1,234.56"),
        (f.change(-3.0), "-3.00"),
        (f.change(-0.0), "0.00"),
        (f.percent(0.0246), "+2.46%"),
        (f.percent(-0.173456, 6), "-17.3%"),
        (f.percent(0.0), "0.00%"),
        (f.share(0.625), "62.5%"),
        (f.ratio(math.inf), "∞"),
        (f.price(101412.834), "101,412.83"),
        (f.price(0.51234), "0.5123"),
        (f.price(0.000012345), "0.00001234"),
        (f.price(None), "—"),
        (f.quantity(0.546957), "0.546957"),
        (f.quantity(12.0), "12"),
        (f.quantity(0.546957, 5), "0.547"),
        (f.quantity(1e-8, 4), "…"),
        (f.number(0.01413), "0.01413"),
        (f.number(101_412.83), "101,412.83"),
        (f.number(2.0), "2"),
        (f.marked(44.2, f.change), "▲ +44.20"),
        (f.marked(-10.4, f.change), "▼ -10.40"),
        (f.marked(0.001, f.change), "─ 0.00"),
        (f.marked(math.nan, f.change), "n/a"),
        (f.marked(1234.56, f.change, 8), "▲ +1,235"),
        (f.age(3_000), "3s"),
        (f.age(125_000), "2m"),
        (f.age(65 * 60_000), "1h05"),
        (f.age(98 * 3_600_000), "4d02h"),
        (f.age(-5), "0s"),
        (f.duration(3_723_000), "1:02:03"),
        (f.clock(START, "America/New_York"), "09:00:00"),
        (f.clock(START, "No/Where"), "14:00:00"),
        (f.clock(10**18, "UTC"), "n/a"),
        (f.sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8), "▁▂▃▄▅▆▇█"),
        (f.sparkline([5, 5, 5], 8), "▄▄▄"),
        (f.sparkline([math.nan], 8), ""),
    ],
)
def test_examples(made: str, text: str) -> None:
    assert made == text


def test_a_figure_that_is_unknown_says_why_where_there_is_room() -> None:
    why = Unknown("no closed trade yet")
    assert f.figure(why, f.money) == "n/a (no closed trade yet)"
    assert f.figure(why, f.money, 16) == "n/a (no closed…"
    assert f.figure(why, f.money, 6) == "n/a"
    assert f.figure(1.5, f.money, 6) == "1.50"


def test_gain_and_loss_differ_without_colour() -> None:
    assert len({f.glyph(1.0), f.glyph(-1.0), f.glyph(0.0)}) == 3
    assert f.tone(math.inf) == f.tone(math.nan) == f.tone(0.004) == "flat"


@given(text=any_text | st.just(HOSTILE), width=st.integers(-1, 30))
def test_text_from_outside_fits_its_place_and_is_harmless(text: str, width: int) -> None:
    assert cell_len(f.cut(text, width)) <= max(0, width)
    for placed in (f.left(text, width), f.right(text, width)):
        assert cell_len(placed) == max(0, width)
        assert placed == "" or placed.isprintable()
    cleaned = f.clean(text)
    assert cleaned.isprintable()
    assert f.clean(cleaned) == cleaned


def test_escape_sequences_and_controls_are_taken_out_and_brackets_stay() -> None:
    assert f.clean("a\x1b[31mb\x1b]0;title\x07c\x9b2Jd") == "abcd"
    assert f.clean("[red]x[/foo]") == "[red]x[/foo]"
    assert f.clean("a\tb\nc") == "a b c"
    assert f.clean("\u202eabc\u200b\ufeff") == "abc"
    assert "\x00" not in f.clean("\x00")


def test_a_number_too_wide_for_its_column_is_an_ellipsis_and_not_another_number() -> None:
    assert f.right("12,345", 4) == "   …"


@given(value=any_float, width=st.integers(-1, 20))
def test_a_bar_fills_its_place(value: float, width: int) -> None:
    filled, rest = f.bar(value, width)
    assert len(filled) + len(rest) == max(0, width)


def test_a_bar_grows_with_its_fraction() -> None:
    lengths = [len(f.bar(part / 20, 10)[0]) for part in range(21)]
    assert lengths == sorted(lengths)
    assert (f.bar(1.0, 3), f.bar(0.0, 3)) == (("━━━", ""), ("", "───"))


@given(values=st.lists(any_float, max_size=50), width=st.integers(-1, 20))
def test_a_sparkline_is_never_wider_than_its_place(values: list[float], width: int) -> None:
    assert len(f.sparkline(values, width)) <= max(0, width)


@given(at=st.integers(-(10**18), 10**18), zone=st.sampled_from(["UTC", "America/New_York", "", "../etc", "No/Where"]))
def test_any_moment_in_any_zone_can_be_told(at: int, zone: str) -> None:
    assert f.clock(at, zone)
    assert isinstance(f.utc_offset(at, zone), int)
