//! `verify`: digits that two people compare, to know that nobody sits between them.

use waxseal_core::Command;

use super::account::name;
use crate::arguments::Place;
use crate::exit::Failure;
use crate::paper::say;
use crate::visit::{Reach, Visit};

pub(super) async fn verify(place: &Place, who: &str, mark: bool, unmark: bool) -> Result<(), Failure> {
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
