//! How does a phone find the portal without anything being typed?
//!
//! By a code that leads to clir's own address: the portal's name works only once the proxy is set, which is what the portal
//! helps with.

mod poster;
mod reach;

use std::{
    io::{self, IsTerminal, Write as _},
    net::{IpAddr, SocketAddr, TcpStream},
    os::fd::AsFd,
    path::Path,
    sync::Arc,
    time::Duration,
};

use super::{Failure, Outcome, judgement, terminal};
use crate::{config::Config, listen::Listener, policy::Access};
use poster::Paper;
use reach::{Door, Network, Way};

/// How long an address of this machine may take to answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where nobody says how wide it is.
const COLUMNS: usize = 80;

/// Arguments of `qr`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Lead to this address of the machine, where it has several
    #[arg(long, value_name = "ADDRESS")]
    address: Option<IpAddr>,

    /// Print the text of the code only
    #[arg(long)]
    url: bool,
}

/// Carries the command out.
pub fn run(config: Option<&Path>, arguments: &Arguments) -> Result<Outcome, Failure> {
    let config = judgement::configuration(config)?;
    let doors: Vec<_> = config.listeners.iter().map(Door::written).collect();
    let ways = chosen(ways(&config, &doors)?, arguments.address)?;
    let text = match ways.first() {
        Some(way) if arguments.url => poster::url(way) + "\n",
        _ => poster::poster(paper(&io::stdout()), &ways, &notes(&config.access, &ways, true)),
    };
    let mut out = io::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    printed.map(|()| Outcome::Done).map_err(|error| Failure::because("cannot write the output", error))
}

/// The code for whoever starts clir on a terminal, to be printed on standard output; where only standard error is one, it is
/// printed there. Nothing where a manager starts it, or where no phone can come.
pub(super) fn at_start(config: &Config, listeners: &[Arc<Listener>]) -> String {
    let is_managed = std::env::var_os("NOTIFY_SOCKET").is_some();
    let (is_out, is_err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
    if is_managed || !(is_out || is_err) {
        return String::new();
    }
    let doors: Vec<_> = listeners.iter().map(|listener| Door::bound(listener, config)).collect();
    let ways = match ways(config, &doors) {
        Ok(ways) => ways,
        Err(reason) => {
            tracing::debug!("no code is shown: {reason}");
            return String::new();
        }
    };
    let notes = notes(&config.access, &ways, false);
    if is_out {
        return format!("\n{}\n", poster::poster(paper(&io::stdout()), &ways, &notes));
    }
    eprintln!("{}", poster::poster(paper(&io::stderr()), &ways, &notes));
    String::new()
}

fn ways(config: &Config, doors: &[Door]) -> Result<Vec<Way>, Failure> {
    let network = Network::of_machine(config)
        .map_err(|error| Failure::because("the system does not tell its addresses", error))?;
    reach::ways(doors, &network, &config.access.clients).map_err(|error| Failure::new(error.to_string()))
}

/// The ways with the one that was asked for in front.
fn chosen(mut ways: Vec<Way>, wanted: Option<IpAddr>) -> Result<Vec<Way>, Failure> {
    let Some(wanted) = wanted else { return Ok(ways) };
    match ways.iter().position(|way| way.address.ip() == wanted.to_canonical()) {
        Some(at) => {
            let way = ways.remove(at);
            ways.insert(0, way);
            Ok(ways)
        }
        None => {
            let there: Vec<_> = ways.iter().map(|way| way.address.ip().to_string()).collect();
            Err(Failure::new(format!(
                "no phone can reach clir at {wanted}: it is none of the addresses of this machine that a listener takes \
                 ({})",
                there.join(", ")
            )))
        }
    }
}

/// What keeps a phone out, as far as it can be seen from here.
fn notes(access: &Access, ways: &[Way], is_asked: bool) -> Vec<String> {
    let Some(way) = ways.first() else { return Vec::new() };
    let refused = (!way.is_admitted)
        .then(|| format!("Note: `access.clients` ({}) does not admit the network of this address.", access.clients));
    let silent = (is_asked && !listens(way.address)).then(|| {
        "Note: nothing listens there now. Start `clir run`, and look whether a firewall is in the way.".to_owned()
    });
    refused.into_iter().chain(silent).collect()
}

fn listens(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, PATIENCE).is_ok()
}

fn paper(out: &(impl IsTerminal + AsFd)) -> Paper {
    let columns = terminal::columns(out).unwrap_or(COLUMNS);
    Paper { columns, has_colours: terminal::has_colours(out) }
}
