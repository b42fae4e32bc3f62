"""Strategies by name: the built-in ones, and those other packages register.

A package registers a strategy as an entry point of the group `sentio_tui.strategies`, under the strategy's own name.
The built-in ones are known without package metadata. What is asked for by name is the only thing that is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

import msgspec
from msgspec import Struct

from sentio_tui.strategies.base import Parameters, Strategy

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Scalar = bool | int | float | str

GROUP: Final = "sentio_tui.strategies"

BUILT_IN: Final[Mapping[str, str]] = {
    "momentum": "sentio_tui.strategies.momentum:Momentum",
    "mean_reversion": "sentio_tui.strategies.mean_reversion:MeanReversion",
    "breakout": "sentio_tui.strategies.breakout:Breakout",
    "ma_crossover": "sentio_tui.strategies.ma_crossover:MovingAverageCrossover",
    "volatility": "sentio_tui.strategies.volatility:Volatility",
    "online_ensemble": "sentio_tui.strategies.online_ensemble:OnlineEnsemble",
}

PRESETS: Final = ("conservative", "balanced", "aggressive")
"""The presets every strategy has."""


class StrategyError(ValueError):
    """A strategy cannot be had as asked for: names what is wrong, and what there is instead.

    `key` is the setting at fault, such as "name", "preset" or "params.threshold".
    """

    def __init__(self, text: str, key: str = "name") -> None:
        super().__init__(text)
        self.key = key


class ParameterRow(Struct, frozen=True):
    """One parameter, for lists. `bounds` is empty where there are none; `values` holds each preset's."""

    name: str
    type: str
    bounds: str
    description: str
    values: dict[str, Scalar]


def available() -> Mapping[str, type[Strategy]]:
    """Every strategy that can be loaded, by name: the built-in ones first, then others in order of the alphabet."""
    return _scan()[0]


def failures() -> Mapping[str, str]:
    """Why a registered strategy cannot be used, by name."""
    return _scan()[1]


def find(name: str) -> type[Strategy]:
    """The strategy of this name. Raises StrategyError where there is none, or where it is broken."""
    if name in BUILT_IN:
        return _built_in(name)
    foreign = _foreign()
    if name not in foreign:
        raise StrategyError(f"unknown strategy {name!r}: {_hint(name, (*BUILT_IN, *foreign))}")
    try:
        return _load(foreign[name][0])
    except StrategyError as error:
        raise StrategyError(f"strategy {name!r} cannot be used: {error}") from error


def effective(name: str, preset: str, overrides: Mapping[str, Scalar]) -> Parameters:
    """The preset's parameters with the overrides laid over them. Raises StrategyError with every problem there is."""
    return _effective(find(name), preset, overrides)


def build(name: str, preset: str, overrides: Mapping[str, Scalar], symbol: str) -> Strategy:
    """A fresh strategy for one symbol. Raises StrategyError, also where parameters contradict each other."""
    cls = find(name)
    parameters = _effective(cls, preset, overrides)
    try:
        return cls.create(symbol, parameters)
    except ValueError as error:
        raise StrategyError(f"strategy {name}: {error}", "params") from error


def describe(cls: type[Strategy]) -> Sequence[ParameterRow]:
    """The strategy's parameters in the order they are declared."""
    presets = {preset: msgspec.structs.asdict(values) for preset, values in cls.presets.items()}
    rows: list[ParameterRow] = []
    for field in msgspec.structs.fields(cls.parameters):
        kind, bounds, description = _type_in_words(field.type)
        values = {preset: cast(Scalar, fields[field.name]) for preset, fields in presets.items()}
        rows.append(ParameterRow(field.name, kind, bounds, description, values))
    return rows


def _effective(cls: type[Strategy], preset: str, overrides: Mapping[str, Scalar]) -> Parameters:
    if preset not in cls.presets:
        raise StrategyError(
            f"strategy {cls.name}: unknown preset {preset!r}: {_hint(preset, tuple(cls.presets))}", "preset"
        )
    values: dict[str, object] = msgspec.structs.asdict(cls.presets[preset])
    fields = {field.name: field for field in msgspec.structs.fields(cls.parameters)}
    problems: dict[str, str] = {}
    for key, value in overrides.items():
        if key not in fields:
            problems[key] = f"unknown parameter {key!r}: {_hint(key, tuple(fields))}"
            continue
        try:
            values[key] = msgspec.convert(value, fields[key].type, strict=True)
        except msgspec.ValidationError:
            kind, bounds, description = _type_in_words(fields[key].type)
            wanted = " ".join(part for part in (kind, bounds) if part)
            problems[key] = f"{key} = {value!r} must be {wanted}" + (f" ({description})" if description else "")
    if problems:
        text = "\n".join(f"strategy {cls.name}: {problem}" for problem in problems.values())
        raise StrategyError(text, f"params.{next(iter(problems))}")
    try:
        return msgspec.convert(values, cls.parameters, strict=True)
    except msgspec.ValidationError as error:
        raise StrategyError(f"strategy {cls.name}: {error}", "params") from error


