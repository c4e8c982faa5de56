//! The programs around the exporter. Each test starts its own, with its own configuration.

mod alertmanager;
mod prometheus;
mod receiver;

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::client::{Connection, Response};
use crate::common::{eventually, free_address};

pub(crate) use crate::common::installed;

pub(crate) use alertmanager::Alertmanager;
pub(crate) use prometheus::Prometheus;
pub(crate) use receiver::Receiver;

/// A folder for one test, with these files: path and content.
pub(crate) fn folder_with(files: &[(&str, &str)]) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("stack-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    for (path, content) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// Runs a tool, which must succeed, in the repository. Returns what it prints.
pub(crate) fn tool(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let output = installed(program, output);
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{program} {arguments:?}\n{stdout}\n{stderr}");
    stdout
}

/// A program that serves HTTP at `address`. It is stopped and its folder is removed when it is dropped.
struct Server {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Server {
    /// Runs a program of the Prometheus project in `folder`, and waits until it is ready.
    fn start(program: &str, arguments: &[&str], folder: PathBuf) -> Self {
        let address = free_address();
        let child = Command::new(program)
            .args(arguments)
            .args([&format!("--web.listen-address={address}"), "--log.level=error"])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn();
        let mut server = Self { child: installed(program, child), address, folder };
        eventually(&format!("{program} is ready"), || {
            assert_eq!(server.child.try_wait().unwrap(), None, "{program} has ended");
            server.is_ready().then_some(())
        });
        server
    }

    fn is_ready(&self) -> bool {
        TcpStream::connect(self.address).is_ok() && self.get("/-/ready").status == 200
    }

    fn get(&self, target: &str) -> Response {
        let mut connection = Connection::open(self.address);
        connection.send_request("GET", target, "", b"");
        connection.receive("GET")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
