//! An HTTP client that gives tests control over every byte.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection};
use rustls_pki_types::ServerName;
use socket2::{Domain, Socket, Type};

/// How long a test waits for anything before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap())
    }

    /// Connects from another address of this machine, which is another client to the exporter.
    pub(crate) fn open_from(client: Ipv4Addr, address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((client, 0)).into()).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream, tls: None, unread: Vec::new() }
    }

    /// A TLS connection; the server's certificate must name `localhost`.
    ///
    /// # Errors
    /// When the handshake fails. With TLS 1.3, a rejected client certificate shows only in the first read.
    pub(crate) fn open_tls(address: SocketAddr, config: Arc<ClientConfig>) -> io::Result<Self> {
        Self::open(address).encrypted(config)
    }

    /// Starts TLS on a fresh connection.
    ///
    /// # Errors
    /// As for [`Self::open_tls`].
    pub(crate) fn encrypted(self, config: Arc<ClientConfig>) -> io::Result<Self> {
        let mut connection = self;
        let name = ServerName::try_from("localhost").unwrap();
        let mut tls = ClientConnection::new(config, name).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut connection.stream)?;
        }
        connection.tls = Some(Box::new(tls));
        Ok(connection)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).unwrap();
    }

    /// Sends, or returns the error.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => {
                let mut stream = rustls::Stream::new(&mut **tls, &mut self.stream);
                stream.write_all(bytes.as_ref())?;
                stream.flush()
            }
            None => self.stream.write_all(bytes.as_ref()),
        }
    }

    /// Closes the TLS session; the socket stays open.
    pub(crate) fn finish_session(&mut self) {
        let tls = self.tls.as_mut().unwrap();
        tls.send_close_notify();
        while tls.wants_write() {
            tls.write_tls(&mut self.stream).unwrap();
        }
    }

    pub(crate) fn send_request(&mut self, method: &str, target: &str, headers: &str, body: &[u8]) {
        let length = body.len();
        self.send(format!(
            "{method} {target} HTTP/1.1\r\nHost: exporter:1\r\n{headers}Content-Length: {length}\r\n\r\n"
        ));
        self.send(body);
    }

    /// Closes the sending side.
    pub(crate) fn finish_sending(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The next response, to a request of this method.
    pub(crate) fn receive(&mut self, method: &str) -> Response {
        let head = self.read_until(b"\r\n\r\n");
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        let mut response = Response { status, headers: lines.map(header).collect(), body: Vec::new() };
        if method != "HEAD" && status >= 200 && status != 304 {
            response.body = self.receive_body(&response);
        }
        response
    }

    /// Reads one byte of what [`Self::receive`] will return.
    pub(crate) fn read_a_byte(&mut self) {
        let mut byte = [0];
        self.stream.read_exact(&mut byte).unwrap();
        self.unread.extend(byte);
    }

    fn receive_body(&mut self, response: &Response) -> Vec<u8> {
        if response.header("transfer-encoding") == Some("chunked") {
            return self.receive_chunks();
        }
        match response.header("content-length") {
            Some(length) => self.read_exactly(length.parse().unwrap()),
            None => self.rest().unwrap(),
        }
    }

    fn receive_chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = String::from_utf8(self.read_until(b"\r\n")).unwrap();
            let size = usize::from_str_radix(line.trim_end().split(';').next().unwrap(), 16).unwrap();
            let chunk = self.read_exactly(size + 2);
            body.extend_from_slice(&chunk[..size]);
            if size == 0 {
                return body;
            }
        }
    }

    /// Everything until the other side closes.
    ///
    /// # Errors
    /// When it does not close in time, or resets the connection.
    pub(crate) fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = std::mem::take(&mut self.unread);
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.stream).read_to_end(&mut bytes)?,
            None => self.stream.read_to_end(&mut bytes)?,
        };
        Ok(bytes)
    }

    /// Waits until the exporter has closed the connection without another byte.
    pub(crate) fn assert_closed(&mut self) {
        match self.rest() {
            Ok(bytes) => assert_eq!(String::from_utf8_lossy(&bytes), ""),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}"),
        }
    }

    fn read_until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            let found = self.unread.windows(end.len()).position(|window| window == end);
            if let Some(at) = found {
                return self.unread.drain(..at + end.len()).collect();
            }
            self.read_more();
        }
    }

    fn read_exactly(&mut self, length: usize) -> Vec<u8> {
        while self.unread.len() < length {
            self.read_more();
        }
        self.unread.drain(..length).collect()
    }

    fn read_more(&mut self) {
        let mut buffer = [0; 4096];
        let read = match &mut self.tls {
            Some(tls) => rustls::Stream::new(&mut **tls, &mut self.stream).read(&mut buffer).unwrap(),
            None => self.stream.read(&mut buffer).unwrap(),
        };
        assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&self.unread));
        self.unread.extend_from_slice(&buffer[..read]);
    }
}

impl Response {
    /// The value of a header; its name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The body, which must have the content type of JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_slice(&self.body).unwrap()
    }
}
