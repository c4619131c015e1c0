//! What is said of it in one plain sentence, and what does that show and not show?

use serde::Serialize;

use super::compare::{Differences, is_usual};
use crate::{
    detect::{Confidence, Finding, Identifier, InsertedBy, Part, Severity},
    exchange::{Fields, Scheme, grammar::GrammarFault},
};

/// What kind of sentence it is; machines read this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Something that identifies the visitor was written by somebody on the way, or could have been.
    Identified,
    /// Something was added on the way; what it means is not known.
    Added,
    /// Something was changed or taken away on the way.
    Changed,
    /// The phone or an app sends something that identifies the visitor.
    Sent,
    /// Something may identify the visitor.
    Possible,
    /// Nothing is known to identify, but there are fields that browsers do not send.
    Unusual,
    /// Nothing was added in cleartext.
    Clean,
    /// Inside TLS nothing can be added.
    Sealed,
    /// Two visits that were to come over different networks came from one address.
    SameNetwork,
    /// It is no sound request.
    Unsound,
}

impl Kind {
    /// Whether it is bad news, good news or neither: a class of the page's style.
    pub fn class(self) -> &'static str {
        match self {
            Self::Identified | Self::Added | Self::Changed => "bad",
            Self::Clean | Self::Sealed => "good",
            Self::Sent | Self::Possible | Self::Unusual | Self::SameNetwork | Self::Unsound => "wait",
        }
    }

    /// The same for eyes that tell no colours.
    pub fn sign(self) -> &'static str {
        match self.class() {
            "bad" => "✗",
            "good" => "✓",
            _ => "…",
        }
    }
}

/// The sentence, with its reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    /// What kind of sentence it is.
    pub kind: Kind,
    /// The sentence.
    pub sentence: String,
    /// What follows from it.
    pub shows: String,
    /// What does not follow from it.
    pub does_not_show: String,
}

const LIMITS: &str = "This is one request, to this name and port, over the network that you are on now. Over Wi-Fi no \
                      mobile carrier is on the way: switch Wi-Fi off and look again. Some carriers add fields for certain \
                      sites only, or to the first request of a connection only: none of that shows here.";
const SITES: &str = "It does not show which other sites receive it: carriers can choose them by name. Nor does it show who \
                     runs the box that wrote it: a company's proxy, a VPN or an app can do so too.";
const COMPARED: &str = "This request came without HTTPS, where boxes on the way can write into it; the same browser asked the \
                        same of this site inside HTTPS, where none can.";

/// Of one request by itself.
pub(super) fn of_request(
    findings: &[Finding],
    fields: &Fields,
    scheme: Scheme,
    fault: Option<GrammarFault>,
) -> Verdict {
    if let Some(fault) = fault {
        return unsound(fault);
    }
    if let Some(finding) = worst(findings, |finding| finding.origin != InsertedBy::Handset) {
        return identified(finding, finding.origin == InsertedBy::Carrier);
    }
    if let Some(finding) = worst(findings, |_| true) {
        return sent(finding);
    }
    if let Some(finding) = findings.first() {
        return possible(finding);
    }
    match (scheme, fields.iter().filter(|field| !is_usual(field)).count()) {
        (Scheme::Https, _) => sealed(),
        (Scheme::Http, 0) => clean_alone(),
        (Scheme::Http, count) => unusual(count),
    }
}

