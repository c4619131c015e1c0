//! What does a site receive?
//!
//! Answers every request with its own head, as it arrived: `cargo run --example site`, then ask for
//! `http://127.0.0.1:8000/` with and without clir in between. Not a server for anything else.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// Where it listens; `examples/loopback.toml` lets clir go there.
const ADDRESS: &str = "127.0.0.1:8000";
/// More of a head than this is not looked at.
const LONGEST: u64 = 64 * 1024;
/// For how long a client may keep it waiting.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> io::Result<()> {
    println!("http://{ADDRESS}/ answers every request with the head that it received");
    serve(&TcpListener::bind(ADDRESS)?)
}

/// Answers until the process ends.
pub fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        thread::spawn(move || {
            if let Err(error) = answer(&stream) {
                eprintln!("{error}");
            }
        });
    }
}

fn answer(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    let mut lines = io::Read::take(&mut reader, LONGEST);
    while lines.read_until(b'\n', &mut head)? > 2 {}
    // The empty line at the end is not worth showing.
    let shown = head.strip_suffix(b"\r\n").unwrap_or(&head);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        shown.len()
    )?;
    stream.write_all(shown)
}
