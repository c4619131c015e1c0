//! What is wrong with a message?

/// Why a message is refused. No variant holds anything that the message said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrammarFault {
    /// A line ends in LF alone (RFC 9112 §2.2).
    #[error("a line does not end in CR LF")]
    BareLineFeed,
    /// More empty lines than a forgiving server skips before a request line (RFC 9112 §2.2).
    #[error("there are only empty lines where a request should be")]
    EmptyLines,
    /// The request line or a field line does not follow the grammar.
    #[error("the head does not follow the grammar of HTTP/1.1")]
    Malformed,
    /// The version is neither 1.0 nor 1.1.
    #[error("the HTTP version is not supported")]
    Version,
    /// The target holds a byte that no URI has.
    #[error("the request target holds a character that a URI cannot have")]
    Target,
    /// The request line is longer than the limit.
    #[error("the request target is too long")]
    TargetTooLong,
    /// The head is longer than the limit.
    #[error("the header section is too large")]
    HeadTooLarge,
    /// There are more field lines than the limit.
    #[error("there are too many header fields")]
    TooManyFields,
    /// `Host` is missing, repeated or not a host (RFC 9112 §3.2).
    #[error("Host is missing, repeated or invalid")]
    Host,
    /// `Content-Length` is not one decimal number (RFC 9112 §6.3).
    #[error("Content-Length is repeated or not a decimal number")]
    ContentLength,
    /// `Transfer-Encoding` is anything but a single `chunked` in HTTP/1.1 (RFC 9112 §6.1).
    #[error("Transfer-Encoding is not a single \"chunked\"")]
    TransferEncoding,
    /// Both framing fields at once (RFC 9112 §6.3).
    #[error("Content-Length and Transfer-Encoding contradict each other")]
    TwoFramings,
    /// `CONNECT` announces content, which it cannot have (RFC 9110 §9.3.6): some would read it, others would tunnel it.
    #[error("CONNECT has no content")]
    ConnectContent,
    /// The chunked body does not follow the grammar (RFC 9112 §7.1).
    #[error("the chunked body does not follow the grammar")]
    Chunk,
    /// More interim answers than anyone needs (RFC 9110 §15.2).
    #[error("too many interim answers come before the final one")]
    TooManyInterim,
    /// The head did not arrive in time.
    #[error("the head did not arrive in time")]
    TooSlow,
}

impl GrammarFault {
    /// The status that tells a client what was wrong.
    pub fn status(self) -> u16 {
        match self {
            Self::TooSlow => 408,
            Self::TargetTooLong => 414,
            Self::HeadTooLarge | Self::TooManyFields => 431,
            Self::TransferEncoding => 501,
            Self::Version => 505,
            _ => 400,
        }
    }
}
