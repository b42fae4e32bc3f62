// Classic and in the head: the chosen theme is there before anything is drawn.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("sentio-theme");
  } catch {
    // Storage is forbidden: the system's choice of light and dark counts.
  }
  if (chosen) document.documentElement.dataset.theme = chosen;
}
