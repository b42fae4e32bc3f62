"""The author's guide works as it is written: its example is taken from the page, installed and run."""

import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import talib

from sentio_tui.model.decisions import Direction
from sentio_tui.strategies import registry
from tests.strategies.series import SYMBOL, bars, directions, random_walk, run

GUIDE = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text()


def block(language: str, number: int = 0) -> str:
    return str(re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)[number])


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The example in a package of its own, registered with the lines of the guide. Returns its name."""
    ((name, target),) = tomllib.loads(block("toml"))["project"]["entry-points"][registry.GROUP].items()
    module = target.partition(":")[0]
    file = tmp_path.joinpath(*module.split(".")).with_suffix(".py")
    file.parent.mkdir(parents=True)
    file.write_text(block("python"))
    info = tmp_path / "mine-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{name} = {target}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for part in (module, module.partition(".")[0]):
        monkeypatch.delitem(sys.modules, part, raising=False)
    return str(name)


def test_the_example_is_found_and_described(installed: str) -> None:
    assert registry.failures() == {}
    rows = registry.describe(registry.available()[installed])
    assert [row.name for row in rows] == ["period", "oversold", "overbought"]
    assert all(row.bounds and row.description for row in rows)


def test_the_example_signals_as_talib_computes(installed: str) -> None:
    closes = random_walk(500)
    instance = registry.build(installed, "aggressive", {}, SYMBOL)
    signals = run(instance, bars(closes))
    expected = talib.RSI(np.array(closes), timeperiod=7)
    for i, signal in enumerate(signals):
        assert signal.missing == max(0, instance.lookback - 1 - i)
        if signal.missing == 0:
            rsi = signal.values["rsi"]
            assert rsi == pytest.approx(expected[i], rel=1e-9)
            wanted = Direction.LONG if rsi < 35 else Direction.SHORT if rsi > 65 else Direction.NEUTRAL
            assert signal.direction is wanted
            assert signal.distance == pytest.approx(max(0.0, min(rsi - 35, 65 - rsi)) / 100)
    assert directions(signals) == {Direction.LONG, Direction.SHORT}


def test_the_configuration_of_the_guide_builds_it(installed: str) -> None:
    settings = tomllib.loads(block("toml", 1))["strategy"]
    assert settings["name"] == installed
    assert registry.build(settings["name"], settings["preset"], settings["params"], SYMBOL).lookback == 10
    option = re.search(r"--set strategy\.params\.(\w+)=(\d+)", block("console"))
    assert option is not None
    assert registry.build(installed, "aggressive", {option[1]: int(option[2])}, SYMBOL).lookback == 10


def test_the_example_refuses_contradicting_parameters(installed: str) -> None:
    with pytest.raises(registry.StrategyError, match="oversold"):
        registry.build(installed, "balanced", {"oversold": 80}, SYMBOL)


def test_the_guide_names_every_member_of_the_contract() -> None:
    from sentio_tui.strategies.base import Strategy

    members = {name for name in (*Strategy.__annotations__, *vars(Strategy)) if not name.startswith("_")}
    assert all(re.search(rf"`{name}\b", GUIDE) for name in members)
