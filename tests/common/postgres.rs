//! A real PostgreSQL from the packages of the system: in a folder of its own, on loopback and a free port. It can have TLS, a
//! standby, and pgbouncer before it.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::certificates::Identity;
use super::{eventually, free_address, installed};

/// The role that the exporter logs in as, and the name of its database.
pub(crate) const ROLE: &str = "printfarm";
pub(crate) const PASSWORD: &str = "fern";

/// The user `nobody`. PostgreSQL refuses to run as root, as which tests often run in containers.
const NOBODY: u32 = 65534;

/// Where Debian keeps the programs of PostgreSQL, in a folder for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// How a server differs from the default.
#[derive(Default)]
pub(crate) struct Setup<'a> {
    /// Its certificate; without one, it has no TLS.
    pub(crate) tls: Option<&'a Identity>,
    /// Lines of its configuration file. The default does not sync to the disk: a killed server loses nothing by that, only a
    /// power cut would.
    pub(crate) settings: &'a [&'a str],
}

/// A running server with the role and the database `printfarm`. It ends when it is dropped.
pub(crate) struct Postgres {
    server: Option<Child>,
    folder: Folder,
    pub(crate) address: SocketAddr,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        Self::with(&Setup::default())
    }

    pub(crate) fn with(setup: &Setup) -> Self {
        let folder = Folder::new();
        fs::write(folder.path("password"), PASSWORD).unwrap();
        let password = format!("--pwfile={}", folder.path("password").display());
        folder.run(
            "initdb",
            &["--pgdata=data", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C"],
            &["--auth-local=trust", "--auth-host=scram-sha-256", &password],
        );
        let mut settings = format!(
            "unix_socket_directories = '{}'\nlisten_addresses = '127.0.0.1'\nfsync = off\n\
             dynamic_shared_memory_type = mmap\n",
            folder.0.display()
        );
        if let Some(identity) = setup.tls {
            folder.write("data/server.crt", &identity.certificate);
            folder.write("data/server.key", &identity.key);
            settings += "ssl = on\n";
        }
        settings += &setup.settings.join("\n");
        settings.push('\n');
        folder.append("data/postgresql.conf", &settings);
        folder.append("data/pg_hba.conf", "local replication all trust\n");
        let postgres = Self::run(folder);
        postgres.sql_in("postgres", &format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'"));
        postgres.sql_in("postgres", &format!("CREATE DATABASE {ROLE} OWNER {ROLE}"));
        postgres
    }

    /// A streaming standby. From now on no commit of this server returns before the standby has it.
    pub(crate) fn synchronous_standby(&self) -> Self {
        let folder = Folder::new();
        let connection = format!(
            "host={} port={} user=postgres application_name=standby",
            self.folder.0.display(),
            self.address.port()
        );
        folder.run(
            "pg_basebackup",
            &["--pgdata=data", "--checkpoint=fast", "--no-sync", "--write-recovery-conf"],
            &[&format!("--dbname={connection}")],
        );
        folder
            .append("data/postgresql.conf", &format!("unix_socket_directories = '{}'\n", folder.0.display()));
        let standby = Self::run(folder);
        self.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
        self.sql("SELECT pg_reload_conf()");
        eventually("the standby is synchronous", || {
            (self.sql("SELECT sync_state FROM pg_stat_replication") == "sync").then_some(())
        });
        standby
    }

    fn run(folder: Folder) -> Self {
        let mut postgres = Self { server: None, folder, address: free_address() };
        postgres.restart();
        postgres
    }

    /// Starts it again after [`Self::crash`], at the same address.
    pub(crate) fn restart(&mut self) {
        let port = format!("--port={}", self.address.port());
        // What is left of a killed server may hold its shared memory for another moment.
        eventually("PostgreSQL accepts connections", || {
            let ended = match &mut self.server {
                Some(server) => server.try_wait().unwrap().is_some(),
                None => true,
            };
            if ended {
                let log = fs::File::options().create(true).append(true).open(self.log_path()).unwrap();
                let mut command = self.folder.command("postgres");
                command.args(["-D", "data", &port]).stdout(Stdio::null()).stderr(log);
                self.server = Some(installed("PostgreSQL", command.spawn()));
            }
            self.try_sql("postgres", "SELECT 1").ok().map(drop)
        });
    }

    /// The URL of the database for the role `printfarm`, without its password.
    pub(crate) fn url(&self) -> String {
        format!("postgresql://{ROLE}@{}/{ROLE}", self.address)
    }

    /// Runs a statement as the superuser, in the database `printfarm`. Returns the rows, with `|` between columns.
    pub(crate) fn sql(&self, statement: &str) -> String {
        self.sql_in(ROLE, statement)
    }

    fn sql_in(&self, database: &str, statement: &str) -> String {
        self.try_sql(database, statement).unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    fn try_sql(&self, database: &str, statement: &str) -> Result<String, String> {
        let (host, port) = (self.folder.0.as_os_str(), self.address.port().to_string());
        let mut psql = self.folder.command("psql");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-p", &port, "-d", database]);
        psql.arg("-h").arg(host).args(["-c", statement]);
        let output = installed("psql", psql.output());
        let [rows, error] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        if output.status.success() { Ok(rows.trim_end().to_owned()) } else { Err(error) }
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path("log")
    }

    /// Makes a standby the leader.
    pub(crate) fn promote(&self) {
        assert_eq!(self.sql("SELECT pg_promote()"), "t");
    }

    /// Kills it, as `kill -9` does.
    pub(crate) fn crash(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal_family(server.id(), "KILL");
            server.wait().unwrap();
        }
    }

    /// Stops it in the middle of what it does, until [`Self::thaw`]. Its connections stay open.
    pub(crate) fn freeze(&self) {
        signal_family(self.server.as_ref().unwrap().id(), "STOP");
    }

    pub(crate) fn thaw(&self) {
        signal_family(self.server.as_ref().unwrap().id(), "CONT");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            signal_family(server.id(), "CONT");
            // An immediate shutdown, which gives back the shared memory of the system.
            signal(&[server.id()], "QUIT");
            let _ = server.wait();
        }
    }
}

