//! Tells the program which compiler builds it, for `printfarm_build_info`.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let version = rustc_version().unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=PRINTFARM_RUSTC_VERSION={version}");
}

/// The second word of `rustc 1.89.0 (...)`.
fn rustc_version() -> Option<String> {
    let output = Command::new(env::var_os("RUSTC")?).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().nth(1).map(str::to_owned)
}
