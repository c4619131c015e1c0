//! Is it named that something was put into the ClientHello?

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Clir, MASKED, NUMBER, certificates::Authority, setup};

/// The extension that a carrier is known to have used.
const EXTENSION: u16 = 17_516;

/// A reflector inside TLS, and the file with the authority that its certificate leads to.
fn reflector() -> (Clir, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = Authority::trusted().pem_for(&["localhost"]);
    fs::write(dir.path().join("site.pem"), certificate).unwrap();
    fs::write(dir.path().join("site.key"), key).unwrap();
    let roots = tempfile::tempdir().unwrap();
    fs::write(roots.path().join("roots.pem"), &Authority::trusted().pem).unwrap();
    let mut command = setup::clir(dir.path());
    command.args(["reflect", "--https", "127.0.0.1:0", "--certificate", "site.pem", "--key", "site.key"]);
    (Clir::spawn(command.args(["--limit", "rate=10000"]), dir, 1), roots)
}

/// What the probe says of the reflector at this port, and its exit code.
fn probed(port: u16, roots: &Path) -> (Value, i32) {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("https://localhost:{port}");
    let mut command = setup::clir(dir.path());
    command.args(["probe", &url, "--output", "json", "--repeat", "1", "--ca"]).arg(roots.join("roots.pem"));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let result = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    (result, output.status.code().unwrap())
}

/// The trials on IPv4, `localhost` may be another address as well, where nobody listens; and of these the ones that come back
/// as they arrived: a picture says nothing of the hello.
fn trials(result: &Value) -> Vec<&Value> {
    let is_one = |trial: &&Value| trial["address"].as_str().unwrap().starts_with("127.") && !trial["arrived"].is_null();
    result["trials"].as_array().unwrap().iter().filter(is_one).collect()
}

/// A box that puts an extension behind the others, and passes on all else.
fn inserting(reflector: SocketAddr, content: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for phone in listener.incoming().flatten() {
            thread::spawn(move || pass(phone, reflector, content));
        }
    });
    address
}

fn pass(mut phone: TcpStream, reflector: SocketAddr, content: &[u8]) -> std::io::Result<()> {
    let mut site = TcpStream::connect(reflector)?;
    let mut record = [0; 5];
    phone.read_exact(&mut record)?;
    let mut hello = vec![0; usize::from(u16::from_be_bytes([record[3], record[4]]))];
    phone.read_exact(&mut hello)?;
    site.write_all(&with_extension(&hello, content))?;
    let (mut answers, mut back) = (site.try_clone()?, phone.try_clone()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
        let _ = back.shutdown(std::net::Shutdown::Both);
    });
    std::io::copy(&mut phone, &mut site).map(drop)
}

/// The message of a ClientHello (RFC 8446 §4.1.2) with one extension more, as one record.
fn with_extension(message: &[u8], content: &[u8]) -> Vec<u8> {
    let two = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
    // Type, length, version, random; then session, suites and compressions, each behind its length.
    let session = 4 + 2 + 32;
    let suites = session + 1 + usize::from(message[session]);
    let compressions = suites + 2 + usize::from(u16::from_be_bytes([message[suites], message[suites + 1]]));
    let extensions = compressions + 1 + usize::from(message[compressions]);
    let added = [&EXTENSION.to_be_bytes()[..], &two(content.len()), content].concat();
    let all = [&message[extensions + 2..], &added].concat();
    let body = [&message[4..extensions], &two(all.len()), &all].concat();
    let message = [&[1, 0][..], &two(body.len()), &body].concat();
    [&[22, 3, 1][..], &two(message.len()), &message].concat()
}

#[test]
fn a_clean_path_leaves_the_hello_as_it_was() {
    let (reflector, roots) = reflector();
    let (result, code) = probed(reflector.address().port(), roots.path());
    assert_eq!(code, 0, "{result}");
    assert!(!trials(&result).is_empty());
    for trial in trials(&result) {
        assert_eq!((&trial["error"], trial["differences"].as_array().unwrap().len()), (&Value::Null, 0), "{trial}");
    }
}

#[test]
fn an_extension_that_was_put_in_is_named_with_what_it_tells() {
    let (reflector, roots) = reflector();
    let (result, code) = probed(inserting(reflector.address(), NUMBER.as_bytes()).port(), roots.path());
    assert_eq!((code, &result["verdict"]["identifies"]), (3, &true.into()), "{result}");
    assert!(!trials(&result).is_empty(), "{result}");
    for trial in trials(&result) {
        let told = &trial["differences"][0];
        assert_eq!(
            (&trial["error"], &told["kind"], &told["side"], &told["name"]),
            (&Value::Null, &"added".into(), &"hello".into(), &EXTENSION.to_string().into()),
            "{trial}"
        );
        assert_eq!(told["findings"][0]["identifier"], "msisdn", "{trial}");
    }
    assert!(!result.to_string().contains(NUMBER) && MASKED != NUMBER, "the number stands nowhere whole");
}
