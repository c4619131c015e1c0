//! How much was there, for whoever draws curves?
//!
//! Names as Prometheus and OpenTelemetry ask, in Prometheus' text format. No label names a host, a client or a value.
//! What is counted is counted by the thread that writes events, so requests touch none of it.

use std::{fs, sync::Arc};

use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

use crate::{
    detect::{Finding, Identifier, Severity},
    event::{Event, Verdict},
    exchange::{Direction, Version},
    sink::Witness,
};

/// Seconds.
const BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// What is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    exchanges: IntCounterVec,
    findings: IntCounterVec,
    duration: Histogram,
    connections: IntGauge,
    written: IntCounter,
    dropped: IntCounter,
    waiting: IntGauge,
    behind: IntGauge,
    watchers: IntGauge,
    process: Process,
}

#[derive(Debug)]
struct Process {
    cpu: prometheus::Counter,
    memory: IntGauge,
    descriptors: IntGauge,
    started: Gauge,
}

/// What is measured at the moment of asking.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gauges {
    /// Connections of clients.
    pub connections: usize,
    /// Events written, dropped, and waiting.
    pub events: (u64, u64, usize),
    /// Bytes that the index is behind.
    pub behind: u64,
    /// Who watches.
    pub watchers: usize,
}

impl Metrics {
    /// Nothing counted yet. `started` is when clir was, in seconds since 1970.
    ///
    /// # Errors
    /// Two of them have one name.
    pub fn new(started: f64) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let to = &registry;
        let metrics = Self {
            exchanges: counters(
                to,
                "clir_exchanges_total",
                "Requests and tunnels that ended.",
                &["verdict", "version"],
            )?,
            findings: counters(
                to,
                "clir_findings_total",
                "Identifiers found in requests and answers, and what was done about them.",
                &["identifier", "severity", "action"],
            )?,
            duration: histogram(
                to,
                "clir_request_duration_seconds",
                "From a request's head to the end of its answer.",
            )?,
            connections: gauge(to, "clir_connections", "Connections that clients have.")?,
            written: counter(to, "clir_events_written_total", "Events written to the event log.")?,
            dropped: counter(to, "clir_events_dropped_total", "Events lost for want of room in queue or disk.")?,
            waiting: gauge(to, "clir_events_waiting", "Events that wait for the disk.")?,
            behind: gauge(to, "clir_index_behind_bytes", "Bytes of the event log that are not in the index yet.")?,
            watchers: gauge(to, "clir_admin_watchers", "Who watches the live view.")?,
            process: Process::new(to)?,
            registry,
        };
        let build =
            Opts::new("clir_build_info", "Which version this is.").const_label("version", env!("CARGO_PKG_VERSION"));
        let build = IntGauge::with_opts(build)?;
        build.set(1);
        metrics.registry.register(Box::new(build))?;
        metrics.process.started.set(started);
        Ok(metrics)
    }

    /// Everything, as text.
    pub fn text(&self, gauges: Gauges) -> Vec<u8> {
        let (written, dropped, waiting) = gauges.events;
        raise(&self.written, written);
        raise(&self.dropped, dropped);
        self.waiting.set(number(waiting as u64));
        self.connections.set(number(gauges.connections as u64));
        self.behind.set(number(gauges.behind));
        self.watchers.set(number(gauges.watchers as u64));
        self.process.look();
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!("metrics: {error}");
        }
        text
    }
}

