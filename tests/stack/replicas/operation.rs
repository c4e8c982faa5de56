//! What operators do with replicas, and what happens to them.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use printfarm_exporter::clock::Clock;
use serde_json::{Value, json};

use crate::common::certificates::Authority;
use crate::common::durability::{Folder, OCTOPRINT, octoprint_done};
use crate::common::eventually;
use crate::common::postgres::{PASSWORD, PgBouncer, Postgres, Setup};
use crate::common::program::{file, program, text};
use crate::servers::Prometheus;

use super::haproxy::HaProxy;
use super::replica::Replica;
use super::shown::{get, printers};

/// How long a webhook may wait while the leader of the database is dead.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// How long a replica with an empty disk may take until it shows 10,000 printers: built without optimization, on a busy machine.
const START: Duration = Duration::from_secs(10);

/// Sends the end of a print of this printer. Returns the answer.
fn send(replica: &Replica, printer: &str) -> Value {
    let answer = replica.post(&format!("{OCTOPRINT}/{printer}"), &octoprint_done("part.gcode", 60.0));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Sends the end of a print, which the replica must keep on its own disk, and soon.
fn send_to_outbox(replica: &Replica, printer: &str) {
    let clock = Clock::start();
    let begin = clock.now();
    assert_eq!(send(replica, printer)["durable"], json!("local"));
    let took = clock.now().since(begin);
    assert!(took < LONGEST_WAIT, "{took:?}");
}

/// Counts once, whenever it is sent.
const WARNING: &str = r#"{"PrinterId": "a", "PrinterName": "mk3", "EventType": 7, "PrintId": "one"}"#;

/// Whether the store is up, and how many events wait.
fn waiting(replica: &Replica) -> [Option<f64>; 2] {
    ["printfarm_store_up", "printfarm_outbox_events"].map(|name| replica.metric(name))
}

/// How many prints of this printer have been completed, as a replica shows it.
fn completed(replica: &Replica, printer: &str) -> Option<f64> {
    let labels = format!("{{origin=\"local\",outcome=\"completed\",printer=\"{printer}\"}}");
    replica.metric(&format!("printfarm_prints_total{labels}"))
}

/// The exit code and the log of an exporter that cannot start with this database.
fn refused(url: &str, password: &str) -> (Option<i32>, String) {
    let folder = Folder::new();
    let mut command = program();
    command
        .args(["--web.listen-address=127.0.0.1:0", &format!("--storage.url={url}")])
        .arg(format!("--storage.path={}", folder.store().display()))
        .env("PRINTFARM_STORAGE_PASSWORD", password)
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    eventually("it ends", || child.try_wait().unwrap());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), text(&output.stderr).to_owned())
}

