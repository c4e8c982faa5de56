//! The network between programs, which a test can cut.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// A network that is whole or cut. While it is cut, nothing gets through and nobody is told, as when a cable is pulled. What
/// was under way arrives when it is whole again.
#[derive(Clone, Default)]
pub(super) struct Network(Arc<Cable>);

#[derive(Default)]
struct Cable {
    cut: Mutex<bool>,
    mended: Condvar,
}

impl Network {
    /// An address from which this network leads to `target`, until the process ends.
    pub(super) fn to(&self, target: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, network) = (listener.local_addr().unwrap(), self.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                network.pass();
                if let (Ok(client), Ok(server)) = (client, TcpStream::connect(target)) {
                    network.join(&client, &server);
                }
            }
        });
        address
    }

    pub(super) fn cut(&self) {
        *self.0.cut.lock().unwrap() = true;
    }

    pub(super) fn mend(&self) {
        *self.0.cut.lock().unwrap() = false;
        self.0.mended.notify_all();
    }

    /// Waits until it is whole.
    fn pass(&self) {
        drop(self.0.mended.wait_while(self.0.cut.lock().unwrap(), |cut| *cut).unwrap());
    }

    fn join(&self, client: &TcpStream, server: &TcpStream) {
        for (from, to) in [(client, server), (server, client)] {
            let (from, to, network) = (from.try_clone().unwrap(), to.try_clone().unwrap(), self.clone());
            to.set_nodelay(true).unwrap();
            thread::spawn(move || network.copy(from, to));
        }
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        loop {
            let read = from.read(&mut buffer).unwrap_or(0);
            self.pass();
            if read == 0 || to.write_all(&buffer[..read]).is_err() {
                // The other end may be gone already.
                let _ = to.shutdown(Shutdown::Write);
                let _ = from.shutdown(Shutdown::Read);
                return;
            }
        }
    }
}
