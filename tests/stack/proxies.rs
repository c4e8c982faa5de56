//! The configurations of docs/PROXIES.md, run with the proxies that Debian has.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use printfarm_exporter::http::Options;

use crate::common::app::{Setup, TestApp};
use crate::common::certificates::Folder;
use crate::common::client::{Connection, Response};
use crate::common::{eventually, free_address, installed};

const DOCUMENT: &str = include_str!("../../docs/PROXIES.md");
const STARTED: &[u8] = include_bytes!("../data/examples/octoprint-started.json");
const JSON: &str = "Content-Type: application/json\r\n";
const MODULES: [&str; 5] = ["mpm_event", "authz_core", "proxy", "proxy_http", "headers"];

/// An exporter below `/printers` and a proxy in front of it.
struct Proxied {
    _app: TestApp,
    proxy: Child,
    address: SocketAddr,
    _folder: Folder,
}

impl Drop for Proxied {
    fn drop(&mut self) {
        let pid = self.proxy.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let _ = self.proxy.wait();
    }
}

impl Proxied {
    /// Runs the document's configuration in this language. `complete` makes it the file that the program needs.
    fn start(
        language: &str,
        complete: impl Fn(&str, SocketAddr, &str) -> String,
        command: impl Fn(&str) -> Command,
    ) -> Self {
        let app = TestApp::with(Setup {
            options: Options {
                external_url: Some("https://farm.example.com/printers/".parse().unwrap()),
                route_prefix: "/printers".parse().unwrap(),
                ..Options::default()
            },
            config: "trusted_proxies: [127.0.0.1]\nlimits: {requests_per_second: 1}",
            ..Setup::default()
        });
        let block = DOCUMENT.split_once(&format!("```{language}\n")).unwrap().1.split_once("```").unwrap().0;
        let block = replaced(block, "127.0.0.1:10064", &app.address.to_string());
        let (folder, address) = (Folder::new(), free_address());
        let path = folder.write("proxy.conf", "");
        let root = path.parent().unwrap().to_str().unwrap();
        folder.write("proxy.conf", &complete(&block, address, root));
        let mut command = command(path.to_str().unwrap());
        let program = command.get_program().to_string_lossy().into_owned();
        let proxy = installed(&program, command.stdin(Stdio::null()).env("HOME", root).spawn());
        let proxied = Self { _app: app, proxy, address, _folder: folder };
        eventually("the proxy answers", || {
            let connected = TcpStream::connect(address).is_ok();
            (connected && proxied.send("GET", "/printers/-/ready", "", b"").status == 200).then_some(())
        });
        proxied
    }

