"""HTML made of elements. Text is escaped here and nowhere else; what is markup already says so by its type."""

import html
from collections.abc import Iterable, Sequence
from typing import Final

from sentio_tui.plain import clean

_EMPTY: Final = frozenset({"meta", "link", "br", "hr", "input"})


class Markup(str):
    """Text that is HTML already. Only this module makes it of parts that are not."""

    __slots__ = ()


Child = str | Markup


def element(tag: str, *children: Child, **attributes: str | bool) -> Markup:
    """One element. A trailing underscore of an attribute's name is dropped, others are dashes; True stands alone,
    False is left out."""
    named = "".join(
        f" {name}" if value is True else f' {name}="{html.escape(clean(value))}"'
        for name, value in ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
        if value is not False
    )
    inside = "" if tag in _EMPTY else f"{together(*children)}</{tag}>"
    return Markup(f"<{tag}{named}>{inside}")


def together(*children: Child) -> Markup:
    """Several after one another."""
    return Markup("".join(each if isinstance(each, Markup) else html.escape(clean(each)) for each in children))


def raw(tag: str, content: str, **attributes: str) -> Markup:
    """A script or a style sheet, whose content is not escaped. Raises ValueError where it would end its element."""
    if f"</{tag}" in content.lower():
        raise ValueError(f"what goes into <{tag}> must not hold its end")
    opening = element(tag, **attributes).removesuffix(f"</{tag}>")
    return Markup(f"{opening}{content}</{tag}>")


def table(
    headings: Sequence[str], rows: Iterable[Sequence[Child]], numbers: frozenset[int] = frozenset(), **attributes: str
) -> Markup:
    """A table that scrolls sideways by itself. `numbers` are the columns at the right."""

    def cells(tag: str, row: Sequence[Child]) -> Markup:
        return together(
            *(
                element(tag, cell, class_="n" if index in numbers else False, scope="col" if tag == "th" else False)
                for index, cell in enumerate(row)
            )
        )

    head = element("thead", element("tr", cells("th", headings)))
    body = element("tbody", *(element("tr", cells("td", row)) for row in rows))
    return element("div", element("table", head, body, **attributes), class_="scroll")
