//! How are a near clir and a far one set up?

use std::{fs, net::SocketAddr, sync::OnceLock};

use argon2::{Argon2, Params, PasswordHasher as _};

use crate::support::{Clir, Setup, certificates::Authority, origin::closed_port};

/// The password of the hop.
pub const SECRET: &str = "only between us";
/// It as it stands in a URL.
const IN_URL: &str = "only%20between%20us";

/// What near and far speak with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    Http1,
    Http2,
}

pub const BOTH: [Speaks; 2] = [Speaks::Http1, Speaks::Http2];

/// Two clirs.
pub struct Pair {
    pub near: Clir,
    pub far: Clir,
}

impl Pair {
    pub fn new(speaks: Speaks) -> Self {
        Self::with(speaks, |near| near, |far| far)
    }

    /// With changes to both.
    pub fn with(speaks: Speaks, near: impl Fn(Setup) -> Setup, far: impl Fn(Setup) -> Setup) -> Self {
        let far = far(self::far()).start();
        let near = near(self::near(far.address(), speaks)).start();
        Self { near, far }
    }
}

/// A clir beyond the carrier, on a port that it will have again.
pub fn far() -> Setup {
    let (certificate, key) = certificate();
    let setup = Setup::new();
    fs::write(setup.dir.path().join("exit.pem"), certificate).unwrap();
    fs::write(setup.dir.path().join("exit.key"), key).unwrap();
    setup
        .listen(&[&format!("127.0.0.1:{}", closed_port())])
        .each_listener(r#"tls = { certificate = "exit.pem", key = "exit.key" }"#)
        .set("access.users", &format!("[{:?}]", user()))
}

/// A clir before the carrier, whose exit is there.
pub fn near(exit: SocketAddr, speaks: Speaks) -> Setup {
    let setup = Setup::new();
    let roots = setup.dir.path().join("exit-roots.pem");
    fs::write(&roots, &exits().pem).unwrap();
    let protocol = if speaks == Speaks::Http1 { r#""http/1.1""# } else { r#""auto""# };
    setup
        .set("upstream.exit", &format!("{:?}", url(exit)))
        .set("upstream.exit_roots", &format!("[{:?}]", roots.to_str().unwrap()))
        .set("upstream.protocol", protocol)
        .set("upstream.connect", r#""2s""#)
}

/// The exit's URL, password included.
pub fn url(exit: SocketAddr) -> String {
    format!("https://near:{IN_URL}@{exit}")
}

/// Who vouches for exits.
pub fn exits() -> &'static Authority {
    static EXITS: OnceLock<Authority> = OnceLock::new();
    EXITS.get_or_init(|| Authority::new("clir test exits"))
}

/// A good certificate of an exit and its key.
pub fn certificate() -> (String, String) {
    exits().pem_for(&["127.0.0.1", "exit.example"])
}

/// The line in `access.users`. Weak on purpose, so that tests are quick.
pub fn user() -> String {
    let weak = Argon2::from(Params::new(8, 1, 1, None).unwrap());
    format!("near:{}", weak.hash_password(SECRET.as_bytes()).unwrap())
}
