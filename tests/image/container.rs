//! Images and containers, managed by podman in a storage of its own.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Keeps the base image and compiled dependencies for the next build. It is outside of the target folder, because every
/// clone of the repository uses it.
pub(crate) const FOLDER: &str = "/var/cache/printfarm_exporter-images";

/// Mounts and running containers, which do not survive a reboot.
pub(crate) const RUN: &str = "/run/printfarm_exporter-images";

/// How often to look before giving up, and how long to wait between two looks.
const LOOKS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(100);

/// A command as root, which setting up the files of a container needs.
pub(crate) fn as_root(program: &str) -> Command {
    let user = Command::new("id").arg("-u").output().unwrap().stdout;
    let mut command = if user == b"0\n" { Command::new(program) } else { Command::new("sudo") };
    if user != b"0\n" {
        let variable = |name: &str| format!("{name}={}", std::env::var(name).unwrap_or_default());
        command.args(["--non-interactive", "env", &variable("HOME"), &variable("PATH"), program]);
    }
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Runs a command that must succeed. Returns what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; run scripts/install-test-tools"));
    let Output { status, stdout, stderr } = output;
    let printed = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{command:?} failed; did you run scripts/install-test-tools?\n{printed}");
    printed
}

pub(crate) fn podman(arguments: &[&str]) -> String {
    let mut podman = as_root("podman");
    podman.args(["--storage-driver=overlay", "--runtime=runc", "--cgroup-manager=cgroupfs"]);
    podman.arg("--events-backend=none").arg(format!("--root={FOLDER}/storage"));
    podman.arg(format!("--runroot={RUN}/storage")).arg(format!("--tmpdir={RUN}/libpod"));
    succeed(podman.args(arguments))
}

/// What podman knows of an image or a container.
pub(crate) fn inspected(name: &str) -> Value {
    serde_json::from_str::<Value>(&podman(&["inspect", name])).unwrap()[0].take()
}

/// Cleans up. A failure here must not hide the failure of the test.
fn remove(arguments: &[&str]) {
    let _ = std::panic::catch_unwind(|| podman(arguments));
}

/// An image of this process alone. It is removed when it is dropped.
pub(crate) struct Image {
    pub(crate) name: String,
}

impl Image {
    /// Builds this stage of the Dockerfile.
    pub(crate) fn build(stage: &str) -> Self {
        let image = Self { name: format!("localhost/printfarm_{stage}:test-{}", std::process::id()) };
        let storage = format!("{RUN}/storage");
        succeed(as_root("scripts/build-test-image").args([FOLDER, &storage, stage, &image.name]));
        image
    }

    /// What the program of the image prints for `--version`.
    pub(crate) fn version(&self) -> String {
        podman(&[
            "run",
            "--rm",
            "--network=none",
            "--ulimit=nofile=1024:1024",
            "--ulimit=nproc=1024:1024",
            &self.name,
            "--version",
        ])
    }

    /// Every file and empty folder in it, with its owner.
    pub(crate) fn files(&self) -> Vec<String> {
        let root = podman(&["image", "mount", &self.name]);
        let leaves = ["-mindepth", "1", "(", "!", "-type", "d", "-o", "-empty", ")", "-printf", "%P %U:%G\n"];
        let found = succeed(as_root("find").arg(root.trim()).args(leaves));
        podman(&["image", "unmount", &self.name]);
        let mut files: Vec<_> = found.lines().map(str::to_owned).collect();
        files.sort();
        files
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        remove(&["rmi", "--force", &self.name]);
    }
}

/// A container and the volume of its state. Both are removed when it is dropped.
pub(crate) struct Container {
    pub(crate) name: String,
}

impl Container {
    /// Starts the image with as few rights as possible.
    pub(crate) fn run(image: &Image) -> Self {
        let container = Self { name: format!("printfarm_exporter-{}", std::process::id()) };
        let volume = format!("--volume={}:/data", container.name);
        podman(&[
            "run",
            "--detach",
            "--name",
            &container.name,
            &volume,
            "--network=host",
            "--read-only",
            "--cap-drop=all",
            "--security-opt=no-new-privileges",
            // In a sandbox not even root may raise these limits.
            "--ulimit=nofile=1024:1024",
            "--ulimit=nproc=1024:1024",
            &image.name,
            "--web.listen-address=127.0.0.1:0",
        ]);
        container
    }

    /// Starts it again on the same volume.
    pub(crate) fn start(&self) {
        podman(&["start", &self.name]);
    }

    /// The address where it listens after so many starts.
    pub(crate) fn address(&self, starts: usize) -> SocketAddr {
        for _ in 0..LOOKS {
            let log = self.log();
            if let Some(rest) = log.split("listening=").nth(starts) {
                return rest.split_whitespace().next().unwrap().parse().unwrap();
            }
            thread::sleep(PAUSE);
        }
        panic!("{} does not listen: {}", self.name, self.log());
    }

    /// Everything that it has logged so far.
    pub(crate) fn log(&self) -> String {
        podman(&["logs", &self.name])
    }

    /// Sends SIGTERM and returns the exit code.
    pub(crate) fn stop(&self) -> Value {
        podman(&["stop", "--time=20", &self.name]);
        inspected(&self.name)["State"]["ExitCode"].take()
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        remove(&["rm", "--force", &self.name]);
        remove(&["volume", "rm", &self.name]);
    }
}