#[test]
fn a_start_with_a_wrong_password_or_a_server_that_cannot_be_trusted_ends_with_a_reason() {
    let authority = Authority::new("farm");
    let postgres = Postgres::with(&Setup { tls: Some(&authority.server()), ..Setup::default() });
    let (code, log) = refused(&postgres.url(), "wrong");
    assert!(code != Some(0) && log.contains("password authentication failed"), "{code:?} {log}");
    assert!(!log.contains("wrong"), "{log}");

    let root = |name: &str, pem: &str| file(&format!("operation-{name}-{}.pem", std::process::id()), pem);
    let trusted = root("trusted", &authority.pem());
    let other = root("other", &Authority::new("another").pem());
    let url = |root: &std::path::Path| {
        format!("{}?sslmode=verify-full&sslrootcert={}", postgres.url(), root.display())
    };
    let (code, log) = refused(&url(&other), PASSWORD);
    assert!(code != Some(0) && log.contains("certificate"), "{code:?} {log}");
    let replica = Replica::start(&url(&trusted));
    send(&replica, "voron");
    assert_eq!(postgres.sql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'printfarm'"), "t");
}

#[test]
fn a_password_in_the_url_is_refused_and_not_repeated() {
    let (code, log) = refused("postgresql://printfarm:hunter2@127.0.0.1/printfarm", PASSWORD);
    assert!(code != Some(0) && log.contains("PRINTFARM_STORAGE_PASSWORD"), "{code:?} {log}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[test]
fn replicas_share_what_they_know_through_pgbouncer() {
    let postgres = Postgres::start();
    let pgbouncer = PgBouncer::before(&postgres);
    let [a, b] = [(); 2].map(|()| Replica::start(&pgbouncer.url()));
    for replica in [&a, &b, &a, &b] {
        assert_eq!(send(replica, "voron").get("durable"), None);
    }
    // The same end twice in a row is one print; what counts is that both know the same.
    let counts = [&a, &b].map(|replica| completed(replica, "voron"));
    assert!(counts[0] >= Some(1.0) && counts[0] == counts[1], "{counts:?}");
}

#[test]
fn replicas_that_record_at_the_same_time_lose_nothing_of_each_other() {
    let postgres = Postgres::start();
    let replicas = [(); 2].map(|()| Replica::start(&postgres.url()));
    thread::scope(|scope| {
        for replica in &replicas {
            scope.spawn(|| {
                for _ in 0..50 {
                    let answer = replica.post("/webhook/octoeverywhere", WARNING);
                    assert_eq!(answer.status, 200, "{answer:?}");
                }
            });
        }
    });
    for replica in &replicas {
        let warnings = "printfarm_failure_warnings_total{action=\"warned\",printer=\"mk3\"}";
        eventually("all are counted", || (replica.metric(warnings) == Some(100.0)).then_some(()));
    }
}

#[test]
fn webhooks_wait_in_the_outbox_until_a_standby_is_promoted() {
    let mut leader = Postgres::start();
    let standby = leader.synchronous_standby();
    let url = format!(
        "postgresql://printfarm@{},{}/printfarm?target_session_attrs=read-write",
        leader.address, standby.address
    );
    let mut replica = Replica::start(&url);
    assert_eq!(send(&replica, "first").get("durable"), None);
    leader.crash();
    for printer in ["second", "third"] {
        send_to_outbox(&replica, printer);
    }
    assert_eq!(get(replica.address, "/-/ready").status, 200);
    assert!(printers(replica.address).is_empty(), "no old numbers");
    assert_eq!(waiting(&replica), [Some(0.0), Some(2.0)]);
    replica.crash();
    replica.restart();
    assert_eq!(waiting(&replica)[1], Some(2.0), "the outbox survives");
    standby.promote();
    eventually("the outbox is empty", || (waiting(&replica) == [Some(1.0), Some(0.0)]).then_some(()));
    for printer in ["first", "second", "third"] {
        assert_eq!(completed(&replica, printer), Some(1.0), "{printer}");
    }
    assert_eq!(standby.sql("SELECT count(*) FROM prints"), "3");
}

#[test]
fn a_cluster_without_its_synchronous_standby_holds_up_no_webhook() {
    let leader = Postgres::start();
    let standby = leader.synchronous_standby();
    let replica = Replica::start(&leader.url());
    send(&replica, "first");
    standby.freeze();
    // The commit waits for the standby.
    send_to_outbox(&replica, "second");
    standby.thaw();
    eventually("the outbox is empty", || (waiting(&replica) == [Some(1.0), Some(0.0)]).then_some(()));
    assert_eq!(completed(&replica, "second"), Some(1.0), "a commit whose answer was lost is not repeated");
}

#[test]
fn webhooks_that_come_while_a_server_hangs_wait_no_longer_than_the_first() {
    let postgres = Postgres::start();
    let replica = Replica::start(&postgres.url());
    send(&replica, "first");
    postgres.freeze();
    thread::scope(|scope| {
        // The batch of the first one waits for the server; the others come at any moment of that.
        for number in 0..20 {
            let replica = &replica;
            scope.spawn(move || {
                thread::sleep(Duration::from_millis(number * 100));
                send_to_outbox(replica, &format!("printer-{number}"));
            });
        }
    });
    postgres.thaw();
    eventually("the outbox is empty", || (waiting(&replica) == [Some(1.0), Some(0.0)]).then_some(()));
    assert_eq!(postgres.sql("SELECT count(*) FROM prints"), "21");
}

/// A farm of many printers with a long history, each like the first.
const MANY: &str = "
    INSERT INTO printers (position, source, id, label, name, state, version)
        SELECT number, source, 'id ' || number, 'printer ' || number, name, state, version
        FROM printers, generate_series(1, 9999) AS number;
    INSERT INTO prints (number, printer, source, file, origin, started, ended, outcome, printed_seconds, paused_seconds)
        SELECT number, 'printer ' || number % 10000, 'octoprint', 'part.gcode', 'local', number, number + 1, 'completed', 1, 0
        FROM generate_series(2, 500000) AS number;
    INSERT INTO ended_print_ids SELECT number FROM generate_series(1, 500000) AS number;
    UPDATE head SET printers = 10000, last_print = 500000";

#[test]
fn a_replica_with_an_empty_disk_shows_a_large_farm_at_once() {
    let postgres = Postgres::start();
    let mut first = Replica::start(&postgres.url());
    send(&first, "voron");
    first.crash();
    postgres.sql(MANY);
    let clock = Clock::start();
    let begin = clock.now();
    let replica = Replica::start(&postgres.url());
    eventually("it shows all printers", || {
        let shown = printers(replica.address);
        let completed = shown.iter().filter(|(series, _)| series.contains("outcome=\"completed\""));
        (completed.map(|(_, count)| count).sum::<f64>() >= 10_000.0).then_some(())
    });
    let took = clock.now().since(begin);
    println!("shown {took:?} after the start of the process");
    assert!(took < START, "{took:?}");

    postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'printfarm'");
    // The first one finds that out; while everything is read again, the others do not wait.
    for _ in 0..3 {
        send_to_outbox(&replica, "voron");
    }
    eventually("the outbox is empty", || (waiting(&replica) == [Some(1.0), Some(0.0)]).then_some(()));
}

#[test]
fn prometheus_sees_one_farm_and_each_replica_as_documented() {
    let postgres = Postgres::start();
    let replicas = [(); 2].map(|()| Replica::start(&postgres.url()));
    let addresses = replicas.each_ref().map(|replica| replica.address);
    let haproxy = HaProxy::before(addresses);
    send(&replicas[0], "voron");
    let documented = crate::common::repository_file("docs/REPLICAS.md");
    let scrape = documented.split("```yaml\n").find(|block| block.starts_with("scrape_configs:")).unwrap();
    let scrape = scrape.split("```").next().unwrap();
    let scrape = scrape
        .replace("LOADBALANCER:10064", &haproxy.address.to_string())
        .replace("exporter-a:10064", &addresses[0].to_string())
        .replace("exporter-b:10064", &addresses[1].to_string());
    let rules = crate::common::repository_file("prometheus/alerts.yml");
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [alerts.yml]\n{scrape}"
    );
    let prometheus = Prometheus::start(&config, &[("alerts.yml", &rules)]);
    let instances = |query: &str| {
        let result = prometheus.query(query);
        result
            .as_array()
            .unwrap()
            .iter()
            .map(|series| series["metric"]["instance"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    eventually("all are scraped", || (instances("up == 1").len() == 3).then_some(()));
    assert_eq!(instances("printfarm_printer_info{printer=\"voron\"}"), [haproxy.address.to_string()]);
    assert_eq!(instances("printfarm_build_info").len(), 2);
    assert_eq!(instances("printfarm_build_info{job=\"printfarm\"}"), [""; 0]);
    eventually("no alert is pending, once all are scraped", || {
        (prometheus.query("ALERTS{alertname!=\"PrintFarmWatchdog\"}") == json!([])).then_some(())
    });
    drop(replicas);
}
