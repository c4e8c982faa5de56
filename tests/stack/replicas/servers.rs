//! The servers that other tests build on do what these rely on.

use std::process::Command;

use crate::common::certificates::Authority;
use crate::common::installed;
use crate::common::postgres::{PASSWORD, PgBouncer, Postgres, Setup};

/// What `psql` prints for a statement, or its error; over the network, as the exporter's role.
fn psql(url: &str, password: &str, statement: &str) -> Result<String, String> {
    let mut psql = Command::new("psql");
    let psql = psql.args(["-XAtq", url, "-c", statement]).env("PGPASSWORD", password);
    let output = installed("psql", psql.output());
    let [rows, error] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    if output.status.success() { Ok(rows.trim_end().to_owned()) } else { Err(error) }
}

#[test]
fn the_role_owns_its_database_and_needs_its_password() {
    let postgres = Postgres::start();
    let url = postgres.url();
    assert_eq!(
        psql(&url, PASSWORD, "CREATE TABLE t (a int); SELECT current_user").as_deref(),
        Ok("printfarm")
    );
    let refused = psql(&url, "wrong", "SELECT 1").unwrap_err();
    assert!(refused.contains("password authentication failed"), "{refused}");
}

#[test]
fn a_promoted_standby_has_every_commit_of_a_killed_leader() {
    let mut leader = Postgres::start();
    let standby = leader.synchronous_standby();
    leader.sql("CREATE TABLE t (a int)");
    leader.sql("INSERT INTO t VALUES (7)");
    leader.crash();
    standby.promote();
    standby.sql("INSERT INTO t VALUES (8)");
    assert_eq!(standby.sql("SELECT a FROM t"), "7\n8");
}

#[test]
fn a_killed_server_starts_again_with_what_it_had_and_a_frozen_one_goes_on() {
    let mut postgres = Postgres::start();
    postgres.sql("CREATE TABLE t AS SELECT 7 AS a");
    postgres.crash();
    postgres.restart();
    postgres.freeze();
    postgres.thaw();
    assert_eq!(postgres.sql("SELECT a FROM t"), "7");
}

#[test]
fn tls_is_verified_against_the_authority() {
    let authority = Authority::new("farm");
    let postgres = Postgres::with(&Setup { tls: Some(&authority.server()), ..Setup::default() });
    let stated = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let over_tls = |root: &str| {
        let root = crate::common::program::file(&format!("root-{}.pem", std::process::id()), root);
        psql(
            &format!("{}?sslmode=verify-full&sslrootcert={}", postgres.url(), root.display()),
            PASSWORD,
            stated,
        )
    };
    assert_eq!(over_tls(&authority.pem()).as_deref(), Ok("t"));
    over_tls(&Authority::new("another").pem()).unwrap_err();
}

#[test]
fn pgbouncer_passes_transactions_on() {
    let postgres = Postgres::start();
    let pgbouncer = PgBouncer::before(&postgres);
    assert_eq!(psql(&pgbouncer.url(), PASSWORD, "SELECT current_database()").as_deref(), Ok("printfarm"));
}
