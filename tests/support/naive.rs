//! Can the suites fail at all?
//!
//! A proxy that makes the mistakes that proxies make: one read is a request, names are title-cased, `Host` stays where the
//! client had it, hop-by-hop fields go through, fields are added, one connection for each request, answers read to the
//! end of the connection. The dialogues must fail against it.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// Starts one and returns its address.
pub fn start() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || forward(client));
        }
    });
    address
}

fn forward(mut client: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let length = client.read(&mut buffer)?;
    let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
    let (start, rest) = request.split_once("\r\n").unwrap_or((&request, ""));
    let (fields, body) = rest.split_once("\r\n\r\n").unwrap_or((rest, ""));
    let mut words = start.split(' ');
    let (method, url) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (authority, path) = url.trim_start_matches("http://").split_once('/').unwrap_or((url, ""));
    let mut server = TcpStream::connect(authority)?;
    if method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        return copy_both_ways(client, server);
    }
    let fields: Vec<_> = fields.split("\r\n").map(title_case).collect();
    let added = "Via: 1.1 naive\r\nX-Forwarded-For: 127.0.0.1";
    write!(server, "{method} /{path} HTTP/1.1\r\n{}\r\n{added}\r\n\r\n{body}", fields.join("\r\n"))?;
    server.set_read_timeout(Some(Duration::from_millis(500)))?;
    // An answer that is not over in time is cut off, and nobody is told.
    let _ = io::copy(&mut server, &mut client);
    Ok(())
}

fn copy_both_ways(client: TcpStream, server: TcpStream) -> io::Result<()> {
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        // Half-closed or closed is the same to it.
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
    io::copy(&mut &server, &mut &client).map(|_| ())
}

fn title_case(field: &str) -> String {
    let (name, value) = field.split_once(':').unwrap_or((field, ""));
    let words = name.split('-').map(|word| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + &rest.to_lowercase(),
        None => String::new(),
    });
    format!("{}:{value}", words.collect::<Vec<_>>().join("-"))
}
