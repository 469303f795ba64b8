//! Names of who is in a chat, or was: for notices and reactions.
//!
//! Read on the client's thread, beside the messages that they are for.
//! Harmless already.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use waxseal_core::client::{Client, ClientError};
use waxseal_core::view::{Line, MemberView, MessageView, Notice};
use waxseal_wire::id::AccountId;

use crate::harmless;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(HashMap<AccountId, String>);

impl Names {
    /// Of everybody whom these messages are about, and of these members.
    pub(crate) fn read(client: &Client, members: &[MemberView], messages: &[MessageView]) -> Result<Self, ClientError> {
        let mut names = Self::of_members(members);
        for account in messages.iter().flat_map(mentioned) {
            if let Entry::Vacant(unknown) = names.0.entry(account) {
                unknown.insert(harmless::line(&client.account_name(account)?));
            }
        }
        Ok(names)
    }

    /// Of these members alone.
    pub(crate) fn of_members(members: &[MemberView]) -> Self {
        let name = |member: &MemberView| if member.own { "you".to_owned() } else { harmless::line(&member.name) };
        Self(members.iter().map(|member| (member.account, name(member))).collect())
    }

    /// One account's name, or the beginning of its id.
    pub(crate) fn of(&self, account: &AccountId) -> String {
        self.0.get(account).cloned().unwrap_or_else(|| hex::encode(account.0.get(..4).unwrap_or_default()))
    }

    /// Several, with commas between.
    pub(crate) fn list(&self, accounts: &[AccountId]) -> String {
        let names: Vec<_> = accounts.iter().map(|account| self.of(account)).collect();
        names.join(", ")
    }
}

fn mentioned(message: &MessageView) -> Vec<AccountId> {
    let mut all: Vec<_> = message.reactions.iter().map(|(by, _)| *by).collect();
    match &message.line {
        Line::Notice(Notice::Added(who) | Notice::Removed(who)) => all.extend(who),
        Line::Notice(Notice::Left(who) | Notice::Admin(who, _) | Notice::DeviceAdded(who) | Notice::DeviceRemoved(who)) => {
            all.push(*who)
        }
        _ => {}
    }
    all
}
