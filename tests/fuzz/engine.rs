//! How is a target kept busy for a while, and what happens when it fails?

use std::{
    collections::HashSet,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fastrand::Rng;

use super::mutate::mutate;

/// Inputs up to this length cross every limit that clir has.
pub const LONG: usize = 96 * 1024;

/// Most inputs are not longer.
const USUAL: usize = 4 * 1024;

/// How many inputs that led to something new are remembered.
const POOL: usize = 2048;

/// An input that takes longer is a failure. Far above what any should take, since machines are shared.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came of an input, as far as it is worth telling apart.
pub type Outcome = u64;

/// Makes an [`Outcome`] of anything that can be hashed. Sizes belong in it through [`magnitude`] only, or every input is new.
pub fn outcome(what: impl Hash) -> Outcome {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// A size, told apart by its binary digits only.
pub fn magnitude(size: usize) -> u32 {
    size.checked_ilog2().map_or(0, |digits| digits + 1)
}

/// Runs a target over its corpus and then over mutations until the time is up. `words` are byte strings that mean something
/// to it, `longest` is the length at which mutations are cut.
pub fn fuzz(name: &str, longest: usize, words: &[&[u8]], target: impl Fn(&[u8]) -> Outcome) {
    let mut run = Run::new(name, target);
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "tests/corpus/{name} is empty");
    for (path, input) in &corpus {
        run.attempt(input, &path.display().to_string());
        run.pool.push(input.clone());
    }
    let until = Instant::now() + seconds();
    while Instant::now() < until {
        let mut input = run.mutation(words);
        input.truncate(longest);
        let label = format!("a mutation (CLIR_FUZZ_SEED={})", run.seed);
        if run.attempt(&input, &label) {
            run.remember(input);
        }
    }
    assert!(run.attempts > corpus.len(), "no mutation was tried: is CLIR_FUZZ_SECONDS 0?");
    eprintln!("{name}: {} inputs, {} outcomes", run.attempts, run.seen.len());
}

struct Run<'a, T> {
    name: &'a str,
    target: T,
    seed: u64,
    random: Rng,
    pool: Vec<Vec<u8>>,
    seen: HashSet<Outcome>,
    attempts: usize,
}

impl<'a, T: Fn(&[u8]) -> Outcome> Run<'a, T> {
    fn new(name: &'a str, target: T) -> Self {
        let given = env::var("CLIR_FUZZ_SEED").ok().map(|seed| seed.parse().expect("CLIR_FUZZ_SEED is a number"));
        let seed = given.unwrap_or_else(|| fastrand::u64(..));
        let (pool, seen) = (Vec::new(), HashSet::new());
        Self { name, target, seed, random: Rng::with_seed(seed), pool, seen, attempts: 0 }
    }

    /// Tries an input; answers whether something new came of it.
    fn attempt(&mut self, input: &[u8], label: &str) -> bool {
        self.attempts += 1;
        let begun = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| (self.target)(input)));
        let fault = match result {
            Ok(_) if begun.elapsed() > PATIENCE => "took too long",
            Ok(outcome) => return self.seen.insert(outcome),
            Err(_) => "failed as said above",
        };
        let kept = keep(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz").join(self.name), input);
        panic!("{}: {label} {fault}; the input is in {}", self.name, kept.display());
    }

    fn mutation(&mut self, words: &[&[u8]]) -> Vec<u8> {
        let mut input = self.pool[self.random.usize(..self.pool.len())].clone();
        let other = &self.pool[self.random.usize(..self.pool.len())];
        for _ in 0..=self.random.usize(..4) {
            mutate(&mut input, other, words, &mut self.random);
        }
        input
    }

    fn remember(&mut self, input: Vec<u8>) {
        if env::var_os("CLIR_FUZZ_KEEP").is_some_and(|keep| keep == "1") {
            keep(&directory(self.name), &input);
        }
        // Long inputs beget long ones, and those are slow.
        if input.len() > USUAL && self.random.u8(..16) > 0 {
            return;
        }
        if self.pool.len() < POOL {
            self.pool.push(input);
        } else {
            let at = self.random.usize(..POOL);
            self.pool[at] = input;
        }
    }
}

fn seconds() -> Duration {
    let seconds = env::var("CLIR_FUZZ_SECONDS").map_or(2, |text| text.parse().expect("CLIR_FUZZ_SECONDS is a number"));
    Duration::from_secs(seconds)
}

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = directory(name);
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn keep(directory: &Path, input: &[u8]) -> PathBuf {
    fs::create_dir_all(directory).unwrap();
    let path = directory.join(format!("{:016x}", outcome(input)));
    fs::write(&path, input).unwrap();
    path
}

#[test]
fn a_target_that_fails_is_caught_and_its_input_kept() {
    let mut run = Run::new("self-test", |input: &[u8]| {
        assert_ne!(input, b"bad");
        outcome(magnitude(input.len()))
    });
    assert!(run.attempt(b"good", "a sample"));
    assert!(!run.attempt(b"fine", "a sample"), "nothing new came of it");
    let failure = catch_unwind(AssertUnwindSafe(|| run.attempt(b"bad", "a sample"))).unwrap_err();
    let message = failure.downcast_ref::<String>().unwrap();
    let path = message.rsplit(' ').next().unwrap();
    assert_eq!(fs::read(path).unwrap(), b"bad");
    fs::remove_file(path).unwrap();
}
