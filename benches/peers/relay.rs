//! What does it cost at least to stand in between?
//!
//! The floor: a relay that copies bytes both ways and understands none of them. It is this program again, as a process of
//! its own.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::{
    io::copy_bidirectional_with_sizes,
    net::{TcpListener, TcpStream},
};

const ROOM: usize = 64 << 10;

/// Relays for ever from each of the first ports to the second beside it.
pub async fn run(pairs: &[(u16, u16)]) -> std::io::Result<()> {
    for &(here, there) in pairs {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, here)).await?;
        tokio::spawn(relay(listener, SocketAddr::from((Ipv4Addr::LOCALHOST, there))));
    }
    std::future::pending().await
}

async fn relay(listener: TcpListener, to: SocketAddr) {
    while let Ok((mut client, _)) = listener.accept().await {
        tokio::spawn(async move {
            let mut origin = TcpStream::connect(to).await?;
            client.set_nodelay(true)?;
            origin.set_nodelay(true)?;
            copy_bidirectional_with_sizes(&mut client, &mut origin, ROOM, ROOM).await
        });
    }
}
