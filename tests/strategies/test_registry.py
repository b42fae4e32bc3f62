"""Strategies by name: found, configured, described; and other packages' strategies, good and broken."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentio_tui.model.decisions import Direction
from sentio_tui.strategies import registry
from sentio_tui.strategies.registry import StrategyError
from tests.strategies.series import NAMES, SYMBOL, bars

FOREIGN = """
from collections.abc import Mapping
from sentio_tui.model.decisions import Direction, Signal
from sentio_tui.strategies.base import Parameters

class Plain(Parameters, frozen=True):
    power: float = 1.0
    style: str = "calm"

class Always:
    name = "always"
    summary = "Always long."
    parameters = Plain
    presets = {"conservative": Plain(), "balanced": Plain(), "aggressive": Plain(2.0)}
    lookback = 1
    @classmethod
    def create(cls, symbol, parameters):
        return cls()
    def on_bar(self, bar):
        return Signal(bar.symbol, bar.time, Direction.LONG, {"price": bar.close})

class Misnamed(Always):
    name = "other"

class Presetless(Always):
    name = "presetless"
    presets = {"conservative": Plain()}

class Mixed(Always):
    name = "mixed"
    presets = {**Always.presets, "balanced": 3}

class Hollow:
    name = "hollow"

thing = 3
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path with a module of foreign strategies."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "foreign_strategies.py").write_text(FOREIGN)
    monkeypatch.delitem(sys.modules, "foreign_strategies", raising=False)
    return tmp_path


def register(folder: Path, **points: str) -> None:
    info = folder / "foreign-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    lines = [f"[{registry.GROUP}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))


def test_the_built_in_strategies_come_first_in_their_order() -> None:
    assert tuple(registry.available())[: len(registry.BUILT_IN)] == tuple(registry.BUILT_IN)
    assert all(cls.name == name for name, cls in registry.available().items())
    assert registry.failures() == {}


def test_pyproject_registers_exactly_the_built_in_strategies() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["entry-points"][registry.GROUP] == registry.BUILT_IN


def test_built_in_strategies_are_found_without_package_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: ())
    assert tuple(registry.available()) == tuple(registry.BUILT_IN)
    assert registry.build("breakout", "balanced", {}, SYMBOL).lookback == 20


def test_only_the_strategy_asked_for_is_imported() -> None:
    code = (
        "import sys; from sentio_tui.strategies import registry; registry.build('momentum', 'balanced', {}, 'X');"
        "print([m for m in sys.modules if m.startswith('sentio_tui.strategies.') or m in"
        " ('importlib.metadata', 'numpy', 'pandas')])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "strategies.momentum" in printed
    for other in ("breakout", "volatility", "metadata", "numpy", "pandas"):
        assert other not in printed


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_has_the_three_presets_the_first_the_default(name: str) -> None:
    cls = registry.find(name)
    assert tuple(cls.presets) == registry.PRESETS
    assert cls.presets["conservative"] == cls.parameters()
    assert cls.summary.endswith(".")


@pytest.mark.parametrize(
    ("name", "preset", "numbers"),
    [
        ("momentum", "conservative", {"window_minutes": 10, "threshold": 0.02}),
        ("momentum", "balanced", {"window_minutes": 10, "threshold": 0.015}),
        ("momentum", "aggressive", {"window_minutes": 8, "threshold": 0.01}),
        ("mean_reversion", "conservative", {"window_minutes": 20, "deviations": 2.0}),
        ("mean_reversion", "balanced", {"window_minutes": 20, "deviations": 1.8}),
        ("mean_reversion", "aggressive", {"window_minutes": 20, "deviations": 1.5}),
        ("breakout", "conservative", {"window_minutes": 20, "threshold": 0.01}),
        ("breakout", "balanced", {"window_minutes": 20, "threshold": 0.0075}),
        ("breakout", "aggressive", {"window_minutes": 15, "threshold": 0.005}),
        ("ma_crossover", "conservative", {"fast_minutes": 10, "slow_minutes": 30}),
        ("ma_crossover", "balanced", {"fast_minutes": 9, "slow_minutes": 25}),
        ("ma_crossover", "aggressive", {"fast_minutes": 8, "slow_minutes": 21}),
        ("volatility", "conservative", {"threshold": 0.02, "move_minutes": 5, "move_threshold": 0.01}),
        ("volatility", "balanced", {"threshold": 0.018, "window_minutes": 20}),
        ("volatility", "aggressive", {"threshold": 0.015}),
    ],
)
def test_presets_have_the_numbers_of_the_original(name: str, preset: str, numbers: dict[str, float]) -> None:
    values = msgspec.structs.asdict(registry.effective(name, preset, {}))
    assert {key: values[key] for key in numbers} == numbers


def test_t05_overrides_reach_the_strategy() -> None:
    changed = registry.effective("momentum", "balanced", {"threshold": 0.5, "window_minutes": 3})
    assert msgspec.structs.asdict(changed) == {"window_minutes": 3, "threshold": 0.5, "max_gap_minutes": 30}
    assert registry.build("momentum", "balanced", {"window_minutes": 3}, SYMBOL).lookback == 3


def test_a_whole_number_serves_where_a_fraction_is_meant() -> None:
    value = msgspec.structs.asdict(registry.effective("mean_reversion", "balanced", {"deviations": 2}))["deviations"]
    assert isinstance(value, float)


@pytest.mark.parametrize(
    ("name", "preset", "overrides", "parts"),
    [
        ("momentun", "balanced", {}, ["unknown strategy 'momentun'", "did you mean momentum?"]),
        ("xyz", "balanced", {}, ["unknown strategy 'xyz'", *NAMES]),
        ("momentum", "agressive", {}, ["momentum", "unknown preset 'agressive'", "did you mean aggressive?"]),
        ("momentum", "", {}, ["unknown preset ''", "conservative, balanced, aggressive"]),
        ("momentum", "balanced", {"treshold": 1}, ["unknown parameter 'treshold'", "did you mean threshold?"]),
        ("momentum", "balanced", {"q": 1}, ["unknown parameter 'q'", "window_minutes, threshold, max_gap_minutes"]),
        ("momentum", "balanced", {"threshold": 1.5}, ["threshold = 1.5 must be float above 0 below 1", "fraction"]),
        ("momentum", "balanced", {"threshold": float("nan")}, ["threshold = nan must be float above 0 below 1"]),
        ("momentum", "balanced", {"threshold": "2"}, ["threshold = '2' must be float"]),
        ("momentum", "balanced", {"window_minutes": 1}, ["window_minutes = 1 must be int from 2 to 10080", "minutes"]),
        ("momentum", "balanced", {"window_minutes": 2.5}, ["window_minutes = 2.5 must be int"]),
        ("momentum", "balanced", {"window_minutes": True}, ["window_minutes = True must be int"]),
        ("ma_crossover", "balanced", {"fast_minutes": 25}, ["ma_crossover", "fast_minutes = 25", "slow_minutes = 25"]),
    ],
)
def test_what_cannot_be_had_is_named_with_what_can(
    name: str, preset: str, overrides: Mapping[str, registry.Scalar], parts: list[str]
) -> None:
    with pytest.raises(StrategyError) as caught:
        registry.build(name, preset, overrides, SYMBOL)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(StrategyError) as caught:
        registry.effective("momentum", "balanced", {"treshold": 1, "threshold": -1, "window_minutes": 0})
    assert str(caught.value).count("\n") == 2


scalars = st.one_of(st.booleans(), st.integers(), st.floats(), st.sampled_from(["", "2", "x"]))


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None)
@given(data=st.data())
def test_any_override_builds_a_strategy_or_is_refused_by_name(name: str, data: st.DataObject) -> None:
    keys = [row.name for row in registry.describe(registry.find(name))]
    overrides = data.draw(st.dictionaries(st.sampled_from(keys), scalars, max_size=3))
    refusal = ""
    try:
        assert registry.build(name, "balanced", overrides, SYMBOL).lookback >= 2
    except StrategyError as error:
        refusal = str(error)
    assert not refusal or any(key in refusal for key in overrides)