    fn send(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> Response {
        self.send_from(Ipv4Addr::new(127, 0, 0, 7), method, target, headers, body)
    }

    fn send_from(
        &self,
        client: Ipv4Addr,
        method: &str,
        target: &str,
        headers: &str,
        body: &[u8],
    ) -> Response {
        let mut connection = Connection::open_from(client, self.address);
        connection.send_request(method, target, headers, body);
        connection.receive(method)
    }

    fn check(&self) {
        self.check_paths();
        self.check_bodies();
        self.check_clients();
    }

    fn check_paths(&self) {
        let printer = |target: &str| {
            let answer = self.send("POST", target, JSON, STARTED);
            assert_eq!(answer.status, 200, "{target}: {}", answer.text());
            answer.json()["printer"].as_str().unwrap().to_owned()
        };
        assert_eq!(printer("/printers/webhook/octoprint"), "delta");
        assert_eq!(printer("/printers/webhook/octoprint/rack%2F2"), "rack/2");
        assert_eq!(printer("/printers//webhook/octoprint//mk3"), "mk3");
        let unknown = self.send("POST", "/printers/webhook/unknown", JSON, STARTED);
        assert_eq!((unknown.status, &unknown.json()["reason"]), (404, &"not_found".into()));
        let nothing = self.send("GET", "/printers/nothing", "", b"");
        assert_eq!(nothing.status, 404);
        assert!(nothing.text().starts_with("There is nothing here."), "{}", nothing.text());
        assert_eq!(self.send("GET", "/printers/metrics", "", b"").status, 200);

        let spoofed = "X-Forwarded-Proto: http\r\nForwarded: for=192.0.2.1;host=evil\r\n";
        let page = self.send("GET", "/printers/connect?sender=octoprint", spoofed, b"").text();
        assert!(page.contains("https://farm.example.com/printers/webhook/octoprint/my-printer"), "{page}");
    }

    fn check_bodies(&self) {
        let fields = [("topic", "Print Done"), ("deviceIdentifier", "camera")].map(|(name, value)| {
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        });
        let picture = b"--x\r\nContent-Disposition: form-data; name=\"snapshot\"; filename=\"a.jpg\"\r\n\r\n";
        let body = [fields.concat().as_bytes(), picture, &vec![b'j'; 3 << 20], b"\r\n--x--\r\n"].concat();
        let form = "Content-Type: multipart/form-data; boundary=x\r\n";
        let answer = self.send("POST", "/printers/webhook/octoprint", form, &body);
        assert_eq!((answer.status, answer.json()["printer"].as_str()), (200, Some("camera")));
    }

    /// A client is limited by its own address, whatever it says of itself, and no other client is.
    fn check_clients(&self) {
        let webhook = |client, headers: &str| {
            let (target, headers) = ("/printers/webhook/octoprint/mk3", format!("{JSON}{headers}"));
            self.send_from(client, "POST", target, &headers, STARTED).status
        };
        let (greedy, other) = (Ipv4Addr::new(127, 0, 0, 8), Ipv4Addr::new(127, 0, 0, 9));
        let limited = (0..100).find(|number| {
            let spoofed = format!("X-Forwarded-For: 192.0.2.{number}\r\nForwarded: for=192.0.2.{number}\r\n");
            webhook(greedy, &spoofed) == 429
        });
        assert!(limited.is_some());
        assert_eq!(webhook(other, ""), 200);
    }
}

/// The text with a part of it replaced, which must be there.
fn replaced(text: &str, part: &str, by: &str) -> String {
    assert!(text.contains(part), "{part}: {text}");
    text.replace(part, by)
}

#[test]
fn nginx() {
    let complete = |block: &str, address: SocketAddr, root: &str| {
        let block = replaced(block, "listen 80;", &format!("listen {address};"));
        let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {root}/{name};\n"))
            .concat();
        format!(
            "daemon off; user root; pid {root}/pid; error_log stderr; events {{}}\n\
             http {{ access_log off;\n{folders}{block}}}\n"
        )
    };
    let command = |path: &str| {
        let mut command = Command::new("nginx");
        command.args(["-e", "stderr", "-c", path]);
        command
    };
    Proxied::start("nginx", complete, command).check();
}

#[test]
fn apache() {
    let complete = |block: &str, address: SocketAddr, root: &str| {
        let block = replaced(block, "*:80", &address.to_string());
        let modules =
            MODULES.map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"));
        format!(
            "{}ServerRoot {root}\nServerName localhost\nPidFile {root}/pid\nDefaultRuntimeDir {root}\n\
             User www-data\nGroup www-data\nErrorLog /dev/stderr\nLogLevel error\nListen {address}\n{block}",
            modules.concat()
        )
    };
    let command = |path: &str| {
        let mut command = Command::new("apache2");
        command.args(["-DFOREGROUND", "-f", path]);
        command
    };
    Proxied::start("apache", complete, command).check();
}

#[test]
fn haproxy() {
    let complete = |block: &str, address: SocketAddr, _: &str| {
        let block = replaced(block, "bind :80", &format!("bind {address}"));
        let block = replaced(&block, " check\n", " check inter 50ms\n");
        let block =
            replaced(&block, "    use_backend", "    stats enable\n    stats uri /stats\n    use_backend");
        format!("defaults\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n\n{block}")
    };
    let command = |path: &str| {
        let mut command = Command::new("haproxy");
        command.args(["-db", "-f", path]);
        command
    };
    let proxied = Proxied::start("haproxy", complete, command);
    let status = eventually("HAProxy has checked the exporter's health", || {
        let table = proxied.send("GET", "/stats;csv", "", b"").text();
        let row = table.lines().find(|row| row.starts_with("printfarm,exporter,"))?.to_owned();
        (row.contains("L7") || row.contains("DOWN")).then_some(row)
    });
    assert!(status.contains(",UP,") && status.contains("L7OK"), "{status}");
    proxied.check();
}

#[test]
fn caddy() {
    let complete = |block: &str, address: SocketAddr, _: &str| {
        let block = replaced(block, ":80 {", &format!("http://:{} {{", address.port()));
        format!("{{\n    admin off\n    auto_https off\n}}\n{block}")
    };
    let command = |path: &str| {
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config", path]);
        command
    };
    Proxied::start("caddyfile", complete, command).check();
}
