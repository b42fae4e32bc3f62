"""Keys: where they come from, and that they are shown nowhere (T23)."""

import copy
import io
import logging
import pickle
import sys
from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from pathlib import Path
from traceback import TracebackException

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail

from sentio_tui.alerts.targets import Command
from sentio_tui.alpaca.http import AlpacaError
from sentio_tui.alpaca.keys import (
    KEY_ID,
    SECRET,
    Keys,
    KeysError,
    delete_keys,
    find_keys,
    guard_logs,
    keep_keys,
    kept_keys,
)
from sentio_tui.alpaca.lanes import Place
from sentio_tui.alpaca.rest import Rest
from sentio_tui.cli import main
from sentio_tui.web.child import Server
from tests.alerts.test_targets import MESSAGE
from tests.alpaca.places import Heard, keys_of, orders, rest, running, stocks
from tests.alpaca.test_rest import market_order
from tests.exchange.conditions import until
from tests.exchange.server import FakeAlpaca

ID, WORD = "PKTESTTESTTEST12", "a-secret-that-opens-nothing"


class InMemory(KeyringBackend):
    """A keyring of its own for a test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring gives it no types
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemory]:
    before, made = keyring.get_keyring(), InMemory()
    for name in (KEY_ID, SECRET):
        monkeypatch.delenv(name, raising=False)
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.fixture
def loggers() -> Iterator[None]:
    """What a test sets of loggers is taken back."""
    names = ["", "alpaca", "websockets", "websockets.client", "urllib3", "requests"]
    before = [(each, each.level, each.propagate, list(each.handlers)) for each in map(logging.getLogger, names)]
    yield
    for each, level, propagate, handlers in before:
        each.setLevel(level)
        each.propagate, each.handlers = propagate, handlers


def test_the_environment_wins_over_the_keyring(ring: InMemory) -> None:
    keep_keys("paper", Keys("PKOTHER", "other"))
    found = find_keys("paper", {KEY_ID: ID, SECRET: f"{WORD}\n"})
    assert (found.key_id, found.secret) == (ID, WORD)
    assert find_keys("paper", {}).key_id == "PKOTHER"


@pytest.mark.parametrize(("there", "missing"), [(KEY_ID, SECRET), (SECRET, KEY_ID)])
def test_half_of_the_keys_is_told(there: str, missing: str) -> None:
    with pytest.raises(KeysError, match=f"{there} is set and {missing} is not"):
        find_keys("paper", {there: "x"})


def test_keys_of_paper_and_live_are_kept_apart(ring: InMemory) -> None:
    keep_keys("live", Keys("AKLIVE", "x"))
    assert kept_keys("paper") is None
    with pytest.raises(KeysError, match="no keys of an Alpaca paper account"):
        find_keys("paper", {})
    assert find_keys("live", {}).key_id == "AKLIVE"
    assert delete_keys("live")
    assert not delete_keys("live")


def test_a_system_without_a_keyring_is_told_what_to_do(ring: InMemory) -> None:
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]  # keyring gives it no types
    with pytest.raises(KeysError, match=f"no keyring: set {KEY_ID}"):
        find_keys("paper", {})


def test_what_else_is_in_the_keyring_is_no_key(ring: InMemory) -> None:
    ring.kept["sentio-tui", "alpaca-paper"] = WORD
    with pytest.raises(KeysError, match="is not ours") as caught:
        find_keys("paper", {})
    assert WORD not in str(caught.value)


@pytest.mark.parametrize("bad", ["", "two words", "line\nbreak", "schlüssel"])
def test_what_can_be_no_key_is_refused_without_showing_it(bad: str) -> None:
    with pytest.raises(KeysError) as caught:
        Keys(ID, bad)
    assert not bad or bad not in str(caught.value)


def test_t23_keys_are_shown_and_copied_nowhere() -> None:
    keys = Keys(ID, WORD, "from the environment")
    assert WORD not in f"{keys} {keys!r} {[keys]} {keys.redact(f'{ID} {WORD}')}"
    assert ID not in f"{keys} {keys!r} {keys.redact(ID)}"
    assert keys.masked == "PK…ST12"
    with pytest.raises(TypeError, match="not to be copied"):
        pickle.dumps(keys)
    with pytest.raises(TypeError, match="not to be copied"):
        copy.copy(keys)
    with pytest.raises(FrozenInstanceError):
        keys.secret = ""  # type: ignore[misc]  # that it cannot be done is what is tested


def test_t23_a_log_record_loses_the_keys_whatever_it_says(loggers: None) -> None:
    keys, out = Keys(ID, WORD), io.StringIO()
    guard_logs(keys, logging.StreamHandler(out))
    logger = logging.getLogger("alpaca.trading")
    logger.info("key %s and secret %s", ID, WORD)
    try:
        raise ValueError(f"the header {WORD} is bad")
    except ValueError:
        logger.exception("failed")
    logging.getLogger("websockets.client").debug("> TEXT %s", WORD)
    text = out.getvalue()
    assert "key PK…ST12 and secret [hidden]" in text
    assert "the header [hidden] is bad" in text
    assert "TEXT" not in text
    assert WORD not in text


async def test_t23_a_whole_run_at_debug_level_writes_the_secret_nowhere(
    exchange: FakeAlpaca, tmp_path: Path, loggers: None, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "all.log"
    root = logging.getLogger()
    handler = logging.FileHandler(path)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("websockets.client").setLevel(logging.DEBUG)
    guard_logs(keys_of(exchange), handler)
    shares, trades = Heard(), Heard()
    async with (
        running(stocks(exchange, shares), bars=["SPY"]),
        running(orders(exchange, trades)),
        rest(exchange) as client,
    ):
        await until(lambda: exchange.subscribed == 2, "both listen")
        exchange.faults.add("504_after_accept", path="/v2/orders", method="POST")
        await client.submit(market_order("sentio-1"))
        exchange.faults.add("garbage")
        exchange.clock.advance(61)
        await until(lambda: any(word.detail for word in shares.words), "trouble is told")
    logging.getLogger("sentio_tui").debug("said")
    handler.flush()
    shown = capfd.readouterr()
    written = path.read_text() + shown.out + shown.err + repr(shares.words) + repr(trades.words)
    assert "said" in written
    assert "connected to" in written
    assert exchange.secret not in written
    assert exchange.key not in written


def test_keys_are_set_from_the_standard_input_shown_masked_and_deleted(
    ring: InMemory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ID}\n{WORD}\n"))
    assert main(["keys", "set"]) == 0
    assert main(["keys", "show"]) == 0
    assert main(["keys", "delete"]) == 0
    assert main(["keys", "show"]) == 1
    shown = capsys.readouterr()
    assert "paper: Alpaca keys PK…ST12 (from the keyring)" in shown.out
    assert "run `sentio-tui keys set`" in shown.err
    assert WORD not in shown.out + shown.err


def test_half_an_input_sets_nothing(
    ring: InMemory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ID}\n"))
    assert main(["keys", "set"]) == 2
    assert "a line each" in capsys.readouterr().err
    assert not ring.kept


def test_a_secret_is_never_taken_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "set", WORD]) == 2
    capsys.readouterr()


def test_keys_of_the_other_mode_are_set_with_a_warning(
    ring: InMemory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ID}\n{WORD}\n"))
    assert main(["keys", "set", "--mode", "live"]) == 0
    assert "does not look like the key id of a live account" in capsys.readouterr().err


async def test_t23_an_error_nobody_foresaw_does_not_show_the_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, method: str, url: str, **options: object) -> None:
        raise RuntimeError(f"unforeseen: {options['headers']}")

    monkeypatch.setattr("requests.Session.request", fail)
    client = Rest(Keys(ID, WORD), Place())
    with pytest.raises(AlpacaError, match="RuntimeError: unforeseen") as caught:
        await client.submit(market_order("sentio-1"))
    client.close()
    assert caught.value.unknown
    shown = "".join(TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert WORD not in shown


def test_processes_beside_a_session_do_not_get_its_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(KEY_ID, "PK-OF-THE-SESSION")
    monkeypatch.setenv(SECRET, "secret-of-the-session")
    code = "import os, sys; text = str(os.environ); open(sys.argv[1], 'w').write(text); print(text)"
    Command([sys.executable, "-c", code, str(tmp_path / "alert")], 30.0)(MESSAGE)
    said: list[str] = []
    Server().start([sys.executable, "-c", code, str(tmp_path / "web")], said.append)
    for text in (*said, *(path.read_text() for path in sorted(tmp_path.iterdir()))):
        assert "PATH" in text
        assert "OF-THE-SESSION" not in text.upper()
