//! Why did a handshake fail, in words for a page or a log line?
//!
//! The words name no certificate contents but dates and names, and those bounded and free of control characters: they
//! come from a stranger.

use std::{error::Error as _, io};

use rustls::{
    AlertDescription, CertificateError, Error,
    pki_types::{ServerName, UnixTime},
};

use super::{error::date, verifier::Objection};

/// How many of the names in a certificate are listed.
const NAMES: usize = 4;
/// How long each of them may be, in characters.
const NAME_LENGTH: usize = 80;

/// Says why TLS with the other side did not come about, as half a sentence without a full stop.
pub fn describe(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(alert) => self::alert(*alert),
        Error::NoCertificatesPresented => "it presented no certificate".into(),
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => {
            "it does not speak TLS, or not by the rules".into()
        }
        Error::PeerIncompatible(reason) => format!("it offers only TLS that is too old or too weak ({reason:?})"),
        Error::NoApplicationProtocol => "it speaks none of the application protocols that were offered".into(),
        Error::PeerMisbehaved(reason) => format!("it broke the rules of TLS ({reason:?})"),
        Error::DecryptError => "what it sent could not be decrypted".into(),
        other => printable(&other.to_string(), 200),
    }
}

/// Like [`describe`], for the error that a TLS stream returns; an error of the transport speaks for itself.
pub fn describe_io(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(inner) => describe(inner),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "it closed the connection during the handshake".into(),
        None => error.to_string(),
    }
}

/// Whether the other side ended the handshake, rather than we.
pub fn is_dismissal(error: &io::Error) -> bool {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(inner) => matches!(inner, Error::AlertReceived(_)),
        None => true,
    }
}

/// Says why a client did not finish the handshake, in one of three ways that can be told apart: it objected to our
/// certificate, it left without a word after it was shown it, or it was something else.
pub fn describe_client(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::AlertReceived(alert)) if is_about_certificate(*alert) => {
            format!("the client does not accept our certificate: {} (alert {alert:?})", objection(*alert))
        }
        Some(inner) => format!("the TLS handshake with the client failed: {}", describe(inner)),
        None if is_departure(error) => {
            "the client left without a word when it was shown our certificate: it may not trust our authority".into()
        }
        None => format!("the TLS handshake with the client failed: {error}"),
    }
}

/// Whether the client ended the handshake by an objection, or cannot have it with us at all: the same will happen again.
pub fn is_objection(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).is_some()
}

/// Whether the other side left without a word.
pub fn is_departure(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

fn is_about_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::UnsupportedCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRevoked
            | Alert::AccessDenied
    )
}

fn objection(alert: AlertDescription) -> &'static str {
    use AlertDescription as Alert;
    match alert {
        Alert::UnknownCA => "it does not trust our authority",
        Alert::CertificateExpired => "by its clock the certificate is not valid",
        _ => "it does not trust our authority, or wants another certificate",
    }
}

fn certificate(error: &CertificateError) -> String {
    use CertificateError as Fault;
    match error {
        Fault::Expired => "its certificate has expired".into(),
        Fault::ExpiredContext { not_after, .. } => format!("its certificate has expired on {}", day(*not_after)),
        Fault::NotValidYet => "its certificate is not valid yet".into(),
        Fault::NotValidYetContext { not_before, .. } => {
            format!("its certificate is valid only from {}", day(*not_before))
        }
        Fault::UnknownIssuer => "its certificate was issued by an authority that is not trusted here".into(),
        Fault::NotValidForName => "its certificate is for another name".into(),
        Fault::NotValidForNameContext { expected, presented } => wrong_name(expected, presented),
        Fault::Revoked => "its certificate has been revoked".into(),
        Fault::BadEncoding => "its certificate cannot be read".into(),
        Fault::BadSignature => "a signature in its certificates or its handshake is wrong".into(),
        Fault::UnsupportedSignatureAlgorithmContext { .. }
        | Fault::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "its certificate or its handshake is signed with an algorithm, or a key, that is too weak or unknown".into()
        }
        Fault::UnhandledCriticalExtension => "its certificate makes a demand that is not understood here".into(),
        Fault::InvalidPurpose | Fault::InvalidPurposeContext { .. } => {
            "its certificate was not issued for a web server".into()
        }
        Fault::Other(other) => match (other.0.downcast_ref::<Objection>(), other.source()) {
            (Some(objection), _) => objection.to_string(),
            (None, Some(cause)) => format!("its certificate is not acceptable ({})", spaced(&cause.to_string())),
            (None, None) => "its certificate is not acceptable".into(),
        },
        other => format!("its certificate is not acceptable ({})", printable(&format!("{other:?}"), 200)),
    }
}

