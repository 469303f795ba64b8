//! `witnesses`: who must vouch for the server's key directory.

use time::UtcOffset;
use waxseal_core::client::Client;
use waxseal_core::view::WitnessesView;
use waxseal_core::{Command, Event};

use crate::arguments::{Place, WitnessesVerb};
use crate::exit::Failure;
use crate::paper::{remark, say};
use crate::visit::{Reach, Visit};
use crate::{clock, harmless, wording};

pub(super) async fn run(verb: Option<WitnessesVerb>, place: &Place, zone: UtcOffset) -> Result<(), Failure> {
    let reach = if verb.is_some() { Reach::Offline } else { Reach::Online };
    let (mut visit, _) = Visit::of_account(place, reach).await?;
    let known = visit.read(Client::witnesses).await?;
    let mut keys: Vec<String> = known.keys.iter().map(|one| one.key.clone()).collect();
    match verb {
        None => {
            visit.command(Command::AskWitnesses).await?;
            let answered = visit.wait(|event| (*event == Event::Witnesses).then_some(Ok(()))).await;
            let now = clock::now();
            let known = if answered.is_ok() { settled(&mut visit).await? } else { known };
            list(&known, now, zone)?;
            // What is known here is shown, and that the server did not answer is said.
            return answered;
        }
        Some(WitnessesVerb::Add { key }) => {
            let need = known.need.max(1);
            keys.push(key);
            change(&mut visit, need, keys).await?;
        }
        Some(WitnessesVerb::Remove { witness }) => {
            let before = keys.len();
            let goes = |name: &str, key: &str| name == witness || key == witness;
            keys = known.keys.iter().filter(|one| !goes(&one.name, &one.key)).map(|one| one.key.clone()).collect();
            if keys.len() == before {
                return Err(Failure::Refused("you have no witness of this name or key; `waxseal witnesses` lists them"));
            }
            change(&mut visit, known.need.min(keys.len()), keys).await?;
        }
        Some(WitnessesVerb::Need { count }) => change(&mut visit, count, keys).await?,
    }
    let known = visit.read(Client::witnesses).await?;
    say(asked_for(&known))?;
    if known.need > 0 && !known.holds(clock::now()) {
        remark("They are asked when the server is there; until they have signed, nobody new is believed. See: waxseal witnesses");
    }
    Ok(())
}

async fn change(visit: &mut Visit, need: usize, keys: Vec<String>) -> Result<(), Failure> {
    visit.command(Command::SetWitnesses { need, keys }).await
}

/// The server's answer is held against our own head in a moment: waits for that, where it may still turn out well.
async fn settled(visit: &mut Visit) -> Result<WitnessesView, Failure> {
    visit.until(|client| Ok(client.witnesses()?.holds(clock::now()))).await?;
    visit.read(Client::witnesses).await
}

fn asked_for(known: &WitnessesView) -> String {
    match (known.need, known.keys.len()) {
        (0, _) => {
            "No witness is asked for: this device believes what the server proves, and what your contacts have seen.".to_owned()
        }
        (1, 1) => "One witness is asked for, and must have signed within a day.".to_owned(),
        (need, of) => format!("{need} of {of} witnesses must have signed within a day."),
    }
}

fn list(known: &WitnessesView, now: waxseal_wire::id::Millis, zone: UtcOffset) -> Result<(), Failure> {
    say(asked_for(known))?;
    for one in &known.keys {
        let said = match one.at {
            Some(at) => {
                let at = clock::local(at, zone);
                format!("signed {} {}", at.date(), wording::time(at))
            }
            None => "has not signed anything that fits".to_owned(),
        };
        say(format!("  {}  {said}", harmless::line(&one.name)))?;
    }
    if known.need > 0 {
        let have = known.have(now);
        say(match known.holds(now) {
            true => format!("{have} of them vouch for the directory that this device sees."),
            false => format!("{have} of them vouch: too few. Nobody new is believed until more do."),
        })?;
    }
    let others: Vec<_> = known.listed.iter().filter(|key| known.keys.iter().all(|one| one.key != **key)).collect();
    if !others.is_empty() {
        say("The server says that it is also witnessed by:")?;
        for key in &others {
            say(format!("  {}", harmless::line(key)))?;
        }
        say("Whoever runs one of them can tell you whether that is its key. Then: waxseal witnesses add KEY")?;
    }
    Ok(())
}
