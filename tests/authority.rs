//! Does OpenSSL, at its strictest, agree with what we present and refuse what we refuse?
//!
//! The unit tests hold the same against rustls. OpenSSL is asked where `CLIR_FULL=1` says that the whole suite runs, and
//! its absence is a failure then.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use clir::{
    exchange::Host,
    tls::{CertAuthority, LeafCache, RootSource, Trust, describe_io},
};
use rustls::{ClientConnection, ServerConnection, Stream, pki_types::ServerName};
use tempfile::TempDir;

/// How long any step may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the whole suite runs; if so, OpenSSL has to be there.
fn full() -> bool {
    if std::env::var_os("CLIR_FULL").is_none_or(|value| value != "1") {
        eprintln!("not asked: CLIR_FULL=1 asks OpenSSL as well");
        return false;
    }
    assert!(openssl(&["version"]).status.success(), "openssl is missing, and the whole suite needs it");
    true
}

fn openssl(arguments: &[&str]) -> Output {
    Command::new("openssl").args(arguments).stdin(Stdio::null()).output().expect("openssl can be started")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the temporary directory has a plain name")
}

/// An installation of clir, as far as certificates go.
struct Place {
    dir: TempDir,
    authority: CertAuthority,
    cache: Arc<LeafCache>,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = CertAuthority::load_or_create(&dir.path().join("certs"), SystemTime::now()).unwrap();
        let cache = Arc::new(LeafCache::new(authority.clone(), 16));
        Self { dir, authority, cache }
    }

    fn root(&self) -> &str {
        text(self.authority.certificate_path())
    }

    /// Accepts one connection as this host, says what it was told, and ends.
    fn serve(&self, host: &Host) -> (String, thread::JoinHandle<io::Result<()>>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let config = self.cache.server_config(host, &[b"http/1.1"], SystemTime::now()).unwrap();
        let server = thread::spawn(move || {
            let (mut socket, _) = listener.accept()?;
            socket.set_read_timeout(Some(PATIENCE))?;
            let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
            let mut stream = Stream::new(&mut connection, &mut socket);
            let mut line = [0; 5];
            stream.read_exact(&mut line)?;
            stream.write_all(&line)?;
            stream.conn.send_close_notify();
            stream.flush()
        });
        (address, server)
    }
}

/// Lets OpenSSL's client visit; answers whether the handshake was good and the line came back.
fn visit(place: &Place, host: &Host, check: &[&str]) -> (bool, String) {
    let (address, server) = place.serve(host);
    let fixed =
        ["s_client", "-connect", &address, "-CAfile", place.root(), "-verify_return_error", "-x509_strict", "-quiet"];
    let mut client = Command::new("openssl")
        .args(fixed)
        .args(check)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The client may have given up by now; its own words are what counts.
    let _ = client.stdin.as_mut().unwrap().write_all(b"hello");
    let output = client.wait_with_output().unwrap();
    // What the server makes of a client that refused is not the question.
    let _ = server.join().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.stdout == b"hello", words)
}

#[test]
fn openssl_accepts_every_kind_of_host_in_both_versions() {
    if !full() {
        return;
    }
    let place = Place::new();
    let long = format!("{0}.{0}.{0}.example", "a".repeat(61));
    for name in ["example.org", "a_b.example.org", "xn--bcher-kva.example", &long] {
        let host = Host::parse(name.as_bytes()).unwrap();
        for version in ["-tls1_2", "-tls1_3"] {
            let (good, words) = visit(&place, &host, &[version, "-servername", name, "-verify_hostname", name]);
            assert!(good, "{name} {version}: {words}");
        }
    }
    for (name, literal) in [("192.0.2.1", "192.0.2.1"), ("2001:db8::1", "[2001:db8::1]")] {
        let host = Host::parse(literal.as_bytes()).unwrap();
        let (good, words) = visit(&place, &host, &["-noservername", "-verify_ip", name]);
        assert!(good, "{name}: {words}");
    }
    let host = Host::parse(b"example.org").unwrap();
    let (good, _) = visit(&place, &host, &["-servername", "example.org", "-verify_hostname", "other.example"]);
    assert!(!good, "the check itself must be able to fail");
}

