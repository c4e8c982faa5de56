//! Forwards plain connections over TLS, for a sender without TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls_pki_types::ServerName;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

use super::clients::Endpoint;

const SENDER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Runs until it is dropped.
pub(super) struct Tunnel {
    address: SocketAddr,
    _runtime: Runtime,
}

impl Tunnel {
    pub(super) fn start(endpoint: &Endpoint) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let (exporter, config) = (endpoint.address, Arc::clone(endpoint.tls.as_ref().unwrap()));
        runtime.spawn(async move {
            loop {
                let (plain, _) = listener.accept().await.unwrap();
                let connector = TlsConnector::from(Arc::clone(&config));
                // When forwarding ends, both connections close and the sender notices.
                tokio::spawn(carry(plain, exporter, connector));
            }
        });
        Self { address, _runtime: runtime }
    }

    /// The URL for the sender.
    pub(super) fn target(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn carry(mut plain: TcpStream, exporter: SocketAddr, connector: TlsConnector) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((SENDER, 0).into())?;
    let stream = socket.connect(exporter).await?;
    stream.set_nodelay(true)?;
    plain.set_nodelay(true)?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut encrypted = connector.connect(name, stream).await?;
    tokio::io::copy_bidirectional(&mut plain, &mut encrypted).await?;
    Ok(())
}
