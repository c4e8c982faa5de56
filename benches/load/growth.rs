//! Whether a webhook costs more in a larger farm, or after a year.

use std::path::Path;
use std::sync::Arc;

use crate::client::{Prints, burst};
use crate::farm::fill_history;
use crate::ingest::Figures;
use crate::report::{head, row};
use crate::server::{Kind, Server};
use crate::{BURST, PRINTERS, Plan};

/// A farm with a history.
pub(crate) struct Size {
    pub(crate) printers: usize,
    pub(crate) name: &'static str,
    has_history: bool,
}

pub(crate) const SIZES: [Size; 4] = [
    Size { printers: 10, name: "10 printers", has_history: false },
    Size { printers: PRINTERS, name: "1,000 printers", has_history: false },
    Size { printers: BURST, name: "10,000 printers", has_history: false },
    Size { printers: PRINTERS, name: "1,000 printers, 500,000 prints of history", has_history: true },
];

/// The same load on farms of different sizes, in alternating rounds.
pub(crate) fn side_by_side(plan: &Plan, folder: &Path) {
    let farms = SIZES.map(|size| {
        let folder = folder.join(size.name);
        let prints = size.prepare(&folder);
        (Server::start(Kind::Durable, &folder), prints, Figures::default())
    });
    let mut farms = farms;
    for _ in 0..plan.rounds {
        for (server, prints, figures) in &mut farms {
            figures.take(server, prints, 16, plan.time);
        }
    }
    head(&["the farm, 16 connections", "webhooks/s", "noise", "p99", "core", "beside 10 printers"]);
    let least = farms[0].2.cpu.median();
    for (size, (_, _, figures)) in SIZES.iter().zip(&farms) {
        row(&[
            size.name,
            &format!("{:.0}", figures.rate.median()),
            &figures.rate.noise(),
            &figures.most.milliseconds(),
            &format!("{:.0} us", figures.cpu.median()),
            &format!("{:.2}", figures.cpu.median() / least),
        ]);
    }
}

impl Size {
    /// Lets every printer print once, and fills the history.
    pub(crate) fn prepare(&self, folder: &Path) -> Arc<Prints> {
        let prints = Arc::new(Prints::on(self.printers));
        let server = Server::start(Kind::Durable, folder);
        burst(server.address, prints.step(0), 16.min(self.printers));
        burst(server.address, prints.step(3), 16.min(self.printers));
        server.stop();
        if self.has_history {
            fill_history(folder);
        }
        prints
    }
}