/// Of a request in cleartext beside its twin inside TLS. `findings` are those of the one in cleartext.
pub(super) fn of_twins(findings: &[Finding], differences: &Differences) -> Verdict {
    let was_added = |finding: &Finding| {
        let index = finding.location.index;
        let is_field = finding.location.part == Part::Header;
        is_field && (differences.added.contains(&index) || differences.changed.iter().any(|pair| pair.doubted == index))
    };
    if let Some(finding) = worst(findings, was_added) {
        let shows = format!("{COMPARED} The field with {} is there without HTTPS only.", thing(finding));
        return Verdict { shows, ..identified(finding, true) };
    }
    let shows = |rest: &str| format!("{COMPARED} {rest}");
    let limits = LIMITS.to_owned();
    match differences {
        _ if !differences.added.is_empty() => Verdict {
            kind: Kind::Added,
            sentence: format!("Something on the way added {} to this request", fields(differences.added.len())),
            shows: shows("What is there without HTTPS only was inserted on the way. What it means is not known."),
            does_not_show: SITES.to_owned(),
        },
        _ if !differences.is_empty() => Verdict {
            kind: Kind::Changed,
            sentence: "Something on the way changed this request".to_owned(),
            shows: shows("Nothing was added, but fields were changed or taken away on the way."),
            does_not_show: limits,
        },
        _ => match worst(findings, |_| true) {
            Some(finding) => Verdict { shows: shows("Both hold it: it was not added on the way."), ..sent(finding) },
            None => Verdict {
                kind: Kind::Clean,
                sentence: "Nothing was added on the way".to_owned(),
                shows: shows("Both hold the same, but for what browsers themselves do differently."),
                does_not_show: limits,
            },
        },
    }
}

/// Of a visit on cellular beside one on Wi-Fi, both in cleartext. `findings` are those of the one on cellular.
pub(super) fn of_walk(findings: &[Finding], differences: &Differences, is_one_address: bool) -> Verdict {
    let twin = of_twins(findings, differences);
    let compared = "Both requests came without HTTPS, from the same browser, one over each network.";
    let sentence = match twin.kind {
        Kind::Added => {
            format!("Over cellular {} there that Wi-Fi does not show", are(differences.added.len()))
        }
        Kind::Changed => "The two requests differ".to_owned(),
        Kind::Clean if is_one_address => "Both visits came from the same address".to_owned(),
        Kind::Clean => "Nothing was added over cellular that Wi-Fi does not show".to_owned(),
        _ => twin.sentence,
    };
    let (kind, shows) = match twin.kind {
        Kind::Clean if is_one_address => (
            Kind::SameNetwork,
            "So this was most likely one network twice, or both went through one VPN or proxy: the comparison says \
             nothing. Switch Wi-Fi off and tap again."
                .to_owned(),
        ),
        kind => (kind, format!("{compared} {}", walked(kind))),
    };
    Verdict { kind, sentence, shows, does_not_show: LIMITS.to_owned() }
}

fn walked(kind: Kind) -> &'static str {
    match kind {
        Kind::Identified | Kind::Added => "What is there over cellular only was put there by the carrier.",
        Kind::Changed => "Boxes on one of the two ways change requests.",
        Kind::Clean => "They hold the same, but for what browsers themselves do differently.",
        _ => "Both hold it: the carrier did not put it there.",
    }
}

fn unsound(fault: GrammarFault) -> Verdict {
    Verdict {
        kind: Kind::Unsound,
        sentence: "This is no request that every server reads alike".to_owned(),
        shows: format!("What came stands below; what is wrong with it: {fault}."),
        does_not_show: "It does not show who made it so: the program that sent it, or a box on the way.".to_owned(),
    }
}

fn identified(finding: &Finding, is_carrier: bool) -> Verdict {
    let thing = thing(finding);
    if finding.location.part == Part::Hello {
        return in_hello(&thing);
    }
    let sentence = match (is_carrier, finding.severity) {
        (true, Severity::Low) => format!("Something on the way tells every site {thing}"),
        (true, _) => format!("Your carrier tells every site {thing}"),
        (false, _) => format!("This request tells the site {thing}"),
    };
    let shows = match is_carrier {
        true => format!(
            "It stood in the request when it arrived here, {}. This site has no agreement with your carrier: what it \
             receives, any site can.",
            finding.origin_reason
        ),
        false => format!("It stood in the request when it arrived here, {}.", finding.origin_reason),
    };
    Verdict { kind: Kind::Identified, sentence, shows, does_not_show: SITES.to_owned() }
}

