//! What a person wants to be called: said beside the first words of a chat, or after a change.
//!
//! Travels as an extension of a content (draft-ietf-mimi-content-08 §4.3), so that it costs no message of
//! its own and a reader that does not know it passes over it. Proves nothing: the account's name is proven.

use core::fmt;

use ciborium::Value;
use waxseal_wire::id::Millis;

use super::limits;

/// The extension's name.
const KEY: &str = "vnd.waxseal.profile";
const DISPLAY: u64 = 1;
const SET: u64 = 2;

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// One line, see [`is_display`]; empty takes it back.
    display: String,
    /// When it was chosen: of two the later counts, wherever they were said.
    set: Millis,
}

impl Profile {
    /// Where it may be shown to people.
    pub fn new(display: &str, set: Millis) -> Option<Self> {
        (is_display(display) && i64::try_from(set.0).is_ok()).then(|| Self { display: display.to_owned(), set })
    }

    /// What the person wants to be called; empty takes it back.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// When it was chosen.
    pub fn set(&self) -> Millis {
        self.set
    }

    /// The extension that says it.
    pub(super) fn extension(&self) -> (Value, Value) {
        let fields = vec![(DISPLAY.into(), self.display.as_str().into()), (SET.into(), self.set.0.into())];
        (KEY.into(), Value::Map(fields))
    }

    /// What these extensions say, where it may be shown: words are not lost because a name is bad.
    pub(super) fn of(extensions: &Value) -> Option<Self> {
        let field = |map: &Value, wanted: u64| {
            let mut fields = map.as_map()?.iter();
            fields.find(|(key, _)| key.as_integer().is_some_and(|key| key == wanted.into())).map(|(_, value)| value.clone())
        };
        let said = extensions.as_map()?.iter().find(|(key, _)| key.as_text() == Some(KEY)).map(|(_, value)| value)?;
        let set = field(said, SET)?.as_integer().and_then(|set| u64::try_from(set).ok())?;
        Self::new(field(said, DISPLAY)?.as_text()?, Millis(set))
    }
}

impl fmt::Debug for Profile {
    // What people are called stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile")
    }
}

/// Whether a name may be shown beside a proven one: one line of at most [`limits::DISPLAY`] bytes, without
/// controls, without what turns a line around (Unicode UAX 9 §2), and without letters that nobody sees.
pub fn is_display(name: &str) -> bool {
    name.len() <= limits::DISPLAY && name.trim() == name && !name.chars().any(|c| c.is_control() || is_hidden(c))
}

/// Whether a letter is drawn as nothing, or turns a line around: only good for passing one text off as another.
///
/// Joiners are not among them: emoji and Persian words are made with them.
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_names_of_every_script_may_be_shown() {
        for name in ["", "Alice Example", "Zoë 🙂", "שרה", "می\u{200c}خواهم", "👩\u{200d}👩\u{200d}👧", &"x".repeat(128)]
        {
            assert!(is_display(name), "{name}");
        }
    }

    #[test]
    fn names_that_play_tricks_may_not() {
        let long = "x".repeat(129);
        for name in [
            "a\nb",
            "a\u{1b}[2J",
            " a",
            "a ",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200f}",
            "a\u{200b}b",
            "\u{3164}",
            "a\u{2028}b",
            &long,
        ] {
            assert!(!is_display(name), "{name:?}");
        }
    }

    #[test]
    fn what_may_not_be_shown_is_not_read_and_what_is_new_is_passed_over() {
        let read = |display: &str, set: Value| {
            let map = vec![(DISPLAY.into(), display.into()), (9.into(), Value::Null), (SET.into(), set)];
            Profile::of(&Value::Map(vec![("other".into(), Value::Null), (KEY.into(), Value::Map(map))]))
        };
        assert_eq!(read("Alice", 7.into()), Profile::new("Alice", Millis(7)));
        assert_eq!(read("a\u{202e}b", 7.into()), None);
        assert_eq!(read("Alice", u64::MAX.into()), None);
        assert_eq!(read("Alice", Value::Null), None);
        assert_eq!(Profile::of(&Value::Map(Vec::new())), None);
    }
}
