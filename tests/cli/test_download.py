"""`download`: its words, exit codes and output, and what the recorded feed makes of its files."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sentio_tui.alpaca.keys import KEY_ID, SECRET
from sentio_tui.alpaca.rest import Rest
from sentio_tui.cli import main
from sentio_tui.model.bars import Bar
from tests.exchange.server import ThreadedAlpaca
from tests.terminals import on_a_terminal

Run = Callable[..., tuple[int, str, str]]
WEEK = ("--start", "2025-07-08", "--end", "2025-07-14")
"""Five exchange days before the one the exchange's clock stands at; by this machine's clock all are over."""


@pytest.fixture
def run(threaded_exchange: ThreadedAlpaca, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command against the local exchange; exit code, output and what it told."""
    alpaca = threaded_exchange.alpaca
    monkeypatch.setenv(KEY_ID, alpaca.key)
    monkeypatch.setenv(SECRET, alpaca.secret)
    monkeypatch.setenv("SENTIO_FEED__ALPACA__DATA_URL", alpaca.url)

    def command(*arguments: str, out: str = "bars") -> tuple[int, str, str]:
        code = main(["download", *arguments, "--out", out])
        said = capsys.readouterr()
        assert alpaca.secret not in said.out + said.err
        return code, said.out, said.err

    return command


def test_downloaded_files_are_played_with_a_warm_up(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run("--symbols", "SPY,QQQ", *WEEK)
    assert (code, err) == (0, "")
    head, spy, qqq, sparse = out.splitlines()
    assert " ".join(head.split()) == "symbol feed days without bars bars missing minutes out of hours duplicates"
    assert spy.split()[:4] == ["SPY", "iex", "5", "0"]
    assert "of 1,950 (" in spy
    assert qqq.startswith("QQQ")
    assert sparse.startswith("iex has the trades of one exchange")

    # fmt: off
    played = main([
        "run", "--feed", "recorded", "--data", "bars", "--symbols", "SPY,QQQ", "--date", "2025-07-14", "--speed", "0",
        "--strategy", "momentum", "--set", "feed.warm_up_days=2", "--sessions-dir", "kept", "--json",
    ])
    # fmt: on
    said = capsys.readouterr()
    assert played == 0, said.err
    assert json.loads(said.out)["symbols"] == ["SPY", "QQQ"]
    journal = next(Path("kept").glob("*.jsonl")).read_text()
    assert journal.count('"backfilled":true') > 2 * 2 * 380
    assert "bars/SPY_iex_2025-07.csv" in journal.splitlines()[0], "the files are named one by one, for a resume"


def test_the_result_alone_is_on_the_standard_output(run: Run) -> None:
    code, out, _ = run("--symbols", "SPY,BTC-USD", *WEEK, "--json", "--format", "parquet")
    assert code == 0
    document = json.loads(out)
    assert (document["folder"], document["format"]) == ("bars", "parquet")
    spy, coin = document["symbols"]
    assert (spy["source"], spy["coverage"]["days"], spy["files"]) == ("iex", 5, ["SPY_iex_2025-07.parquet"])
    assert (coin["source"], coin["coverage"]["days"], coin["duplicates"]) == ("crypto", 7, 0)


def test_without_symbols_it_is_what_a_session_would_trade(run: Run) -> None:
    code, out, _ = run("--profile", "qqq", "--start", "2025-07-14", "--end", "2025-07-14")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:5]] == ["QQQ", "TQQQ", "PSQ", "SQQQ"]


