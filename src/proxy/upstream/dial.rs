//! To which address does a connection really go?
//!
//! Names are resolved by the system, every address is held against the access rules *after* resolution, and what is left
//! is tried by happy eyeballs (RFC 8305).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    outgoing::{Outgoing, open},
    resolver::Resolver,
};
use crate::{
    exchange::Host,
    policy::Access,
    proxy::fault::{Fault, Stage},
};

/// How long one attempt has before the next address is tried beside it (RFC 8305 §5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// What `localhost` is, whatever a resolver says (RFC 6761 §6.3).
const LOCALHOST: [IpAddr; 2] = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];

/// Opens connections to origins.
#[derive(Clone, Debug)]
pub struct Dialer {
    /// Where our own listeners are, so that no request is led back to us.
    pub own_ports: Arc<[u16]>,
    /// Where, on this machine, nothing is ever led to.
    pub closed_port: Option<u16>,
    /// Limit for looking a name up, and again for connecting.
    pub limit: Duration,
    /// Our own connections, where they could be led back to us.
    pub outgoing: Option<Outgoing>,
    /// Who is asked for addresses.
    pub resolver: Resolver,
    /// What those whom it calls are called in faults.
    pub whose: &'static str,
}

impl Dialer {
    /// Connects to a host, if access allows it by name and by address; from `source`, if that is given.
    ///
    /// # Errors
    /// A [`Fault`] that says at which stage it failed: access, look-up or connection.
    pub async fn dial(
        &self,
        access: &Access,
        host: &Host,
        port: u16,
        source: Option<IpAddr>,
    ) -> Result<TcpStream, Fault> {
        if !access.admits_host(host) {
            return Err(Fault::denied("access.deny_targets forbids this host"));
        }
        let addresses = self.resolve(host, port).await?;
        let admitted = self.admitted(access, &addresses)?;
        self.connect(admitted, source).await
    }

    /// Judges a host that is not connected to from here: by its name, and by its address where that is known without
    /// asking anybody.
    ///
    /// # Errors
    /// A [`Fault`] when access forbids it.
    pub fn screen(&self, access: &Access, host: &Host, port: u16) -> Result<(), Fault> {
        if !access.admits_host(host) {
            return Err(Fault::denied("access.deny_targets forbids this host"));
        }
        let addresses = known(host).unwrap_or_default();
        let addresses: Vec<_> = addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
        if addresses.is_empty() { Ok(()) } else { self.admitted(access, &addresses).map(|_| ()) }
    }

    /// Connects to the exit, which the owner of this clir has named: it may be anywhere but here.
    ///
    /// # Errors
    /// A [`Fault`] of look-up or connection.
    pub async fn dial_exit(&self, host: &Host, port: u16) -> Result<TcpStream, Fault> {
        let mut addresses = self.resolve(host, port).await?;
        addresses.retain(|address| !self.is_own(address));
        if addresses.is_empty() {
            return Err(Fault::origin(Stage::Resolve, "its name leads nowhere, or to this clir itself"));
        }
        self.connect(interleave(addresses), None).await
    }

    async fn connect(&self, addresses: Vec<SocketAddr>, source: Option<IpAddr>) -> Result<TcpStream, Fault> {
        let stream = match timeout(self.limit, race(addresses, source, self.outgoing.as_ref())).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return Err(Fault::origin(Stage::Connect, format!("{} cannot be reached", self.whose)).because(error));
            }
            Err(_elapsed) => {
                return Err(Fault::timeout(Stage::Connect, format!("{} did not answer in time", self.whose)));
            }
        };
        stream
            .set_nodelay(true)
            .map_err(|error| Fault::ours(Stage::Connect, "cannot set TCP_NODELAY").because(error))?;
        Ok(stream)
    }

    /// Whether a connection from `peer` that was led here may go on to its destination.
    ///
    /// # Errors
    /// A [`Fault`] where it would come back.
    pub fn may_lead(&self, peer: SocketAddr, destination: SocketAddr) -> Result<(), Fault> {
        if self.outgoing.as_ref().is_some_and(|outgoing| outgoing.is_ours(peer)) {
            return Err(Fault::denied(
                "a loop: this connection is clir's own, and the firewall leads it back; exempt clir's traffic there",
            ));
        }
        if destination.port() == 0 || is_this_machine(destination.ip()) {
            return Err(Fault::denied(
                "a loop: its destination is this machine; only what the firewall leads here is served on this port",
            ));
        }
        Ok(())
    }

    async fn resolve(&self, host: &Host, port: u16) -> Result<Vec<SocketAddr>, Fault> {
        if let Some(addresses) = known(host) {
            return Ok(addresses.into_iter().map(|ip| SocketAddr::new(ip, port)).collect());
        }
        let Host::Name(name) = host else { return Ok(Vec::new()) };
        match timeout(self.limit, self.resolver.look_up(name, port)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => {
                Err(Fault::origin(Stage::Resolve, format!("{}'s name cannot be resolved", self.whose)).because(error))
            }
            Err(_elapsed) => {
                Err(Fault::timeout(Stage::Resolve, format!("{}'s name was not resolved in time", self.whose)))
            }
        }
    }

    fn admitted(&self, access: &Access, addresses: &[SocketAddr]) -> Result<Vec<SocketAddr>, Fault> {
        let admits = |address: &&SocketAddr| {
            let is_admitted = |ip| access.admits_address(ip, self.is_own(&SocketAddr::new(ip, address.port())));
            let is_closed = |ip| Some(address.port()) == self.closed_port && is_this_machine(ip);
            let is_sound = |ip| is_one_host(ip) && is_admitted(ip) && !is_closed(ip);
            is_sound(address.ip()) && carried(address.ip()).is_none_or(is_sound)
        };
        let admitted: Vec<_> = addresses.iter().filter(admits).copied().collect();
        match (addresses.is_empty(), admitted.is_empty()) {
            (true, _) => Err(Fault::origin(Stage::Resolve, "the origin's name has no address")),
            (_, true) => Err(Fault::denied("access.deny_targets forbids the address that this host has")),
            _ => Ok(interleave(admitted)),
        }
    }

    /// Whether an address leads to one of our own listeners. An address is ours if a socket can be bound to it.
    fn is_own(&self, address: &SocketAddr) -> bool {
        self.own_ports.contains(&address.port()) && is_this_machine(address.ip())
    }
}