fn in_hello(thing: &str) -> Verdict {
    Verdict {
        kind: Kind::Identified,
        sentence: format!("Something on the way writes {thing} into your encrypted connections"),
        shows:
            "The first message of the connection, which is not encrypted, holds an extension that no browser is known \
                to send. What is inside the connection was not touched."
                .to_owned(),
        does_not_show:
            "It does not show who wrote it: a carrier's box, or a program of yours that nobody knows. Compare \
                        with another network."
                .to_owned(),
    }
}

fn sent(finding: &Finding) -> Verdict {
    Verdict {
        kind: Kind::Sent,
        sentence: format!("Your phone, or an app on it, tells this site {}", thing(finding)),
        shows: format!("It stood in the request: {}.", finding.origin_reason),
        does_not_show: LIMITS.to_owned(),
    }
}

fn possible(finding: &Finding) -> Verdict {
    Verdict {
        kind: Kind::Possible,
        sentence: format!("Something in this request may be {}", thing(finding)),
        shows: "It looks like it, by its name or its value alone. It may well be something else.".to_owned(),
        does_not_show: LIMITS.to_owned(),
    }
}

fn unusual(count: usize) -> Verdict {
    let they = if count == 1 { "is one that browsers do" } else { "are ones that browsers do" };
    Verdict {
        kind: Kind::Unusual,
        sentence: format!("Nothing here is known to identify you, but {} {they} not send", fields(count)),
        shows:
            "They are marked below. An app may have written them, or a box on the way: the comparison with HTTPS tells \
                which."
                .to_owned(),
        does_not_show: LIMITS.to_owned(),
    }
}

fn clean_alone() -> Verdict {
    Verdict {
        kind: Kind::Clean,
        sentence: "Nothing was added on the way, as far as this request shows".to_owned(),
        shows: "It came without HTTPS, where boxes on the way can write into it, and holds nothing but fields that \
                browsers send, without anything that is known to identify you."
            .to_owned(),
        does_not_show: LIMITS.to_owned(),
    }
}

fn sealed() -> Verdict {
    Verdict {
        kind: Kind::Sealed,
        sentence: "Nothing was added on the way: inside HTTPS nothing can be".to_owned(),
        shows: "This request came encrypted from your browser to this site, and so it is as your browser sent it. Its first \
                message, which is not encrypted, holds nothing that browsers do not send."
            .to_owned(),
        does_not_show: "It says nothing of what your carrier does to pages without HTTPS: open this page without HTTPS to \
                        see that."
            .to_owned(),
    }
}

/// The worst that is at least likely.
fn worst(findings: &[Finding], wanted: impl Fn(&Finding) -> bool) -> Option<&Finding> {
    let likely = findings.iter().filter(|finding| finding.confidence >= Confidence::Likely && wanted(finding));
    likely.max_by_key(|finding| (finding.severity, finding.confidence))
}

fn fields(count: usize) -> String {
    if count == 1 { "1 header field".to_owned() } else { format!("{count} header fields") }
}

fn are(count: usize) -> String {
    format!("{} {}", fields(count), if count == 1 { "is" } else { "are" })
}

/// In everyday words.
pub(super) fn thing(finding: &Finding) -> String {
    let words = plain(finding.identifier);
    let is_disguised = finding.severity < Severity::Critical;
    match finding.identifier {
        Identifier::Msisdn | Identifier::Imsi | Identifier::Imei | Identifier::Iccid if is_disguised => {
            format!("{words}, hashed or encrypted")
        }
        _ => words.to_owned(),
    }
}

fn plain(identifier: Identifier) -> &'static str {
    match identifier {
        Identifier::Msisdn => "your phone number",
        Identifier::Imsi => "the number of your subscription (IMSI)",
        Identifier::Imei => "the serial number of your phone (IMEI)",
        Identifier::Iccid => "the serial number of your SIM card (ICCID)",
        Identifier::SubscriberId => "a mark that recognises you everywhere",
        Identifier::Acr => "a mark that stands for your contract (ACR)",
        Identifier::Account => "your account or e-mail address",
        Identifier::Location => "where you are",
        Identifier::ClientIp => "your address inside the carrier's network",
        Identifier::Device => "which device you have",
        Identifier::Network => "which network and gateway you use",
    }
}
