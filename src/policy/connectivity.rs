//! Does this ask whether the network is online?
//!
//! Systems and browsers ask such questions of known hosts, in cleartext, and take any answer but the expected one for a
//! captive portal. Whoever changes question or answer cuts the phone off; whoever watches them has the steadiest sensor
//! that there is. The host is the one that is really gone to: a name that is only claimed makes nothing such a question.

use std::collections::HashMap;

use super::HostSet;
use crate::exchange::Host;

/// Hosts of one operator that answer such questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// The names, in lower case.
    pub hosts: Vec<String>,
    /// The paths that are such questions; none means all, for a host that does nothing else.
    pub paths: Vec<String>,
}

/// Every host that is known to answer such questions.
#[derive(Clone, Debug, Default)]
pub struct Connectivity {
    /// By name; no paths mean all.
    hosts: HashMap<Box<str>, Vec<Box<[u8]>>>,
    extra: HostSet,
}

impl Connectivity {
    /// These checks, and further hosts that do nothing else.
    pub fn new(checks: Vec<Check>, extra: HostSet) -> Self {
        let mut hosts: HashMap<Box<str>, Vec<Box<[u8]>>> = HashMap::new();
        for Check { hosts: names, paths } in checks {
            for name in names {
                let known = hosts.entry(name.into()).or_default();
                known.extend(paths.iter().map(|path| path.as_bytes().into()));
            }
        }
        Self { hosts, extra }
    }

    /// Whether a request for this target at this host is such a question.
    pub fn is_check(&self, host: &Host, target: &[u8]) -> bool {
        let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
        match self.paths(host) {
            Some(paths) => paths.is_empty() || paths.iter().any(|known| **known == *path),
            None => self.extra.matches(host),
        }
    }

    /// Whether the host does nothing but answer such questions: then what is inside TLS is none of our business.
    pub fn is_dedicated(&self, host: &Host) -> bool {
        self.paths(host).map_or_else(|| self.extra.matches(host), <[_]>::is_empty)
    }

    /// Whether the host answers such questions at all, perhaps among other things.
    pub fn knows(&self, host: &Host) -> bool {
        self.paths(host).is_some() || self.extra.matches(host)
    }

    fn paths(&self, host: &Host) -> Option<&[Box<[u8]>]> {
        let name = host.name()?;
        self.hosts.get(name.strip_suffix('.').unwrap_or(name)).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Host {
        Host::parse(text.as_bytes()).unwrap()
    }

    fn connectivity() -> Connectivity {
        let check = |host: &str, paths: &[&str]| Check {
            hosts: vec![host.to_owned()],
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        };
        let checks = vec![check("online.example", &[]), check("www.example.org", &["/generate_204"])];
        Connectivity::new(checks, HostSet::parse(&["*.probe.example"]).unwrap())
    }

    #[test]
    fn a_host_that_does_other_things_is_one_for_its_paths_only() {
        let known = connectivity();
        assert!(known.is_check(&host("www.example.org"), b"/generate_204?x=1"));
        assert!(!known.is_check(&host("www.example.org"), b"/generate_204/more"));
        assert!(!known.is_check(&host("www.example.org"), b"/"));
        assert!(!known.is_dedicated(&host("www.example.org")) && known.knows(&host("www.example.org")));
    }

    #[test]
    fn a_dedicated_host_is_one_whatever_it_is_asked() {
        let known = connectivity();
        for name in ["online.example", "ONLINE.example.", "a.probe.example"] {
            assert!(known.is_check(&host(name), b"/any") && known.is_dedicated(&host(name)), "{name}");
        }
        for name in ["evil-online.example", "online.example.evil.example", "192.0.2.1"] {
            assert!(!known.is_check(&host(name), b"/any") && !known.knows(&host(name)), "{name}");
        }
    }
}
