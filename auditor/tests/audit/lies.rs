//! Each lie is caught, whoever comes: an auditor that was there before, and one that comes for the first time.

use waxseal_transparency::SignedHead;
use waxseal_wire::id::Millis;

use super::liar::{Liar, Shows};
use super::log::Log;
use super::program::Auditor;

/// Two histories under the same keys, the same for ten epochs.
fn two(epochs: u64) -> (Log, Log) {
    let main = Log::new(1, 10);
    let grown = |value: u64| {
        let mut log = main.parted();
        (10..epochs).for_each(|epoch| log.grow(value + epoch));
        log
    };
    (grown(1000), grown(2000))
}

/// The main history, but its last epoch is the other one's: `alice` was something else before.
fn rewritten(main: &Log, other: &Log) -> Log {
    let mut log = main.clone();
    let last = log.leaves.len() - 1;
    (log.leaves[last], log.steps[last]) = (other.leaves[last], other.steps[last].clone());
    log
}

fn has_seen(log: &Log) -> (Liar, Auditor) {
    let liar = Liar::honest(log, 5);
    let auditor = Auditor::of(&liar.url);
    auditor.holds();
    (liar, auditor)
}

#[test]
fn a_rewritten_value_is_caught_and_convicts() {
    let (main, other) = two(12);
    let chimera = rewritten(&main, &other);
    let liar = Liar::honest(&chimera, 9);
    let sentence = Auditor::of(&liar.url).convicts();
    assert!(sentence.contains("changed or removed") && sentence.contains("epoch 12"), "{sentence}");

    let mut before = main.clone();
    before.leaves.pop();
    before.steps.pop();
    let (liar, auditor) = has_seen(&before);
    liar.show(Shows::of(&chimera, &chimera.head(9)));
    let sentence = auditor.convicts();
    assert!(sentence.contains("changed or removed") && sentence.contains("epoch 12"), "{sentence}");
}

#[test]
fn another_root_of_the_same_size_is_caught_and_convicts() {
    let (main, other) = two(12);
    for minutes in [4, 5, 9] {
        let (liar, auditor) = has_seen(&main);
        liar.show(Shows::of(&other, &other.head(minutes)));
        let sentence = auditor.convicts();
        assert!(sentence.contains("two different states of the same size") && sentence.contains("epoch 12"), "{sentence}");
    }
}

#[test]
fn a_fork_that_went_on_is_caught_and_convicts() {
    let (main, mut other) = two(12);
    let (liar, auditor) = has_seen(&main);
    other.grow(5);
    liar.show(Shows::of(&other, &other.head(9)));
    let sentence = auditor.convicts();
    assert!(sentence.contains("two different epochs of the same number"), "{sentence}");
}

#[test]
fn a_head_over_other_epochs_than_are_shown_is_caught() {
    let (mut main, mut other) = two(12);
    let (liar, auditor) = has_seen(&main);
    main.grow(5);
    other.grow(5);
    liar.show(Shows::of(&main, &other.head(9)));
    assert!(auditor.testifies().contains("not those that its tree head"));
    // Who comes for the first time sees it, too.
    assert!(Auditor::of(&liar.url).testifies().contains("not those that its tree head"));
}

#[test]
fn an_older_part_that_was_exchanged_is_caught() {
    let (main, other) = two(12);
    let (liar, auditor) = has_seen(&main);
    // An epoch that goes on rightly, under a head over an exchanged one before: all that is shown is what is signed.
    let mut next = main.clone();
    next.grow(5);
    let mut chimera = next.clone();
    chimera.leaves[11] = other.leaves[11];
    liar.show(Shows::of(&chimera, &chimera.head(9)));
    let sentence = auditor.convicts();
    assert!(sentence.contains("two different epochs of the same number"), "{sentence}");
}

#[test]
fn a_log_that_was_rolled_back_is_caught_and_convicts() {
    let (main, _) = two(12);
    let (liar, auditor) = has_seen(&main);
    // An older head is what a cache may show.
    liar.show(Shows::of(&main, &main.head_of(11, 4)));
    let run = auditor.once();
    assert_eq!((run.code, run.err.contains("older tree head")), (2, true), "{run:?}");
    liar.show(Shows::of(&main, &main.head_of(11, 6)));
    let sentence = auditor.convicts();
    assert!(sentence.contains("took back"), "{sentence}");
}

