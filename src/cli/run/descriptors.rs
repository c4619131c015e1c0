//! How many descriptors may clir have, and do they suffice?
//!
//! Many systems let a process have 1,024 unless it asks for more, up to a limit that it cannot move.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// For each connection of a client there is one to an origin.
const EACH: u64 = 2;
/// The log, the database, event loops, watched files, and attempts that are under way beside others.
const OWN: u64 = 256;

/// What this process may have, and what its limits would need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptors {
    /// Nothing where there is no limit.
    allowed: Option<u64>,
    needed: u64,
    connections: usize,
}

impl Descriptors {
    /// Raises the limit as far as it goes. What cannot be raised stays as it is.
    pub fn raise(config: &Config) -> Self {
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let is_raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
        let allowed = if is_raised { maximum } else { current };
        Self::of(allowed, config.limits.connections)
    }

    fn of(allowed: Option<u64>, connections: usize) -> Self {
        let each = u64::try_from(connections).unwrap_or(u64::MAX).saturating_mul(EACH);
        Self { allowed, needed: each.saturating_add(OWN), connections }
    }

    /// What to say if they do not suffice.
    pub fn shortage(self) -> Option<String> {
        let Self { allowed, needed, connections } = self;
        let allowed = allowed.filter(|allowed| *allowed < needed)?;
        Some(format!(
            "{allowed} allowed, and limits.connections = {connections} may need {needed}: raise the hard limit \
             (`LimitNOFILE=` in a unit, `ulimit -Hn` in a shell), or lower limits.connections"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_names_the_number_that_suffices() {
        let said = Descriptors::of(Some(1024), 4096).shortage().unwrap();
        assert!(said.contains("1024 allowed") && said.contains("may need 8448"), "{said}");
        assert_eq!(Descriptors::of(Some(8448), 4096).shortage(), None);
        assert_eq!(Descriptors::of(None, usize::MAX).shortage(), None);
    }
}
