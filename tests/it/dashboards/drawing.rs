//! What draws the dashboards, as far as it is tested without a browser and without its packages.

use std::path::Path;
use std::process::Command;

use crate::stack::installed;

#[test]
fn panels_are_asked_for_as_grafana_asks() {
    // Node.js makes of a named folder what its version likes; of the one that it stands in, always the same.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana/draw");
    let mut node = Command::new("node");
    let output = installed("node", node.args(["--test", "--test-reporter=tap"]).current_dir(folder).output());
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    let passed = report.lines().find_map(|line| line.strip_prefix("# pass ")?.parse().ok());
    assert!(passed.is_some_and(|passed: u32| passed > 0), "{report}");
}
