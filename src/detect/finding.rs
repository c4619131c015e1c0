//! What was found, how bad is it, how sure are we, and where exactly does it stand?

use std::{fmt, ops::Range, str::FromStr, sync::Arc};

use bytes::Bytes;
use serde::{Serialize, Serializer};

use super::behaviour::Evidence;
use crate::exchange::Direction;

/// Declares a closed set of words that stands in configuration, events and scan output under the same names.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every member, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word used in configuration, events and scan output.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text).ok_or(())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

words! {
    /// What kind of thing identifies someone.
    Identifier {
        /// The phone number (E.164).
        Msisdn = "msisdn",
        /// The number of the subscription (E.212).
        Imsi = "imsi",
        /// The number of the device (3GPP TS 23.003 §6).
        Imei = "imei",
        /// The number of the SIM card (E.118).
        Iccid = "iccid",
        /// Any stable pseudonym of the subscriber, supercookies included.
        SubscriberId = "subscriber-id",
        /// The Anonymous Customer Reference of the GSMA.
        Acr = "acr",
        /// An e-mail address, a network access identifier, a user name.
        Account = "account",
        /// Where the phone is: a cell, a position.
        Location = "location",
        /// An address inside the carrier.
        ClientIp = "client-ip",
        /// Profile or serial of the device.
        Device = "device",
        /// Gateway, access point, bearer, roaming.
        Network = "network",
    }
}

words! {
    /// How bad it is that a site learns this. Ordered, `low` first.
    Severity {
        /// Bearer, roaming, gateway, device profile.
        Low = "low",
        /// Session, charging id, address inside the carrier.
        Medium = "medium",
        /// A stable pseudonym; an encrypted or hashed number.
        High = "high",
        /// Number, IMSI, IMEI, ICCID, account, precise location.
        Critical = "critical",
    }
}

words! {
    /// How sure we are. Ordered, `possible` first.
    Confidence {
        /// A name or a value alone suggests it.
        Possible = "possible",
        /// Name and value agree, or a checked value stands where such values stand.
        Likely = "likely",
        /// The user's own identifier, or a known name with a value of the right shape.
        Certain = "certain",
    }
}

words! {
    /// Who put it there.
    InsertedBy {
        /// A box on the way.
        Carrier = "carrier",
        /// The phone or an app on it.
        Handset = "handset",
        /// Cannot be told.
        Unknown = "unknown",
    }
}

words! {
    /// Which part of a message.
    Part {
        /// The header section.
        Header = "header",
        /// The trailer section after a chunked or HTTP/2 body.
        Trailer = "trailer",
        /// The request target: path and query.
        Target = "target",
        /// The ClientHello of a TLS connection.
        Hello = "hello",
    }
}

/// Where a finding stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The field's name as it was spelt; empty for the target.
    pub name: Bytes,
    /// The message's direction.
    pub direction: Direction,
    /// The part of the message.
    pub part: Part,
    /// Index of the field line in that part, counted from zero in the order received; 0 for the target.
    pub index: usize,
    /// Whether it stands in the field's name, and the span with it, instead of in its value.
    pub in_name: bool,
}

/// One identifier found at one place.
#[derive(Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub identifier: Identifier,
    /// How bad it is.
    pub severity: Severity,
    /// How sure we are.
    pub confidence: Confidence,
    /// Who put it there.
    pub origin: InsertedBy,
    /// Why that is who it was: a sentence for people, without anything of the message.
    pub origin_reason: &'static str,
    /// Where it stands.
    pub location: Location,
    /// The bytes of the value (or target, or name) that carry it.
    pub span: Range<usize>,
    /// Those bytes themselves, shared with the field that they stand in. Never printed.
    pub value: Bytes,
    /// Name of the detector that found it.
    pub detector: &'static str,
    /// Id of the signature that matched, if one did.
    pub signature: Option<Arc<str>>,
    /// What many requests show of it, if they do.
    pub evidence: Option<Arc<Evidence>>,
}

/// Says everything but the value.
impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finding")
            .field("identifier", &self.identifier)
            .field("severity", &self.severity)
            .field("confidence", &self.confidence)
            .field("origin", &self.origin)
            .field("origin_reason", &self.origin_reason)
            .field("location", &self.location)
            .field("span", &self.span)
            .field("detector", &self.detector)
            .field("signature", &self.signature)
            .field("evidence", &self.evidence)
            .finish_non_exhaustive()
    }
}
