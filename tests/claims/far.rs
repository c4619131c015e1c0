//! How is a clir set up for phones that come over the internet?

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    sync::OnceLock,
};

use argon2::{Argon2, Params, PasswordHasher as _};

use crate::support::{Clir, Response, Setup, Wire, certificates::Authority, origin::closed_port, setup, tls};

/// The name under which phones reach it.
pub const NAME: &str = "proxy.example";

/// A clir that admits nobody but by a link: loopback, where tests are, is no client of it. The first listener is cleartext,
/// the second speaks TLS; links lead there.
pub struct Far {
    pub clir: Clir,
    door: u16,
}

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| Authority::new("clir test doors"))
}

pub fn setup() -> (Setup, u16) {
    let door = closed_port();
    let setup = Setup::new();
    let (certificate, key) = authority().pem_for(&[NAME, "127.0.0.1"]);
    fs::write(setup.dir.path().join("door.pem"), certificate).unwrap();
    fs::write(setup.dir.path().join("door.key"), key).unwrap();
    let setup = setup
        .listen(&[&format!("127.0.0.1:{}", closed_port()), &format!("127.0.0.1:{door}")])
        .each_listener("claims = true")
        .listener(1, r#"tls = { certificate = "door.pem", key = "door.key" }"#)
        .set("access.clients", r#"["192.0.2.0/24"]"#)
        .set("claim.url", &format!("\"https://{NAME}:{door}\""));
    (setup, door)
}

/// The line in `access.users`. Weak on purpose, so that tests are quick.
pub fn user() -> String {
    let weak = Argon2::from(Params::new(8, 1, 1, None).unwrap());
    format!("[\"alice:{}\"]", weak.hash_password(b"secret").unwrap())
}

/// A request for the site's page, as a proxy is sent it.
pub fn get(site: SocketAddr, fields: &str) -> String {
    format!("GET http://{site}/ HTTP/1.1\r\nHost: {site}\r\n{fields}\r\n")
}

impl Far {
    pub fn new() -> Self {
        Self::with(|setup| setup)
    }

    pub fn with(change: impl FnOnce(Setup) -> Setup) -> Self {
        let (setup, door) = setup();
        Self { clir: change(setup).start(), door }
    }

    /// Stops it, by force, and starts it again.
    pub fn again(self) -> Self {
        let dir = self.clir.kill();
        let mut command = setup::clir(dir.path());
        let clir = Clir::spawn(command.args(["--config", "clir.toml", "run", "-vvv"]), dir, 2);
        Self { clir, door: self.door }
    }

    /// Runs `clir claim` and gives what it prints.
    pub fn claim(&self, arguments: &[&str]) -> String {
        let mut command = setup::clir(self.clir.dir.path());
        let output = command.args(["--config", "clir.toml", "claim"]).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes a link and gives its path, once the running clir knows it.
    pub fn link(&self, arguments: &[&str]) -> String {
        let printed = self.claim(&[&["new"], arguments].concat());
        let url = printed.lines().next().unwrap();
        let path = url.strip_prefix(&format!("https://{NAME}:{}", self.door)).expect(url).to_owned();
        assert_eq!(self.open("GET", &path, "").status(), 200, "it is known at once");
        path
    }

    pub fn authority(&self) -> String {
        format!("{NAME}:{}", self.door)
    }

    /// A connection to the listener that speaks TLS.
    pub fn secure(&self) -> Wire<tls::ClientStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.door)).unwrap();
        tls::connect(stream, NAME, &authority().pem, &["http/1.1"]).unwrap()
    }

    /// The roots that its certificate leads to.
    pub fn roots(&self) -> &'static str {
        &authority().pem
    }

    /// Asks for something below its own address, inside TLS.
    pub fn open(&self, method: &str, path: &str, form: &str) -> Response {
        let mut wire = self.secure();
        wire.send(self.request(method, path, form));
        wire.response()
    }

    pub fn request(&self, method: &str, path: &str, form: &str) -> String {
        let (host, length) = (self.authority(), form.len());
        let length = if form.is_empty() { String::new() } else { format!("Content-Length: {length}\r\n") };
        format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nReferer: https://{host}{path}\r\n{length}\r\n{form}")
    }

    /// What a request through the cleartext listener is answered.
    pub fn ask(&self, site: SocketAddr) -> u16 {
        let mut wire = self.clir.connect();
        wire.send_anyway(get(site, ""));
        wire.head().status()
    }

    /// Asserts that the link's secret stands nowhere.
    pub fn assert_secret(&self, path: &str) {
        self.clir.assert_never_wrote(path.strip_prefix("/claim/").unwrap());
    }
}
