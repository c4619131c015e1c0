//! How does a file become a configuration?

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use toml::de::DeTable;

use super::{
    Code, Config, Door, Listener, PolicyFile, Report, RulePlace,
    diagnostic::Faults,
    locate::Surroundings,
    schema::{
        Base, Desk, NamedClients, Partners, Reader, Scope, Written, check_names, check_reach, read_clients,
        read_configuration, read_partners, read_rules, read_tables,
    },
    signatures,
    source::{At, Place, Source},
    syntax,
};
use crate::{
    detect::{Identities, SignatureSet},
    policy::{Mode, Policy, Rule},
};

/// The configuration that documents every key.
const BUILTIN_CONFIG: &str = include_str!("../../config/clir.toml");
/// The policy that holds where nobody wrote one.
pub(super) const BUILTIN_POLICY: &str = include_str!("../../config/policy.toml");
/// The policy's file where none is named.
pub(super) const POLICY_FILE: &str = "policy.toml";

/// A configuration that can be used, and what came with it.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What is probably not meant.
    pub warnings: Report,
    /// What to watch for a reload: files that were read, or would be if they existed, and directories of such files.
    pub files: Vec<PathBuf>,
}

/// Finds, reads, checks and compiles the configuration; `explicit` is what `--config` says.
///
/// # Errors
/// A [`Report`] of everything that is wrong, warnings included.
pub fn load(explicit: Option<&Path>) -> Result<Loaded, Report> {
    load_with(explicit, None)
}

/// A file that is not written yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overlay<'a> {
    /// Where it would be.
    pub path: &'a Path,
    /// What it would say.
    pub text: &'a str,
}

/// As [`load`], as if one file said something else.
pub(super) fn load_with(explicit: Option<&Path>, overlay: Option<Overlay<'_>>) -> Result<Loaded, Report> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    load_over(&Surroundings::of_process(explicit), today, overlay)
}

/// As [`load`], in given surroundings and on a given day.
#[cfg(test)]
pub(super) fn load_in(surroundings: &Surroundings, today: Date) -> Result<Loaded, Report> {
    load_over(surroundings, today, None)
}

fn load_over(surroundings: &Surroundings, today: Date, overlay: Option<Overlay<'_>>) -> Result<Loaded, Report> {
    let faults = Faults::default();
    let path = surroundings.file();
    let loading = Loading { base: &surroundings.base, path: path.clone(), today, faults: &faults, overlay };
    let source = match &path {
        Some(path) => loading.read(path, None),
        None => Some(Source::new("built-in clir.toml", BUILTIN_CONFIG)),
    };
    let result = source.and_then(|source| loading.load(&source));
    let failed = faults.has_errors();
    let report = faults.into_report();
    match result {
        Some((config, files)) if !failed => Ok(Loaded { config, warnings: report, files }),
        _ => Err(report),
    }
}

/// What stays the same while one configuration is loaded.
struct Loading<'a> {
    base: &'a Path,
    path: Option<PathBuf>,
    today: Date,
    faults: &'a Faults,
    overlay: Option<Overlay<'a>>,
}

