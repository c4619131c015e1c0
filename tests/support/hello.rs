//! What may a box on the way put into the first message of TLS?

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// The type of the extension that carriers' boxes are known to put in.
pub const INSERTED: u16 = 17_516;

/// Extensions, by type and content.
pub type Extensions<'a> = &'a [(u16, &'a [u8])];

/// The subscriber's number in it.
pub const IN_THE_HELLO: Extensions<'static> = &[(INSERTED, super::NUMBER.as_bytes())];

/// The same ClientHello (RFC 8446 §4.1.2), in one record, with these at its end.
pub fn with_extensions(hello: &[u8], more: Extensions<'_>) -> Vec<u8> {
    let mut bytes = hello.to_vec();
    for (kind, content) in more {
        bytes.extend([kind.to_be_bytes(), u16::try_from(content.len()).unwrap().to_be_bytes()].concat());
        bytes.extend(*content);
    }
    let added = bytes.len() - hello.len();
    let two = |at: usize| usize::from(hello[at]) << 8 | usize::from(hello[at + 1]);
    // Record, type and length, version, random; then session, suites and compressions, each behind its length.
    let session = 5 + 4 + 2 + 32;
    let suites = session + 1 + usize::from(hello[session]);
    let compressions = suites + 2 + two(suites);
    let extensions = compressions + 1 + usize::from(hello[compressions]);
    for at in [3, 7, extensions] {
        let grown = u16::try_from(two(at) + added).unwrap();
        bytes[at..at + 2].copy_from_slice(&grown.to_be_bytes());
    }
    bytes
}

/// A box that puts these into each ClientHello, and passes on all else.
pub fn inserting(site: SocketAddr, more: Extensions<'static>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for phone in listener.incoming().flatten() {
            thread::spawn(move || pass(phone, site, more));
        }
    });
    address
}

/// Either side may go away at any time: that ends this connection and nothing else.
fn pass(mut phone: TcpStream, site: SocketAddr, more: Extensions<'_>) -> io::Result<()> {
    let mut site = TcpStream::connect(site)?;
    let mut hello = vec![0; 5];
    phone.read_exact(&mut hello)?;
    hello.resize(5 + usize::from(u16::from_be_bytes([hello[3], hello[4]])), 0);
    phone.read_exact(&mut hello[5..])?;
    site.write_all(&with_extensions(&hello, more))?;
    let (mut answers, mut back) = (site.try_clone()?, phone.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut answers, &mut back);
        let _ = back.shutdown(Shutdown::Both);
    });
    io::copy(&mut phone, &mut site).map(drop)
}
