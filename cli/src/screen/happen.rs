//! What the client and the doors tell, as changes of the screen.

use waxseal_core::Event;
use waxseal_core::view::SafetyNumber;
use waxseal_wire::frame::Door;
use waxseal_wire::id::AccountId;

use super::dialog::Dialog;
use super::model::{Focus, Model, Wish};
use crate::engine::Notice;
use crate::exit::Failure;
use crate::wording;

/// Takes in what was told.
pub(crate) fn happen(model: &mut Model, notice: Notice) -> Vec<Wish> {
    match notice {
        Notice::Event(event) => tell(model, event),
        Notice::Door(Door::Device, state) => {
            model.trouble = state.err();
            vec![Wish::Look]
        }
        Notice::Door(Door::Anonymous, state) => {
            model.trouble = state.err().or(model.trouble);
            vec![Wish::Look]
        }
        Notice::Disk(error) => {
            model.say(Failure::from(error).to_string(), true);
            Vec::new()
        }
    }
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
        Event::ChatOpened(chat) => {
            model.remark = None;
            let mut wishes = model.open(*chat, Focus::Compose);
            wishes.push(Wish::Look);
            return wishes;
        }
        Event::Requested(_) => {
            model.say("Somebody new wants to talk to you", false);
            return vec![Wish::Ring, Wish::Look];
        }
        Event::Received { chat, .. } => {
            let looked_at = model.attentive && model.open.as_ref().is_some_and(|open| open.chat == *chat);
            return if looked_at { vec![Wish::Look] } else { vec![Wish::Ring, Wish::Look] };
        }
        Event::Progress { work, done, total, .. } => {
            model.progress = (done < total).then(|| format!("{} {done} of {total}", wording::work(*work)));
        }
        Event::SignedOut | Event::AccountClosed => {
            let text = wording::event(&event).unwrap_or_default();
            model.dialog = Some(Dialog::Paper { title: "Waxseal".into(), text });
        }
        other => {
            if let Some(text) = wording::event(other) {
                let good = matches!(other, Event::DeviceAdded { .. });
                model.say(text, !good);
            }
        }
    }
    vec![Wish::Look]
}

/// A form that waits is told what is wrong; otherwise it is said.
fn wrong(model: &mut Model, text: String) {
    match &mut model.dialog {
        Some(Dialog::Form(form)) if form.is_busy => {
            form.is_busy = false;
            form.wrong = Some(text);
        }
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
