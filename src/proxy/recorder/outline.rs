//! What does hyper have to see of a request's head?
//!
//! The request line, and what frames the message: nothing else of it is ever asked of hyper, since the head on the tape is
//! the one that is judged and sent on. So hyper is spared reading every field a second time into a map.

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memchr;

use crate::exchange::{Field, Fields};

/// The fields that hyper looks at in a request.
const FRAMING: [&str; 6] = ["connection", "content-length", "expect", "te", "transfer-encoding", "upgrade"];

/// The head as hyper is shown it: the first line as it came, and the fields that frame the message as they came.
pub(super) fn of(head: &Bytes, fields: &Fields) -> Bytes {
    let line = memchr(b'\n', head).map_or(&head[..], |at| head.get(..=at).unwrap_or_default());
    let shown = || fields.iter().filter(|field| is_shown(field));
    let room = shown().map(|field| field.name.len() + field.value.len() + 4).sum::<usize>();
    let mut outline = BytesMut::with_capacity(line.len() + room + 2);
    outline.put_slice(line);
    for field in shown() {
        for part in [&field.name[..], b": ", &field.value, b"\r\n"] {
            outline.put_slice(part);
        }
    }
    outline.put_slice(b"\r\n");
    outline.freeze()
}

/// How many of these fields hyper is shown.
pub fn count(fields: &Fields) -> usize {
    fields.iter().filter(|field| is_shown(field)).count()
}

fn is_shown(field: &Field) -> bool {
    FRAMING.iter().any(|name| field.is(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::grammar::parse_request;

    #[test]
    fn line_and_framing_stay_and_all_else_goes() {
        let head = Bytes::from_static(
            b"POST /a?b HTTP/1.1\r\nHost: a.example\r\nCONTENT-length: 5\r\nCookie: x=1\r\nconnection: close\r\nTE:\r\n\r\n",
        );
        let fields = parse_request(&head, 6).unwrap().head.fields;
        let outline = of(&head, &fields);
        assert_eq!(outline, "POST /a?b HTTP/1.1\r\nCONTENT-length: 5\r\nconnection: close\r\nTE: \r\n\r\n");
        assert_eq!(count(&fields), 3);
    }
}
