//! What does the site on the other side receive?
//!
//! It answers on ports 80 and 443 of both families with the head that it received and the address that it came from.

use std::{
    io::{Read, Write},
    net::{IpAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::world::{ORIGIN, World};
use crate::support::{
    Wire,
    certificates::{Authority, Flaw},
};

/// The name that its certificate is for, beside its addresses.
pub const NAME: &str = "site.example";

/// Visits so far: from where, and with which head.
#[derive(Clone, Default)]
pub struct Site {
    visits: Arc<Mutex<Vec<(IpAddr, String)>>>,
}

impl Site {
    /// Opens it in the origin's place.
    pub fn open(world: &World) -> Self {
        let site = Self::default();
        world.within("origin", || {
            site.listen(80, None);
            let names = [NAME, ORIGIN[0], ORIGIN[1]];
            site.listen(443, Some(Authority::trusted().server(&names, Flaw::Nothing, &["http/1.1"])));
        });
        site
    }

    fn listen(&self, port: u16, tls: Option<Arc<ServerConfig>>) {
        let listener = TcpListener::bind(("::", port)).unwrap();
        let site = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (site, tls) = (site.clone(), tls.clone());
                thread::spawn(move || site.welcome(stream, tls));
            }
        });
    }

    fn welcome(&self, stream: TcpStream, tls: Option<Arc<ServerConfig>>) {
        let from = stream.peer_addr().unwrap().ip().to_canonical();
        match tls {
            None => self.serve(Wire::over(stream), from),
            Some(config) => {
                self.serve(Wire::new(StreamOwned::new(ServerConnection::new(config).unwrap(), stream)), from);
            }
        }
    }

    fn serve(&self, mut wire: Wire<impl Read + Write>, from: IpAddr) {
        while let Ok(head) = wire.try_head() {
            let text = format!("{}\n{}", head.start_line(), lines(&head.field_lines()));
            self.visits.lock().unwrap().push((from, text.clone()));
            let body = format!("from {from}\n{text}");
            wire.send_anyway(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        }
    }

    /// Everybody who has been there.
    pub fn visits(&self) -> Vec<(IpAddr, String)> {
        self.visits.lock().unwrap().clone()
    }
}

fn lines(fields: &[Vec<u8>]) -> String {
    fields.iter().map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect()
}
