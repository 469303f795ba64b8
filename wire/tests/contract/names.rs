//! Nobody passes for another by the look of a name.

use proptest::prelude::*;
use waxseal_wire::name::{AccountName, BadName};

fn refused(name: &str) -> Option<BadName> {
    AccountName::parse(name).err()
}

#[test]
fn letters_of_other_scripts_do_not_hide_among_latin_ones() {
    for name in ["pаypal", "gооgle", "аpple", "micrоsoft", "αlice", "bοb", "ѕignal", "alісe", "jοhn"] {
        assert_eq!(refused(name), Some(BadName::MixedScript), "{name}");
    }
}

#[test]
fn a_whole_name_of_look_alikes_is_refused() {
    for name in ["раура", "сосо", "аре", "роре"] {
        assert_eq!(refused(name), Some(BadName::Confusable), "{name}");
    }
}

#[test]
fn other_spellings_of_the_same_letters_are_refused() {
    for name in ["ａｌｉｃｅ", "𝐚lice", "aliceⅳ", "ﬁnn", "zoe\u{308}", "al\u{0131}ce²"] {
        assert!(refused(name).is_some(), "{name}");
    }
}

#[test]
fn invisible_and_turning_characters_are_refused() {
    for hidden in
        ['\u{200b}', '\u{200d}', '\u{200e}', '\u{202e}', '\u{2060}', '\u{feff}', '\u{00ad}', '\u{0}', '\u{e0061}', '\u{fe0f}']
    {
        assert!(refused(&format!("al{hidden}ice")).is_some(), "{:x}", u32::from(hidden));
    }
}

#[test]
fn emoji_blanks_and_signs_are_no_letters() {
    for name in ["alice😀", "al ice", "al\tice", "alice@home", "a/b", "a'b", "a\"b", "a\\b", "a:b", "#club", "a+b", "a\u{a0}b"] {
        assert!(refused(name).is_some(), "{name}");
    }
}

#[test]
fn names_in_many_scripts_are_welcome() {
    for name in ["мария", "ελένη", "מרים", "田中", "さくら", "김철수", "søren", "françois", "łukasz", "ngọc"]
    {
        assert_eq!(refused(name), None, "{name}");
    }
}

#[test]
fn look_alikes_within_a_script_share_a_skeleton() {
    let skeleton = |name: &str| AccountName::parse(name).map(|name| name.skeleton());
    for (one, other) in [("rn1", "m1"), ("a1ice", "alice"), ("b0b", "bob"), ("vvaldo", "vvaldo")] {
        assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
    }
    assert_ne!(skeleton("alice"), skeleton("bob"));
}

proptest! {
    #[test]
    fn no_string_panics_and_what_passes_obeys_every_rule(name in "\\PC{0,40}") {
        if let Ok(name) = AccountName::parse(&name) {
            let name = name.as_str();
            prop_assert!((2..=32).contains(&name.chars().count()));
            prop_assert!(!name.chars().any(char::is_uppercase));
            prop_assert!(!name.chars().any(|c| c.is_whitespace() || c.is_control()));
            prop_assert!(AccountName::parse(name).is_ok());
        }
    }

    #[test]
    fn plain_names_pass(name in "[a-z0-9]{1,10}([-_.][a-z0-9]{1,9}){0,2}") {
        prop_assert_eq!(refused(&name), (name.chars().count() < 2).then_some(BadName::Length));
    }
}
