//! Which fields do not simply pass?

use smallvec::SmallVec;

use crate::exchange::{Field, Fields};

/// Fields that `Connection` cannot take away: to do so would change what the message means or where it goes.
const PROTECTED: [&str; 7] =
    ["host", "content-length", "transfer-encoding", "authorization", "cookie", "content-type", "content-encoding"];

/// Fields that do not simply pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// `Host`.
    Host,
    /// `Cookie`.
    Cookie,
    /// `Transfer-Encoding`.
    Coding,
    /// Of one connection, whether or not `Connection` names them, and so are these three.
    HopByHop,
    /// `Connection`.
    Connection,
    /// `TE`.
    Te,
    /// `Upgrade`.
    Upgrade,
    /// `Proxy-Authenticate`: a proxy's own, of an answer.
    Challenge,
}

impl Special {
    /// What a field of this name is. By the length first: most fields are not special, and are let go at once.
    pub fn of(name: &[u8]) -> Option<Self> {
        let candidates: &[(&str, Self)] = match name.len() {
            2 => &[("te", Self::Te)],
            4 => &[("host", Self::Host)],
            6 => &[("cookie", Self::Cookie)],
            7 => &[("upgrade", Self::Upgrade)],
            10 => &[("connection", Self::Connection), ("keep-alive", Self::HopByHop)],
            14 => &[("http2-settings", Self::HopByHop)],
            16 => &[("proxy-connection", Self::HopByHop)],
            17 => &[("transfer-encoding", Self::Coding)],
            18 => &[("proxy-authenticate", Self::Challenge)],
            19 => &[("proxy-authorization", Self::HopByHop)],
            _ => return None,
        };
        candidates.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes())).map(|(_, special)| *special)
    }
}

/// Whether a list of words, as in `Connection` and `TE`, has this one.
pub fn lists(list: &[u8], word: &[u8]) -> bool {
    list.split(|&byte| byte == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(word))
}

/// What the client asks of the connection itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionOptions<'a> {
    /// Another protocol is asked for.
    pub upgrade: bool,
    /// The names of fields that go no further: but for those that stay behind anyway.
    names: SmallVec<[&'a [u8]; 4]>,
}

impl<'a> ConnectionOptions<'a> {
    /// Reads the `Connection` fields.
    pub fn of(fields: &'a Fields) -> Self {
        let mut options = Self::default();
        let lines = fields.iter().filter(|field| field.is("connection"));
        for name in lines.flat_map(|field| field.value.split(|&byte| byte == b',')) {
            let name = name.trim_ascii();
            options.upgrade |= name.eq_ignore_ascii_case(b"upgrade");
            if !name.is_empty() && !name.eq_ignore_ascii_case(b"keep-alive") {
                options.names.push(name);
            }
        }
        options
    }

    /// Whether a field belongs to the connection because it is named there.
    pub fn takes_away(&self, field: &Field) -> bool {
        !self.names.is_empty()
            && self.names.iter().any(|name| field.name.eq_ignore_ascii_case(name))
            && !PROTECTED.iter().any(|name| field.is(name))
    }
}
