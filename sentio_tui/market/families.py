"""Families of leveraged funds: the two that are built in, and the check of a user's own.

A `Family` is the one place that driving symbol, subscriptions, order symbols and warm-up come from (T-01); nothing is
ever read off a file's name (T-03).
"""

from collections.abc import Collection, Mapping
from math import isfinite
from typing import Final

from sentio_tui.model.instruments import Family


def family(name: str, base: str, bull: str, bear: str, bear_leveraged: str, leverage: Mapping[str, float]) -> Family:
    """A family whose parts fit together.

    `leverage` is the multiple of the base's daily return, by symbol; the base may be left out and has 1.0. Raises
    ValueError with all that is wrong.
    """
    roles = {"base": base, "bull": bull, "bear": bear, "bear_leveraged": bear_leveraged}
    problems = [f"has no {role}" for role, symbol in roles.items() if not symbol.strip()]
    symbols = [symbol for symbol in roles.values() if symbol.strip()]
    problems += [f"has {symbol} in two roles" for symbol in dict.fromkeys(symbols) if symbols.count(symbol) > 1]
    multiples = {base: 1.0, **leverage} if base.strip() else dict(leverage)
    problems += [f"gives a leverage for {symbol}, which is no member" for symbol in multiples if symbol not in symbols]
    for role, symbol in roles.items():
        if symbol.strip():
            problems += _wrong_leverage(role, symbol, multiples.get(symbol))
    if problems:
        raise ValueError(f"family {name or '(without a name)'}: " + "; ".join(problems))
    return Family(name, base, bull, bear, bear_leveraged, {symbol: float(multiples[symbol]) for symbol in symbols})


def _wrong_leverage(role: str, symbol: str, leverage: float | None) -> list[str]:
    if leverage is None:
        return [f"gives no leverage for its {role} {symbol}"]
    if not isfinite(leverage) or leverage == 0.0:
        return [f"gives {symbol} the leverage {leverage:g}, which follows nothing"]
    if role == "base" and leverage != 1.0:
        return [f"gives its base {symbol} the leverage {leverage:g}: a base follows itself, with 1"]
    if role == "bull" and leverage < 0.0:
        return [f"gives its bull {symbol} the leverage {leverage:g}: a bull's is above 0"]
    if role.startswith("bear") and leverage > 0.0:
        return [f"gives its {role} {symbol} the leverage {leverage:g}: a bear's is below 0"]
    return []


SPY: Final = family("SPY", "SPY", "SPXL", "SH", "SDS", {"SPXL": 3.0, "SH": -1.0, "SDS": -2.0})
SPY_SYMMETRIC: Final = family("SPY-SPXS", "SPY", "SPXL", "SH", "SPXS", {"SPXL": 3.0, "SH": -1.0, "SPXS": -3.0})
"""SPY with as much leverage down as up."""
QQQ: Final = family("QQQ", "QQQ", "TQQQ", "PSQ", "SQQQ", {"TQQQ": 3.0, "PSQ": -1.0, "SQQQ": -3.0})

FAMILIES: Final[Mapping[str, Family]] = {known.name: known for known in (SPY, SPY_SYMMETRIC, QQQ)}
"""The built-in families, by name."""


def missing_members(known: Family, found: Collection[str]) -> tuple[str, ...]:
    """The members without bars of their own, in the family's order.

    Raises ValueError when the base is among them: everything else is made from it.
    """
    if known.base not in found:
        there = f"there are {', '.join(sorted(found))}" if found else "there are no bars at all"
        raise ValueError(f"family {known.name}: no bars of its base {known.base}; {there}")
    return tuple(symbol for symbol in known.symbols if symbol not in found)
