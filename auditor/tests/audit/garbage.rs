//! Nonsense in every place: said in words, with a code, and never with a panic. Nothing of it is taken for good.

use super::liar::{Liar, Shows};
use super::log::Log;
use super::program::Auditor;

const PATHS: [&str; 5] =
    ["/log/keys", "/log/checkpoint", "/log/tile/entries/000.p/13", "/log/step/13", "/log/tile/entries/000.p/12"];

#[test]
fn nonsense_is_no_lie_and_no_truth() {
    let log = Log::new(1, 12);
    let mut next = log.clone();
    next.grow(5);
    let (liar, truth) = (Liar::honest(&log, 5), Shows::of(&next, &next.head(9)));
    let auditor = Auditor::of(&liar.url);
    auditor.holds();
    let nonsense: [&[u8]; 8] = [
        b"",
        b"\n",
        b"\n\n",
        &[0xff; 300],
        b"<html>Back in five minutes.</html>\n",
        &[0; 40_000],
        "\u{2014} \u{2014}\n".as_bytes(),
        &[0, 81],
    ];
    for path in &PATHS[..4] {
        for (status, bytes) in
            nonsense.iter().map(|bytes| (200, *bytes)).chain([(404, &b""[..]), (503, b"later"), (302, b""), (999, b"")])
        {
            let mut shows = truth.clone();
            shows.instead.insert((*path).to_owned(), (status, bytes.to_vec()));
            liar.show(shows);
            let run = auditor.once();
            assert_eq!((run.code, run.err.contains("nothing can be said now")), (2, true), "{path} {status} {bytes:?} {run:?}");
        }
    }
    liar.show(truth);
    auditor.holds();
}

#[test]
fn a_changed_byte_is_never_taken_for_good() {
    let log = Log::new(1, 12);
    let mut next = log.clone();
    next.grow(5);
    let truth = Shows::of(&next, &next.head(9));
    let liar = Liar::honest(&log, 5);
    let seen = Auditor::of(&liar.url);
    seen.holds();
    let state = std::fs::read(seen.state()).unwrap();
    let right = |path: &str| match path {
        "/log/keys" => format!("{}\n", hex::encode(next.keys().to_bytes())).into_bytes(),
        "/log/checkpoint" => truth.note.clone().into_bytes(),
        "/log/step/13" => next.steps[12].clone(),
        // Only the last epoch is new: what was seen before is not looked at again.
        _ => next.leaves.iter().flat_map(|leaf| [&[0, 81][..], &leaf.to_bytes()].concat()).collect(),
    };
    for path in &PATHS[..4] {
        let right = right(path);
        let from = if path.contains("tile") { right.len() - 81 } else { 0 };
        // Some bytes of each; the rest of what `transparency` reads is tried there.
        for at in (from..right.len()).step_by(((right.len() - from) / 12).max(1)) {
            for changed in [[&right[..at], &[right[at] ^ 1], &right[at + 1..]].concat(), right[..at].to_vec()] {
                let mut shows = truth.clone();
                shows.instead.insert((*path).to_owned(), (200, changed));
                liar.show(shows);
                std::fs::write(seen.state(), &state).unwrap();
                let run = seen.once();
                assert!([1, 2].contains(&run.code) && !run.out.contains("good"), "{path} {at} {run:?}");
            }
        }
    }
}

#[test]
fn a_damaged_state_is_not_gone_on_from() {
    let log = Log::new(1, 12);
    let liar = Liar::honest(&log, 5);
    let auditor = Auditor::of(&liar.url);
    auditor.holds();
    let whole = std::fs::read_to_string(auditor.state()).unwrap();
    let read: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let mut damaged =
        vec![String::new(), "{}".to_owned(), whole[..whole.len() / 2].to_owned(), whole.replace("\"size\": 12", "\"size\": 11")];
    // Of every hash, key and head one digit, within and at its end: that is its signature.
    for text in ["/log", "/last", "/before/0", "/settled/head", "/settled/leaf", "/settled/inclusion/0"] {
        let written = read.pointer(text).and_then(|value| value.as_str()).unwrap();
        for at in [41, written.len() - 1] {
            let digit = if &written[at..=at] == "0" { "1" } else { "0" };
            let mut changed = read.clone();
            *changed.pointer_mut(text).unwrap() = format!("{}{digit}{}", &written[..at], &written[at + 1..]).into();
            damaged.push(changed.to_string());
        }
    }
    for text in damaged {
        std::fs::write(auditor.state(), &text).unwrap();
        let run = auditor.once();
        assert_eq!((run.code, run.err.contains("damaged")), (3, true), "{text} {run:?}");
    }
    std::fs::write(auditor.state(), whole).unwrap();
    auditor.holds();
    // A power cut between the new file and its name.
    std::fs::write(auditor.path("state.new"), "half").unwrap();
    auditor.holds();
}

#[test]
fn what_is_no_evidence_is_said_to_be_none() {
    let auditor = Auditor::of("http://127.0.0.1:1");
    for bytes in [&b""[..], b"hello", &[0xff; 2_000_000], b"waxseal-auditor testimony v1\n\x1b[2J\x07 all is well"] {
        std::fs::write(auditor.path("file"), bytes).unwrap();
        let run = auditor.run(&["check", "file"]);
        assert_eq!((run.code, run.out.starts_with("NOT PROVEN."), run.out.contains('\x1b')), (1, true, false), "{run:?}");
    }
}