/// pgbouncer in transaction mode. It ends when it is dropped.
pub(crate) struct PgBouncer {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: Folder,
}

impl PgBouncer {
    pub(crate) fn before(postgres: &Postgres) -> Self {
        let (folder, address) = (Folder::new(), free_address());
        let (host, port) = (postgres.address.ip(), postgres.address.port());
        folder.write("users.txt", &format!("\"{ROLE}\" \"{PASSWORD}\"\n"));
        let settings = format!(
            "[databases]\n{ROLE} = host={host} port={port}\n[pgbouncer]\npool_mode = transaction\n\
             listen_addr = 127.0.0.1\nlisten_port = {}\nunix_socket_dir =\nauth_type = scram-sha-256\n\
             auth_file = users.txt\n",
            address.port()
        );
        folder.write("pgbouncer.ini", &settings);
        let log = fs::File::create(folder.path("log")).unwrap();
        let mut command = folder.command("pgbouncer");
        command.arg("pgbouncer.ini").stdout(Stdio::null()).stderr(log);
        let mut child = installed("pgbouncer", command.spawn());
        eventually("pgbouncer accepts connections", || {
            assert_eq!(child.try_wait().unwrap(), None, "pgbouncer has ended");
            std::net::TcpStream::connect(address).ok().map(drop)
        });
        Self { child, address, _folder: folder }
    }

    /// The URL of the database for the role `printfarm`, without its password.
    pub(crate) fn url(&self) -> String {
        format!("postgresql://{ROLE}@{}/{ROLE}", self.address)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that belongs to the user who runs the server. Its path is short, because that of a socket may have 107 bytes.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("printfarm-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        give_away(&folder);
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file that only the server's user may read.
    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        give_away(&path);
    }

    fn append(&self, name: &str, content: &str) {
        let mut file = fs::File::options().append(true).open(self.path(name)).unwrap();
        file.write_all(content.as_bytes()).unwrap();
    }

    /// A program of PostgreSQL, or one of the path, in this folder and as a user who is not root.
    pub(crate) fn command(&self, program: &str) -> Command {
        let own = programs().map(|folder| folder.join(program)).filter(|path| path.exists());
        let mut command = Command::new(own.as_deref().map_or(OsStr::new(program), Path::as_os_str));
        command.current_dir(&self.0).env("HOME", &self.0).stdin(Stdio::null());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn run(&self, program: &str, arguments: &[&str], further: &[&str]) {
        let output = installed(program, self.command(program).args(arguments).args(further).output());
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where the programs of PostgreSQL are when they are not in the path: those of the newest version.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).ok()?.filter_map(Result::ok);
    let newest = versions.max_by_key(|version| version.file_name().to_str()?.parse::<u32>().ok())?;
    Some(newest.path().join("bin"))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn give_away(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

/// Sends a signal to a process and then to its children, so that it starts no further ones meanwhile.
pub(crate) fn signal_family(parent: u32, name: &str) {
    let before = children(parent);
    signal(&[parent], name);
    signal(&[before, children(parent)].concat(), name);
}

fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    let is_child = |id: &u32| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // The name of the program is in brackets and may have any character; state and parent follow.
        let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
        after.split(' ').nth(1) == Some(parent.to_string().as_str())
    };
    ids.filter(is_child).collect()
}

/// Sends a signal to those processes that still run.
pub(crate) fn signal(processes: &[u32], name: &str) {
    for process in processes {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &process.to_string()]).stderr(Stdio::null());
        let _ = kill.status().unwrap();
    }
}
