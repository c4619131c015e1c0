//! What has come of it?
//!
//! Medians over the rounds, with the least and the most; ratios to the best peer of the same run.

use serde_json::{Value, json};

use crate::{
    bench::{Bench, Measured},
    options::Options,
    proxies::{FLOOR, OURS, Proxy},
    scenario::Scenario,
};

/// One measurement, or why there is none.
#[derive(Clone, Debug)]
pub struct Record {
    pub scenario: Scenario,
    pub proxy: &'static str,
    pub round: usize,
    pub outcome: Result<Measured, String>,
}

/// All of a run.
pub struct Results {
    pub proxies: Vec<&'static Proxy>,
    pub scenarios: Vec<Scenario>,
    /// Of the proxies, in their order.
    pub versions: Vec<String>,
    pub records: Vec<Record>,
    /// How it was measured, for people.
    pub circumstances: String,
}

/// What one proxy came to in one row.
#[derive(Clone, Debug)]
pub struct Cell {
    pub median: f64,
    pub least: f64,
    pub most: f64,
    pub rate: Option<f64>,
    pub p50: Option<f64>,
    pub p99: Option<f64>,
}

impl Record {
    /// Says it while the run goes on.
    pub fn tell(&self) {
        let (row, proxy) = (self.scenario.name, self.proxy);
        match &self.outcome {
            Ok(it) => eprintln!("{row:>14}  {proxy:<10} {:>10.3} {}", it.value, self.scenario.unit.title()),
            Err(why) => eprintln!("{row:>14}  {proxy:<10} left out: {why}"),
        }
    }

    fn json(&self) -> Value {
        let (scenario, proxy, round) = (self.scenario.name, self.proxy, self.round);
        match &self.outcome {
            Ok(it) => json!({
                "scenario": scenario, "proxy": proxy, "round": round, "value": it.value,
                "unit": self.scenario.unit.title(), "rate": it.rate, "p50_us": it.p50, "p99_us": it.p99,
            }),
            Err(why) => json!({ "scenario": scenario, "proxy": proxy, "round": round, "left_out": why }),
        }
    }
}

impl Results {
    /// Nothing yet, of those that are installed.
    pub fn new(bench: &Bench, options: &Options) -> Self {
        let (there, missing): (Vec<&'static Proxy>, Vec<_>) =
            options.proxies.iter().copied().partition(|proxy| proxy.find().is_some());
        for proxy in &missing {
            eprintln!("{}: not installed", proxy.name);
        }
        let versions = there.iter().map(|proxy| proxy.version_of(&proxy.find().unwrap_or_default())).collect();
        let pinned = match bench.cores.proxy {
            Some(_) => "the proxy on one, clients and origin on another",
            None => "shared by the proxy, its clients and the origin",
        };
        let (cores, rounds, seconds) = (bench.cores.count, options.rounds, options.window.as_secs_f64());
        let circumstances =
            format!("{cores} cores, {pinned}; medians of {rounds} round(s) of {seconds} s, over loopback");
        Self { proxies: there, scenarios: options.scenarios.clone(), versions, records: Vec::new(), circumstances }
    }

    /// What came of it, or why nothing did.
    pub fn cell(&self, scenario: &Scenario, proxy: &str) -> Result<Cell, String> {
        let of_it = || self.records.iter().filter(|it| it.scenario.name == scenario.name && it.proxy == proxy);
        let good: Vec<_> = of_it().filter_map(|record| record.outcome.as_ref().ok()).collect();
        let (Some(median), values) = (median(good.iter().map(|it| it.value)), good.iter().map(|it| it.value)) else {
            let why = of_it().find_map(|record| record.outcome.as_ref().err());
            return Err(why.cloned().unwrap_or_else(|| "not measured".into()));
        };
        Ok(Cell {
            median,
            least: values.clone().fold(f64::INFINITY, f64::min),
            most: values.fold(0.0, f64::max),
            rate: self::median(good.iter().filter_map(|it| it.rate)),
            p50: self::median(good.iter().filter_map(|it| it.p50)),
            p99: self::median(good.iter().filter_map(|it| it.p99)),
        })
    }

    /// The least of all peers, and whose it is.
    pub fn best_peer(&self, scenario: &Scenario) -> Option<(&'static str, f64)> {
        let peers = self.proxies.iter().filter(|proxy| proxy.name != OURS && proxy.name != FLOOR);
        let cells = peers.filter_map(|proxy| Some((proxy.name, self.cell(scenario, proxy.name).ok()?.median)));
        cells.filter(|(_, median)| *median > 0.0).min_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// How many times the best peer's cost this is.
    pub fn ratio(&self, scenario: &Scenario, proxy: &str) -> Option<f64> {
        Some(self.cell(scenario, proxy).ok()?.median / self.best_peer(scenario)?.1)
    }

    /// Everything, for machines.
    pub fn json(&self) -> Value {
        let names = self.proxies.iter().map(|proxy| proxy.name.to_owned());
        let versions: serde_json::Map<_, _> = names.zip(self.versions.iter().map(|it| json!(it))).collect();
        let records: Vec<_> = self.records.iter().map(Record::json).collect();
        json!({ "circumstances": self.circumstances, "versions": versions, "records": records })
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}
