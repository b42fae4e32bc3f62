"""The signals of a whole data set, without trading."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from sentio_tui import cli, paths
from sentio_tui.feeds.base import FeedError
from sentio_tui.journal.reader import read_all
from sentio_tui.model.bars import MINUTE, Bar
from sentio_tui.sessions.assemble import assemble
from sentio_tui.sessions.export import export_logs
from sentio_tui.sessions.signals import data_set
from sentio_tui.settings import LadderSettings, MachineSettings
from sentio_tui.strategies import registry
from tests.sessions.places import needs_data, recorded
from tests.terminals import on_a_terminal

BTC = "BTC-USD_1min_2018-04-04_2018-04-05.csv"
SPY = "SPY_1min_2013-10-04_2013-10-10.csv"


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(paths, "user_config_dir", lambda: tmp_path / "config")


def two_symbols(folder: Path) -> Path:
    """A day of SPY, and one minute of another."""
    path = folder / "bars.csv"
    rows = [
        "timestamp,symbol,open,high,low,close,volume",
        *(f"2024-01-02T14:{30 + minute}:00Z,SPY,100,103,99,{100 + minute % 3},10" for minute in range(30)),
        "2024-01-02T14:30:00Z,QQQ,50,51,49,50,10",
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


@needs_data
def test_signals_are_those_of_a_session_over_the_same_bars(tmp_path: Path) -> None:
    settings = recorded(BTC, strategy="momentum", symbols=("BTC-USD",))
    session = assemble(settings, tmp_path / "sessions")
    session.start()
    assert session.wait(60.0)
    signals, *_ = export_logs(read_all(session.journal).events, tmp_path / "logs")
    logged = [json.loads(line) for line in signals.open()]
    assert {row["signal"] for row in logged} == {"LONG", "SHORT", "NEUTRAL"}
    rows = [json.loads(json.dumps(row)) for row in data_set(settings, None).rows()]
    assert rows == logged


@needs_data
@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_every_strategy_has_a_signal_for_every_bar(name: str) -> None:
    made = data_set(recorded(SPY, strategy=name), "SPY")
    rows = list(made.rows())
    assert [row["bar_timestamp_ms"] for row in rows] == [bar.time for bar in made.bars]
    assert len(rows) == 4063
    assert {row["symbol"] for row in rows} == {"SPY"}
    assert all(row["timestamp_ms"] == bar.time + MINUTE for row, bar in zip(rows, made.bars, strict=True))


def test_the_base_of_a_family_drives(tmp_path: Path) -> None:
    settings = replace(
        recorded(),
        feed=replace(recorded().feed, data=(str(two_symbols(tmp_path)),)),
        machine=MachineSettings(kind="ladder", ladder=LadderSettings(family="SPY")),
    )
    assert data_set(settings, None).symbol == "SPY"
    assert len(data_set(settings, None).bars) == 30
    assert len(data_set(settings, "QQQ").bars) == 1


def test_a_symbol_must_be_chosen_among_several(tmp_path: Path) -> None:
    settings = replace(recorded(), feed=replace(recorded().feed, data=(str(two_symbols(tmp_path)),)))
    with pytest.raises(FeedError, match="bars of QQQ, SPY: choose the symbol with --symbol"):
        data_set(settings, None)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["signals", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_writes_a_line_a_bar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = str(two_symbols(tmp_path))
    options = ["--data", data, "--symbol", "SPY", "--set", "strategy.params.window_minutes=5"]
    code, out, err = run(capsys, *options, "--out", "signals.jsonl")
    assert (code, out) == (0, "")
    assert "30 signals of momentum on SPY in signals.jsonl" in err
    rows = [json.loads(line) for line in Path("signals.jsonl").read_text().splitlines()]
    assert len(rows) == 30
    assert [row["warming_up"] for row in rows[:6]] == [4, 3, 2, 1, 0, 0]
    code, out, err = run(capsys, *options, "--out", "-")
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == rows


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--data", "absent.csv"], "absent.csv: no such file"),
        (["--data", "bad.csv"], "bad.csv, line 2: "),
        (["--data", "bars.csv"], "choose the symbol with --symbol"),
        (["--data", "bars.csv", "--symbol", "IBM"], "no bars of IBM in bars.csv; there are QQQ, SPY"),
        (["--data", "bars.csv", "--symbol", "SPY", "--strategy", "momentun"], "did you mean"),
        (["--data", "bars.csv", "--symbol", "SPY", "--preset", "bold"], "unknown preset 'bold'"),
        (["--data", "bars.csv", "--symbol", "SPY", "--set", "strategy.params.windows=3"], "unknown parameter"),
        ([], "a recorded feed needs its files"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_t39_bad_input_is_told_with_its_place(
    options: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two_symbols(tmp_path)
    Path("bad.csv").write_text("timestamp,symbol,open,high,low,close,volume\n2024-01-02T14:30:00Z,SPY,1,2,3,4,5\n")
    code, out, err = run(capsys, *options, "--out", "signals.jsonl")
    assert (code, out) == (2, "")
    assert told in err
    assert not Path("signals.jsonl").exists()


@pytest.mark.parametrize("out", ["absent/signals.jsonl", "."])
def test_a_place_that_cannot_be_written_is_told_before_the_work(
    out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, "--data", str(two_symbols(tmp_path)), "--symbol", "SPY", "--out", out)
    assert code == 2
    assert f"--out {out}" in err
    assert "signals of" not in err


def test_a_strategy_that_fails_is_named_with_the_bar_and_leaves_the_old_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentio_tui.strategies.momentum import Momentum

    def fail(strategy: Momentum, bar: Bar) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(Momentum, "on_bar", fail)
    Path("signals.jsonl").write_text("before")
    code, _, err = run(capsys, "--data", str(two_symbols(tmp_path)), "--symbol", "SPY", "--out", "signals.jsonl")
    assert code == 1
    assert "momentum failed on the bar of 2024-01-02 09:30 EST: ZeroDivisionError: by zero" in err
    assert Path("signals.jsonl").read_text() == "before"
    assert [path.name for path in tmp_path.glob("*.tmp")] == []


def test_t26_without_a_terminal_the_progress_is_a_line_every_so_often(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sentio_tui.cli.progress.TELL_EVERY", 0.0)
    monkeypatch.setattr("sentio_tui.cli.signals.CHUNK", 10)
    _, _, err = run(capsys, "--data", str(two_symbols(tmp_path)), "--symbol", "SPY", "--out", "-")
    assert [line for line in err.splitlines() if " of 30 bars" in line] == [
        f"sentio-tui: SPY: {done} of 30 bars" for done in (10, 20, 30)
    ]


def test_t26_on_a_terminal_the_progress_is_a_bar(tmp_path: Path) -> None:
    arguments = ("signals", "--data", str(two_symbols(tmp_path)), "--symbol", "SPY", "--out", "-")
    code, out, told = on_a_terminal(*arguments, environ={"SENTIO_SESSIONS_DIR": str(tmp_path)})
    assert code == 0
    assert len(out.splitlines()) == 30
    assert "━" in told
    assert "30/30" in told


def test_bars_that_a_session_would_not_take_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = two_symbols(tmp_path)
    with data.open("a") as file:
        file.write("2024-01-02T15:30:00Z,SPY,100,200,99,100,10\n2024-01-02T15:31:00Z,SPY,100,101,99,100,10\n")
    code, out, err = run(capsys, "--data", str(data), "--symbol", "SPY", "--out", "-")
    assert code == 0
    assert len(out.splitlines()) == 31
    assert "1 bar of SPY is not to be believed and left out" in err
