// Where the panels lie: Grafana's grid of 24 columns.

const COLUMNS = 24;
const CELL_HEIGHT = 30;
const GAP = 8;

/** The panels in the order of the page. Those of a row that is collapsed lie below it, as if it were open. */
export function visiblePanels(dashboard) {
  const panels = [];
  let shift = 0;
  for (const panel of [...(dashboard.panels ?? [])].sort(byPlace)) {
    panels.push(moved(panel, shift));
    if (!panel.collapsed || !panel.panels?.length) continue;
    const below = panel.panels.map((inner) => moved(inner, shift));
    panels.push(...below);
    shift += Math.max(...below.map(({ gridPos: { y, h } }) => y + h)) - (panel.gridPos.y + shift + 1);
  }
  return panels;
}

function byPlace({ gridPos: a }, { gridPos: b }) {
  return a.y - b.y || a.x - b.x;
}

function moved(panel, rows) {
  return { ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + rows } };
}

/** The place of a panel on a page of this width, in pixels. */
export function place({ x, y, w, h }, width) {
  const column = (width - GAP * (COLUMNS - 1)) / COLUMNS;
  return {
    left: Math.round(x * (column + GAP)),
    top: y * (CELL_HEIGHT + GAP),
    width: Math.round(w * column + (w - 1) * GAP),
    height: h * CELL_HEIGHT + (h - 1) * GAP,
  };
}
