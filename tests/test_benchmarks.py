"""Every benchmark runs, on as little as there can be. What they measure is not looked at."""

import sys

import pytest

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.memory import slope
from benchmarks.table import Result, Size, table

TINY = Size(bars=300, rounds=1, events=400, minutes=120, seconds=0.01, keys=2)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_each_benchmark_runs_once(name: str) -> None:
    if name in ("first-frame", "dashboard", "key-to-paint", "browsers") and not sys.platform.startswith("linux"):
        pytest.skip("processor times and pseudo-terminals are read as Linux gives them")
    results = BENCHMARKS[name](TINY)
    assert results
    for result in results:
        assert result.what
        assert result.figure or result.peer


def test_the_table_lines_its_columns_up() -> None:
    lines = table([Result("a", "1", "<= 2", True), Result("longer", "3", "<= 2", False, "peer", "1x")]).splitlines()
    assert [line.find("<= 2") for line in lines[2:]] == [lines[0].index("budget")] * 2
    assert "met" in lines[2]
    assert lines[3].endswith("MISSED  peer  1x")


def test_an_unknown_name_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "throughput" in capsys.readouterr().err


def test_the_slope_is_the_growth_a_step() -> None:
    assert slope([1.0, 3.0, 5.0, 7.0]) == 2.0
    assert slope([4.0]) == 0.0