fn alert(alert: AlertDescription) -> String {
    use AlertDescription as Alert;
    let words = match alert {
        _ if is_about_certificate(alert) => "it does not accept the certificate that it was shown",
        Alert::CertificateRequired => "it demands a certificate from its clients",
        Alert::UnrecognisedName => "it does not know a site of this name",
        Alert::HandshakeFailure | Alert::InsufficientSecurity => "no cipher or key exchange suits both sides",
        Alert::ProtocolVersion => "no version of TLS suits both sides",
        Alert::NoApplicationProtocol => "it speaks none of the application protocols that were offered",
        Alert::InternalError => "it had an error of its own",
        _ => "it ended the handshake",
    };
    format!("{words} (alert {alert:?})")
}

fn wrong_name(expected: &ServerName<'_>, presented: &[String]) -> String {
    let expected = printable(&expected.to_str(), NAME_LENGTH);
    if presented.is_empty() {
        return format!("its certificate names no host, so it is not for {expected}");
    }
    let names: Vec<_> = presented.iter().take(NAMES).map(|name| printable(bare(name), NAME_LENGTH)).collect();
    let more = match presented.len().saturating_sub(NAMES) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    format!("its certificate is not for {expected} but for {}{more}", names.join(", "))
}

/// The name inside `DnsName("…")` or `IpAddress(…)`, as the verifier writes it.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

/// The verifier names its less common reasons `LikeThis`; people read `like this`.
fn spaced(reason: &str) -> String {
    let mut words = String::new();
    for character in printable(reason, 200).chars() {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

fn day(time: UnixTime) -> String {
    date(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

fn printable(text: &str, length: usize) -> String {
    let clean = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    let mut shown: String = text.chars().take(length).map(clean).collect();
    if text.chars().nth(length).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use rustls::PeerIncompatible;

    use super::*;

    #[test]
    fn certificates_are_refused_in_plain_words() {
        let at = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let expired = CertificateError::ExpiredContext { time: at(0), not_after: at(1_700_000_000) };
        assert_eq!(describe(&expired.into()), "its certificate has expired on 2023-11-14");
        let early = CertificateError::NotValidYetContext { time: at(0), not_before: at(1_700_000_000) };
        assert_eq!(describe(&early.into()), "its certificate is valid only from 2023-11-14");
        let unknown = describe(&CertificateError::UnknownIssuer.into());
        assert_eq!(unknown, "its certificate was issued by an authority that is not trusted here");
    }

    #[test]
    fn names_from_a_stranger_are_bounded_and_printable() {
        let presented: Vec<_> = (0..9).map(|n| format!("DnsName(\"a\n{n}{}\")", "x".repeat(300))).collect();
        let expected = ServerName::try_from("example.org").unwrap();
        let text = describe(&CertificateError::NotValidForNameContext { expected, presented }.into());
        assert!(text.starts_with("its certificate is not for example.org but for a\u{fffd}0xxx"), "{text}");
        assert!(text.ends_with(" and 5 more") && text.len() < 600 && !text.contains('\n'), "{text}");
    }

    #[test]
    fn alerts_and_old_servers_are_named() {
        let text = describe(&Error::AlertReceived(AlertDescription::CertificateRequired));
        assert_eq!(text, "it demands a certificate from its clients (alert CertificateRequired)");
        let old = describe(&Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13));
        assert!(old.contains("too old"), "{old}");
    }

    #[test]
    fn an_error_of_the_stream_is_unwrapped() {
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, Error::NoCertificatesPresented);
        assert_eq!(describe_io(&wrapped), "it presented no certificate");
        assert!(describe_io(&io::ErrorKind::UnexpectedEof.into()).contains("closed the connection"));
    }
}
