//! Finds out which commit and which compiler make this build.

use std::env;
use std::process::Command;

fn main() {
    // A build from an archive has no repository; whoever makes it may state the commit.
    println!("cargo::rerun-if-env-changed=PRINTFARM_REVISION");
    let revision = env::var("PRINTFARM_REVISION").ok().or_else(|| output("git", &["rev-parse", "HEAD"]));
    if let Some(revision) = revision {
        // `cargo run` passes these on to the program, which warns of variables in its own namespace that it does not know.
        println!("cargo::rustc-env=BUILD_REVISION={revision}");
    }

    let rustc = env::var("RUSTC").ok().and_then(|rustc| output(&rustc, &["--version"]));
    let version = rustc.as_deref().and_then(|line| line.split(' ').nth(1));
    println!("cargo::rustc-env=BUILD_RUSTC_VERSION={}", version.unwrap_or("unknown"));

    println!("cargo::rerun-if-changed=build.rs");
    // Every commit and every checkout adds a line to it.
    if let Some(log) = output("git", &["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned()).filter(|text| !text.is_empty())
}