#[test]
fn openssl_finds_the_authority_in_order() {
    if !full() {
        return;
    }
    let place = Place::new();
    let output = openssl(&["verify", "-x509_strict", "-check_ss_sig", "-CAfile", place.root(), place.root()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let key = place.dir.path().join("certs/clir-ca.key");
    let check = openssl(&["pkey", "-in", text(&key), "-check", "-noout"]);
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn old_clients_are_refused() {
    if !full() {
        return;
    }
    let place = Place::new();
    let host = Host::parse(b"example.org").unwrap();
    for weak in [
        &["-tls1", "-cipher", "ALL:@SECLEVEL=0"][..],
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"],
    ] {
        let (good, words) = visit(&place, &host, weak);
        assert!(!good && words.contains("alert"), "{weak:?}: {words}");
    }
}

/// An origin that OpenSSL plays. Ends with the test.
struct Origin {
    child: Child,
    port: u16,
}

impl Origin {
    fn start(certificate: &Path, key: &Path, options: &[&str]) -> Self {
        // OpenSSL cannot be asked which port it took; one that was free a moment ago serves.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let fixed = [
            "s_server",
            "-accept",
            &format!("127.0.0.1:{port}"),
            "-cert",
            text(certificate),
            "-key",
            text(key),
            "-www",
        ];
        let child =
            Command::new("openssl").args(fixed).args(options).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let origin = Self { child: child.unwrap(), port };
        let started = SystemTime::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed().unwrap() < PATIENCE, "openssl s_server does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        origin
    }

    /// What our own client makes of it.
    fn verdict(&self, trust: &Trust) -> Result<(), String> {
        let name = ServerName::try_from("origin.example").unwrap();
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut connection = ClientConnection::new(trust.client_config(&[]), name).unwrap();
        let mut stream = Stream::new(&mut connection, &mut socket);
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").and_then(|()| stream.flush()).map_err(|error| describe_io(&error))
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A self-signed certificate for `origin.example`, made by OpenSSL, and its trust.
fn made(place: &Place, algorithm: &[&str], name: &str) -> (std::path::PathBuf, std::path::PathBuf, Trust) {
    let path = |suffix: &str| place.dir.path().join(format!("{name}.{suffix}"));
    let (root, root_key, leaf, key, request) = (path("ca"), path("ca-key"), path("pem"), path("key"), path("csr"));
    let extensions = path("ext");
    fs::write(&extensions, "subjectAltName=DNS:origin.example\nbasicConstraints=CA:FALSE\n").unwrap();
    let run = |arguments: &[&str]| {
        let output = openssl(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let (root_text, root_key_text) = (text(&root), text(&root_key));
    run(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=outside",
        "-keyout",
        root_key_text,
        "-out",
        root_text,
    ]);
    let subject = ["-nodes", "-subj", "/CN=origin", "-keyout", text(&key), "-out", text(&request)];
    run(&[&["req", "-new"], algorithm, &subject].concat());
    let signing = ["-CA", root_text, "-CAkey", root_key_text, "-CAcreateserial", "-extfile", text(&extensions)];
    run(&[&["x509", "-req", "-in", text(&request), "-out", text(&leaf)][..], &signing].concat());
    let trust = Trust::new(&[RootSource::File(root)], &place.authority).unwrap();
    (leaf, key, trust)
}

#[test]
fn weak_origins_are_refused_and_sound_ones_are_not() {
    if !full() {
        return;
    }
    let place = Place::new();
    let (leaf, key, trust) = made(&place, &["-newkey", "rsa:2048"], "sound");
    for options in [&[][..], &["-tls1_2"], &["-tls1_3"]] {
        assert_eq!(Origin::start(&leaf, &key, options).verdict(&trust), Ok(()), "{options:?}");
    }
    let weak = [
        &["-tls1", "-cipher", "ALL:@SECLEVEL=0"][..],
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"],
    ];
    for options in weak {
        let words = Origin::start(&leaf, &key, options).verdict(&trust).expect_err("too weak");
        assert!(words.contains("suits both sides") || words.contains("too old or too weak"), "{options:?}: {words}");
    }
    let (leaf, key, trust) = made(&place, &["-newkey", "rsa:1024"], "small");
    for version in ["-tls1_2", "-tls1_3"] {
        let options = [version, "-cipher", "ALL:@SECLEVEL=0"];
        let words = Origin::start(&leaf, &key, &options).verdict(&trust).expect_err("an RSA key of 1024 bits");
        assert!(words.contains("signature"), "{words}");
    }
}

/// An answer of OpenSSL's responder about this certificate, with `line` for its entry in the list of all.
fn answered(place: &Place, name: &str, line: &str) -> std::path::PathBuf {
    let path = |suffix: &str| place.dir.path().join(format!("{name}.{suffix}"));
    let (root, key, leaf, index, answer) = (path("ca"), path("ca-key"), path("pem"), path("index"), path("ocsp"));
    let serial = openssl(&["x509", "-in", text(&leaf), "-noout", "-serial"]);
    let serial = String::from_utf8(serial.stdout).unwrap().trim().replace("serial=", "");
    fs::write(&index, line.replace("SERIAL", &serial)).unwrap();
    let signer = ["-CA", text(&root), "-rsigner", text(&root), "-rkey", text(&key), "-issuer", text(&root)];
    let files = ["-index", text(&index), "-cert", text(&leaf), "-respout", text(&answer), "-ndays", "2"];
    let output = openssl(&[&["ocsp"][..], &signer, &files].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    answer
}

#[test]
fn what_openssl_answers_about_a_certificate_is_understood() {
    if !full() {
        return;
    }
    let place = Place::new();
    let (leaf, key, trust) = made(&place, &["-newkey", "rsa:2048"], "stapled");
    let good = answered(&place, "stapled", "V\t301231235959Z\t\tSERIAL\tunknown\t/CN=origin\n");
    let verdict = |staple: &Path| Origin::start(&leaf, &key, &["-status_file", text(staple)]).verdict(&trust);
    assert_eq!(verdict(&good), Ok(()));
    let revoked = "R\t301231235959Z\t260102000000Z,keyCompromise\tSERIAL\tunknown\t/CN=origin\n";
    let revoked = answered(&place, "stapled", revoked);
    assert_eq!(verdict(&revoked), Err("its certificate has been revoked on 2026-01-02".into()));
}

/// Created with its mode, not given it afterwards: at no moment, and whatever the umask, can anybody else open it.
#[test]
fn a_new_key_is_never_open_to_others() {
    let place = Place::new();
    let certs = place.dir.path().join("certs");
    let (seen, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let keys = || fs::read_dir(&certs).unwrap().flatten().filter(|entry| text(&entry.path()).contains(".key"));
    let watch = || {
        while !is_over.load(Ordering::SeqCst) {
            // One that is renamed in between is seen next time.
            for mode in keys().filter_map(|entry| Some(entry.metadata().ok()?.permissions().mode() & 0o777)) {
                assert_eq!(mode, 0o600);
                seen.fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    thread::scope(|scope| {
        let watcher = scope.spawn(watch);
        let rotate = format!("umask 000; exec {} ca rotate --yes", env!("CARGO_BIN_EXE_clir"));
        for _ in 0..20 {
            let output = Command::new("sh").args(["-c", &rotate]).current_dir(place.dir.path()).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        is_over.store(true, Ordering::SeqCst);
        watcher.join().unwrap();
    });
    assert!(seen.load(Ordering::SeqCst) > 100 && keys().count() > 20);
}