impl Loading<'_> {
    fn load(&self, source: &Arc<Source>) -> Option<(Config, Vec<PathBuf>)> {
        let document = Document::parse(source, self.faults);
        let root = document.root(self.faults);
        let written = read_configuration(&root, &Base(self.base));
        let policy_file = self.policy_file(&root, &written);
        let policy_source = self.policy_source(&policy_file, &written);
        let policy_document = policy_source.as_ref().map(|source| Document::parse(source, self.faults));
        let policy_root = policy_document.as_ref().map(|document| document.root(self.faults));

        let mut clients = read_clients(&root);
        let own_sources = self.own_sources(&clients);
        let own_documents: Vec<_> =
            own_sources.iter().map(|(source, owners)| (Document::parse(source, self.faults), owners)).collect();
        let own: Vec<_> = own_documents
            .iter()
            .map(|(document, owners)| Own { root: document.root(self.faults), owners: owners.as_slice() })
            .collect();

        let roots: Vec<&Reader<'_>> = std::iter::once(&root).chain(&policy_root).collect();
        let (policy, places, partners) = self.read_policy(&roots, &own, &mut clients, &written);
        let signatures = signatures::read(written.signatures.as_ref(), self.faults);
        root.finish();
        policy_root.into_iter().chain(own.into_iter().map(|own| own.root)).for_each(Reader::finish);
        document.drop_consequences(self.faults);
        policy_document.iter().for_each(|document| document.drop_consequences(self.faults));
        own_documents.iter().for_each(|(document, _)| document.drop_consequences(self.faults));

        let mut files = self.watched(&written, &policy_file);
        files.extend(clients.files().iter().map(|(file, _)| self.beside(&file.value)));
        let config = self.assemble(written, (policy?, places), partners, policy_file, signatures?, &clients);
        Some((config, files))
    }

    /// A file, or what would stand in it.
    fn read(&self, path: &Path, named: Option<&Place>) -> Option<Arc<Source>> {
        match self.overlay {
            Some(overlay) if overlay.path == path => Some(Source::new(path.display().to_string(), overlay.text)),
            _ => Source::read(path, named, self.faults),
        }
    }

    fn exists(&self, path: &Path) -> bool {
        self.overlay.is_some_and(|overlay| overlay.path == path) || path.try_exists().unwrap_or(true)
    }

    /// A path beside the configuration.
    fn beside(&self, name: &str) -> PathBuf {
        let config = self.path.as_deref().and_then(Path::parent);
        config.unwrap_or(Path::new("")).join(name)
    }

    /// The files with rules of clients' own, each read once.
    fn own_sources(&self, clients: &NamedClients<'_>) -> Vec<(Arc<Source>, Vec<Arc<str>>)> {
        let read = |(file, owners): (At<String>, Vec<Arc<str>>)| {
            Some((self.read(&self.beside(&file.value), Some(&file.place))?, owners))
        };
        clients.files().into_iter().filter_map(read).collect()
    }

    /// Where the rules stand. A file that is named must exist, unless the configuration is the compiled-in one; without
    /// a name, rules in the configuration are all there are, and without those `policy.toml` beside it is taken if it
    /// exists.
    fn policy_file(&self, root: &Reader<'_>, written: &Written) -> PolicyFile {
        let Some(config) = &self.path else { return PolicyFile::BuiltIn };
        let beside = |name: &str| config.parent().unwrap_or(Path::new("")).join(name);
        match &written.policy_file {
            Some(file) => PolicyFile::File(beside(&file.value)),
            None if root.get("rule").is_some() => PolicyFile::Inline,
            None if self.exists(&beside(POLICY_FILE)) => PolicyFile::File(beside(POLICY_FILE)),
            None => PolicyFile::BuiltIn,
        }
    }

    fn policy_source(&self, file: &PolicyFile, written: &Written) -> Option<Arc<Source>> {
        match file {
            PolicyFile::Inline => None,
            PolicyFile::BuiltIn => Some(Source::new("built-in policy.toml", BUILTIN_POLICY)),
            PolicyFile::File(path) => self.read(path, written.policy_file.as_ref().map(|file| &file.place)),
        }
    }

    /// Partners of all files first, so that a rule may name one that stands further down.
    fn read_policy(
        &self,
        roots: &[&Reader<'_>],
        own: &[Own<'_>],
        clients: &mut NamedClients<'_>,
        written: &Written,
    ) -> (Option<Policy>, Vec<RulePlace>, Partners) {
        let mut partners = Partners::default();
        own.iter().for_each(|own| read_partners(&own.root, &mut partners));
        roots.iter().for_each(|root| read_partners(root, &mut partners));
        let named = clients.clients();
        let scope = Scope { partners: &partners, listeners: &written.listeners, clients: &named };
        let mut names = Vec::new();
        // Rules of a client's own come first.
        let mut rules: Vec<At<Rule>> = Vec::new();
        for (owner, tables) in clients.take_rules() {
            rules.extend(owned(read_tables(tables, &scope, &mut names), &[owner]));
        }
        for Own { root, owners } in own {
            rules.extend(owned(read_rules(root, &scope, &mut names), owners));
        }
        rules.extend(roots.iter().flat_map(|root| read_rules(root, &scope, &mut names)));
        check_names(&names, self.faults);
        partners.check_expiry(self.today, self.faults);
        // What was misread would look like a rule without conditions, or like a partner that nobody needs.
        if !self.faults.has_errors() {
            check_reach(&rules, self.faults);
            partners.check_use(self.faults);
        }
        let places = rules.iter().map(|rule| rule_place(&rule.place)).collect();
        (self.compile(written.mode, rules), places, partners)
    }

    fn compile(&self, mode: Mode, rules: Vec<At<Rule>>) -> Option<Policy> {
        let first = rules.first().map(|rule| rule.place.clone());
        let policy = Policy::new(mode, rules.into_iter().map(|rule| rule.value).collect());
        let tell = |fault: &crate::policy::GlobFault| {
            self.faults.error(Code::InvalidPattern, first.as_ref(), fault.to_string(), "use fewer header patterns");
        };
        policy.inspect_err(tell).ok()
    }

    fn watched(&self, written: &Written, policy: &PolicyFile) -> Vec<PathBuf> {
        let Some(config) = &self.path else { return Vec::new() };
        let policy = match policy {
            PolicyFile::File(path) => path.clone(),
            PolicyFile::Inline | PolicyFile::BuiltIn => config.with_file_name(POLICY_FILE),
        };
        let signatures = written.signatures.as_ref().map(|dir| dir.value.clone());
        let own = written.identities.files.iter().chain(&written.upstream.files).chain(&written.alerts.files).cloned();
        let own = own.chain(written.admin_files.iter().cloned());
        let own = own.chain(written.listeners.iter().flat_map(door_files));
        [Some(config.clone()), Some(policy), signatures].into_iter().flatten().chain(own).collect()
    }

    fn assemble(
        &self,
        written: Written,
        (policy, rule_places): (Policy, Vec<RulePlace>),
        partners: Partners,
        policy_file: PolicyFile,
        signatures: Arc<SignatureSet>,
        clients: &NamedClients<'_>,
    ) -> Config {
        Config {
            path: self.path.clone(),
            policy_file,
            listeners: written.listeners,
            access: Arc::new(written.access),
            claiming: written.claiming,
            alerts: written.alerts.targets,
            routing: Arc::new(written.routing),
            upgrading: written.upgrading,
            connectivity: written.connectivity,
            clients: clients.clients(),
            tls: written.tls,
            upstream: written.upstream.upstream,
            log: written.log,
            admin: written.admin,
            behaviour: written.behaviour,
            limits: written.limits,
            timeouts: written.timeouts,
            gateway: written.gateway,
            policy: Arc::new(policy),
            rule_places,
            partners: partners.into_list(),
            signatures,
            identities: Arc::new(Identities::new(written.identities.list)),
        }
    }
}

/// A file with rules of clients' own.
struct Own<'a> {
    root: Reader<'a>,
    owners: &'a [Arc<str>],
}