/// Whether an address is one of this machine's.
fn is_this_machine(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip.is_loopback() || ip.is_unspecified() || UdpSocket::bind((ip, 0)).is_ok()
}

/// Nobody answers TCP on an address of many, and nobody's address leads to this machine: neither is ever dialled.
fn is_one_host(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    !ip.is_multicast() && !ip.is_unspecified() && ip != IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// The IPv4 address that a translator or a tunnel would make of an IPv6 address: IPv4-compatible (RFC 4291 §2.5.5.1),
/// translated (RFC 2765 §2.1), NAT64 (RFC 6052 §2.1) and 6to4 (RFC 3056 §2).
fn carried(ip: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(ip) = ip else { return None };
    let (high, low) = match ip.segments() {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, _] => return None,
        [0, 0, 0, 0, 0 | 0xffff, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            (high, low)
        }
        _ => return None,
    };
    let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
    Some(Ipv4Addr::new(a, b, c, d).into())
}

/// The addresses of a host that nobody has to be asked for.
fn known(host: &Host) -> Option<Vec<IpAddr>> {
    match host {
        Host::Ip(address) => Some(vec![*address]),
        Host::Name(name) if is_localhost(name) => Some(LOCALHOST.to_vec()),
        Host::Name(_) => None,
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

/// Alternates between the families, beginning with the one that the system prefers (RFC 8305 §4).
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|a| a.is_ipv6() == first_is_v6);
    first.reverse();
    second.reverse();
    let mut ordered = Vec::with_capacity(first.len() + second.len());
    while let Some(address) = first.pop() {
        ordered.push(address);
        ordered.extend(second.pop());
    }
    ordered.extend(second.into_iter().rev());
    ordered
}

/// Connects to whichever address answers first; a new attempt begins when one fails or is slow.
async fn race(
    addresses: Vec<SocketAddr>,
    source: Option<IpAddr>,
    outgoing: Option<&Outgoing>,
) -> io::Result<TcpStream> {
    // Most hosts have one address here: nobody to race with.
    if let [only] = addresses[..] {
        return open(canonical(only), source, outgoing).await;
    }
    let mut queue = addresses.into_iter();
    let mut attempts = JoinSet::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        let is_waiting = match queue.next() {
            Some(address) => {
                let outgoing = outgoing.cloned();
                let attempt = async move { open(canonical(address), source, outgoing.as_ref()).await };
                attempts.spawn(attempt);
                queue.len() > 0
            }
            None if attempts.is_empty() => return Err(last),
            None => false,
        };
        tokio::select! {
            // An attempt ended. The others go on in the set and are dropped with it.
            Some(ended) = attempts.join_next() => match ended {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(join) => last = io::Error::other(join),
            },
            // The newest attempt is slow: try the next address beside it. Nothing is lost.
            () = sleep(ATTEMPT_DELAY), if is_waiting => {}
        }
    }
}

/// A mapped IPv6 address is reached as the IPv4 address it stands for.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V6(_) if address.ip().to_canonical().is_ipv4() => {
            SocketAddr::new(address.ip().to_canonical(), address.port())
        }
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let addresses = ["[2001:db8::1]:1", "[2001:db8::2]:1", "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"];
        let parsed = addresses.iter().map(|a| a.parse().unwrap()).collect();
        let ordered: Vec<String> = interleave(parsed).iter().map(ToString::to_string).collect();
        assert_eq!(ordered, ["[2001:db8::1]:1", "192.0.2.1:1", "[2001:db8::2]:1", "192.0.2.2:1", "192.0.2.3:1"]);
    }

    #[test]
    fn an_address_inside_another_is_seen() {
        let inner = |text: &str| carried(text.parse().unwrap()).map(|ip| ip.to_string());
        for text in ["::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::5"] {
            assert_eq!(inner(text).as_deref(), Some("127.0.0.1"), "{text}");
        }
        for text in ["::1", "::", "2001:db8::1", "192.0.2.1", "::ffff:192.0.2.1"] {
            assert_eq!(inner(text), None, "{text}");
        }
        for (text, is_one) in
            [("224.0.0.1", false), ("255.255.255.255", false), ("ff02::1", false), ("::", false), ("192.0.2.1", true)]
        {
            assert_eq!(is_one_host(text.parse().unwrap()), is_one, "{text}");
        }
    }

    #[tokio::test]
    async fn a_refused_address_gives_way_to_the_next() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let closed = {
            let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            gone.local_addr().unwrap()
        };
        let stream = race(vec![closed, open], None, None).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        assert_eq!(race(vec![closed], None, None).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }
}
