//! A receiver of notifications, as Alertmanager sees it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use serde_json::Value;

/// A server that answers every POST with 200 and keeps its body.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    notifications: mpsc::Receiver<(String, Value)>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, notifications) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let taken = take(stream.unwrap());
                if sender.send(taken).is_err() {
                    return;
                }
            }
        });
        Self { address, notifications }
    }

    /// The next notification, if there is one already: its path and its body.
    pub(crate) fn next(&self) -> Option<(String, Value)> {
        match self.notifications.try_recv() {
            Ok(notification) => Some(notification),
            Err(mpsc::TryRecvError::Empty) => None,
            Err(mpsc::TryRecvError::Disconnected) => panic!("a notification could not be read"),
        }
    }
}

/// Reads one request of `stream`, and answers it.
fn take(stream: TcpStream) -> (String, Value) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let path = head[0].split(' ').nth(1).unwrap().to_owned();
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
    });
    let mut body = vec![0; length.unwrap()];
    reader.read_exact(&mut body).unwrap();
    let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    reader.into_inner().write_all(answer.as_bytes()).unwrap();
    (path, serde_json::from_slice(&body).unwrap())
}
