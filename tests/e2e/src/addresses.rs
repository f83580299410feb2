//! A way to a server on which every connection comes from another address, so that a test that asks
//! much is not one client that asks too much.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Serves on a loopback port until the runtime ends, and returns its address: what connects there
/// is connected to `server` from an address of its own in 127.0.0.0/8.
///
/// # Panics
/// When no port can be had.
pub async fn many_addresses(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("a bound port has an address");
    let count = AtomicU32::new(0);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let number = count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                if let Ok(mut upstream) = connect(server, number).await {
                    // either side may go away at any time
                    let _ = copy_bidirectional(&mut client, &mut upstream).await;
                }
            });
        }
    });
    address
}

async fn connect(server: SocketAddr, number: u32) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    // 127.1.0.0 and on: nobody else uses them
    let from = Ipv4Addr::from(0x7f01_0000 + number % 0x00f0_0000);
    socket.bind(SocketAddrV4::new(from, 0).into())?;
    socket.connect(server).await
}
