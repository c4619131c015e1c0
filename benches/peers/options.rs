//! What has been asked for?

use std::{path::PathBuf, time::Duration};

use crate::{
    proxies::{self, Proxy},
    scenario::{self, Scenario},
};

pub const HELP: &str = "\
cargo bench --bench peers -- [growth] [OPTION…]

  growth            how clir's cost grows, in place of the comparison
  --quick           one round of short windows
  --scenario A,B    these rows only
  --peers A,B       clir beside these only
  --rounds N        how often each is measured (3)
  --seconds S       how long each time (2)
  --json FILE       every single figure
  --plot FILE.svg   the comparison as a plot; of growth, the directory that plots go to (docs/benchmarks)
  --readme          the table and the plot go into README.md and docs/benchmarks
  --list            what there is

CLIR in the environment is the clir that is measured, if not the one that cargo builds.";

/// The options, read.
pub struct Options {
    pub growth: bool,
    pub list: bool,
    pub help: bool,
    pub is_quick: bool,
    pub scenarios: Vec<Scenario>,
    pub proxies: Vec<&'static Proxy>,
    pub rounds: usize,
    pub window: Duration,
    pub json: Option<PathBuf>,
    pub plot: Option<PathBuf>,
    pub readme: bool,
}

impl Options {
    /// Reads the command line; without the program's name.
    pub fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            growth: false,
            list: false,
            help: false,
            is_quick: false,
            scenarios: scenario::ALL.to_vec(),
            proxies: proxies::ALL.iter().collect(),
            rounds: 0,
            window: Duration::ZERO,
            json: None,
            plot: None,
            readme: false,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            options.take(&word, &mut words)?;
        }
        if options.rounds == 0 {
            options.rounds = if options.is_quick { 1 } else { 3 };
        }
        if options.window.is_zero() {
            options.window = Duration::from_millis(if options.is_quick { 700 } else { 2000 });
        }
        Ok(options)
    }

    fn take(&mut self, word: &str, rest: &mut impl Iterator<Item = String>) -> Result<(), String> {
        let mut value = || rest.next().ok_or_else(|| format!("{word} needs a value"));
        match word {
            "growth" => self.growth = true,
            "--list" => self.list = true,
            "--help" | "-h" => self.help = true,
            "--quick" => self.is_quick = true,
            "--readme" => self.readme = true,
            "--scenario" => {
                self.scenarios = these(&value()?, scenario::ALL, |it| it.name)?.into_iter().copied().collect();
            }
            "--peers" => {
                let names = value()?;
                self.proxies = these(&format!("{},{names}", proxies::OURS), proxies::ALL, |it| it.name)?;
            }
            "--rounds" => self.rounds = number(&value()?)?,
            "--seconds" => {
                self.window = Duration::try_from_secs_f64(number(&value()?)?).map_err(|it| it.to_string())?;
            }
            "--json" => self.json = Some(value()?.into()),
            "--plot" => self.plot = Some(value()?.into()),
            // Cargo says this to every benchmark.
            "--bench" => {}
            _ => return Err(format!("what is {word}?\n\n{HELP}")),
        }
        Ok(())
    }
}

fn these<'a, T>(names: &str, all: &'a [T], name: impl Fn(&T) -> &'static str) -> Result<Vec<&'a T>, String> {
    let asked: Vec<_> = names.split(',').collect();
    if let Some(strange) = asked.iter().find(|asked| !all.iter().any(|it| name(it) == **asked)) {
        let known: Vec<_> = all.iter().map(&name).collect();
        return Err(format!("there is no {strange}; there are {}", known.join(", ")));
    }
    Ok(all.iter().filter(|it| asked.contains(&name(it))).collect())
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}
