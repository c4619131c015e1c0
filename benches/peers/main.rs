//! What does clir cost beside other proxies on this machine, and how does that grow?
//!
//! `cargo bench --bench peers` starts each proxy that is installed, sees that it does what is asked, drives it, and reads
//! the CPU time of its processes at both ends of a window: seconds for so much work hardly depend on how busy the rest of
//! the machine is, and compare within one run. `--help` tells the options. Loopback only, no root, no internet; all that
//! it starts ends with it.

mod bench;
mod check;
mod growth;
mod load;
mod options;
mod origin;
mod papers;
mod process;
mod proxies;
mod relay;
mod results;
mod scenario;
mod show;

use std::{env, error::Error, process::ExitCode};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    signal::{
        ctrl_c,
        unix::{SignalKind, signal},
    },
    task::LocalSet,
};

use crate::{
    bench::Bench,
    options::{HELP, Options},
    process::Cores,
    proxies::{Proxy, Tuning},
    results::{Record, Results},
    scenario::{Mode, Scenario},
};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((first, pairs)) if first == "relay" => relay_for_ever(pairs),
        _ => measure(words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn relay_for_ever(pairs: &[String]) -> Result<(), Box<dyn Error>> {
    let pair = |text: &String| text.split_once(':').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let pairs: Option<Vec<(u16, u16)>> = pairs.iter().map(pair).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(relay::run(&pairs.ok_or("relay takes pairs of ports")?))?)
}

fn measure(words: Vec<String>) -> Result<(), Box<dyn Error>> {
    let options = Options::read(words.into_iter())?;
    if options.help || options.list {
        println!("{}", if options.help { HELP.to_owned() } else { show::list() });
        return Ok(());
    }
    let descriptors = allow_descriptors();
    let cores = Cores::divide();
    Cores::bind(cores.driver);
    let bench = Bench::new(cores, options.window, descriptors)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        tokio::select! {
            done = all(&bench, &options) => done,
            // What was started ends as all that runs is dropped.
            () = told_to_stop() => Err("stopped".into()),
        }
    })
}

/// By a person at the terminal, or by another process.
async fn told_to_stop() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(ctrl_c().await),
    }
}

async fn all(bench: &Bench, options: &Options) -> Result<(), Box<dyn Error>> {
    if options.growth {
        return growth::show(bench, options).await;
    }
    let results = compare(bench, options).await;
    show::everything(&results, options)
}

async fn compare(bench: &Bench, options: &Options) -> Results {
    let mut results = Results::new(bench, options);
    for round in 0..options.rounds {
        for mode in Mode::ALL {
            let mut scenarios: Vec<_> = options.scenarios.iter().filter(|it| it.mode == mode).copied().collect();
            scenarios.sort_by_key(|scenario| scenario.load.turn());
            // Whoever comes first finds another machine than whoever comes last.
            let (before, after) = results.proxies.split_at(round % results.proxies.len());
            for proxy in [after, before].concat() {
                results.records.extend(one(bench, proxy, mode, &scenarios, round).await);
            }
        }
    }
    results
}

/// All rows of one mode for one proxy, which is started for them.
async fn one(bench: &Bench, proxy: &Proxy, mode: Mode, scenarios: &[Scenario], round: usize) -> Vec<Record> {
    let record = |scenario: &Scenario, outcome| {
        let record = Record { scenario: *scenario, proxy: proxy.name, round, outcome };
        record.tell();
        record
    };
    let started = match scenarios {
        [] => return Vec::new(),
        _ if proxy.modes.contains(&mode) => bench.start(proxy, mode, &Tuning::default()).await,
        _ => Err("cannot do this".to_owned()),
    };
    let running = match started {
        Ok(running) => running,
        Err(why) => return scenarios.iter().map(|scenario| record(scenario, Err(why.clone()))).collect(),
    };
    let mut records = Vec::new();
    for scenario in scenarios {
        let outcome = bench.measure(&running, scenario.load, scenario.unit).await;
        records.push(record(scenario, outcome));
    }
    records
}

/// As many open descriptors as ten thousand connections take, or as the system allows; the proxies inherit it.
fn allow_descriptors() -> usize {
    const WANTED: u64 = 1 << 16;
    let limit = getrlimit(Resource::Nofile);
    let allowed = limit.maximum.map_or(WANTED, |most| most.min(WANTED));
    let raise =
        |to| setrlimit(Resource::Nofile, Rlimit { current: Some(to), maximum: limit.maximum.map(|it| it.max(to)) });
    // Only who is privileged may have more than the system allows to all.
    let now =
        if raise(WANTED).is_ok() { Some(WANTED) } else { raise(allowed).map_or(limit.current, |()| Some(allowed)) };
    now.and_then(|now| usize::try_from(now).ok()).unwrap_or(1024)
}
