"""What a terminal sends, as events: keys, and pasted text that is never keys."""

import os
import threading

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from sentio_tui.ui.terminal_input import Parser, read

START, END = "\x1b[200~", "\x1b[201~"


def parsed(*pieces: str) -> list[Message]:
    parser = Parser()
    return [event for piece in pieces for event in parser.feed(piece)]


def told(found: list[Message]) -> list[str]:
    """Keys by name, pasted text in brackets."""
    return [
        event.key if isinstance(event, events.Key) else f"[{event.text}]" if isinstance(event, events.Paste) else "?"
        for event in found
    ]


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ("/ab", ["slash", "a", "b"]),
        ("\x1b[A\x1bOP\x1b[Z", ["up", "f1", "shift+tab"]),
        (f"q{START}x s{END}q", ["q", "[x s]", "q"]),
        (f"{START}{END}q", ["[]", "q"]),
        (f"{START}a\x1b[31mred space, and so on for more than thirty characters{END}q",
         ["[a[31mred space, and so on for more than thirty characters]", "q"]),
        (f"{START}\x1b\x1b\x1b[201x{START}\x1b{END}q", ["[[201x[200~]", "q"]),
    ],
)  # fmt: skip
def test_pasted_text_is_one_event_whatever_is_in_it(sent: str, wanted: list[str]) -> None:
    assert told(parsed(sent)) == wanted
    assert told(parsed(*sent)) == wanted, "read byte by byte"


@given(text=st.text(alphabet="\x1b[]~;012fxs \n", max_size=60), cut=st.integers(0, 80))
def test_no_pasted_text_is_ever_a_key(text: str, cut: int) -> None:
    assume(END not in text)
    sent = f"{START}{text}{END}q"
    found = told(parsed(*filter(None, (sent[:cut], sent[cut:]))))
    assert found == [f"[{text}]".replace("\x1b", ""), "q"]


def test_reading_takes_stray_bytes_and_ends_with_the_terminal() -> None:
    theirs, ours = os.pipe()
    found: list[Message] = []
    os.write(ours, b"a\xffb\xe2\x82")
    os.write(ours, b"\xac")
    os.close(ours)
    read(theirs, threading.Event(), found.append)
    os.close(theirs)
    assert [event.character for event in found if isinstance(event, events.Key)] == ["a", "�", "b", "€"]
