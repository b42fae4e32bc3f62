"""The built-in families, and what a user's own must be."""

import pytest

from sentio_tui.market.families import FAMILIES, QQQ, SPY, SPY_SYMMETRIC, family, missing_members
from sentio_tui.model.instruments import Family

LEVERAGE = {"TNA": 3.0, "RWM": -1.0, "TWM": -2.0}


def small(
    name: str = "IWM",
    base: str = "IWM",
    bull: str = "TNA",
    bear: str = "RWM",
    bear_leveraged: str = "TWM",
    leverage: dict[str, float] | None = None,
) -> Family:
    return family(name, base, bull, bear, bear_leveraged, LEVERAGE if leverage is None else leverage)


def refusal(**changes: object) -> str:
    with pytest.raises(ValueError, match="family ") as caught:
        small(**changes)  # type: ignore[arg-type]  # each test gives one field of its own type
    return str(caught.value)


@pytest.mark.parametrize(
    ("known", "symbols", "leverage"),
    [
        (SPY, ("SPY", "SPXL", "SH", "SDS"), (1.0, 3.0, -1.0, -2.0)),
        (SPY_SYMMETRIC, ("SPY", "SPXL", "SH", "SPXS"), (1.0, 3.0, -1.0, -3.0)),
        (QQQ, ("QQQ", "TQQQ", "PSQ", "SQQQ"), (1.0, 3.0, -1.0, -3.0)),
    ],
)
def test_t01_one_object_has_driving_symbol_members_and_leverage(
    known: Family, symbols: tuple[str, ...], leverage: tuple[float, ...]
) -> None:
    assert known.symbols == symbols
    assert known.base == symbols[0]
    assert tuple(known.leverage[symbol] for symbol in symbols) == leverage
    assert set(known.leverage) == set(symbols)
    assert FAMILIES[known.name] is known


def test_a_familys_own_base_may_be_left_out_of_the_leverage() -> None:
    assert small() == small(leverage={"IWM": 1.0, **LEVERAGE})
    assert small().leverage["IWM"] == 1.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base": ""}, "has no base"),
        ({"base": "  "}, "has no base"),
        ({"bear_leveraged": ""}, "has no bear_leveraged"),
        ({"bear": "TNA"}, "has TNA in two roles"),
        ({"bull": "IWM"}, "has IWM in two roles"),
        ({"leverage": {**LEVERAGE, "TNA": 0.0}}, "gives TNA the leverage 0"),
        ({"leverage": {**LEVERAGE, "TNA": float("nan")}}, "gives TNA the leverage nan"),
        ({"leverage": {**LEVERAGE, "IWM": 2.0}}, "gives its base IWM the leverage 2"),
        ({"leverage": {**LEVERAGE, "TNA": -3.0}}, "gives its bull TNA the leverage -3"),
        ({"leverage": {**LEVERAGE, "RWM": 1.0}}, "gives its bear RWM the leverage 1"),
        ({"leverage": {**LEVERAGE, "TWM": 2.0}}, "gives its bear_leveraged TWM the leverage 2"),
        ({"leverage": {**LEVERAGE, "SDS": -2.0}}, "a leverage for SDS, which is no member"),
        ({"leverage": {"TNA": 3.0, "RWM": -1.0}}, "gives no leverage for its bear_leveraged TWM"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, object], words: str) -> None:
    text = refusal(**changes)
    assert text.startswith("family IWM: ")
    assert words in text


def test_all_problems_are_told_together() -> None:
    text = refusal(base="", bear="TNA", leverage={"TNA": 0.0, "TWM": -2.0})
    assert "has no base" in text
    assert "two roles" in text
    assert "the leverage 0" in text


def test_missing_members_come_in_the_familys_order() -> None:
    assert missing_members(SPY, ("SPY",)) == ("SPXL", "SH", "SDS")
    assert missing_members(SPY, {"SDS", "SPY", "IBM"}) == ("SPXL", "SH")
    assert missing_members(SPY, SPY.symbols) == ()


def test_t03_bars_without_the_base_are_an_error_that_says_what_there_is() -> None:
    with pytest.raises(ValueError, match="family SPY: no bars of its base SPY; there are IBM, SPXL"):
        missing_members(SPY, ["SPXL", "IBM"])
    with pytest.raises(ValueError, match="no bars at all"):
        missing_members(QQQ, [])
