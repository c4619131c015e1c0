//! Which hosts, headers, paths and addresses does a list mean?

use crate::{
    config::{
        Code,
        diagnostic::Faults,
        source::At,
        suggest::{closest, hint, quoted},
    },
    policy::{AddressClass, AddressSet, GlobFault, HostSet, InvalidAddress, Pattern, parse_network},
};

/// The patterns that can be compiled; a fault for each of the others.
pub fn patterns(
    written: &[At<String>],
    parse: impl Fn(&str) -> Result<Pattern, GlobFault>,
    faults: &Faults,
) -> Vec<At<Pattern>> {
    let compile = |text: &At<String>| match parse(&text.value) {
        Ok(pattern) => Some(At { value: pattern, place: text.place.clone() }),
        Err(fault) => {
            let message = format!("{} is not a pattern: {fault}", quoted(&text.value));
            let help = "`*` stands for any characters, `?` for one, `{a,b}` for either, `[a-z]` for one of these";
            faults.error(Code::InvalidPattern, &text.place, message, help);
            None
        }
    };
    written.iter().filter_map(compile).collect()
}

/// A set of hosts.
pub fn hosts(written: &[At<String>], faults: &Faults) -> HostSet {
    let patterns = patterns(written, Pattern::host, faults);
    compiled(written, HostSet::new(patterns.into_iter().map(|at| at.value).collect()), faults).unwrap_or_default()
}

/// What was compiled from a list, or a fault at its beginning.
pub fn compiled<T>(written: &[At<String>], result: Result<T, GlobFault>, faults: &Faults) -> Option<T> {
    result
        .inspect_err(|fault| {
            faults.error(
                Code::InvalidPattern,
                written.first().map(|at| &at.place),
                fault.to_string(),
                "use fewer patterns",
            );
        })
        .ok()
}

/// A set of addresses, of classes and networks.
pub fn addresses(written: &[At<String>], faults: &Faults) -> AddressSet {
    let mut classes = Vec::new();
    let mut networks = Vec::new();
    for text in written {
        match text.value.parse::<AddressClass>() {
            Ok(class) => classes.push(class),
            Err(()) => networks.extend(network(text, faults)),
        }
    }
    AddressSet::new(classes, networks)
}

/// One network; what is neither a network nor a class is told with the class that it is most like.
pub fn network(text: &At<String>, faults: &Faults) -> Option<ipnet::IpNet> {
    let fault = match parse_network(&text.value) {
        Ok(network) => return Some(network),
        Err(fault) => fault,
    };
    if let InvalidAddress::HostBits { network } = fault {
        let message = format!("{} has bits set beyond its prefix length", quoted(&text.value));
        faults.warning(Code::HostBits, &text.place, message, format!("it is taken for `{network}`"));
        return Some(network);
    }
    let message = format!("{} is not a network: {fault}", quoted(&text.value));
    let help = match text.value.starts_with(|c: char| c.is_ascii_digit()) || text.value.contains([':', '/']) {
        true => "write an address or a network, such as \"192.0.2.0/24\" or \"2001:db8::/32\"".to_owned(),
        false => hint(&text.value, "a network such as \"192.0.2.0/24\", or one of", class_words()),
    };
    faults.error(Code::InvalidNetwork, &text.place, message, help);
    None
}

/// What `deny_targets` lists: addresses, host patterns and clir itself.
pub struct Targets {
    /// Classes and networks.
    pub addresses: AddressSet,
    /// Host patterns.
    pub hosts: HostSet,
    /// Whether `self` is there.
    pub includes_self: bool,
}

/// Sorts a list of targets by what each entry is.
pub fn targets(written: &[At<String>], faults: &Faults) -> Targets {
    let includes_self = written.iter().any(|text| text.value == "self");
    let others = written.iter().filter(|text| text.value != "self" && !is_slip(text, faults));
    let (nets, names): (Vec<_>, Vec<_>) = others.cloned().partition(|text| is_address_like(&text.value));
    Targets { addresses: addresses(&nets, faults), hosts: hosts(&names, faults), includes_self }
}

/// Whether a text can only be meant for an address, a network or a class of addresses.
pub fn is_address_like(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'/'));
    text.parse::<AddressClass>().is_ok() || text.contains('/') || text.matches(':').count() > 1 || digits
}

/// A class that was misspelt would pass for a host name, and deny nothing.
fn is_slip(text: &At<String>, faults: &Faults) -> bool {
    let bare = !text.value.contains(['.', '*', ':', '/', '?', '{', '[']);
    let slip = bare && text.value.parse::<AddressClass>().is_err() && text.value != "localhost";
    match closest(&text.value, class_words().chain(["self"])).filter(|_| slip) {
        None => false,
        Some(meant) => {
            let message = format!("{} is no class of addresses", quoted(&text.value));
            let help = format!("did you mean `{meant}`? A host of that name is written with its domain");
            faults.error(Code::InvalidNetwork, &text.place, message, help);
            true
        }
    }
}

fn class_words() -> impl Iterator<Item = &'static str> + Clone {
    AddressClass::ALL.iter().map(|class| class.as_str())
}
