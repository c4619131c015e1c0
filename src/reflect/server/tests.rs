//! Does a running reflector keep what it needs in order?

use std::{sync::Arc, time::SystemTime};

use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, sync::oneshot};
use tokio_rustls::TlsConnector;
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _};

use super::{Door, Limits, serve};
use crate::{
    exchange::Host,
    reflect::tests::site,
    tls::{
        Showing,
        tests::{DAY, believing_all},
    },
};

/// What it shows, seconds since 1970: until when it is valid.
async fn shown_until(door: std::net::SocketAddr) -> i64 {
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(believing_all()));
    let stream = connector.connect(name, TcpStream::connect(door).await.unwrap()).await.unwrap();
    let (_, connection) = stream.get_ref();
    let leaf = &connection.peer_certificates().unwrap()[0];
    X509Certificate::from_der(leaf).unwrap().1.validity().not_after.timestamp()
}

/// Half a year after it was started.
#[tokio::test]
async fn a_certificate_of_its_own_that_has_expired_is_shown_to_nobody() {
    let long_ago = SystemTime::now() - 181 * DAY;
    let showing = Showing::self_made(vec![Host::Name("localhost".into())], &[b"http/1.1"], long_ago).unwrap();
    let door = Door::bind("127.0.0.1:0".parse().unwrap(), true).unwrap();
    let address = door.address();
    let (end, ended) = oneshot::channel::<()>();
    let over = async { drop(ended.await) };
    let server = tokio::spawn(serve(site(), Limits::default(), vec![door], Some(Arc::new(showing)), over));
    let in_a_hundred_days = jiff::Timestamp::now().as_second() + 100 * 24 * 60 * 60;
    let until = shown_until(address).await;
    assert!(until > in_a_hundred_days, "{until}");
    assert_eq!(shown_until(address).await, until, "and is not made for every visitor");
    end.send(()).unwrap();
    server.await.unwrap().unwrap();
}
