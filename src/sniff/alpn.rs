//! Do the application protocols that a client offers leave room for HTTP?
//!
//! Names are those of IANA's registry of ALPN protocol identifiers (RFC 7301 §6), and the few that widespread apps use
//! without having registered them.

/// What is opened: HTTP as it is spoken over TCP today.
const HTTP: &[&str] = &["h2", "http/1.1"];

/// What is known to be something else, or HTTP over another transport.
const FOREIGN: &[&str] = &[
    "acme-tls/1",
    "c-webrtc",
    "coap",
    "dicom",
    "doq",
    "dot",
    "ftp",
    "h3",
    "imap",
    "irc",
    "managesieve",
    "mqtt",
    "nnsp",
    "nntp",
    "ntske/1",
    "pop3",
    "postgresql",
    "radius/1.0",
    "radius/1.1",
    "sip/2",
    "smb",
    "stun.nat-discovery",
    "stun.turn",
    "sunrpc",
    "tds/8.0",
    "webrtc",
    "xmpp-client",
    "xmpp-server",
    // Amazon's MQTT.
    "x-amzn-mqtt-ca",
];

/// Families that number their versions: Apple's push service.
const FOREIGN_PREFIXES: &[&str] = &["apns-pack-v", "apns-security-v"];

/// What a list of offers amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// HTTP is among them, or nothing is said.
    Http,
    /// No HTTP, but something that is known to be something else.
    Foreign,
    /// Nothing that is known.
    Unknown,
}

impl Offer {
    /// Judges the protocols of a hello, in whatever order they stand.
    pub fn of(alpn: &[Vec<u8>]) -> Self {
        let any = |known: &dyn Fn(&[u8]) -> bool| alpn.iter().any(|offered| known(offered));
        if alpn.is_empty() || any(&|offered| HTTP.iter().any(|name| name.as_bytes() == offered)) {
            return Self::Http;
        }
        if any(&is_foreign) { Self::Foreign } else { Self::Unknown }
    }
}

fn is_foreign(offered: &[u8]) -> bool {
    FOREIGN.iter().any(|name| name.as_bytes() == offered)
        || FOREIGN_PREFIXES.iter().any(|prefix| offered.starts_with(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(names: &[&str]) -> Offer {
        Offer::of(&names.iter().map(|name| name.as_bytes().to_vec()).collect::<Vec<_>>())
    }

    #[test]
    fn http_among_them_or_silence_is_http() {
        for names in [&[][..], &["h2"], &["http/1.1"], &["\u{a}\u{a}", "h2"], &["foo/1", "http/1.1"], &["mqtt", "h2"]] {
            assert_eq!(offer(names), Offer::Http, "{names:?}");
        }
    }

    #[test]
    fn what_is_known_to_be_something_else_is_foreign() {
        for names in [&["xmpp-client"][..], &["foo/1", "imap"], &["apns-security-v3", "apns-pack-v1"], &["dot"]] {
            assert_eq!(offer(names), Offer::Foreign, "{names:?}");
        }
        FOREIGN.iter().for_each(|name| assert_eq!(offer(&[name]), Offer::Foreign));
    }

    #[test]
    fn the_rest_is_unknown_however_close_it_comes() {
        for name in ["foo/1", "spdy/3.1", "h2c", "http/1.0", "HTTP/1.1", "h2 ", "h", "imaps", "apns", "\u{a}\u{a}"] {
            assert_eq!(offer(&[name]), Offer::Unknown, "{name}");
        }
    }
}
