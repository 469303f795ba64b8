//! `group`: make one, change it, leave it.
//!
//! A change is durable at once and true when the members' own order has it;
//! each verb waits for that.

use waxseal_core::Command;
use waxseal_core::client::{Client, ClientError};
use waxseal_core::view::{ChatId, ChatState, ChatSummary, MemberView};
use waxseal_wire::name::AccountName;

use super::account::name;
use super::read::shown;
use super::sure;
use crate::arguments::{Format, GroupVerb, Place};
use crate::exit::Failure;
use crate::json::{MemberJson, versioned};
use crate::paper::{say, say_json};
use crate::visit::{Reach, Visit, opened};
use crate::{harmless, target, wording};

pub(super) async fn run(verb: GroupVerb, place: &Place) -> Result<(), Failure> {
    if let GroupVerb::Members { group, format } = verb {
        return members(place, &group, format).await;
    }
    let (mut visit, _) = Visit::of_account(place, Reach::Online).await?;
    match verb {
        GroupVerb::Create { title, members } => create(&mut visit, title, &members).await,
        GroupVerb::Add { group, members } => add(&mut visit, &group, &members).await,
        GroupVerb::Remove { group, member, sure } => {
            let (chat, member) = find(&mut visit, &group, &member).await?;
            sure::ask(sure, &format!("Remove {} from {}?", harmless::line(&member.name), shown(&chat)))?;
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
        GroupVerb::Leave { group, sure } => {
            let chat = visit.chat(&group).await?;
            sure::ask(sure, &format!("Leave {}? There is no way back but being added again.", shown(&chat)))?;
            let chat = chat.chat;
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
    visit.command(Command::CreateGroup { title, members: members.clone() }).await?;
    let chat = visit.wait(opened).await?;
    let stands = move |client: &Client| {
        let open = client.chat(chat)?.is_some_and(|chat| chat.state == ChatState::Open);
        Ok(open && client.connection().waiting == 0)
    };
    gather(visit, chat, members, stands, &format!("The group stands: id:{}.", target::short(chat))).await
}

async fn add(visit: &mut Visit, group: &str, members: &[String]) -> Result<(), Failure> {
    let members: Vec<_> = members.iter().map(|member| name(member)).collect::<Result<_, _>>()?;
    let chat = visit.chat(group).await?.chat;
    visit.command(Command::AddMembers(chat, members.clone())).await?;
    gather(visit, chat, members, |_| Ok(true), "Added.").await
}

/// Waits until all who are somebody are in; says at the end who is nobody.
async fn gather<F>(visit: &mut Visit, chat: ChatId, mut wanted: Vec<AccountName>, and: F, said: &str) -> Result<(), Failure>
where
    F: Fn(&Client) -> Result<bool, ClientError> + Clone + Send + 'static,
{
    let mut nobody = Vec::new();
    visit.about = Some(chat);
    loop {
        let (names, and) = (wanted.clone(), and.clone());
        let there = move |client: &Client| Ok(and(client)? && are_in(&client.members(chat)?, &names));
        match visit.until(there).await {
            Err(Failure::NoSuchAccount(name)) => {
                wanted.retain(|wanted| *wanted != name);
                nobody.push(name.to_string());
            }
            Err(other) => return Err(other),
            Ok(false) => return Err(Failure::ChangeWaiting),
            Ok(true) if nobody.is_empty() => return Ok(say(said)?),
            Ok(true) => return Err(Failure::WithoutSome(said.to_owned(), nobody.join(", "))),
        }
    }
}

fn are_in(members: &[MemberView], wanted: &[AccountName]) -> bool {
    wanted.iter().all(|name| members.iter().any(|member| member.name == name.as_str()))
}

async fn finish<F>(visit: &mut Visit, done: F, said: &str) -> Result<(), Failure>
where
    F: Fn(&Client) -> Result<bool, ClientError> + Clone + Send + 'static,
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
        say(format!("{}, {}", shown(&chat), wording::members(members.len())))?;
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
        say(format!("  {}{facts}", wording::called(&member.name, member.display_name.as_deref())))?;
    }
    Ok(())
}
