//! HAProxy before two replicas, as docs/REPLICAS.md has it.

use std::fs::{File, read_to_string};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::common::{eventually, free_address, installed, repository_file};
use crate::servers::folder_with;

/// A running HAProxy. It ends when it is dropped.
pub(super) struct HaProxy {
    child: Child,
    folder: PathBuf,
    pub(super) address: SocketAddr,
}

impl HaProxy {
    /// The configuration of the documentation, with these addresses in the place of its own.
    pub(super) fn before(replicas: [SocketAddr; 2]) -> Self {
        let documentation = repository_file("docs/REPLICAS.md");
        let block = documentation.split("```haproxy\n").nth(1).unwrap().split("```").next().unwrap();
        let address = free_address();
        let parts = [
            ("bind :10064", format!("bind {address}")),
            ("exporter-a:10064", replicas[0].to_string()),
            ("exporter-b:10064", replicas[1].to_string()),
        ];
        let config = parts.iter().fold(block.to_owned(), |config, (from, to)| {
            assert!(config.contains(from), "the documentation has no {from}");
            config.replace(from, to)
        });
        let folder = folder_with(&[("haproxy.cfg", &config)]);
        let mut haproxy = Command::new("/usr/sbin/haproxy");
        haproxy.args(["-db", "-f", "haproxy.cfg"]).current_dir(&folder);
        let log = File::create(folder.join("log")).unwrap();
        let mut child = installed("haproxy", haproxy.stdout(Stdio::null()).stderr(log).spawn());
        eventually("HAProxy accepts connections", || {
            let log = || read_to_string(folder.join("log")).unwrap();
            assert_eq!(child.try_wait().unwrap(), None, "HAProxy has ended: {}", log());
            TcpStream::connect(address).ok().map(drop)
        });
        Self { child, folder, address }
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