#[test]
fn a_larger_head_of_an_earlier_time_is_caught_and_convicts() {
    let (mut main, _) = two(12);
    let (liar, auditor) = has_seen(&main);
    main.grow(5);
    liar.show(Shows::of(&main, &main.head(4)));
    assert!(auditor.convicts().contains("took back"));
}

#[test]
fn a_head_by_another_key_is_caught() {
    let (main, stranger) = (Log::new(1, 12), Log::new(2, 13));
    let (liar, auditor) = has_seen(&main);
    liar.show(Shows::of(&stranger, &stranger.head(9)));
    assert!(auditor.testifies().contains("other keys"));
    // Who has not been there before cannot know.
    Auditor::of(&liar.url).holds();

    let (liar, auditor) = has_seen(&main);
    liar.show(Shows { keys: main.keys(), ..Shows::of(&stranger, &stranger.head(9)) });
    assert!(auditor.testifies().contains("not signed by the log"));
    let (liar, auditor) = has_seen(&main);
    let forged = SignedHead { signature: [7; 64], ..main.head(9) };
    liar.show(Shows { note: forged.to_note(&main.keys()), ..Shows::of(&main, &main.head(9)) });
    assert!(auditor.testifies().contains("not signed by the log"));
}

#[test]
fn an_epoch_under_a_wrong_number_is_caught() {
    let (main, _) = two(12);
    let mut shown = main.clone();
    shown.leaves[11].epoch = 13;
    let sentence = Auditor::of(&Liar::honest(&shown, 9).url).convicts();
    assert!(sentence.contains("number that is not its own") && sentence.contains("epoch 12"), "{sentence}");
    let mut shown = main.clone();
    shown.leaves[5].epoch = 7;
    assert!(Auditor::of(&Liar::honest(&shown, 9).url).testifies().contains("where epoch 6 belongs"));
}

#[test]
fn an_epoch_later_than_the_head_over_it_is_caught() {
    let mut log = Log::new(1, 12);
    log.leaves[11].at = Millis(log.head(10).head.at.0 + 1);
    assert!(Auditor::of(&Liar::honest(&log, 10).url).testifies().contains("later time than the tree head"));
}

#[test]
fn what_an_epoch_added_has_to_be_shown() {
    let (main, other) = two(12);
    let (liar, auditor) = has_seen(&main);
    let mut next = main.clone();
    next.grow(5);
    let head = next.head(9);
    let path = "/log/step/13".to_owned();
    for answer in [(404, Vec::new()), (200, other.steps[11].clone()), (200, Vec::new()), (500, Vec::new())] {
        let mut shows = Shows::of(&next, &head);
        shows.instead.insert(path.clone(), answer);
        liar.show(shows);
        assert_eq!(auditor.once().code, 2);
    }
    // It was withheld, and no lie was found: so it goes on.
    liar.show(Shows::of(&next, &head));
    assert!(auditor.holds().contains("1 of them new"));
}

#[test]
fn a_lie_on_the_way_to_a_head_is_caught_after_a_break() {
    let (main, mut other) = two(12);
    let (liar, auditor) = has_seen(&main);
    let mut next = main.clone();
    next.grow(5);
    // The larger head was seen, and its last epoch was not shown.
    let mut shows = Shows::of(&next, &next.head(9));
    shows.instead.insert("/log/step/13".to_owned(), (404, Vec::new()));
    liar.show(shows);
    assert_eq!(auditor.once().code, 2);
    // What was signed then counts.
    other.grow(6);
    liar.show(Shows::of(&other, &other.head(10)));
    assert!(auditor.convicts().contains("two different states of the same size"));
}

#[test]
fn somebody_is_called_once_about_a_lie() {
    let (main, other) = two(12);
    let (liar, auditor) = has_seen(&main);
    liar.show(Shows::of(&other, &other.head(9)));
    let run = auditor.once_with(&[
        "--on-failure",
        "printf '%s' \"$WAXSEAL_SENTENCE\" > called; test -s \"$WAXSEAL_EVIDENCE\" && echo >> called",
    ]);
    assert_eq!(run.code, 1);
    let called = std::fs::read_to_string(auditor.path("called")).unwrap();
    assert!(run.err.contains(called.trim_end()) && called.ends_with('\n') && called.contains("epoch 12"), "{called}");
    // A person has looked, and begins anew.
    std::fs::remove_file(auditor.state()).unwrap();
    auditor.holds();
}
