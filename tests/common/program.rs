//! The program as a child process, in a folder of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;

use super::client::{Connection, Response};

/// The program, in a folder of its own.
pub(crate) fn program() -> Command {
    in_own_folder(Command::new(env!("CARGO_BIN_EXE_printfarm_exporter")))
}

pub(crate) fn in_own_folder(mut command: Command) -> Command {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let folder = format!("program-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    command.env_clear().current_dir(folder);
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    program().args(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// A file for one test.
pub(crate) fn file(name: &str, content: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// The program, once it listens.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// When it is dropped, the pipe of the log is closed after the next line.
    pub(crate) log: Option<Log>,
    pub(crate) address: SocketAddr,
}

impl Running {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_as(program(), arguments)
    }

    /// Starts it with the state of an earlier run.
    pub(crate) fn start_on(store: &Path) -> Self {
        Self::start(&[&format!("--storage.path={}", store.display())])
    }

    /// Kills it, as `kill -9` does.
    pub(crate) fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn request(&self, method: &str, target: &str, body: &str) -> Response {
        let mut connection = Connection::open(self.address);
        connection.send_request(method, target, "Content-Type: application/json\r\n", body.as_bytes());
        connection.receive(method)
    }

    pub(crate) fn start_as(mut command: Command, arguments: &[&str]) -> Self {
        command.args(["--web.listen-address=127.0.0.1:0"]).args(arguments).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = Log::of(child.stderr.take().unwrap());
        let line = log.wait_for("listening=");
        // Several addresses are one quoted value.
        let addresses = line.split("listening=").nth(1).unwrap().trim_start_matches('"');
        let address = addresses.split([' ', '"', '\n']).next().unwrap().parse().unwrap();
        Self { child, log: Some(log), address }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    pub(crate) fn wait_for(&self, part: &str) -> String {
        self.log.as_ref().unwrap().wait_for(part)
    }

    /// The exit code and the rest of the log.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let rest = self.log.take().unwrap().rest();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has usually ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The log of a program. It is read all the time, because a full pipe would block the program.
pub(crate) struct Log(Mutex<mpsc::Receiver<String>>);

impl Log {
    pub(crate) fn of(stderr: ChildStderr) -> Self {
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(stderr).lines().map_while(Result::ok);
            for line in lines {
                if sender.send(line + "\n").is_err() {
                    return;
                }
            }
        });
        Self(Mutex::new(lines))
    }

    /// The next line that contains `part`; earlier lines are skipped.
    pub(crate) fn wait_for(&self, part: &str) -> String {
        self.until(part).lines().last().unwrap().to_owned()
    }

    /// All lines up to the next one that contains `part`.
    pub(crate) fn until(&self, part: &str) -> String {
        let (lines, mut seen) = (self.0.lock().unwrap(), String::new());
        loop {
            let line = lines.recv().unwrap_or_else(|_| panic!("no line with {part}: {seen}"));
            seen.push_str(&line);
            if line.contains(part) {
                return seen;
            }
        }
    }

    /// The rest of the log, after the program has ended.
    pub(crate) fn rest(&self) -> String {
        self.0.lock().unwrap().iter().collect()
    }
}
