//! Names of who is in a chat, or was: for notices and reactions.
//!
//! Read on the client's thread, beside the messages that they are for.
//! Harmless already.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use waxseal_core::client::{Client, ClientError};
use waxseal_core::view::{Line, MemberView, MessageRef, MessageView, Notice};
use waxseal_wire::id::AccountId;

use crate::harmless;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    names: HashMap<AccountId, String>,
    quotes: HashMap<MessageRef, String>,
}

/// Letters of a message that is quoted.
const QUOTE: usize = 40;
/// People named in one sentence.
const NAMED: usize = 12;

impl Names {
    /// Of everybody whom these messages are about, and of these members.
    pub(crate) fn read(client: &Client, members: &[MemberView], messages: &[MessageView]) -> Result<Self, ClientError> {
        let mut names = Self::of_members(members);
        for account in messages.iter().flat_map(mentioned) {
            if let Entry::Vacant(unknown) = names.names.entry(account) {
                unknown.insert(harmless::line(&client.account_name(account)?));
            }
        }
        Ok(names)
    }

    /// The same, with the beginning of every message that one of these answers.
    pub(crate) fn with_quotes(client: &Client, members: &[MemberView], messages: &[MessageView]) -> Result<Self, ClientError> {
        let mut names = Self::read(client, members, messages)?;
        for message in messages {
            let Some(answered) = message.reply_to.map(|to| client.message(to)).transpose()?.flatten() else { continue };
            names.quotes.insert(message.message, quote(&answered));
        }
        Ok(names)
    }

    /// The beginning of what a message answers.
    pub(crate) fn quote(&self, message: MessageRef) -> Option<&str> {
        self.quotes.get(&message).map(String::as_str)
    }

    /// Of these members alone.
    pub(crate) fn of_members(members: &[MemberView]) -> Self {
        let name = |member: &MemberView| if member.own { "you".to_owned() } else { harmless::line(&member.name) };
        Self { names: members.iter().map(|member| (member.account, name(member))).collect(), quotes: HashMap::new() }
    }

    /// One account's name, or the beginning of its id.
    pub(crate) fn of(&self, account: &AccountId) -> String {
        self.names.get(account).cloned().unwrap_or_else(|| hex::encode(account.0.get(..4).unwrap_or_default()))
    }

    /// Several in the order of the alphabet, with commas between; of very many the first and how many others.
    pub(crate) fn list(&self, accounts: &[AccountId]) -> String {
        let mut names: Vec<_> = accounts.iter().map(|account| self.of(account)).collect();
        names.sort_unstable();
        let others = names.len().saturating_sub(NAMED);
        if others < 2 {
            return names.join(", ");
        }
        names.truncate(NAMED);
        format!("{} and {others} others", names.join(", "))
    }
}

fn quote(message: &MessageView) -> String {
    let who = if message.own { "you".to_owned() } else { harmless::line(&message.sender_name) };
    match &message.line {
        Line::Text(text) => {
            let said = harmless::line(text);
            let cut: String = said.chars().take(QUOTE).collect();
            let more = if cut.len() < said.len() { "…" } else { "" };
            format!("{who}: “{cut}{more}”")
        }
        _ => who,
    }
}

fn mentioned(message: &MessageView) -> Vec<AccountId> {
    let mut all: Vec<_> = message.reactions.iter().map(|(by, _)| *by).collect();
    match &message.line {
        Line::Notice(Notice::Added(who) | Notice::Removed(who)) => all.extend(who),
        Line::Notice(
            Notice::Left(who)
            | Notice::Admin(who, _)
            | Notice::DeviceAdded(who, _)
            | Notice::DeviceRemoved(who, _)
            | Notice::IdentityChanged(who),
        ) => all.push(*who),
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_very_many_a_few_are_named() {
        let names = Names { names: (0..40).map(|n| (AccountId([n; 32]), format!("p{n:02}"))).collect(), quotes: HashMap::new() };
        let list = |count: u8| names.list(&(0..count).rev().map(|n| AccountId([n; 32])).collect::<Vec<_>>());
        assert_eq!(list(2), "p00, p01");
        assert!(list(13).ends_with("p11, p12"), "one other is named too");
        assert!(list(40).ends_with("p11 and 28 others"), "{}", list(40));
    }
}
