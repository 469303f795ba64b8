//! Whom or what a person means by `bob`, `#Book club` or `id:3f2a91bc`.
//!
//! Called by every verb that names a chat. Never guesses between two.

use waxseal_core::view::{ChatId, ChatState, ChatSummary};
use waxseal_wire::name::AccountName;

use crate::exit::Failure;

/// What was meant.
#[derive(Debug)]
pub(crate) enum Target {
    /// A chat that there is.
    Chat(Box<ChatSummary>),
    /// A person without a chat yet.
    Person(AccountName),
}

/// The chat's id as a person types it.
pub(crate) fn id(chat: ChatId) -> String {
    hex::encode(chat.0)
}

/// The short form that lists show; `id:` before it makes a target.
pub(crate) fn short(chat: ChatId) -> String {
    hex::encode(chat.0.get(..4).unwrap_or_default())
}

/// As it is typed into a shell: in quotes where that is needed.
pub(crate) fn quoted(target: &str) -> String {
    let is_plain = !target.is_empty() && target.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'));
    if is_plain { target.to_owned() } else { format!("'{}'", target.replace('\'', r"'\''")) }
}

/// Finds what `target` means among `chats`.
pub(crate) fn find(chats: Vec<ChatSummary>, target: &str) -> Result<Target, Failure> {
    if let Some(prefix) = target.strip_prefix("id:").filter(|prefix| prefix.len() >= 4) {
        return only(chats, target, |chat| id(chat.chat).starts_with(prefix));
    }
    if target.len() == 32 && chats.iter().any(|chat| id(chat.chat) == target) {
        return only(chats, target, |chat| id(chat.chat) == target);
    }
    if let Some(title) = target.strip_prefix('#') {
        return only(chats, target, |chat| !chat.direct && chat.title == title);
    }
    let name = target.strip_prefix('@').unwrap_or(target);
    if let Some(chat) = chats.iter().find(|chat| chat.direct && chat.title == name && chat.state != ChatState::Left) {
        return Ok(Target::Chat(Box::new(chat.clone())));
    }
    if chats.iter().any(|chat| !chat.direct && chat.title == target) {
        return only(chats, target, |chat| !chat.direct && chat.title == target);
    }
    AccountName::parse(name).map(Target::Person).map_err(|why| Failure::Name(name.to_owned(), why))
}

fn only(chats: Vec<ChatSummary>, target: &str, fits: impl Fn(&ChatSummary) -> bool) -> Result<Target, Failure> {
    let mut fitting = chats.into_iter().filter(|chat| fits(chat));
    let Some(chat) = fitting.next() else { return Err(Failure::NoSuchChat(target.to_owned())) };
    if fitting.next().is_some() { Err(Failure::ManyChats(target.to_owned())) } else { Ok(Target::Chat(Box::new(chat))) }
}

#[cfg(test)]
mod tests {
    use waxseal_wire::id::Millis;

    use super::*;

    fn chat(byte: u8, title: &str, direct: bool) -> ChatSummary {
        ChatSummary {
            chat: ChatId([byte; 16]),
            title: title.into(),
            direct,
            peer: None,
            display_name: None,
            state: ChatState::Open,
            members: 2,
            unread: 0,
            last: None,
            active: Millis(0),
            held: Vec::new(),
        }
    }

    fn chats() -> Vec<ChatSummary> {
        vec![chat(1, "bob", true), chat(2, "bob", false), chat(3, "Club", false), chat(4, "Club", false)]
    }

    fn found(target: &str) -> Option<u8> {
        match find(chats(), target) {
            Ok(Target::Chat(chat)) => Some(chat.chat.0[0]),
            _ => None,
        }
    }

    #[test]
    fn a_name_means_the_person_and_a_hash_the_group() {
        assert_eq!(found("bob"), Some(1));
        assert_eq!(found("@bob"), Some(1));
        assert_eq!(found("#bob"), Some(2));
        assert!(matches!(find(chats(), "carol"), Ok(Target::Person(_))));
    }

    #[test]
    fn what_is_printed_to_be_typed_can_be_typed() {
        assert_eq!(quoted("bob"), "bob");
        assert_eq!(quoted("#Book club"), "'#Book club'");
        assert_eq!(quoted("#Bob's; rm -rf /"), r"'#Bob'\''s; rm -rf /'");
    }

    #[test]
    fn two_groups_of_one_title_are_told_apart_by_id_only() {
        assert!(matches!(find(chats(), "#Club"), Err(Failure::ManyChats(_))));
        assert_eq!(found("id:0303"), Some(3));
        assert_eq!(found(&"04".repeat(16)), Some(4));
    }

    #[test]
    fn what_is_nobody_is_said_so() {
        assert!(matches!(find(chats(), "#Nowhere"), Err(Failure::NoSuchChat(_))));
        assert!(matches!(find(chats(), "No Body"), Err(Failure::Name(..))));
    }

    #[test]
    fn a_conversation_that_was_left_is_opened_anew() {
        let mut left = chats();
        left[0].state = ChatState::Left;
        left.remove(1);
        assert!(matches!(find(left, "bob"), Ok(Target::Person(_))));
    }
}
