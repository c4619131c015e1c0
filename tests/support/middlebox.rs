//! What may a box on the way do to requests and answers?
//!
//! It takes connections and passes them on to the site; what it is told to do it does to each head and body. What it does to
//! answers is what [`super::carrier`] leaves alone.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// A request's head as lines, the first of them the request line, and its number on the connection.
pub type Edit = Box<dyn Fn(&mut Vec<String>, usize) + Send + Sync>;
/// An answer's head as lines, and its body.
pub type EditAnswer = Box<dyn Fn(&mut Vec<String>, &mut Vec<u8>) + Send + Sync>;

/// What is done to what passes.
pub struct Work {
    pub request: Edit,
    pub answer: EditAnswer,
}

impl Default for Work {
    fn default() -> Self {
        Self { request: Box::new(|_, _| ()), answer: Box::new(|_, _| ()) }
    }
}

impl Work {
    /// Edits requests.
    pub fn on_requests(edit: impl Fn(&mut Vec<String>, usize) + Send + Sync + 'static) -> Self {
        Self { request: Box::new(edit), ..Self::default() }
    }

    /// Edits answers; their length is mended.
    pub fn on_answers(edit: impl Fn(&mut Vec<String>, &mut Vec<u8>) + Send + Sync + 'static) -> Self {
        Self { answer: Box::new(edit), ..Self::default() }
    }
}

/// Opens a box before this address.
pub fn before(site: SocketAddr, work: Work) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let work = Arc::new(work);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let work = Arc::clone(&work);
            thread::spawn(move || pass(stream, site, &work));
        }
    });
    address
}

fn pass(mut phone: TcpStream, site: SocketAddr, work: &Work) -> Option<()> {
    let mut site = TcpStream::connect(site).ok()?;
    for number in 0.. {
        let (mut head, body) = message(&mut phone)?;
        (work.request)(&mut head, number);
        send(&mut site, &head, &body)?;
        let (mut head, mut body) = message(&mut site)?;
        (work.answer)(&mut head, &mut body);
        let length = body.len();
        head.iter_mut().filter(|line| is(line, "content-length")).for_each(|line| {
            let name = line.split(':').next().unwrap_or_default();
            *line = format!("{name}: {length}");
        });
        send(&mut phone, &head, &body)?;
    }
    None
}

fn message(stream: &mut TcpStream) -> Option<(Vec<String>, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let lines: Vec<_> = String::from_utf8(head).ok()?.trim_end().split("\r\n").map(str::to_owned).collect();
    let length = lines.iter().find(|line| is(line, "content-length"));
    let length = length.map_or(0, |line| line.split(": ").nth(1).unwrap().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((lines, body))
}

fn send(stream: &mut TcpStream, head: &[String], body: &[u8]) -> Option<()> {
    let bytes = [format!("{}\r\n\r\n", head.join("\r\n")).as_bytes(), body].concat();
    stream.write_all(&bytes).ok()
}

/// Whether this is a line of that field.
pub fn is(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
}