def test_without_a_terminal_progress_is_lines(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentio_tui.cli.progress.TELL_EVERY", 0.0)
    _, _, err = run("--symbols", "SPY", *WEEK)
    assert err.splitlines() == [f"sentio-tui: download: {done} of 5 days" for done in range(1, 6)]


def test_on_a_terminal_progress_is_a_bar(run: Run, tmp_path: Path) -> None:
    assert run("--symbols", "SPY", "--start", "2025-07-14", "--end", "2025-07-14")[0] == 0
    arguments = ("download", "--symbols", "SPY", *WEEK, "--out", "bars")
    code, out, told = on_a_terminal(*arguments, environ={"SENTIO_SESSIONS_DIR": str(tmp_path)})
    assert code == 0
    assert "━" in told
    assert "4/4" in told
    assert out.startswith(b"symbol")


def test_ctrl_c_keeps_what_came_and_says_how_to_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = Rest.minute_bars, []

    async def minute_bars(self: Rest, *given: object) -> dict[str, list[Bar]]:
        asked.append(given)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return await real(self, *given)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(Rest, "minute_bars", minute_bars)
    code, out, err = run("--symbols", "SPY", *WEEK)
    assert (code, out) == (130, "")
    assert "2 of 5 days came and are kept; the same command goes on" in err
    asked.clear()
    asked += [(), (), ()]
    assert run("--symbols", "SPY", *WEEK)[0] == 0
    assert len(asked) == 3 + 3


def test_a_refusal_of_alpaca_is_told_in_words(run: Run, threaded_exchange: ThreadedAlpaca) -> None:
    faults = threaded_exchange.alpaca.faults
    threaded_exchange.call(lambda: faults.add("403", path="/v2/stocks/bars", after=2, times=None))
    code, out, err = run("--symbols", "SPY", *WEEK)
    assert (code, out) == (1, "")
    refusal, kept = err.splitlines()
    assert "403: forbidden." in refusal
    assert "the plan includes this data" in refusal
    assert kept == "sentio-tui: 2 of 5 days came and are kept; the same command goes on"


def test_a_wait_for_the_limit_is_said(
    run: Run, threaded_exchange: ThreadedAlpaca, monkeypatch: pytest.MonkeyPatch
) -> None:
    alpaca = threaded_exchange.alpaca
    monkeypatch.setattr("sentio_tui.cli.download._LONG_PAUSE", 0.3)
    threaded_exchange.call(lambda: alpaca.faults.add("429", path="/v2/stocks/bars", after=1, times=1))
    code, _, err = run("--symbols", "SPY", *WEEK)
    assert code == 0
    assert "the limit of requests a minute is used up: going on in" in err


def test_a_day_without_bars_and_an_unknown_symbol_are_told(run: Run, threaded_exchange: ThreadedAlpaca) -> None:
    faults = threaded_exchange.alpaca.faults
    threaded_exchange.call(lambda: faults.add("empty_bars", path="/v2/stocks/bars", after=1, times=1))
    code, out, err = run("--symbols", "SPY,SPYY", *WEEK)
    assert code == 0
    assert "SPY without bars: 2025-07-09" in out
    assert "n/a (no bars)" in out
    assert "SPYY: iex has no bar of it on any of these days; check its spelling" in err
    assert "asked for again" in err
    code, _, _ = run("--symbols", "SPYY", *WEEK)
    assert code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--symbols", "SPY", "--start", "yesterday"), "write it as YYYY-MM-DD"),
        (("--symbols", "SPY"), "--start"),
        (("--symbols", "SPY", "--start", "2025-07-08", "--end", "2025-07-07"), "is after --end 2025-07-07"),
        (("--symbols", "SPY", "--start", "2999-01-04"), "is after today"),
        (("--symbols", "SPY", "--start", "1950-01-02", "--end", "1950-01-03"), "is known from"),
        (("--symbols", "SPY", *WEEK, "--feed", "crypto"), "crypto has no history of SPY: choose --feed iex or sip"),
        (("--symbols", "SPY", *WEEK, "--set", "feed.alpaca.feed=test"), "test has no history of SPY"),
        (("--symbols", "spy", *WEEK), "'spy' is no symbol of Alpaca"),
        (("--symbols", "SPY", "--start", "2025-07-12", "--end", "2025-07-13"), "no exchange day"),
    ],
)
def test_what_cannot_be_asked_for_is_exit_2(run: Run, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_a_file_in_the_place_of_the_folder_is_exit_2(run: Run) -> None:
    Path("bars").write_text("")
    code, _, err = run("--symbols", "SPY", *WEEK)
    assert code == 2
    assert "--out bars is a file: name a folder" in err


def test_without_keys_it_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SECRET)
    code, out, err = run("--symbols", "SPY", *WEEK)
    assert (code, out) == (1, "")
    assert "APCA_API_SECRET_KEY is not: set both" in err
    assert not Path("bars").exists()
