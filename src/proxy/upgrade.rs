//! What happens after a protocol was switched?

use std::{sync::Arc, time::Duration};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::{account::Account, session::Session, tunnel};

/// Waits for both sides to let go of HTTP, then relays. The session is held so that shutdown knows of the tunnel.
pub async fn join(client: OnUpgrade, origin: OnUpgrade, account: Arc<Account>, idle: Duration, session: Arc<Session>) {
    let (client, origin) = match tokio::try_join!(client, origin) {
        Ok(sides) => sides,
        Err(error) => {
            account.fails_with(format!("the protocol was not switched: {error}"));
            return;
        }
    };
    let switched = session.switched();
    tunnel::relay_framed(TokioIo::new(client), TokioIo::new(origin), &account, idle).await;
    drop((session, switched));
}