def test_rows_describe_every_parameter() -> None:
    rows = {row.name: row for row in registry.describe(registry.find("momentum"))}
    assert tuple(rows) == ("window_minutes", "threshold", "max_gap_minutes")
    row = rows["threshold"]
    assert (row.type, row.bounds) == ("float", "above 0 below 1")
    assert "fraction of price" in row.description
    assert row.values == {"conservative": 0.02, "balanced": 0.015, "aggressive": 0.01}
    for name in NAMES:
        for row in registry.describe(registry.find(name)):
            assert row.description, row
            assert row.bounds, row


def test_a_strategy_of_another_package_is_found(install: Path) -> None:
    register(install, always="foreign_strategies:Always")
    assert tuple(registry.available()) == (*registry.BUILT_IN, "always")
    assert registry.failures() == {}
    built = registry.build("always", "aggressive", {"style": "wild"}, SYMBOL)
    assert built.on_bar(bars([1.0])[0]).direction is Direction.LONG
    assert [(row.name, row.type, row.bounds) for row in registry.describe(type(built))] == [
        ("power", "float", ""),
        ("style", "str", ""),
    ]
    with pytest.raises(StrategyError, match="did you mean always"):
        registry.find("alway")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("gone", "no_such_module:Thing", "ModuleNotFoundError"),
        ("absent", "foreign_strategies:Absent", "AttributeError"),
        ("thing", "foreign_strategies:thing", "not a class"),
        ("hollow", "foreign_strategies:Hollow", "no summary, parameters, presets, create, lookback, on_bar"),
        ("misnamed", "foreign_strategies:Misnamed", "names itself 'other'"),
        ("presetless", "foreign_strategies:Presetless", "no preset balanced, aggressive"),
        ("mixed", "foreign_strategies:Mixed", "preset balanced is not made of Plain"),
        ("momentum", "foreign_strategies:Always", "taken by a built-in"),
    ],
)
def test_a_broken_strategy_is_reported_and_the_others_work(install: Path, name: str, value: str, why: str) -> None:
    register(install, always="foreign_strategies:Always", **{name: value})
    assert tuple(registry.available()) == (*registry.BUILT_IN, "always")
    assert why in registry.failures()[name]
    assert value in registry.failures()[name]
    if name in NAMES:
        assert registry.find(name).__module__ == "sentio_tui.strategies.momentum"
    else:
        with pytest.raises(StrategyError, match=f"strategy '{name}' cannot be used"):
            registry.build(name, "balanced", {}, SYMBOL)
