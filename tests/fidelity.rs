//! Does the origin receive what the phone sent, byte for byte?
//!
//! What the origin receives minus what the phone sent is exactly what HTTP demands of a proxy, as long as no rule did
//! anything. The dialogues stand in `support/dialogue.rs`; here clir passes them, and a naive proxy fails each.

mod support;

use std::panic::{self, AssertUnwindSafe};

use support::{Setup, dialogue, naive};

macro_rules! dialogues {
    ($($name:ident)+) => {
        $(#[test]
        fn $name() {
            let clir = Setup::new().start();
            dialogue::$name(clir.address());
        })+

        #[test]
        fn every_dialogue_is_held() {
            let held = [$(stringify!($name)),+];
            let all: Vec<_> = dialogue::ALL.iter().map(|(name, _)| *name).collect();
            assert_eq!(held.as_slice(), all);
        }
    };
}

dialogues! {
    absolute_form_becomes_origin_form
    nothing_is_added
    spelling_order_and_duplicates_stay
    hop_by_hop_fields_end_here
    host_is_rebuilt_from_the_target
    obs_text_passes_byte_for_byte
    a_connection_is_used_again
    half_a_close_is_half_a_close
    a_head_in_pieces_is_one_head
}

/// The negative control: tests that pass against this proxy would pass against anything.
#[test]
fn a_naive_proxy_fails_every_dialogue() {
    for (name, dialogue) in dialogue::ALL {
        let proxy = naive::start();
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| dialogue(proxy)));
        assert!(outcome.is_err(), "{name} passes against the naive proxy, so it proves nothing");
    }
}
