//! Logs that follow each other: only by the old one's word, and only as it says.

use std::collections::HashMap;

use waxseal_transparency::{Handover, Head, LogId};
use waxseal_wire::id::Millis;

use super::liar::{Liar, Shows};
use super::log::Log;
use super::program::Auditor;

/// The old log's word for the new one, which begins with so many epochs.
fn word(old: &Log, last: Head, new: &Log, first: Head) -> Handover {
    old.publisher.secrets().hand_over(last, new.keys(), first, Millis(last.at.0 + 1))
}

fn whole(log: &Log, minutes: u64) -> Head {
    log.bare_head(log.leaves.len(), minutes)
}

fn words(all: &[(&Log, Vec<Handover>)]) -> HashMap<LogId, Vec<Vec<u8>>> {
    all.iter().map(|(log, words)| (log.keys().id(), words.iter().map(Handover::encode).collect())).collect()
}

fn has_seen(log: &Log) -> (Liar, Auditor) {
    let liar = Liar::honest(log, 5);
    let auditor = Auditor::of(&liar.url);
    auditor.holds();
    (liar, auditor)
}

#[test]
fn a_valid_handover_is_followed_and_said() {
    let (old, new, third) = (Log::new(1, 12), Log::new(2, 5), Log::new(3, 4));
    let (liar, auditor) = has_seen(&old);
    let to_new = word(&old, whole(&old, 5), &new, new.bare_head(1, 6));
    let mut shows = Shows::of(&new, &new.head(9));
    shows.handovers = words(&[(&old, vec![to_new.clone()])]);
    liar.show(shows);
    let run = auditor.once();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.err.contains("ANOTHER LOG") && !run.err.contains("TAKEN BACK") && run.out.contains("good: 5 epochs, 5 of them new"),
        "{run:?}"
    );
    auditor.holds();

    // Two at once, for somebody who was away; told together, or one by one.
    let to_third = word(&new, whole(&new, 9), &third, third.bare_head(1, 10));
    for told in [
        words(&[(&old, vec![to_new.clone(), to_third.clone()])]),
        words(&[(&old, vec![to_new.clone()]), (&new, vec![to_third.clone()])]),
    ] {
        let (liar, auditor) = has_seen(&old);
        liar.show(Shows { handovers: told, ..Shows::of(&third, &third.head(12)) });
        let run = auditor.once();
        assert_eq!((run.code, run.out.contains("good: 4 epochs")), (0, true), "{run:?}");
    }
}

#[test]
fn a_handover_that_takes_something_back_is_followed_and_said_louder() {
    let (old, new) = (Log::new(1, 12), Log::new(2, 5));
    let (liar, auditor) = has_seen(&old);
    let back = word(&old, old.bare_head(10, 6), &new, new.bare_head(1, 6));
    liar.show(Shows { handovers: words(&[(&old, vec![back])]), ..Shows::of(&new, &new.head(9)) });
    let run = auditor.once();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.err.contains("TAKEN BACK: the log ended at epoch 10, and 12 were seen"), "{run:?}");
}

#[test]
fn a_handover_that_is_none_is_a_lie() {
    let (old, new, stranger) = (Log::new(1, 12), Log::new(2, 5), Log::new(3, 4));
    let good = word(&old, whole(&old, 5), &new, new.bare_head(1, 6));
    let forged = Handover { signature: [7; 64], ..good.clone() };
    let by_stranger = Handover { old: old.keys(), ..word(&stranger, whole(&old, 5), &new, new.bare_head(1, 6)) };
    let elsewhere = word(&old, whole(&old, 5), &stranger, stranger.bare_head(1, 6));
    for bad in [forged, by_stranger, elsewhere] {
        let (liar, auditor) = has_seen(&old);
        liar.show(Shows { handovers: words(&[(&old, vec![bad])]), ..Shows::of(&new, &new.head(9)) });
        assert!(auditor.testifies().contains("the server goes on under other keys"));
    }
}

#[test]
fn a_last_word_about_another_history_is_a_lie() {
    let (old, new) = (Log::new(1, 11), Log::new(2, 5));
    let (mut main, mut other) = (old.parted(), old.parted());
    main.grow(7);
    other.grow(8);
    let (liar, auditor) = has_seen(&main);
    let told = word(&other, whole(&other, 5), &new, new.bare_head(1, 6));
    liar.show(Shows { handovers: words(&[(&main, vec![told])]), ..Shows::of(&new, &new.head(9)) });
    assert!(auditor.testifies().contains("another state of the same size"));
}

#[test]
fn a_log_that_begins_otherwise_than_was_promised_is_a_lie() {
    let (old, new, other) = (Log::new(1, 12), Log::new(2, 5), Log::new(3, 5));
    let (liar, auditor) = has_seen(&old);
    let promised = word(&old, whole(&old, 5), &new, other.bare_head(3, 6));
    liar.show(Shows { handovers: words(&[(&old, vec![promised])]), ..Shows::of(&new, &new.head(9)) });
    assert!(auditor.testifies().contains("does not begin as"));
}
