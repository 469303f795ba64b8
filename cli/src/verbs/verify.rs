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
