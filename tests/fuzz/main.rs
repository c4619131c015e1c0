//! Does anything that arrives from outside bring a reader down, or make two readings differ?
//!
//! Each target runs for `CLIR_FUZZ_SECONDS` (2 if unset) over the corpus in `tests/corpus/<target>` and mutations of
//! it. For a longer run, name one target: `CLIR_FUZZ_SECONDS=3600 cargo test --release --test fuzz heads`. An input that
//! fails is kept below `target/tmp/fuzz`; put it into the corpus, where every run tries it first. `CLIR_FUZZ_SEED` repeats
//! a run, `CLIR_FUZZ_KEEP=1` writes inputs that led to new behaviour into the corpus.
//!
//! There is no coverage to guide the search, because that takes a nightly compiler; instead a target says what came of an
//! input, and inputs with which something new came of it are mutated further.

#[path = "../support/mod.rs"]
mod support;

mod behaviour;
mod blocks;
mod captures;
mod connections;
mod engine;
mod judgement;
mod messages;
mod mutate;
mod settings;
mod values;
