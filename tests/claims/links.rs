//! Does a link admit the address from which its button was pressed, for as long as it says?

use crate::{
    far::{Far, get},
    support::{Origin, Wire, eventually, origin, tls},
};

fn site() -> origin::Serving {
    Origin::new().serve(|_, _| origin::ok("a page"))
}

#[test]
fn the_button_admits_and_looking_does_not() {
    let far = Far::new();
    let site = site();
    assert_eq!(far.ask(site.address), 403);
    let path = far.link(&["--user", "alice"]);
    for method in ["GET", "HEAD", "GET"] {
        let mut wire = far.secure();
        wire.send(far.request(method, &path, ""));
        let head = wire.head();
        assert_eq!(head.status(), 200);
        assert_eq!(head.value("referrer-policy").as_deref(), Some("no-referrer"));
        assert_eq!(head.value("cache-control").as_deref(), Some("no-store"));
    }
    assert_eq!(far.ask(site.address), 403, "a preview has claimed nothing");
    let page = far.open("GET", &path, "").text();
    assert!(page.contains("127.0.0.1") && page.contains("1 day") && page.contains("behind the same address"), "{page}");
    assert!(!page.contains(&path), "the page does not hold the secret");
    let page = far.open("POST", &path, "do=claim").text();
    assert!(page.contains("This address is admitted") && page.contains("UTC"), "{page}");
    assert_eq!(far.ask(site.address), 200);
    let event = far.clir.wait_for_event(|event| event["verdict"] == "forwarded");
    assert_eq!(event["user"], "alice", "{event}");
    assert!(far.claim(&["list"]).contains("127.0.0.1 until "));
    far.assert_secret(&path);
}

#[test]
fn it_can_be_renewed_and_ended_from_the_page() {
    let far = Far::new();
    let site = site();
    let path = far.link(&["--for", "2h", "--uses", "1"]);
    assert!(far.open("POST", &path, "").text().contains("2 hours"));
    assert!(far.open("GET", &path, "").text().contains("Renew"));
    assert_eq!(far.open("POST", &path, "do=claim").status(), 200, "a renewal is no use");
    assert_eq!(far.ask(site.address), 200);
    assert!(far.open("POST", &path, "do=end").text().contains("no longer"));
    assert_eq!(far.ask(site.address), 403);
    assert_eq!(far.open("POST", &path, "do=claim").status(), 403, "it was for one use");
    assert_eq!(far.open("POST", &path, "do=what").status(), 400);
    assert_eq!(far.open("PUT", &path, "").status(), 405);
    far.assert_secret(&path);
}

#[test]
fn a_kept_connection_ends_with_the_admission() {
    let far = Far::new();
    let site = site();
    let path = far.link(&[]);
    far.open("POST", &path, "do=claim");
    let mut kept = far.clir.connect();
    let mut inside = Wire::tunnel(far.clir.address(), &site.address.to_string());
    for wire in [&mut kept, &mut inside] {
        wire.send(get(site.address, ""));
        assert_eq!(wire.response().status(), 200);
    }
    let id = far.claim(&["list"]).split([':', ' ']).next().unwrap().to_owned();
    assert!(far.claim(&["revoke", &id]).starts_with("1 revoked"));
    eventually("clir takes it up", || (far.ask(site.address) == 403).then_some(()));
    kept.send(get(site.address, ""));
    assert_eq!(kept.response().status(), 403);
    inside.send(format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", site.address));
    assert_eq!(inside.response().status(), 403, "what is read inside a tunnel is refused as well");
    assert!(far.claim(&["list"]).contains("revoked (by hand)"));
    assert_eq!(far.open("POST", &path, "do=claim").status(), 404);
}

/// A phone whose traffic all goes by its proxy opens the link by its proxy.
#[test]
fn a_phone_opens_the_link_through_the_proxy_that_does_not_admit_it() {
    let far = Far::new();
    let site = site();
    let path = far.link(&[]);
    for status in ["Admit this address", "Renew"] {
        let tunnel = Wire::tunnel(far.clir.address(), &far.authority()).into_inner();
        let mut inside = tls::connect(tunnel, crate::far::NAME, far.roots(), &["http/1.1"]).unwrap();
        inside.send(far.request("GET", &path, ""));
        let page = inside.response().text();
        assert!(page.contains(status), "{page}");
        inside.send(far.request("POST", &path, "do=claim"));
        assert!(inside.response().text().contains("This address is admitted"));
        // Nothing else is there, and it leads nowhere.
        inside.send(format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", far.authority()));
        assert_eq!(inside.response().status(), 403);
    }
    assert_eq!(far.ask(site.address), 200);
    far.assert_secret(&path);
}

#[test]
fn a_restart_and_a_reload_change_nothing() {
    let far = Far::new();
    let site = site();
    let path = far.link(&[]);
    far.open("POST", &path, "do=claim");
    let far = far.again();
    assert_eq!(far.ask(site.address), 200);
    far.clir.signal("HUP");
    far.clir.wait_for_stderr("read anew and is in force");
    assert_eq!(far.ask(site.address), 200);
    assert!(far.open("GET", &path, "").text().contains("Renew"));
}

#[test]
fn http2_opens_links_as_well() {
    use bytes::Bytes;
    use http_body_util::{BodyExt as _, Full};
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let far = Far::new();
    let path = far.link(&[]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let text = runtime.block_on(async {
        let address = (std::net::Ipv4Addr::LOCALHOST, far.authority().rsplit_once(':').unwrap().1.parse().unwrap());
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let config = tls::client_config(far.roots(), &["h2"]);
        let name = rustls::pki_types::ServerName::try_from(crate::far::NAME).unwrap();
        let stream = tokio_rustls::TlsConnector::from(config).connect(name, stream).await.unwrap();
        let builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = hyper::Request::post(format!("https://{}{path}", far.authority()));
        let answer = sender.send_request(request.body(Full::new(Bytes::from("do=claim"))).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        // By now the address is admitted, and the page is that of an admitted client.
        String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    });
    assert!(text.contains("This address is admitted"), "{text}");
    assert!(far.open("GET", &path, "").text().contains("Renew"));
    assert_eq!(far.ask(site().address), 200);
    far.assert_secret(&path);
}
