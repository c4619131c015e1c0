//! Which hosts are asked whether the network is online?
//!
//! The compiled-in list, `config/connectivity.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::policy::Check;

const LIST: &str = include_str!("../../config/connectivity.toml");

/// The list as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    check: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Whose it is, for people.
    #[serde(rename = "asked-by")]
    _asked_by: String,
    host: Vec<String>,
    #[serde(default)]
    path: Vec<String>,
    /// Where that is said.
    #[serde(rename = "source")]
    _source: String,
}

/// The checks that are compiled in.
pub fn builtin() -> &'static [Check] {
    static CHECKS: LazyLock<Vec<Check>> = LazyLock::new(|| {
        let list = toml::from_str::<List>(LIST).unwrap_or_else(|fault| unreachable!("a test reads this list: {fault}"));
        list.check.into_iter().map(|entry| Check { hosts: entry.host, paths: entry.path }).collect()
    });
    &CHECKS
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::exchange::Host;

    #[test]
    fn the_list_is_sound() {
        let mut seen = HashSet::new();
        for Check { hosts, paths } in builtin() {
            assert!(!hosts.is_empty() && paths.iter().all(|path| path.starts_with('/')), "{hosts:?}");
            for host in hosts {
                let parsed = Host::parse(host.as_bytes()).unwrap();
                assert_eq!(parsed.name(), Some(host.as_str()), "in lower case, and a name");
                assert!(seen.insert(host.clone()), "{host} stands twice");
            }
        }
        assert!(seen.len() > 30);
    }
}
