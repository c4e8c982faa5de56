//! The leader of the database dies under load, and for a time there is none.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{cluster, replica};
use crate::captured::PRINT;
use crate::client::{Prints, drive};
use crate::common::eventually;
use crate::common::postgres::Postgres;
use crate::report::Unit::Milliseconds;
use crate::report::{Rounds, Target, Targets};
use crate::scrape::{page, sum};
use crate::{PRINTERS, Plan};

/// When the leader dies, how long there is none, and how long the load goes on.
const BEFORE: Duration = Duration::from_secs(1);
const WITHOUT_LEADER: Duration = Duration::from_secs(7);
const LOAD: Duration = Duration::from_secs(12);

/// How a leader dies.
type Death = (&'static str, fn(&mut Postgres), Target);

const DEATHS: [Death; 2] = [
    ("killed", Postgres::crash, Target::AtMost(3_000.0)),
    ("frozen, with its connections open", |leader| leader.freeze(), Target::None),
];

/// The longest wait of any webhook.
pub(super) fn waits(plan: &Plan, folder: &Path, targets: &mut Targets) {
    let prints = Arc::new(Prints::on(PRINTERS));
    for (name, die, target) in DEATHS {
        let mut rounds = Rounds::default();
        for round in 0..plan.rounds.div_ceil(3) {
            rounds.add_time(longest_wait(&folder.join(format!("{name}-{round}")), &prints, die));
        }
        let work = format!("the database's leader {name}: the longest wait of a webhook, none lost");
        targets.add(&work, target, Milliseconds, rounds.worst(), &rounds.noise());
    }
}

/// Every webhook is answered with 200, or the load fails.
fn longest_wait(folder: &Path, prints: &Arc<Prints>, die: fn(&mut Postgres)) -> Duration {
    let (mut leader, standby) = cluster();
    let hosts = format!("@{},{}/", leader.address, standby.address);
    let url = leader.url().replace(&format!("@{}/", leader.address), &hosts);
    let server = replica(&format!("{url}?target_session_attrs=read-write"), folder);
    let tally = thread::scope(|scope| {
        let load = scope.spawn(|| drive(server.address, prints, 64, LOAD));
        thread::sleep(BEFORE);
        die(&mut leader);
        thread::sleep(WITHOUT_LEADER);
        standby.promote();
        load.join().unwrap()
    });
    eventually("the outbox is empty", || {
        page(server.address).contains("\nprintfarm_outbox_events 0\n").then_some(())
    });
    let sent = tally.waits.len() / PRINT.len();
    for counter in ["printfarm_prints_started_total", "printfarm_prints_total"] {
        assert_eq!(sum(server.address, counter), sent, "{counter}: none is lost, and none counts twice");
    }
    tally.within(1000)
}
