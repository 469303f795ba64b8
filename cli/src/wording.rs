//! Words for what is seen: states, notices, days. Shared by verbs and screen.
//!
//! Never colours, never cuts: whoever shows them does.

use time::{Date, OffsetDateTime, UtcOffset};
use waxseal_core::output::{Event, Work};
use waxseal_core::view::{ChangedDevice, ChatState, ChatSummary, Line, MessageState, MessageView, Notice};

use crate::names::Names;
use crate::{clock, harmless};

/// How far an own message got.
pub(crate) fn state(state: MessageState) -> &'static str {
    match state {
        MessageState::Received => "received",
        MessageState::Pending => "waiting",
        MessageState::Sent => "sent",
        MessageState::Delivered => "delivered",
        MessageState::Read => "read",
        MessageState::Failed => "not sent",
    }
}

/// The same as a mark; each has another shape, so colour says nothing new.
pub(crate) fn mark(state: MessageState) -> &'static str {
    match state {
        MessageState::Received => "",
        MessageState::Pending => "…",
        MessageState::Sent => "✓",
        MessageState::Delivered => "✓✓",
        MessageState::Read => "✓✓ read",
        MessageState::Failed => "✗ not sent",
    }
}

/// What stands where there is no text.
pub(crate) fn placeholder(line: &Line) -> &'static str {
    match line {
        Line::Deleted => "(deleted)",
        Line::Unknown(_) => "(something that this version cannot show)",
        Line::Gap => "(messages are missing here: this device could not open them)",
        Line::Text(_) | Line::Notice(_) => "",
    }
}

/// What happened in a chat, as a sentence.
pub(crate) fn notice(notice: &Notice, message: &MessageView, names: &Names) -> String {
    let by = match (message.own, message.sender) {
        (true, _) => "you".to_owned(),
        (false, Some(_)) => harmless::line(&message.sender_name),
        (false, None) => "somebody".to_owned(),
    };
    match notice {
        Notice::Created => format!("{by} started the chat"),
        Notice::Joined => "you were added".to_owned(),
        Notice::Added(who) => format!("{by} added {}", names.list(who)),
        Notice::Removed(who) => format!("{by} removed {}", names.list(who)),
        Notice::Left(who) => format!("{} left", names.of(who)),
        Notice::Renamed(title) => format!("{by} called the group “{}”", harmless::line(title)),
        Notice::Admin(who, true) => format!("{by} made {} an admin", names.of(who)),
        Notice::Admin(who, false) => format!("{by} took the admin role from {}", names.of(who)),
        Notice::DeviceAdded(who, which) => devices(&names.of(who), "added", which),
        Notice::DeviceRemoved(who, which) => devices(&names.of(who), "removed", which),
        Notice::IdentityChanged(who) => {
            let name = names.of(who);
            format!("{name}'s identity changed: this name is somebody else's now. Ask {name} about it by another way")
        }
        Notice::Refounded => "the group was broken by somebody in it and was founded again".to_owned(),
        Notice::Nobody => "nobody was found under this name; what you wrote is kept: try it again, or throw it away".to_owned(),
    }
}

/// `bob added a device, “Laptop”, on 3 May 2026`
fn devices(who: &str, what: &str, which: &[ChangedDevice]) -> String {
    let one = |one: &ChangedDevice| {
        let name = one.name.as_deref().map(|name| format!("{}, ", quoted(name))).unwrap_or_default();
        // The day alone is said: in which zone it was that day matters to nobody.
        let on = clock::local(one.at, UtcOffset::UTC).date();
        format!("{name}on {} {} {}", on.day(), on.month(), on.year())
    };
    match which {
        [] => format!("{who} {what} a device"),
        [only] => format!("{who} {what} a device, {}", one(only)),
        many => format!("{who} {what} {} devices: {}", many.len(), many.iter().map(one).collect::<Vec<_>>().join("; ")),
    }
}

/// Why own words wait, and what to do, for whoever is named.
pub(crate) fn held(names: &[String]) -> String {
    let first = names.first().map_or("NAME", String::as_str);
    let who = names.join(", ");
    format!("{who}: devices or identity changed, so your words wait. When it is right: waxseal verify {first} --go-on")
}

