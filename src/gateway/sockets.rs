//! Who listens?
//!
//! Asked of the kernel, not by connecting: a transparent listener would take that for a loop, and say so.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// The state of a socket that listens (`net/tcp_states.h`).
const LISTEN: &str = "0A";

/// A socket that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    /// On which address.
    pub address: SocketAddr,
    /// The number by which a process's descriptors name it.
    inode: u64,
}

impl Listening {
    /// Whether a connection to this address would be this socket's: one on every address has them all.
    pub fn serves(&self, address: SocketAddr) -> bool {
        let (wanted, own) = (address.ip().to_canonical(), self.address.ip().to_canonical());
        let covers = own.is_unspecified() && (own.is_ipv6() || wanted.is_ipv4());
        self.address.port() == address.port() && (own == wanted || covers)
    }

    /// The process that has it; of several the last, since who hands sockets over was there before.
    pub fn holder(&self) -> Option<i32> {
        let link = format!("socket:[{}]", self.inode);
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let holders = processes.filter_map(|entry| {
            let process = entry.file_name().to_str()?.parse::<i32>().ok()?;
            holds(process, &link).unwrap_or(false).then_some(process)
        });
        holders.max()
    }
}

fn holds(process: i32, link: &str) -> io::Result<bool> {
    let names = |entry: fs::DirEntry| fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == link);
    Ok(fs::read_dir(format!("/proc/{process}/fd"))?.flatten().any(names))
}

/// The sockets of this network namespace that listen for TCP connections.
pub fn listening() -> Vec<Listening> {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    tables.iter().flat_map(|table| table.lines()).filter_map(listener).collect()
}

/// A line of the table (proc(5)): number, own address, other address, state, five more, inode.
fn listener(line: &str) -> Option<Listening> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let own = words.next()?;
    if words.nth(1)? != LISTEN {
        return None;
    }
    Some(Listening { address: address(own)?, inode: words.nth(5)?.parse().ok()? })
}

/// Words of 32 bits as this machine has them in memory, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let words = ip.as_bytes().chunks(8).map(|word| u32::from_str_radix(str::from_utf8(word).ok()?, 16).ok());
    let bytes: Vec<u8> = words.collect::<Option<Vec<_>>>()?.into_iter().flat_map(u32::to_ne_bytes).collect();
    let four = <[u8; 4]>::try_from(bytes.as_slice()).map(|bytes| IpAddr::V4(Ipv4Addr::from(bytes)));
    let sixteen = || <[u8; 16]>::try_from(bytes.as_slice()).map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)));
    four.or_else(|_| sixteen()).ok().map(|ip| SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_listener_is_found_under_its_own_address() {
        for ip in ["127.0.0.1", "::1"] {
            let Ok(listener) = TcpListener::bind((ip, 0)) else { continue };
            let address = listener.local_addr().unwrap();
            let serving = || listening().into_iter().find(|socket| socket.serves(address));
            let found = serving().unwrap_or_else(|| panic!("{address}"));
            assert_eq!((found.address, found.holder()), (address, i32::try_from(std::process::id()).ok()));
            drop(listener);
            assert_eq!(serving(), None);
        }
        assert!(listener("  sl  local_address rem_address   st").is_none());
        assert!(listener("1: 0100007F:1F90 00000000:0000 01").is_none(), "it is connected");
    }

    #[test]
    fn every_address_is_served_by_one_on_all() {
        let on = |address: &str| Listening { address: address.parse().unwrap(), inode: 0 };
        let one = "192.0.2.1:8082".parse().unwrap();
        assert!(on("[::]:8082").serves(one) && on("0.0.0.0:8082").serves(one) && !on("[::]:8083").serves(one));
        assert!(!on("0.0.0.0:8082").serves("[::]:8082".parse().unwrap()));
    }
}
