//! `verify`: digits that two people compare, to know that nobody sits between them.

use waxseal_core::Command;

use super::account::name;
use crate::arguments::{Format, Place};
use crate::exit::Failure;
use crate::json;
use crate::paper::{say, say_json};
use crate::visit::{Reach, Visit};

#[derive(serde::Serialize)]
struct NumberJson {
    name: String,
    account: String,
    digits: String,
    verified: bool,
}

pub(super) async fn verify(place: &Place, who: &str, mark: bool, unmark: bool, format: Format) -> Result<(), Failure> {
    let name = name(who)?;
    let (mut visit, me) = Visit::of_account(place, Reach::Online).await?;
    let account = visit.account(name.clone()).await?;
    if account == me.account {
        return Err(Failure::Refused("that is you; a safety number is between two people"));
    }
    if mark || unmark {
        visit.command(Command::MarkVerified(account, mark)).await?;
    }
    let number = visit.read(move |client| client.safety_number(account)).await?;
    let number = number.ok_or(Failure::Refused("there is no safety number with this person yet"))?;
    if format.json {
        let account = json::account(&account);
        let number = NumberJson { name: name.to_string(), account, digits: number.digits, verified: number.verified };
        return Ok(say_json(&json::versioned(number))?);
    }
    let digits = number.to_string();
    let groups: Vec<_> = digits.split(' ').collect();
    say(format!("Safety number of {} and {name}:", me.name))?;
    for row in groups.chunks(4) {
        say(format!("  {}", row.join(" ")))?;
    }
    if number.verified {
        return Ok(say("You have compared it: verified.")?);
    }
    say(format!("Compare it with {name} in person or by phone. When it is equal: waxseal verify {name} --mark"))?;
    Ok(())
}

/// What changed in somebody is right.
pub(super) async fn go_on(place: &Place, who: &str, mark: bool) -> Result<(), Failure> {
    let name = name(who)?;
    let (mut visit, _) = Visit::of_account(place, Reach::Online).await?;
    let known = visit.read({
        let name = name.clone();
        move |client| client.account_by_name(&name)
    });
    let account = known.await?.ok_or_else(|| Failure::NoSuchAccount(name.clone()))?;
    let wish = if mark { Command::MarkVerified(account, true) } else { Command::GoOn(account) };
    visit.command(wish).await?;
    // Words that waited leave while somebody is here to see to it.
    visit.until(|client| Ok(client.connection().waiting == 0)).await?;
    Ok(say(format!("Noted: {name}'s devices are right as they are now. Words that waited for that go."))?)
}

/// A name is somebody else's from here on.
pub(super) async fn accept_identity(place: &Place, who: &str) -> Result<(), Failure> {
    let name = name(who)?;
    let (mut visit, _) = Visit::of_account(place, Reach::Offline).await?;
    visit.command(Command::AcceptIdentity(name.clone())).await?;
    say(format!(
        "{name} means whoever has that name now, and is not verified. The chat with the former one stays, without the name."
    ))?;
    Ok(say(format!("Compare the safety number with the new one: waxseal verify {name}"))?)
}
