//! What the client and the doors tell, as changes of the screen.

use waxseal_core::Event;
use waxseal_core::view::SafetyNumber;
use waxseal_wire::frame::Door;
use waxseal_wire::id::AccountId;

use super::ahead;
use super::dialog::Dialog;
use super::model::{Model, Wish};
use crate::engine::Notice;
use crate::exit::Failure;
use crate::network::Shut;
use crate::wording;

/// Takes in what was told.
pub(crate) fn happen(model: &mut Model, notice: Notice) -> Vec<Wish> {
    match notice {
        Notice::Event(event) => tell(model, event),
        Notice::Door(door, state) => door_changed(model, door, state),
        Notice::Disk(error) => {
            ahead::give_up(model, true);
            model.say(Failure::from(error).to_string(), true);
            Vec::new()
        }
    }
}

fn door_changed(model: &mut Model, door: Door, state: Result<(), Shut>) -> Vec<Wish> {
    model.door(door, state.err());
    let mut wishes = vec![Wish::Look];
    if door == Door::Anonymous {
        match state {
            Ok(()) => wishes.extend(model.pending.take().map(Wish::Command)),
            // Nothing was claimed yet: the form can be mended.
            Err(shut) if model.pending.take().is_some() => not_reached(model, &shut),
            Err(_) => {}
        }
    }
    wishes
}

fn tell(model: &mut Model, event: Event) -> Vec<Wish> {
    match &event {
        Event::Registered { name, .. } => {
            model.dialog = None;
            model.say(format!("You are {name}. Press n to write to somebody, ? for help."), false);
        }
        Event::RegisterFailed(refusal) => wrong(model, Failure::NotRegistered(*refusal).to_string()),
        Event::LinkFailed(problem) => wrong(model, problem.to_string()),
        Event::LinkCode(code) => {
            let text = format!(
                "{code}\n\nOn the new device, within 10 minutes:\n  waxseal --server {} link CODE\n\nWhoever has the code joins your account.",
                model.server
            );
            model.dialog = Some(Dialog::Paper { title: "A code for the new device".into(), text });
        }
        Event::ChatMoved { from, to } => model.moved(*from, *to),
        Event::Requested(_) => {
            model.say("Somebody new wants to talk to you", false);
            return ringing(model);
        }
        Event::Received { chat, .. } => {
            let looked_at = model.attentive && model.open.as_ref().is_some_and(|open| open.chat == *chat);
            return if looked_at { vec![Wish::Look] } else { ringing(model) };
        }
        Event::Progress { work, done, total, .. } => {
            model.progress = (done < total).then(|| wording::progress(*work, *done, *total));
        }
        Event::SignedOut | Event::AccountClosed => paper(model, &event),
        Event::Failed { problem, .. } if problem.is_of_the_device() => paper(model, &event),
        other => {
            if matches!(other, Event::NoSuchAccount(_) | Event::Failed { chat: None, .. }) {
                ahead::give_up(model, true);
            }
            if let Some(text) = wording::event(other) {
                let good = matches!(other, Event::DeviceAdded { .. });
                model.say(text, !good);
            }
        }
    }
    vec![Wish::Look]
}

/// More than a line, and of the whole device: it stays until it is read.
fn paper(model: &mut Model, event: &Event) {
    ahead::give_up(model, true);
    let text = wording::event(event).unwrap_or_default();
    model.dialog = Some(Dialog::Paper { title: "Waxseal".into(), text });
}

fn not_reached(model: &mut Model, shut: &Shut) {
    let text = format!("The server is not reached: {}.", shut.why);
    match &mut model.dialog {
        Some(Dialog::Form(form)) if form.is_beginning() => form.refuse_server(text),
        _ => wrong(model, text),
    }
}

fn ringing(model: &mut Model) -> Vec<Wish> {
    model.ring().into_iter().chain([Wish::Look]).collect()
}

/// A form that waits is told what is wrong; otherwise it is said.
pub(super) fn wrong(model: &mut Model, text: String) {
    match &mut model.dialog {
        Some(Dialog::Form(form)) if form.busy.is_some() => form.refuse(text),
        _ => model.say(text, true),
    }
}

/// Takes in a safety number that was read.
pub(crate) fn safety(model: &mut Model, account: AccountId, read: Option<SafetyNumber>) {
    if let Some(Dialog::Verify { account: shown, number, .. }) = &mut model.dialog
        && *shown == account
    {
        *number = read;
    }
}
