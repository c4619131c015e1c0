//! Does a proxy do what it is measured for?

use std::{cell::Cell, fs, path::Path, time::Duration};

use x509_parser::{extensions::GeneralName, prelude::FromDer};

use crate::{
    bench::{Bench, Running},
    load::{
        self,
        client::{AGENT, DOMAIN, NUMBER},
    },
    origin,
};

/// How often a log is looked at, a tenth of a second apart.
const LOOKS: usize = 30;

/// That requests arrive, with the number or without it, and are written down where that is asked. Whom the certificate
/// is from, the client sees to.
pub async fn does_what_is_asked(bench: &Bench, running: &Running) -> Result<(), String> {
    let plan = bench.plan(running, origin::SEEN, false)?;
    let reply = plan.open(&load::usual_name(), 0).await?.ask(&Cell::new(0)).await?;
    match (reply.text.as_slice(), running.mode().strips()) {
        (b"yes", false) => Ok(()),
        (b"no", true) => is_written_down(&running.log).await,
        (b"yes", true) => Err("does not strip the field".into()),
        (b"no", false) => Err("strips the field, which nobody asked for".into()),
        _ => Err("answers something else".into()),
    }
}

async fn is_written_down(log: &Path) -> Result<(), String> {
    for _ in 0..LOOKS {
        let text = read(log);
        if text.contains(AGENT) && text.contains(NUMBER) {
            return Ok(());
        }
        // It gathers, and writes then.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err("does not write the head down".into())
}

/// A file, or the files of a directory.
fn read(log: &Path) -> String {
    let entries = fs::read_dir(log).into_iter().flatten().flatten().map(|entry| entry.path());
    let paths = entries.filter(|path| path.extension().is_some_and(|it| it == "jsonl")).chain([log.to_owned()]);
    let files = paths.filter_map(|path| fs::read(path).ok());
    files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

/// That a host which nobody has asked for before gets a certificate of its own.
pub async fn mints(bench: &Bench, running: &Running) -> Result<(), String> {
    let plan = bench.plan(running, origin::SMALL, false)?;
    let name = format!("minted-{}.{DOMAIN}", bench.nonce());
    let connection = plan.open(&name, 0).await?;
    let leaf = connection.leaf().ok_or("shows no certificate")?;
    let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(leaf).map_err(|it| it.to_string())?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let is_named = |names: &[GeneralName<'_>]| names.contains(&GeneralName::DNSName(&name));
    if names.is_some_and(|extension| is_named(&extension.value.general_names)) {
        return Ok(());
    }
    Err("makes no certificate for the host".into())
}
