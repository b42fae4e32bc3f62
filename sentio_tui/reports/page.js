"use strict";
// Draws the charts of the page in the colours of the theme in force, sorts its tables, and redraws for paper.
(() => {
  const root = document.documentElement;
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const PAPER = 680;

  const coloured = (value, styles) => {
    if (typeof value === "string") {
      return value.startsWith("@") ? styles.getPropertyValue(`--${value.slice(1)}`).trim() || "#808080" : value;
    }
    if (Array.isArray(value)) return value.map((each) => coloured(each, styles));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, coloured(each, styles)]));
    }
    return value;
  };

  const axis = (given) => ({
    gridcolor: "@pane-border", zerolinecolor: "@trade-muted", linecolor: "@pane-border", automargin: true, ...given,
  });

  const layout = (chart, element) => {
    const made = {
      height: 320,
      margin: { l: 8, r: 12, t: 8, b: 8 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: "@base-foreground", size: 12, family: getComputedStyle(document.body).fontFamily },
      hoverlabel: { bgcolor: "@base-panel", bordercolor: "@pane-border", font: { color: "@base-foreground" }, align: "left" },
      showlegend: chart.data.filter((each) => each.name).length > 1,
      legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0 },
      barmode: "overlay",
      bargap: 0.15,
      ...chart.layout,
    };
    for (const key of Object.keys(made)) if (/^[xy]axis\d*$/.test(key)) made[key] = axis(made[key]);
    // A swipe over a chart scrolls the page, unless there is a mouse to draw with.
    made.dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom";
    made.width = element.dataset.width ? Number(element.dataset.width) : undefined;
    return made;
  };

  const draw = () => {
    const styles = getComputedStyle(root);
    const done = [];
    for (const element of document.querySelectorAll(".chart")) {
      const chart = charts[element.dataset.chart];
      done.push(Plotly.react(
        element,
        coloured(chart.data, styles),
        coloured(layout(chart, element), styles),
        { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"], displayModeBar: "hover" },
      ));
    }
    return Promise.all(done);
  };

  const isDark = () => getComputedStyle(root).colorScheme.includes("dark");
  const toggle = document.getElementById("theme");
  toggle?.addEventListener("click", () => {
    root.dataset.theme = isDark() ? toggle.dataset.light : toggle.dataset.dark;
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  // The styles of paper are not in force yet when the charts must be ready for it.
  let chosen;
  addEventListener("beforeprint", () => {
    chosen = root.dataset.theme;
    if (toggle) root.dataset.theme = toggle.dataset.light;
    for (const element of document.querySelectorAll(".chart")) element.dataset.width = PAPER;
    draw();
  });
  addEventListener("afterprint", () => {
    if (chosen) root.dataset.theme = chosen;
    else delete root.dataset.theme;
    for (const element of document.querySelectorAll(".chart")) delete element.dataset.width;
    draw();
  });

  const number = (text) => {
    const value = Number.parseFloat(text.replaceAll(",", ""));
    return Number.isNaN(value) ? -Infinity : value;
  };
  for (const heading of document.querySelectorAll("table.sortable th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      const body = heading.closest("table").tBodies[0];
      const isNumber = heading.classList.contains("n");
      const rows = [...body.rows].map((row) => [row.cells[heading.cellIndex].textContent, row]);
      rows.sort(([a], [b]) => (isNumber ? number(a) - number(b) : a.localeCompare(b)));
      if (down) rows.reverse();
      for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.append(...rows.map(([, row]) => row));
    });
  }

  draw().then(() => { root.dataset.drawn = "yes"; });
})();