def _type_in_words(annotation: object) -> tuple[str, str, str]:
    """Type, bounds and description of a field."""
    info = msgspec.inspect.type_info(annotation)
    description = ""
    if isinstance(info, msgspec.inspect.Metadata):
        description = str((info.extra_json_schema or {}).get("description", ""))
        info = info.type
    if isinstance(info, msgspec.inspect.IntType | msgspec.inspect.FloatType):
        limits = (("above", info.gt), ("from", info.ge), ("below", info.lt), ("to", info.le))
        kind = "int" if isinstance(info, msgspec.inspect.IntType) else "float"
        return kind, " ".join(f"{word} {limit:g}" for word, limit in limits if limit is not None), description
    if isinstance(info, msgspec.inspect.LiteralType):
        return "one of", ", ".join(repr(value) for value in info.values), description
    return type(info).__name__.removesuffix("Type").lower(), "", description


def _hint(wrong: str, names: Sequence[str]) -> str:
    near = get_close_matches(wrong, names, n=3)
    return f"did you mean {' or '.join(near)}?" if near else f"there is {', '.join(names)}"


def _built_in(name: str) -> type[Strategy]:
    module, _, attribute = BUILT_IN[name].partition(":")
    return cast("type[Strategy]", getattr(import_module(module), attribute))


def _foreign() -> dict[str, list[EntryPoint]]:
    """The entry points of other packages, by name, in a fixed order."""
    from importlib.metadata import entry_points

    found: dict[str, list[EntryPoint]] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        if BUILT_IN.get(point.name) != point.value:
            found.setdefault(point.name, []).append(point)
    return found


def _scan() -> tuple[dict[str, type[Strategy]], dict[str, str]]:
    good = {name: _built_in(name) for name in BUILT_IN}
    bad: dict[str, str] = {}
    for name, points in _foreign().items():
        origins = ", ".join(point.value for point in points)
        if name in BUILT_IN:
            bad[name] = f"the name is taken by a built-in strategy; not used: {origins}"
            continue
        try:
            good[name] = _load(points[0])
        except StrategyError as error:
            bad[name] = str(error)
            continue
        if len(points) > 1:
            bad[name] = f"registered more than once; used is the first of: {origins}"
    return good, bad


def _load(point: EntryPoint) -> type[Strategy]:
    """Raises StrategyError for whatever a foreign module may get wrong."""
    try:
        cls: object = point.load()
    except Exception as error:
        raise StrategyError(f"{point.value} does not load: {type(error).__name__}: {error}") from error
    lacks = _lacks(cls, point.name)
    if lacks:
        raise StrategyError(f"{point.value} is not a strategy: {lacks}")
    return cast("type[Strategy]", cls)


def _lacks(cls: object, name: str) -> str:
    """What keeps a loaded object from being a strategy of this name; empty when nothing does."""
    if not isinstance(cls, type):
        return "it is not a class"
    missing = [
        part
        for part in ("name", "summary", "parameters", "presets", "create", "lookback", "on_bar")
        if not hasattr(cls, part)
    ]
    if missing:
        return f"it has no {', '.join(missing)}"
    loaded = cast("type[Strategy]", cls)
    if loaded.name != name:
        return f"it is registered as {name!r} but names itself {loaded.name!r}"
    parameters: object = loaded.parameters
    if not (isinstance(parameters, type) and issubclass(parameters, Parameters)):
        return "its parameters are not a subclass of Parameters"
    if not isinstance(loaded.presets, Mapping):
        return "its presets are not a mapping"
    if absent := [preset for preset in PRESETS if preset not in loaded.presets]:
        return f"it has no preset {', '.join(absent)}"
    if wrong := [preset for preset, values in loaded.presets.items() if not isinstance(values, loaded.parameters)]:
        return f"its preset {', '.join(wrong)} is not made of {loaded.parameters.__name__}"
    return ""
