use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::store::Store;
use crate::{Command, Event, Input, Output};

struct Device {
    client: Client,
    rng: ChaCha20Rng,
    now: u64,
}

impl Device {
    /// Registered as far as it can be without a server.
    fn new() -> Self {
        let client = Client::open(Store::open_in_memory().unwrap()).unwrap();
        let mut device = Self { client, rng: ChaCha20Rng::seed_from_u64(7), now: 1_000 };
        let name = AccountName::parse("alice").unwrap();
        device.order(Command::Register { name, invite: String::new(), device_name: "laptop".into() });
        device
    }

    fn order(&mut self, command: Command) -> Vec<Event> {
        self.now += 1;
        self.client.handle(Millis(self.now), &mut self.rng, Input::Command(command)).unwrap();
        let outputs = std::iter::from_fn(|| self.client.poll());
        outputs.filter_map(|output| if let Output::Tell(event) = output { Some(event) } else { None }).collect()
    }

    fn group(&mut self, title: &str) -> ChatId {
        let events = self.order(Command::CreateGroup { title: title.into(), members: Vec::new() });
        events.into_iter().find_map(|event| if let Event::ChatOpened(chat) = event { Some(chat) } else { None }).unwrap()
    }

    fn say(&mut self, chat: ChatId, text: &str) {
        self.order(Command::Send { chat, text: text.into(), reply_to: None });
    }
}

fn texts(messages: &[MessageView]) -> Vec<&str> {
    messages.iter().filter_map(|message| if let Line::Text(text) = &message.line { Some(text.as_str()) } else { None }).collect()
}

#[test]
fn a_conversation_is_read_backwards_and_forwards_from_any_message() {
    let mut device = Device::new();
    let (chat, other) = (device.group("Book club"), device.group("Films"));
    for n in 0..10 {
        device.say(chat, &n.to_string());
        device.say(other, "something else");
    }
    let all = device.client.messages(chat, None, 100).unwrap();
    let middle = all.iter().find(|message| message.line == Line::Text("4".into())).unwrap().message;
    assert_eq!(texts(&device.client.messages(chat, Some(middle), 3).unwrap()), ["1", "2", "3"]);
    assert_eq!(texts(&device.client.messages_after(middle, 3).unwrap()), ["5", "6", "7"]);
    assert_eq!(texts(&device.client.messages_after(middle, 100).unwrap()), ["5", "6", "7", "8", "9"]);
    let last = all.last().unwrap().message;
    assert!(device.client.messages_after(last, 100).unwrap().is_empty());
}

#[test]
fn a_message_is_found_by_all_of_its_words_in_any_case() {
    let mut device = Device::new();
    let (chat, other) = (device.group("Book club"), device.group("Films"));
    for text in ["Chapter FOUR is up", "chapter five, at four", "100% sure_thing", "Größe zählt"] {
        device.say(chat, text);
    }
    device.say(other, "four films");
    let find = |words: &str, of| device.client.search(of, words, 10).unwrap();
    assert_eq!(texts(&find("four chapter", None)), ["chapter five, at four", "Chapter FOUR is up"], "newest first");
    assert_eq!(texts(&find("four", None)).len(), 3);
    assert_eq!(texts(&find("four", Some(other))), ["four films"]);
    assert_eq!(texts(&find("GRÖSSE", None)), Vec::<&str>::new(), "letters are compared, not guessed");
    assert_eq!(texts(&find("größe", None)), ["Größe zählt"]);
    assert_eq!(texts(&find("100%", None)), ["100% sure_thing"], "no letter stands for others");
    assert!(find("  ", None).is_empty());
    assert_eq!(device.client.search(None, "four", 1).unwrap().len(), 1);
}

#[test]
fn a_draft_is_kept_until_it_is_sent_or_its_chat_forgotten() {
    let mut device = Device::new();
    let chat = device.group("Book club");
    let draft = |text: &str| Draft { chat, text: text.into(), reply_to: Some(MessageRef(3)) };
    device.order(Command::KeepDraft(draft("half a sent")));
    device.order(Command::KeepDraft(draft("half a sentence")));
    assert_eq!(device.client.drafts().unwrap(), [draft("half a sentence")]);
    device.order(Command::KeepDraft(Draft { chat: ChatId([9; 16]), ..draft("of nowhere") }));
    assert_eq!(device.client.drafts().unwrap().len(), 1);
    device.order(Command::KeepDraft(draft("")));
    assert!(device.client.drafts().unwrap().is_empty());
    device.order(Command::KeepDraft(draft("half a sent ")));
    device.say(chat, "something else, from a script");
    assert_eq!(device.client.drafts().unwrap(), [draft("half a sent ")]);
    // What was kept while it was typed.
    device.say(chat, "half a sentence");
    assert!(device.client.drafts().unwrap().is_empty());
    device.order(Command::KeepDraft(draft("again")));
    device.order(Command::Forget(chat));
    assert!(device.client.drafts().unwrap().is_empty());
}