/// Counts what is written, and says that it was.
pub struct Counting<F> {
    metrics: Arc<Metrics>,
    then: F,
    /// The counters that were asked for, by what they count: looking them up by their labels costs more than counting.
    exchanges: Vec<((Verdict, Version), IntCounter)>,
    findings: Vec<((Identifier, Severity, &'static str), IntCounter)>,
}

impl<F: Fn()> Counting<F> {
    /// Counts there, and calls `then` when a batch is on disk.
    pub fn new(metrics: Arc<Metrics>, then: F) -> Self {
        Self { metrics, then, exchanges: Vec::new(), findings: Vec::new() }
    }

    fn count(&mut self, event: &Event) {
        let kind = (event.verdict, event.head.version);
        let labels = [kind.0.as_str(), kind.1.as_str()];
        known(&mut self.exchanges, kind, || self.metrics.exchanges.with_label_values(&labels)).inc();
        if !matches!(event.verdict, Verdict::Tunnelled | Verdict::Intercepted) {
            self.metrics.duration.observe(event.duration.as_secs_f64());
        }
        for finding in &event.findings {
            let kind = (finding.identifier, finding.severity, action(event, finding));
            let labels = [kind.0.as_str(), kind.1.as_str(), kind.2];
            known(&mut self.findings, kind, || self.metrics.findings.with_label_values(&labels)).inc();
        }
    }
}

/// There are as many kinds as labels have words.
fn known<K: PartialEq>(list: &mut Vec<(K, IntCounter)>, kind: K, make: impl FnOnce() -> IntCounter) -> &IntCounter {
    let at = list.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
        list.push((kind, make()));
        list.len() - 1
    });
    &list[at].1
}

/// What was done about a finding.
fn action(event: &Event, finding: &Finding) -> &'static str {
    let is_here = |header: &str| match finding.location.name.is_empty() {
        true => header == ":path",
        false => header.as_bytes().eq_ignore_ascii_case(&finding.location.name),
    };
    let applied = event.actions.iter().find(|applied| is_here(&applied.header));
    let applied = applied.filter(|applied| !applied.observed && finding.location.direction == Direction::Request);
    applied.map_or("none", |applied| applied.action)
}

impl<F: Fn() + Send> Witness for Counting<F> {
    fn saw(&mut self, event: &Event) {
        self.count(event);
    }

    fn wrote(&mut self) {
        (self.then)();
    }
}

impl Process {
    fn new(to: &Registry) -> Result<Self, prometheus::Error> {
        let cpu = prometheus::Counter::new("process_cpu_seconds_total", "Time that all cores together have worked.")?;
        to.register(Box::new(cpu.clone()))?;
        let started = Gauge::new("process_start_time_seconds", "When it was started, since 1970.")?;
        to.register(Box::new(started.clone()))?;
        Ok(Self {
            cpu,
            memory: gauge(to, "process_resident_memory_bytes", "Memory that is resident.")?,
            descriptors: gauge(to, "process_open_fds", "Descriptors that are open.")?,
            started,
        })
    }

    /// Where there is no /proc, these stay as they are.
    fn look(&self) {
        let usage = rustix::param::clock_ticks_per_second();
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The name, which may hold anything, ends with the last parenthesis; utime and stime are the 14th and 15th field.
        let fields: Vec<u64> = stat
            .rsplit_once(')')
            .map(|(_, rest)| rest.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect())
            .unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "ticks of a process fit")]
        let seconds = fields.iter().sum::<u64>() as f64 / usage.max(1) as f64;
        self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
        let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
        let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default();
        self.memory.set(number(pages * rustix::param::page_size() as u64));
        self.descriptors.set(fs::read_dir("/proc/self/fd").map_or(0, |open| number(open.count() as u64)));
    }
}

fn raise(counter: &IntCounter, to: u64) {
    counter.inc_by(to.saturating_sub(counter.get()));
}

fn number(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn counters(to: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
    let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
    to.register(Box::new(counters.clone()))?;
    Ok(counters)
}

fn counter(to: &Registry, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
    let counter = IntCounter::new(name, help)?;
    to.register(Box::new(counter.clone()))?;
    Ok(counter)
}

fn gauge(to: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    let gauge = IntGauge::new(name, help)?;
    to.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn histogram(to: &Registry, name: &str, help: &str) -> Result<Histogram, prometheus::Error> {
    let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(BUCKETS.to_vec()))?;
    to.register(Box::new(histogram.clone()))?;
    Ok(histogram)
}
