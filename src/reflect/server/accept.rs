//! Who is let in?

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::sleep,
};
use ulid::Ulid;

use super::{
    Shared,
    conversation::Conversation,
    shake::{self, Shaken},
};
use crate::{
    listen::canonical,
    proxy::{Admission, Permit, Rewound},
    reflect::{Connection, rate::customer},
};

/// After a failed accept, so that a lack of descriptors does not become a busy loop.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Accepts until the end. `guard` tells that connections are still open.
pub(super) async fn accept(
    shared: Arc<Shared>,
    socket: TcpListener,
    is_tls: bool,
    admission: Admission,
    guard: mpsc::Sender<()>,
) {
    let mut ending = shared.ending.clone();
    loop {
        let accepted = tokio::select! {
            // The end; a connection that is being accepted is lost, as it would be a moment later.
            _ = ending.wait_for(|is_over| *is_over) => return,
            // Room for a connection, and then one.
            accepted = next(&socket, &admission) => accepted,
        };
        let Some((stream, client, permit)) = accepted else { continue };
        let (shared, guard) = (Arc::clone(&shared), guard.clone());
        tokio::spawn(async move {
            serve(shared, stream, client, is_tls).await;
            drop((permit, guard));
        });
    }
}

/// The next connection that is admitted; nothing where one was turned away.
async fn next(socket: &TcpListener, admission: &Admission) -> Option<(TcpStream, SocketAddr, Permit)> {
    let room = admission.room().await?;
    let (stream, client) = match socket.accept().await {
        Ok(accepted) => accepted,
        Err(error) => {
            tracing::debug!("a connection could not be accepted: {error}");
            sleep(BACK_OFF).await;
            return None;
        }
    };
    let client = canonical(client);
    // Whoever has his share already is hung up on.
    let permit = admission.admit(room, customer(client.ip()))?;
    Some((stream, client, permit))
}

async fn serve(shared: Arc<Shared>, stream: TcpStream, client: SocketAddr, is_tls: bool) {
    let Ok(local) = stream.local_addr().map(canonical) else { return };
    // Without it answers come a moment later; they come all the same.
    let _ = stream.set_nodelay(true);
    let connection = Connection { id: Ulid::new(), local, client, tls: None };
    if !is_tls {
        return Conversation::new(shared, Rewound::new(stream, bytes::Bytes::new()), connection).hold().await;
    }
    let Some(showing) = &shared.showing else { return };
    let shown = showing.at(SystemTime::now());
    let told = |hello: &_| shared.site.hello(hello, client.ip(), Timestamp::now());
    match shake::hands(stream, &shown, &shared.ways, client.ip(), told).await {
        Some(Shaken::Tls(stream, tls)) => {
            let connection = Connection { tls: Some(tls), ..connection };
            Conversation::new(Arc::clone(&shared), *stream, connection).hold().await;
        }
        Some(Shaken::Cleartext(stream)) => shake::refuse_cleartext(stream).await,
        None => {}
    }
}
