//! `passphrase` and `close-account`: what guards a profile, and its end.

use std::path::Path;

use waxseal_core::view::ChatState;
use waxseal_core::{Command, Event};

use super::account::name;
use super::sure;
use crate::arguments::{Place, Sure};
use crate::exit::Failure;
use crate::paper::{remark, say};
use crate::profile::{Need, Profile, Secret};
use crate::visit::{Reach, Visit};

/// Puts another passphrase or key file before the profile.
pub(super) fn change(place: &Place, key_file: Option<&Path>, passphrase_file: Option<&Path>) -> Result<(), Failure> {
    let to = match (key_file, passphrase_file) {
        (Some(file), _) => Some(Secret::of_key_file(file)),
        (None, Some(file)) => Some(Secret::of_passphrase_file(file)?),
        (None, None) => None,
    };
    let mut profile = Profile::open(place, Need::Existing)?;
    profile.guard_anew(place, to)?;
    Ok(say("Changed. The database is encrypted anew; copies made before still open with what opened them.")?)
}

/// Deletes the account on the server, then what is here.
pub(super) async fn close(place: &Place, who: &str, sure: Sure) -> Result<(), Failure> {
    let name = name(who)?;
    let (mut visit, me) = Visit::of_account(place, Reach::Online).await?;
    if me.name != name {
        return Err(Failure::Usage(format!("this profile is {}, not {name}; nothing was changed", me.name)));
    }
    let question = format!(
        "Leave all groups, delete the account {name} on {}, and every message here? Others keep what they have. There is no way back.",
        visit.server
    );
    sure::ask(sure, &question)?;
    if !visit.until(|client| Ok(client.connection().receiving)).await? {
        return Err(visit.offline());
    }
    let (all, staying) = leave_groups(&mut visit).await?;
    visit.command(Command::CloseAccount).await?;
    visit
        .wait(|event| match event {
            Event::AccountClosed => Some(Ok(())),
            Event::Failed { problem, .. } => Some(Err((*problem).into())),
            _ => None,
        })
        .await?;
    let Visit { engine, profile, .. } = visit;
    // The database is let go of before its file is.
    drop(engine);
    profile.delete()?;
    say(format!("The account {name} is deleted, here and on the server."))?;
    remark("Its name stays taken, so that nobody can pass for you. Groups remove you when their members are next online.");
    if !staying.is_empty() {
        remark(format!("Still in the list of members of: {}. An admin there can remove you.", staying.join(", ")));
    }
    if !all {
        remark("Not all groups could be told in time that you are gone; an admin there can remove you.");
    }
    Ok(())
}

/// Leaves all groups, so that their members need no server's word for it. Says whether all were told, and which have no
/// other admin and are not left.
async fn leave_groups(visit: &mut Visit) -> Result<(bool, Vec<String>), Failure> {
    let mut staying = Vec::new();
    for chat in visit.chats().await? {
        if chat.direct || !matches!(chat.state, ChatState::Open | ChatState::Healing) {
            continue;
        }
        let id = chat.chat;
        let members = visit.read(move |client| client.members(id)).await?;
        let others = members.iter().any(|member| !member.own);
        if others && members.iter().all(|member| member.admin == member.own) {
            staying.push(chat.title);
        } else {
            visit.command(Command::Leave(id)).await?;
        }
    }
    visit.begin_waiting();
    match visit.until(|client| Ok(client.connection().waiting == 0)).await {
        Ok(told) => Ok((told, staying)),
        // What cannot be left does not keep anybody from going.
        Err(Failure::Problem(_)) => Ok((false, staying)),
        Err(other) => Err(other),
    }
}
