//! The rules about panels: their places, texts, units and data sources.

use super::*;

/// Panels have ids of their own, lie within the 24 columns, and none covers another.
pub(super) fn panel_grid(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut ids = BTreeMap::new();
    let mut taken = BTreeMap::new();
    for panel in dashboard.panels() {
        let title = text(panel, "title");
        if let Some(other) = ids.insert(panel["id"].as_u64(), title) {
            wrong.push(format!("{title} has the id of {other}"));
        }
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap_or(0));
        if w == 0 || h == 0 || x + w > 24 {
            wrong.push(format!("{title} does not lie within the grid"));
        }
        let fields = (x..x + w).flat_map(|column| (y..y + h).map(move |row| (column, row)));
        let covered: Vec<_> = fields.filter_map(|field| taken.insert(field, title)).collect();
        if let Some(other) = covered.first() {
            wrong.push(format!("{title} lies on {other}"));
        }
    }
    wrong
}

/// Every panel says what it shows, and in which unit.
pub(super) fn panel_text_and_unit(dashboard: &Dashboard) -> Vec<String> {
    let mut wrong = Vec::new();
    for panel in dashboard.panels() {
        let title = text(panel, "title");
        if title.is_empty() {
            wrong.push(format!("panel {} has no title", panel["id"]));
        }
        if text(panel, "type") != "row" && !text(panel, "description").ends_with('.') {
            wrong.push(format!("{title} has no description"));
        }
    }
    for panel in dashboard.data_panels() {
        let unit = text(&panel["fieldConfig"]["defaults"], "unit");
        if !UNITS.contains(&unit) {
            wrong.push(format!("{} has the unit {unit:?}", text(panel, "title")));
        }
    }
    wrong
}

/// Every panel and query asks the data source that was chosen.
pub(super) fn panel_datasource(dashboard: &Dashboard) -> Vec<String> {
    let chosen = json!({"type": "prometheus", "uid": "${datasource}"});
    let mut wrong = Vec::new();
    for panel in dashboard.data_panels() {
        expect(&mut wrong, text(panel, "title"), &panel["datasource"], &chosen);
    }
    for target in dashboard.targets() {
        expect(&mut wrong, &target.place(), &target.json["datasource"], &chosen);
    }
    wrong
}
