//! A full disk, and its recovery.

use std::fs::{File, create_dir_all, remove_file};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::durability::{
    Folder, OCTOPRINT, assert_balanced, assert_nothing_fell, ended_prints, octoprint_done, own, scrape, send,
    wait_until_ready,
};
use crate::common::program::{Running, program, text};

/// A small file system.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path, options: &str) -> Self {
        let path = folder.join("disk");
        create_dir_all(&path).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&path).output();
        assert!(
            mount.is_ok_and(|mount| mount.status.success()),
            "this test mounts a small file system; run it as root, or as `unshare --user --map-root-user --mount \
             scripts/test`"
        );
        Self(path)
    }

    /// Takes all remaining space.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[b'x'; 512]).is_ok() {}
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn webhooks_are_refused_while_the_disk_is_full() {
    let folder = Folder::new();
    let disk = Disk::mount(&folder.0, "size=1m");
    let store = disk.0.join("printfarm.db");
    let mut program = Running::start_on(&store);
    let mut acknowledged = Vec::new();
    let mut done = |program: &Running, number: usize| {
        let name = format!("{number}.gcode");
        let (status, text) = send(program, &format!("{OCTOPRINT}/delta"), &octoprint_done(&name, 5.5));
        if status == 200 {
            acknowledged.push(name);
        }
        (status, text)
    };
    assert_eq!(done(&program, 0).0, 200);
    let filler = disk.fill();
    // The log has some space left in its allocated blocks.
    let refused = (1..200).map(|number| done(&program, number)).find(|(status, _)| *status != 200);
    let before = scrape(&program);
    let (status, text) = refused.unwrap();
    assert_eq!(status, 503, "{text}");
    assert!(text.contains(r#""reason":"store""#) && text.contains("the disk is full"), "{text}");
    assert!(!text.contains("durability-"), "the sender must not read a path: {text}");
    assert_eq!(program.request("GET", "/-/ready", "").status, 503);
    assert_eq!(program.request("GET", "/-/healthy", "").status, 200);
    let failures = own(&program, "printfarm_store_failures_total");
    assert!(failures >= 1.0, "{failures}");
    assert_eq!(done(&program, 200).0, 503);
    assert!(own(&program, "printfarm_store_failures_total") > failures);
    assert_nothing_fell(&before, &scrape(&program), "while the disk is full");
    remove_file(filler).unwrap();
    wait_until_ready(&program);
    assert_eq!(done(&program, 201).0, 200);
    program.crash();
    let program = Running::start_on(&store);
    let rows = ended_prints(&store);
    assert_eq!(rows.len(), acknowledged.len());
    for name in acknowledged {
        assert_eq!(rows.get(&name).map(Vec::len), Some(1), "{name}");
    }
    assert_balanced(&scrape(&program), &store, "after the crash");
}

#[test]
fn a_disk_without_inodes_is_called_full() {
    for has_lock in [false, true] {
        let folder = Folder::new();
        let disk = Disk::mount(&folder.0, "size=1m,nr_inodes=8");
        let store = disk.0.join("printfarm.db");
        if has_lock {
            let program = Running::start_on(&store);
            program.signal("TERM");
            assert_eq!(program.ended().0, Some(0));
        }
        let names = (0..).map(|number| disk.0.join(number.to_string()));
        assert!(names.map(File::create).take_while(Result::is_ok).count() < 8);
        let output =
            program().arg("--web.listen-address=127.0.0.1:0").arg("--storage.path").arg(&store).output();
        let output = output.unwrap();
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(line.contains("the disk is full") && line.contains("inodes"), "{line}");
        assert_eq!(line.matches('\n').count(), 1, "{line}");
    }
}
