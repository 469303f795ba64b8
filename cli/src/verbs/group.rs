//! `group`: make one, change it, leave it.
//!
//! A change is durable at once and true when the members' own order has it;
//! each verb waits for that.

use waxseal_core::Command;
use waxseal_core::client::Client;
use waxseal_core::view::{ChatState, ChatSummary, MemberView};
use waxseal_wire::name::AccountName;

use super::account::name;
use super::read::shown;
use crate::arguments::{Format, GroupVerb, Place};
use crate::exit::Failure;
use crate::harmless;
use crate::json::{MemberJson, versioned};
use crate::paper::{say, say_json};
use crate::target;
use crate::visit::{Reach, Visit, opened};

pub(super) async fn run(verb: GroupVerb, place: &Place) -> Result<(), Failure> {
    if let GroupVerb::Members { group, format } = verb {
        return members(place, &group, format).await;
    }
    let (mut visit, _) = Visit::of_account(place, Reach::Online).await?;
    match verb {
        GroupVerb::Create { title, members } => create(&mut visit, title, &members).await,
        GroupVerb::Add { group, members } => add(&mut visit, &group, &members).await,
        GroupVerb::Remove { group, member } => {
            let (chat, member) = find(&mut visit, &group, &member).await?;
            visit.command(Command::RemoveMember(chat.chat, member.account)).await?;
            let gone = move |client: &Client| Ok(client.members(chat.chat)?.iter().all(|m| m.account != member.account));
            finish(&mut visit, gone, "Removed; what is said from now on is sealed from them.").await
        }
        GroupVerb::Admin { group, member, revoke } => {
            let (chat, member) = find(&mut visit, &group, &member).await?;
            visit.command(Command::SetAdmin(chat.chat, member.account, !revoke)).await?;
            let set = move |client: &Client| {
                Ok(client.members(chat.chat)?.iter().any(|m| m.account == member.account && m.admin != revoke))
            };
            finish(&mut visit, set, if revoke { "No longer an admin." } else { "An admin now." }).await
        }
        GroupVerb::Rename { group, title } => {
            let chat = visit.chat(&group).await?.chat;
            visit.command(Command::Rename(chat, title.clone())).await?;
            let renamed = move |client: &Client| Ok(client.chat(chat)?.is_some_and(|chat| chat.title == title));
            finish(&mut visit, renamed, "Renamed.").await
        }
        GroupVerb::Leave { group } => {
            let chat = visit.chat(&group).await?.chat;
            visit.command(Command::Leave(chat)).await?;
            // Another member's device removes us, whenever it is online; asking is all that we can do.
            let asked = move |client: &Client| {
                let state = client.chat(chat)?.map(|chat| chat.state);
                Ok(client.connection().waiting == 0 && matches!(state, None | Some(ChatState::Leaving | ChatState::Left)))
            };
            finish(&mut visit, asked, "You are leaving; the next member who is online completes it.").await
        }
        GroupVerb::Members { .. } => Ok(()),
    }
}

async fn create(visit: &mut Visit, title: String, members: &[String]) -> Result<(), Failure> {
    let members: Vec<_> = members.iter().map(|member| name(member)).collect::<Result<_, _>>()?;
    let wanted = members.clone();
    visit.command(Command::CreateGroup { title, members }).await?;
    let chat = visit.wait(opened).await?;
    let there = move |client: &Client| {
        let open = client.chat(chat)?.is_some_and(|chat| chat.state == ChatState::Open);
        Ok(open && client.connection().waiting == 0 && are_in(&client.members(chat)?, &wanted))
    };
    finish(visit, there, &format!("The group stands: id:{}", target::short(chat))).await
}

async fn add(visit: &mut Visit, group: &str, members: &[String]) -> Result<(), Failure> {
    let members: Vec<_> = members.iter().map(|member| name(member)).collect::<Result<_, _>>()?;
    let chat = visit.chat(group).await?.chat;
    let wanted = members.clone();
    visit.command(Command::AddMembers(chat, members)).await?;
    finish(visit, move |client: &Client| Ok(are_in(&client.members(chat)?, &wanted)), "Added.").await
}

fn are_in(members: &[MemberView], wanted: &[AccountName]) -> bool {
    wanted.iter().all(|name| members.iter().any(|member| member.name == name.as_str()))
}

async fn finish<F>(visit: &mut Visit, done: F, said: &str) -> Result<(), Failure>
where
    F: Fn(&Client) -> Result<bool, waxseal_core::client::ClientError> + Clone + Send + 'static,
{
    if visit.until(done).await? { Ok(say(said)?) } else { Err(Failure::ChangeWaiting) }
}

async fn find(visit: &mut Visit, group: &str, member: &str) -> Result<(ChatSummary, MemberView), Failure> {
    let chat = visit.chat(group).await?;
    let id = chat.chat;
    let members = visit.read(move |client| client.members(id)).await?;
    let found = members.into_iter().find(|m| m.name == member || hex::encode(m.account.0) == member);
    Ok((chat, found.ok_or(Failure::Refused("nobody of that name is in the group; `waxseal group members` lists them"))?))
}

async fn members(place: &Place, group: &str, format: Format) -> Result<(), Failure> {
    let (mut visit, _) = Visit::of_account(place, Reach::Offline).await?;
    let chat = visit.chat(group).await?;
    let id = chat.chat;
    let members = visit.read(move |client| client.members(id)).await?;
    if !format.json {
        say(format!("{}, {} members", shown(&chat), members.len()))?;
    }
    for member in members {
        if format.json {
            say_json(&versioned(MemberJson::of(&member)))?;
            continue;
        }
        let facts: Vec<_> = [(member.own, "you"), (member.admin, "admin"), (member.verified, "verified")]
            .into_iter()
            .filter_map(|(is, word)| is.then_some(word))
            .collect();
        let facts = if facts.is_empty() { String::new() } else { format!("  ({})", facts.join(", ")) };
        say(format!("  {}{facts}", harmless::line(&member.name)))?;
    }
    Ok(())
}
