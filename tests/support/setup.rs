//! With which configuration is clir started?

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use super::Clir;

/// The policy of most tests: what names the subscriber is stripped.
pub const STRIP: &str = r#"
[[rule]]
name = "strip what names the subscriber"
when = { severity = "high", confidence = "likely" }
action = "strip"
reason = "no site needs the number of the phone that visits it"
"#;

/// A configuration in a fresh directory of its own, which is clir's working directory too.
pub struct Setup {
    pub dir: TempDir,
    listeners: Vec<String>,
    kind: String,
    listener_keys: String,
    /// Lines of single listeners.
    single_keys: Vec<(usize, String)>,
    keys: BTreeMap<String, BTreeMap<String, String>>,
    policy: String,
    /// Tables that stand several times, as they are written.
    tail: String,
    environment: Vec<(String, String)>,
    /// Names that lead to this machine, for the process under test alone.
    names: Vec<String>,
}

impl Setup {
    /// One listener on a free port of 127.0.0.1; origins on loopback are allowed, since that is where tests have them.
    pub fn new() -> Self {
        let dir = TempDir::with_prefix("clir-").expect("a directory");
        let listeners = vec!["127.0.0.1:0".to_owned()];
        Self {
            dir,
            listeners,
            kind: "kind = \"explicit\"".to_owned(),
            listener_keys: String::new(),
            single_keys: Vec::new(),
            keys: BTreeMap::new(),
            policy: STRIP.to_owned(),
            tail: String::new(),
            environment: Vec::new(),
            names: Vec::new(),
        }
        .set("access.deny_targets", r#"["self"]"#)
        .set("intercept.mode", r#""never""#)
        .set("policy.file", r#""policy.toml""#)
        .set("admin.enabled", "false")
    }

    /// With the live view on a free port of 127.0.0.1.
    pub fn with_view(self) -> Self {
        self.unset("admin.enabled").set("admin.address", r#""127.0.0.1:0""#)
    }

    /// Sets a key, `section.name`, to a TOML value.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        let (section, name) = key.rsplit_once('.').expect("section.name");
        self.keys.entry(section.to_owned()).or_default().insert(name.to_owned(), value.to_owned());
        self
    }

    /// Takes a key out again, so that its default holds.
    pub fn unset(mut self, key: &str) -> Self {
        let (section, name) = key.rsplit_once('.').expect("section.name");
        self.keys.entry(section.to_owned()).or_default().remove(name);
        self
    }

    /// Adds text at the end of the configuration: tables that stand several times.
    pub fn also(mut self, text: &str) -> Self {
        self.tail += text;
        self
    }

    /// The policy file's text.
    pub fn policy(mut self, text: &str) -> Self {
        self.policy = text.to_owned();
        self
    }

    /// Opens TLS, and trusts the authority of the test's origins beside nobody.
    pub fn intercept(self, roots: &str) -> Self {
        let file = self.dir.path().join("origins.pem");
        fs::write(&file, roots).unwrap();
        self.set("intercept.mode", r#""always""#).set("tls.upstream_roots", &format!("[{:?}]", file.to_str().unwrap()))
    }

    /// Listens there instead.
    pub fn listen(mut self, addresses: &[&str]) -> Self {
        self.listeners = addresses.iter().map(|address| (*address).to_owned()).collect();
        self
    }

    /// Gives every listener one more line.
    pub fn each_listener(mut self, line: &str) -> Self {
        self.listener_keys += &format!("{line}\n");
        self
    }

    /// Gives one of the listeners one more line.
    pub fn listener(mut self, at: usize, line: &str) -> Self {
        self.single_keys.push((at, format!("{line}\n")));
        self
    }

    /// What kind its listeners are: the keys as they are written.
    pub fn kind(mut self, lines: &str) -> Self {
        self.kind = lines.to_owned();
        self
    }

    /// Gives the process a variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets these names lead to 127.0.0.1, for clir alone: it gets a hosts file of its own, in mounts of its own. Needs
    /// root, or a system that lets anyone have namespaces.
    pub fn naming(mut self, names: &[&str]) -> Self {
        self.names = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Starts clir and waits until it listens.
    pub fn start(self) -> Clir {
        let mut command = self.command();
        let listeners = self.listeners.len();
        Clir::spawn(&mut command, self.dir, listeners)
    }

    /// Starts clir by way of another program, such as one that puts it into a network of its own.
    pub fn start_by(self, launcher: &[&str]) -> Clir {
        let inner = self.command();
        let mut command = Command::new(launcher[0]);
        command.args(&launcher[1..]).arg(inner.get_program()).args(inner.get_args()).stdin(Stdio::null());
        command.current_dir(self.dir.path());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let listeners = self.listeners.len();
        Clir::spawn(&mut command, self.dir, listeners)
    }

    /// Runs clir where it is expected to end by itself.
    pub fn run_to_end(&self) -> Output {
        self.command().output().expect("clir runs")
    }

    /// The process, ready to be started: both files are written.
    pub fn command(&self) -> Command {
        self.write();
        let mut command = if self.names.is_empty() { clir(self.dir.path()) } else { self.clir_with_names() };
        command.args(["--config", "clir.toml", "run", "-vvv"]).envs(self.environment.iter().cloned());
        command
    }

    fn clir_with_names(&self) -> Command {
        let lines: String = self.names.iter().map(|name| format!("127.0.0.1 {name}\n")).collect();
        fs::write(self.dir.path().join("hosts"), format!("127.0.0.1 localhost\n{lines}")).unwrap();
        fs::write(self.dir.path().join("nsswitch.conf"), "hosts: files\n").unwrap();
        let mut command = within(Command::new("unshare"), self.dir.path());
        let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        command.args(if is_root { &["--mount"][..] } else { &["--mount", "--map-root-user"] });
        command.args(["sh", "-c", BIND, env!("CARGO_BIN_EXE_clir")]);
        command
    }

    fn write(&self) {
        fs::write(self.dir.path().join("clir.toml"), self.config()).unwrap();
        fs::write(self.dir.path().join("policy.toml"), &self.policy).unwrap();
    }

    fn config(&self) -> String {
        let listener = |(at, address): (usize, &String)| {
            let label = if at == 0 { "test".to_owned() } else { format!("test-{at}") };
            format!(
                "[[listener]]\n{}\naddress = {address:?}\nvantage = \"beyond-carrier\"\nlabel = {label:?}\n{}",
                self.kind, self.listener_keys
            ) + &self.single_keys.iter().filter(|(of, _)| *of == at).map(|(_, line)| line.as_str()).collect::<String>()
        };
        let section = |(name, keys): (&String, &BTreeMap<String, String>)| {
            let lines: String = keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
            format!("[{name}]\n{lines}")
        };
        self.listeners
            .iter()
            .enumerate()
            .map(listener)
            .chain(self.keys.iter().map(section))
            .chain([self.tail.clone()])
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// Becomes clir (`$0`), with other files where the system's resolver looks.
const BIND: &str =
    "for file in hosts nsswitch.conf; do test ! -e /etc/$file || mount --bind $file /etc/$file || exit; done
    exec \"$0\" \"$@\"";

/// The binary under test in a directory, with nothing of the environment that could lead it elsewhere.
pub fn clir(dir: &Path) -> Command {
    within(Command::new(env!("CARGO_BIN_EXE_clir")), dir)
}

fn within(mut command: Command, dir: &Path) -> Command {
    command.current_dir(dir).stdin(Stdio::null());
    for name in ["CLIR_CONFIG", "XDG_CONFIG_HOME", "STATE_DIRECTORY", "RUST_LOG", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    command
}
