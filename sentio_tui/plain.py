"""Text from outside (symbols, reasons, words of a broker) made harmless, for every viewer."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_ESCAPES: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movements
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC and other strings: titles, links
    r"|\x9b[0-?]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]?"
)
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """Text from outside, on one line and harmless: no escape sequences, no control or invisible characters.

    It is still plain text, never markup: brackets stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_harmless, unicodedata.normalize("NFC", _ESCAPES.sub("", text))))


def _harmless(character: str) -> str:
    match unicodedata.category(character):
        case "Zl" | "Zp" | "Zs":
            return " "
        case "Cc":
            return " " if character in "\t\n\r\v\f" else _REPLACED
        case "Cs" | "Co" | "Cn":
            return _REPLACED
        case "Cf" | "Me":
            return ""
        case "Mn" if "\ufe00" <= character <= "\ufe0f":
            return ""  # a variation selector makes terminals disagree on the width of what stands before it
        case _:
            return character
