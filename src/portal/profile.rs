//! Which configuration profiles do Apple's devices take?
//!
//! Property lists as Apple's "Configuration Profile Reference" has them. Identifiers are stable, so that a second
//! installation replaces the first; UUIDs are fresh, so that a device takes it for a new version.

use std::net::SocketAddr;

use plist::{Dictionary, Value};
use uuid::Builder;

use super::Portal;
use crate::exchange::hex;

/// A profile that installs the authority's certificate. The owner of the device still has to trust it in the settings.
pub(super) fn authority(portal: &Portal, entropy: [u8; 32]) -> Result<Vec<u8>, plist::Error> {
    let certificate = dictionary([
        ("PayloadCertificateFileName", "clir-ca.crt".into()),
        ("PayloadContent", Value::Data(portal.der.clone())),
    ]);
    let described = Described {
        identifier: format!("test.clir.authority.{}", short(&portal.fingerprint)),
        name: "clir: certificate".into(),
        text: format!(
            "Lets clir read what apps send inside HTTPS. Fingerprint (SHA-256): {}. Afterwards switch it on under \
             Settings, General, About, Certificate Trust Settings.",
            portal.fingerprint
        ),
        kind: "com.apple.security.root",
    };
    written(described, certificate, entropy)
}

/// A profile that joins a Wi-Fi network and uses clir as its proxy there. It holds no password: the device asks for it.
pub(super) fn wifi(ssid: &str, proxy: SocketAddr, entropy: [u8; 32]) -> Result<Vec<u8>, plist::Error> {
    let network = dictionary([
        ("SSID_STR", ssid.into()),
        ("HIDDEN_NETWORK", false.into()),
        ("AutoJoin", true.into()),
        ("EncryptionType", "Any".into()),
        ("ProxyType", "Manual".into()),
        ("ProxyServer", proxy.ip().to_string().into()),
        ("ProxyServerPort", u64::from(proxy.port()).into()),
    ]);
    let described = Described {
        identifier: format!("test.clir.wifi.{}", hex(ssid.as_bytes())),
        name: format!("clir: proxy for {ssid}"),
        text: format!("Uses clir at {proxy} as the proxy of the Wi-Fi network {ssid}."),
        kind: "com.apple.wifi.managed",
    };
    written(described, network, entropy)
}

struct Described {
    identifier: String,
    name: String,
    text: String,
    kind: &'static str,
}

/// A profile of one payload.
fn written(described: Described, mut payload: Dictionary, entropy: [u8; 32]) -> Result<Vec<u8>, plist::Error> {
    let (first, second) = uuids(entropy);
    let identifier = &described.identifier;
    let common = |identifier: String, uuid: String, kind: &str| {
        [
            ("PayloadIdentifier", Value::from(identifier)),
            ("PayloadUUID", uuid.into()),
            ("PayloadType", kind.into()),
            ("PayloadVersion", 1.into()),
            ("PayloadDisplayName", described.name.as_str().into()),
        ]
    };
    payload.extend(dictionary(common(format!("{identifier}.payload"), first, described.kind)));
    let mut profile = dictionary(common(identifier.clone(), second, "Configuration"));
    profile.extend(dictionary([
        ("PayloadDescription", described.text.as_str().into()),
        ("PayloadOrganization", "clir".into()),
        ("PayloadRemovalDisallowed", false.into()),
        ("PayloadContent", Value::Array(vec![payload.into()])),
    ]));
    let mut bytes = Vec::new();
    Value::from(profile).to_writer_xml(&mut bytes)?;
    Ok(bytes)
}

fn dictionary<const N: usize>(entries: [(&str, Value); N]) -> Dictionary {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn uuids(entropy: [u8; 32]) -> (String, String) {
    let (first, second) = entropy.split_at(16);
    let uuid = |bytes: &[u8]| {
        let bytes = bytes.try_into().unwrap_or_default();
        Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string().to_uppercase()
    };
    (uuid(first), uuid(second))
}

/// The beginning of a fingerprint, without what separates its bytes.
fn short(fingerprint: &str) -> String {
    fingerprint.chars().filter(char::is_ascii_hexdigit).take(16).collect::<String>().to_lowercase()
}
