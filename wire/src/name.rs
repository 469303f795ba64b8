//! Account names: what a person may be called.
//!
//! Called by `core` (before asking) and `server` (before granting), so both
//! refuse the same names for the same reason. Never looks anything up.

use core::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_security::{GeneralSecurityProfile, MixedScript};

/// A name that obeys every rule: `alice`, `zoë-2`, `мария`.
///
/// 2 to 32 characters; lower-case letters and digits of one script, with
/// single `-`, `_` or `.` between them; normalised (NFKC); allowed by
/// Unicode UTS 39 §3.1 and of one script by §5.1.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(String);

/// Which rule a name breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Fewer than 2 or more than 32 characters.
    #[error("a name has 2 to 32 characters")]
    Length,
    /// Upper case.
    #[error("a name is written in lower case")]
    Case,
    /// A character that is no letter, digit or single separator between them.
    #[error("a name has letters and digits, with single '-', '_' or '.' between them")]
    Character,
    /// Not in its normal form; it could look like another name.
    #[error("write the name with ordinary letters; this spelling could be mistaken for another")]
    Confusable,
    /// Letters of several scripts, such as a Cyrillic letter among Latin ones.
    #[error("a name keeps to the letters of one script")]
    MixedScript,
}

impl AccountName {
    /// Checks every rule.
    pub fn parse(name: &str) -> Result<Self, BadName> {
        if name.len() > 4 * 32 || !(2..=32).contains(&name.chars().count()) {
            return Err(BadName::Length);
        }
        if name.chars().any(char::is_uppercase) {
            return Err(BadName::Case);
        }
        if name.nfkc().ne(name.chars()) {
            return Err(BadName::Confusable);
        }
        let separator = |c: char| matches!(c, '-' | '_' | '.');
        let mut before = '.';
        for c in name.chars() {
            let good = if separator(c) { !separator(before) } else { c.is_alphanumeric() && c.identifier_allowed() };
            if !good {
                return Err(BadName::Character);
            }
            before = c;
        }
        if separator(before) {
            return Err(BadName::Character);
        }
        if !name.is_single_script() {
            return Err(BadName::MixedScript);
        }
        // A whole name in Cyrillic look-alikes of Latin ("раура") would pass as one script.
        let skeleton: String = unicode_security::skeleton(name).collect();
        if !name.is_ascii() && skeleton.is_ascii() && !name.nfd().any(|c| c.is_ascii_alphanumeric()) {
            return Err(BadName::Confusable);
        }
        Ok(Self(name.to_owned()))
    }

    /// What two names share that a person could take for each other (UTS 39 §4 skeleton).
    ///
    /// The server grants one name a skeleton. In lower case: the skeleton of a zero is a capital O.
    pub fn skeleton(&self) -> String {
        unicode_security::skeleton(&self.0).flat_map(char::to_lowercase).collect()
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("account name(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_pass() {
        for name in ["alice", "bob2", "zoë", "maria-del-mar", "мария", "a.b_c"] {
            assert!(AccountName::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn each_rule_has_its_own_refusal() {
        let refused = |name: &str| AccountName::parse(name).err();
        assert_eq!(refused("a"), Some(BadName::Length));
        assert_eq!(refused(&"a".repeat(33)), Some(BadName::Length));
        assert_eq!(refused("Alice"), Some(BadName::Case));
        assert_eq!(refused("al ice"), Some(BadName::Character));
        assert_eq!(refused("al--ice"), Some(BadName::Character));
        assert_eq!(refused("-alice"), Some(BadName::Character));
        assert_eq!(refused("alice."), Some(BadName::Character));
        assert_eq!(refused("ａlice"), Some(BadName::Confusable));
        assert_eq!(refused("аlice"), Some(BadName::MixedScript)); // Cyrillic а
        assert_eq!(refused("асе"), Some(BadName::Confusable)); // all Cyrillic, reads "ace"
    }

    #[test]
    fn look_alikes_share_a_skeleton() {
        let skeleton = |name: &str| AccountName::parse(name).map(|n| n.skeleton());
        assert_eq!(skeleton("rn1"), skeleton("ml"));
    }
}
