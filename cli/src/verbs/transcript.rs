//! A conversation as plain lines, harmless for any terminal.
//!
//! Used by `read`. Never colours: a mark or a word says it all.

use time::{Date, UtcOffset};
use waxseal_core::view::{Line, MessageState, MessageView};

use crate::names::Names;
use crate::{clock, harmless, wording};

/// Turns messages into lines; remembers the day, so that each is named once.
#[derive(Debug)]
pub(super) struct Transcript {
    zone: UtcOffset,
    day: Option<Date>,
}

impl Transcript {
    /// An empty one.
    pub(super) fn new(zone: UtcOffset) -> Self {
        Self { zone, day: None }
    }

    /// Forgets the day: another conversation begins.
    pub(super) fn begin(&mut self) {
        self.day = None;
    }

    /// The lines of one message.
    pub(super) fn lines(&mut self, message: &MessageView, name_of: &Names) -> Vec<String> {
        let at = clock::local(message.at, self.zone);
        let mut lines = Vec::new();
        if self.day != Some(at.date()) {
            self.day = Some(at.date());
            lines.push(format!("── {} ──", wording::day(at.date())));
        }
        let time = wording::time(at);
        let body = match &message.line {
            Line::Text(text) => harmless::text(text),
            Line::Notice(notice) => {
                lines.push(format!("{time}  · {}", wording::notice(notice, message, name_of)));
                return lines;
            }
            // Nobody said that.
            Line::Gap => {
                lines.push(format!("{time}  ! {}", wording::placeholder(&Line::Gap)));
                return lines;
            }
            other => wording::placeholder(other).to_owned(),
        };
        let who = if message.own { "you".to_owned() } else { harmless::line(&message.sender_name) };
        let answered = name_of.quote(message.message).map(|quote| format!(" (to {quote})")).unwrap_or_default();
        let edited = if message.edited { " (edited)" } else { "" };
        let mark = match message.state {
            MessageState::Received => String::new(),
            state => format!("  [{}]", wording::state(state)),
        };
        let mut parts = body.split('\n');
        lines.push(format!("{time}  {who}{answered}: {}{edited}{mark}", parts.next().unwrap_or_default()));
        lines.extend(parts.map(|part| format!("       {part}")));
        if !message.reactions.is_empty() {
            let reactions: Vec<_> =
                message.reactions.iter().map(|(by, emoji)| format!("{} {}", harmless::line(emoji), name_of.of(by))).collect();
            lines.push(format!("       {}", reactions.join(", ")));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use waxseal_core::view::{ChatId, MessageRef};
    use waxseal_wire::id::{AccountId, Millis};

    use super::*;

    fn message(text: &str, own: bool, at_minutes: u64) -> MessageView {
        MessageView {
            message: MessageRef(1),
            chat: ChatId([1; 16]),
            sender: Some(AccountId([7; 32])),
            own,
            sender_name: "alice".into(),
            sender_display: None,
            at: Millis(at_minutes * 60_000),
            line: Line::Text(text.into()),
            reply_to: None,
            edited: false,
            reactions: Vec::new(),
            state: if own { MessageState::Delivered } else { MessageState::Received },
        }
    }

    #[test]
    fn a_conversation_reads_like_one() {
        let mut transcript = Transcript::new(UtcOffset::UTC);
        let names = Names::default();
        let mut lines = transcript.lines(&message("hi", false, 5), &names);
        lines.extend(transcript.lines(&message("two\nlines", true, 6), &names));
        lines.extend(transcript.lines(&message("next day", false, 24 * 60), &names));
        let expected = [
            "── Thursday, 1 January 1970 ──",
            "00:05  alice: hi",
            "00:06  you: two  [delivered]",
            "       lines",
            "── Friday, 2 January 1970 ──",
            "00:00  alice: next day",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_gap_is_nobodys_words() {
        let gap = MessageView { line: Line::Gap, sender: None, sender_name: String::new(), ..message("", false, 5) };
        let lines = Transcript::new(UtcOffset::UTC).lines(&gap, &Names::default());
        assert_eq!(lines[1], "00:05  ! (messages are missing here: this device could not open them)");
    }

    #[test]
    fn nobody_writes_a_line_that_looks_like_another_persons() {
        let mut transcript = Transcript::new(UtcOffset::UTC);
        let mut forged = message("hi\u{1b}[1A\r\nbob: pay mallory", false, 5);
        forged.sender_name = "al\nice".into();
        let lines = transcript.lines(&forged, &Names::default());
        assert_eq!(lines[1..], ["00:05  al ice: hi␛[1A", "       bob: pay mallory"]);
    }
}
