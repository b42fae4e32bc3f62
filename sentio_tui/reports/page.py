"""One HTML file that holds everything it shows: it is read without a network, and asks nobody for anything."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Final

import msgspec

from sentio_tui.reports.markup import Child, Markup, element, raw, table, together
from sentio_tui.reports.plotting import Chart
from sentio_tui.style_sheets import SheetTheme, style_sheet

_PAGE: Final = files("sentio_tui.reports")


def page(
    title: str, header: Child, sections: Iterable[Child], charts: Sequence[Chart], themes: Sequence[SheetTheme]
) -> bytes:
    """The whole document. `sections` stand below the header, each chart where `drawn` put it."""
    dark = next((each for each in themes if each.is_dark), None)
    light = next((each for each in themes if not each.is_dark), None)
    used = [each for each in (dark, light) if each is not None]
    plotly = (files("plotly") / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    script = (_PAGE / "page.js").read_text(encoding="utf-8")
    style = style_sheet(used) + (_PAGE / "page.css").read_text(encoding="utf-8")
    toggle = (
        element("button", "Light / dark", id="theme", type="button", data_dark=dark.name, data_light=light.name)
        if dark is not None and light is not None
        else Markup()
    )
    scripts = (plotly, script) if charts else ()
    allowed = " ".join(f"'sha256-{_digest(each)}'" for each in scripts) or "'none'"
    # Only these two scripts run, and nothing is fetched from anywhere. Plotly sets styles on its elements.
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'"
    )
    head = together(
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        raw("style", style),
    )
    body = together(
        element("header", header, toggle),
        element("main", *sections),
        raw("script", _safe_json(charts), type="application/json", id="charts"),
        *(raw("script", each) for each in scripts),
    )
    root = element("html", element("head", head), element("body", body), lang="en")
    return together(Markup("<!doctype html>\n"), root).encode()


def drawn(chart: Chart, below: Child = "") -> Markup:
    """The place of a chart, with its title, what it says, and what belongs below it."""
    label = f"{chart.title}. {chart.note}"
    inside = element("div", class_="chart", data_chart=chart.name, role="img", aria_label=label)
    content = together(inside, element("figcaption", chart.note), below)
    return panel(chart.title, content, is_wide=chart.is_wide, tag="figure")


def panel(title: str, content: Child, *, is_wide: bool = True, tag: str = "section", more: str = "") -> Markup:
    classes = " ".join(filter(None, ("panel", "" if is_wide else "half", more)))
    return element(tag, element("h2", title), content, class_=classes)


def pairs(rows: Iterable[tuple[str, str]]) -> Markup:
    """Names and what they stand for."""
    return table(("", ""), [(name, element("code", value)) for name, value in rows])


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _safe_json(charts: Sequence[Chart]) -> str:
    """JSON that ends no element whatever it holds."""
    made = msgspec.json.encode({chart.name: {"data": chart.data, "layout": chart.layout} for chart in charts}).decode()
    return made.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