/// What happened in a chat, where there is no room for who and whom.
pub(crate) fn notice_in_short(notice: &Notice) -> &'static str {
    match notice {
        Notice::Created => "the chat began",
        Notice::Joined => "you were added",
        Notice::Added(_) => "somebody was added",
        Notice::Removed(_) => "somebody was removed",
        Notice::Left(_) => "somebody left",
        Notice::Renamed(_) => "the title changed",
        Notice::Admin(..) => "the admins changed",
        Notice::DeviceAdded(..) => "a device was added",
        Notice::DeviceRemoved(..) => "a device was removed",
        Notice::IdentityChanged(_) => "the name is somebody else's now",
        Notice::Refounded => "the group was founded again",
        Notice::Nobody => "nobody was found",
    }
}

/// Where a chat stands, where that is worth saying.
pub(crate) fn chat_state(chat: &ChatSummary) -> Option<&'static str> {
    match chat.state {
        ChatState::Open => None,
        ChatState::Opening => Some("being set up"),
        ChatState::Requested if chat.direct => Some("wants to talk"),
        ChatState::Requested => Some("adds you to a group"),
        ChatState::Healing => Some("being mended"),
        ChatState::Leaving => Some("leaving"),
        ChatState::Left => Some("left"),
    }
}

/// How many people a group has.
pub(crate) fn members(count: usize) -> String {
    if count == 1 { "1 member".into() } else { format!("{count} members") }
}

/// A name that is somebody's alone, and what they want to be called beside it: `bob “Bob Builder”`.
pub(crate) fn called(name: &str, display: Option<&str>) -> String {
    let name = harmless::line(name);
    match display {
        Some(display) => format!("{name} {}", quoted(display)),
        None => name,
    }
}

/// In quotes, so that it is not taken for anything that we say.
fn quoted(display: &str) -> String {
    format!("“{}”", harmless::line(display).replace(['“', '”', '„', '«', '»'], "\""))
}

/// What a request asks.
pub(crate) fn request(chat: &ChatSummary) -> String {
    let title = harmless::line(&chat.title);
    match &chat.display_name {
        _ if !chat.direct => format!("You were added to the group “{title}”"),
        Some(display) => format!("{title} wants to talk to you, and goes by {}", quoted(display)),
        None => format!("{title} wants to talk to you"),
    }
}

/// How far long work has come.
pub(crate) fn progress(work: Work, done: u64, total: u64) -> String {
    let percent = done.saturating_mul(100).checked_div(total).unwrap_or(100).min(100);
    match work {
        Work::Adding => format!("adding members, {percent} %"),
        Work::Joining => format!("joining a large group, {percent} %"),
    }
}

/// What a person is told of an event that no view shows.
pub(crate) fn event(event: &Event) -> Option<String> {
    Some(match event {
        Event::RegisterFailed(refusal) => format!("The name was not registered: {refusal}"),
        Event::DeviceAdded { name } => format!("A device joined your account: {}", harmless::line(name)),
        Event::LinkFailed(problem) => format!("Linking failed: {problem}"),
        Event::NoSuchAccount(name) => format!("Nobody on this server is called {name}"),
        Event::Failed { problem, .. } if problem.is_of_the_device() => format!("Take care: {problem}."),
        Event::Failed { problem, .. } => format!("Not done: {problem}"),
        Event::SignedOut => "This device was removed from its account.".to_owned(),
        Event::AccountClosed => "The account is closed.".to_owned(),
        _ => return None,
    })
}

/// `Thursday, 1 January 1970`
pub(crate) fn day(date: Date) -> String {
    format!("{}, {} {} {}", date.weekday(), date.day(), date.month(), date.year())
}

/// `09:05`
pub(crate) fn time(at: OffsetDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wants_to_be_called_stands_in_quotes_beside_the_name() {
        assert_eq!(called("bob", Some("Bob Builder")), "bob “Bob Builder”");
        assert_eq!(called("bob", None), "bob");
        assert_eq!(called("eve", Some("x” (admin) “")), "eve “x\" (admin) \"”");
        assert_eq!(called("eve", Some("a\u{202e}b\u{1b}[2J")), "eve “a\u{fffd}b␛[2J”");
    }
}