fn owned(rules: Vec<At<Rule>>, owners: &[Arc<str>]) -> impl Iterator<Item = At<Rule>> {
    rules.into_iter().map(|At { value, place }| At { value: Rule { owners: owners.to_vec(), ..value }, place })
}

fn rule_place(place: &Place) -> RulePlace {
    RulePlace { file: place.source.name.clone(), line: place.source.line(place.span.start) + 1 }
}

/// The files that a listener shows something of.
fn door_files(listener: &Listener) -> Vec<PathBuf> {
    match &listener.tls {
        Some(Door::Files { certificate, key }) => vec![certificate.clone(), key.clone()],
        Some(Door::OwnCa(_)) | None => Vec::new(),
    }
}

/// A file as TOML, as far as it is any.
struct Document<'a> {
    source: &'a Arc<Source>,
    table: DeTable<'a>,
    broken: Vec<Range<usize>>,
}

impl<'a> Document<'a> {
    fn parse(source: &'a Arc<Source>, faults: &Faults) -> Self {
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        let broken: Vec<_> = errors.iter().map(|error| error.span().unwrap_or_default()).collect();
        syntax::tell(source, &errors, faults);
        Self { source, table: table.into_inner(), broken }
    }

    fn root(&'a self, faults: &'a Faults) -> Reader<'a> {
        Reader::root(Desk { source: self.source, faults }, &self.table)
    }

    fn drop_consequences(&self, faults: &Faults) {
        faults.drop_consequences(self.source, &self.broken);
    }
}
