//! What went wrong, on whose side, and what is the client told?

use std::{error::Error, fmt, io};

use http::StatusCode;
use rustix::io::Errno;

/// Whose doing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client broke a rule or went away.
    Client,
    /// The origin did not do its part.
    Origin,
    /// We could not do ours.
    Ours,
}

/// At which stage of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Deciding whether it may pass.
    Access,
    /// Looking the name up.
    Resolve,
    /// Connecting to the origin.
    Connect,
    /// The TLS handshake with the origin.
    Handshake,
    /// Sending the request and waiting for the head of the answer.
    Exchange,
    /// The body of the request.
    RequestBody,
}

/// Why an exchange did not come to a good end. Its text holds no value of any field.
#[derive(Debug)]
pub struct Fault {
    /// Whose doing it is.
    pub side: Side,
    /// Where on the way.
    pub stage: Stage,
    /// What the client is answered, where it can still be answered.
    pub status: StatusCode,
    what: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A request that may not pass: 403.
    pub fn denied(what: impl Into<String>) -> Self {
        Self::new(Side::Client, Stage::Access, StatusCode::FORBIDDEN, what)
    }

    /// A request that cannot be understood or served: 4xx or 5xx as given.
    pub fn refused(status: StatusCode, what: impl Into<String>) -> Self {
        Self::new(Side::Client, Stage::Access, status, what)
    }

    /// A request whose body broke off: 4xx as given.
    pub fn cut_short(status: StatusCode, what: impl Into<String>) -> Self {
        Self::new(Side::Client, Stage::RequestBody, status, what)
    }

    /// The origin could not be reached or broke the protocol: 502.
    pub fn origin(stage: Stage, what: impl Into<String>) -> Self {
        Self::new(Side::Origin, stage, StatusCode::BAD_GATEWAY, what)
    }

    /// The origin did not answer in time: 504.
    pub fn timeout(stage: Stage, what: impl Into<String>) -> Self {
        Self::new(Side::Origin, stage, StatusCode::GATEWAY_TIMEOUT, what)
    }

    /// Our own part failed: 500.
    pub fn ours(stage: Stage, what: impl Into<String>) -> Self {
        Self::new(Side::Ours, stage, StatusCode::INTERNAL_SERVER_ERROR, what)
    }

    /// Adds the error behind it.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Whether it is for want of descriptors.
    pub fn is_exhaustion(&self) -> bool {
        let cause = self.cause.as_ref().and_then(|cause| cause.downcast_ref::<io::Error>());
        cause.is_some_and(is_exhaustion)
    }

    fn new(side: Side, stage: Stage, status: StatusCode, what: impl Into<String>) -> Self {
        Self { side, stage, status, what: what.into(), cause: None }
    }
}

/// The whole chain on one line.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            None => f.write_str(&self.what),
            Some(cause) => write!(f, "{}: {}", self.what, chain(cause.as_ref())),
        }
    }
}

/// Whether this process, or the system, has no descriptor left.
pub fn is_exhaustion(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

/// An error and what is behind it, on one line, each thing said once.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}
