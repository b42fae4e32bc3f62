"""Lines of keys in TOML texts."""

import tomli
from hypothesis import given
from hypothesis import strategies as st

from sentio_tui.toml_lines import KeyPath, join_key, key_lines, line_of, split_key

_NAMES = st.text(st.sampled_from("abcAB1_-. é\"'\\#=[]"), min_size=1, max_size=5)
_VALUES = st.sampled_from(
    [
        "1",
        "'#'",
        "[\n1, # ]\n2]",
        '"""a\n[x]\nb = 1"""',
        '"""a"""""',
        "{a = 1, b = {c = ']'}}",
        "'''\n'''",
        r'"\"]"',
        "1979-05-27T07:32:00Z",
    ]
)


@given(st.lists(_NAMES, min_size=1, max_size=3))
def test_keys_survive_joining_and_splitting(names: list[str]) -> None:
    assert split_key(join_key(tuple(names))) == tuple(names)


@given(st.lists(st.tuples(_NAMES, _VALUES)))
def test_every_key_has_its_line(entries: list[tuple[str, str]]) -> None:
    text = "# [comment]\n"
    expected: dict[KeyPath, int] = {}
    for index, (name, value) in enumerate(entries):
        expected["table", index] = text.count("\n") + 1
        text += "[[table]]  # note\n\n"
        expected["table", index, name] = text.count("\n") + 1
        text += f"{join_key((name,))} = {value}\n"
    tomli.loads(text)
    lines = key_lines(text)
    lines.pop(("table",), None)
    assert lines == expected


def test_tables_of_entries_and_dotted_keys() -> None:
    text = "a.b = 1\n[x]\n y.z = 2\n[[t]]\n[t.u]\nv = 1\n[[t]]\n[[t.w]]\n[[t.w]]\nk = [{m = 1}]\n"
    lines = key_lines(text)
    assert lines["a", "b"] == 1
    assert lines["x", "y", "z"] == 3
    assert lines["t", 0, "u", "v"] == 6
    assert lines["t", 1, "w", 1, "k"] == 10
    assert line_of(("t", 1, "w", 1, "k", 0, "m"), lines) == 10
    assert line_of(("nowhere",), lines) is None


def test_empty_text_has_no_keys() -> None:
    assert key_lines("") == {}
    assert key_lines("\n# only words") == {}
