//! How does what clir costs grow?
//!
//! With what is asked of it and with what it is told. A plot each; the figure is a ratio to the first point, but where it
//! is memory.

mod axes;

use std::{
    error::Error,
    path::{Path, PathBuf},
};

use crate::{
    bench::Bench,
    load::{Manner, client::Plan},
    options::Options,
    origin, proxies,
    scenario::{Mode, Unit},
    show::{self, Curve},
};

use axes::{Axis, Figure, Point};

/// Measures all axes that were asked for, prints them, and writes the plots.
pub async fn show(bench: &Bench, options: &Options) -> Result<(), Box<dyn Error>> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks");
    let dir: PathBuf = options.plot.clone().unwrap_or(default);
    let mut all = serde_json::Map::new();
    for axis in axes::all(options.is_quick) {
        let points = points(bench, &axis, options.rounds).await;
        let (upward, relative) = told(&axis, &points);
        println!("{} against {}:", upward, axis.across);
        for (across, value) in &relative {
            println!("{across:>12} {value:>10.2}");
        }
        let circumstances = format!("{} cores, {} round(s) of {:?}", bench.cores.count, options.rounds, options.window);
        if relative.len() > 1 {
            let curve = Curve {
                title: axis.title,
                across: axis.across,
                upward: &upward,
                points: &relative,
                circumstances: &circumstances,
            };
            show::write(&dir.join(format!("growth-{}.svg", axis.name)), &show::curve(&curve))?;
        }
        all.insert(axis.name.to_owned(), serde_json::json!({ "unit": upward, "points": relative }));
    }
    if let Some(path) = &options.json {
        show::write(path, &serde_json::to_string_pretty(&all)?)?;
    }
    Ok(())
}

/// The medians, of those points that could be measured.
async fn points(bench: &Bench, axis: &Axis, rounds: usize) -> Vec<(f64, f64)> {
    let mut points = Vec::new();
    for point in &axis.points {
        let mut values = Vec::new();
        // Memory hardly differs from time to time, and a million hosts take minutes.
        for _ in 0..if axis.figure == Figure::Memory { 1 } else { rounds } {
            match one(bench, axis, point).await {
                Ok(value) => values.push(value),
                Err(why) => eprintln!("{} {}: left out: {why}", axis.name, point.across),
            }
        }
        values.sort_by(f64::total_cmp);
        if let Some(median) = values.get(values.len() / 2) {
            eprintln!("{:>12} {:>9} {median:.3}", axis.name, point.across);
            points.push((point.across as f64, *median));
        }
    }
    points
}

async fn one(bench: &Bench, axis: &Axis, point: &Point) -> Result<f64, String> {
    let clir = proxies::ALL.iter().find(|proxy| proxy.name == proxies::OURS).ok_or("no clir")?;
    let running = bench.start(clir, Mode::Strip, &point.tuning).await?;
    match axis.figure {
        Figure::Cpu => {
            let plan = Plan { padding: point.padding, ..bench.plan(&running, origin::SMALL, false)? };
            Ok(bench.drive(&running, &plan, (point.clients, Manner::Keeping), Unit::PerRequests).await?.value)
        }
        Figure::Memory => bench.visit(&running, point.across as u64).await,
    }
}

/// CPU time is told as a ratio, memory as it is.
fn told(axis: &Axis, points: &[(f64, f64)]) -> (String, Vec<(f64, f64)>) {
    match (axis.figure, points.first()) {
        (Figure::Cpu, Some(&(across, first))) => {
            let relative = points.iter().map(|&(across, value)| (across, value / first)).collect();
            (format!("CPU time per request, × that at {across}"), relative)
        }
        _ => ("resident memory, MiB".to_owned(), points.to_vec()),
    }
}
