//! What a script can do: one file a verb, or a family of verbs.
//!
//! Called by `main` with the parsed command line. Each opens the profile,
//! asks, waits, prints. Never knows how the server is talked to.

mod account;
mod evidence;
mod export;
mod forget;
mod group;
mod guard;
mod lines;
mod link;
mod listen;
mod manual;
mod page;
mod printer;
mod read;
mod request;
mod send;
mod sure;
mod talk;
mod transcript;
mod verify;
mod witnesses;

use time::UtcOffset;

use crate::arguments::{PageVerb, Place, Verb};
use crate::exit::Failure;

/// Does what was asked.
pub(crate) async fn run(verb: Verb, place: &Place, zone: UtcOffset) -> Result<(), Failure> {
    match verb {
        Verb::Register { name, invite, device_name } => account::register(place, &name, invite, device_name).await,
        Verb::Whoami(format) => account::whoami(place, format).await,
        Verb::Profile { name, format } => account::profile(place, name, format).await,
        Verb::Devices { remove: Some(prefix), sure, .. } => account::remove_device(place, &prefix, sure).await,
        Verb::Devices { remove: None, format, .. } => account::devices(place, format, zone).await,
        Verb::Settings { delivered_receipts, read_receipts, require_verification, format } => {
            account::settings(place, [delivered_receipts, read_receipts, require_verification], format).await
        }
        Verb::Passphrase { new_key_file, new_passphrase_file } => {
            guard::change(place, new_key_file.as_deref(), new_passphrase_file.as_deref())
        }
        Verb::CloseAccount { name, sure } => guard::close(place, &name, sure).await,
        Verb::Forget { chat, sure } => forget::forget(place, &chat, sure).await,
        Verb::Talk(arguments) => talk::talk(place, arguments, zone).await,
        Verb::Search(arguments) => read::search(place, arguments, zone).await,
        Verb::Send(arguments) => send::send(place, arguments).await,
        Verb::Read(arguments) => read::read(place, arguments, zone).await,
        Verb::Chats(format) => read::chats(place, format, zone).await,
        Verb::Requests { verb: Some(verb), .. } => request::run(place, verb).await,
        Verb::Requests { verb: None, format } => request::list(place, format).await,
        Verb::Group { verb } => group::run(verb, place).await,
        Verb::Verify { name, go_on: false, new_identity: false, mark, unmark, format } => {
            verify::verify(place, &name, mark, unmark, format).await
        }
        Verb::Verify { name, new_identity: true, .. } => verify::accept_identity(place, &name).await,
        Verb::Verify { name, mark, .. } => verify::go_on(place, &name, mark).await,
        Verb::Listen { keep_unread, no_input, .. } => listen::listen(place, keep_unread, no_input).await,
        Verb::Link { code, device_name } => link::link(place, code, device_name).await,
        Verb::Evidence { verb } => evidence::run(verb, place, zone).await,
        Verb::Witnesses { verb } => witnesses::run(verb, place, zone).await,
        Verb::Export { chat } => export::export(place, chat.as_deref()).await,
        Verb::Page { verb } => page::run(verb, place).await,
        Verb::PageManifest(format) => page::run(PageVerb::Manifest(format), place).await,
        Verb::Completions { shell } => manual::completions(shell),
        Verb::Man { dir } => manual::man(dir.as_deref()),
    }
}
