//! The command line: what can be asked for, with examples.
//!
//! Called by `main`, and by the man page and completions. Decides nothing.

mod group;
mod request;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};

pub(crate) use group::GroupVerb;
pub(crate) use request::RequestVerb;

use crate::exit::CODES;

const EXAMPLES: &str = "\
Examples:
  waxseal                              the full-screen client
  waxseal register alice               make an account on this device
  waxseal send bob 'See you at six'    write to somebody
  waxseal read bob                     read what was said
  waxseal listen --json                one JSON event a line, for bots";

/// An end-to-end encrypted messenger for the terminal.
///
/// Without a verb it opens the full-screen client.
#[derive(Debug, Parser)]
#[command(name = "waxseal", version, max_term_width = 100, after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{CODES}"))]
pub(crate) struct Arguments {
    /// Where things are.
    #[command(flatten)]
    pub(crate) place: Place,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// Which profile, which server, what opens it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Place {
    /// Which profile: one account on this machine.
    #[arg(long, short, global = true, env = "WAXSEAL_PROFILE", default_value = "default", value_name = "NAME")]
    pub(crate) profile: String,
    /// Folder that holds the profiles, instead of the usual one.
    #[arg(long, global = true, env = "WAXSEAL_HOME", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) home: Option<PathBuf>,
    /// The server; remembered after registering [default: http://127.0.0.1:8710].
    #[arg(long, short, global = true, env = "WAXSEAL_SERVER", value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) server: Option<String>,
    /// Trust the certificates in this PEM file too.
    #[arg(long, global = true, env = "WAXSEAL_CA", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca: Option<PathBuf>,
    /// Allow plain http to another machine, where a tunnel protects it.
    #[arg(long, global = true)]
    pub(crate) insecure_http: bool,
    /// Open the profile with this key file; made (0600) at first use.
    #[arg(long, global = true, env = "WAXSEAL_KEY_FILE", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key_file: Option<PathBuf>,
    /// Open the profile with the passphrase in the first line of this file.
    #[arg(long, global = true, env = "WAXSEAL_PASSPHRASE_FILE", value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "key_file")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// How long to wait for the server, in seconds.
    #[arg(long, global = true, default_value_t = 10, value_name = "SECONDS")]
    pub(crate) timeout: u64,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make an account on this device.
    #[command(
        after_help = "Examples:\n  waxseal register alice\n  waxseal --server https://chat.example.org register alice --invite 7Q2K-M9XD"
    )]
    Register {
        /// The name to claim: lower-case letters and digits, 2 to 32.
        name: String,
        /// Invitation code, where the server asks for one.
        #[arg(long, default_value = "")]
        invite: String,
        /// What you call this device.
        #[arg(long, default_value = "terminal")]
        device_name: String,
    },
    /// Say who this profile is.
    #[command(after_help = "Examples:\n  waxseal whoami\n  waxseal whoami --json")]
    Whoami(Format),
    /// Show or choose what people see beside your name: a display name.
    #[command(
        long_about = "Show or choose what people see beside your name: a display name.\n\nIt travels sealed, with your next words in each chat; the server never learns it, and a stranger who asks to talk does not before you answer. It is shown beside your name, never instead of it: anybody may choose any display name, the name is yours alone. One line of at most 128 bytes.",
        after_help = "Examples:\n  waxseal profile                          what it is now\n  waxseal profile --name 'Alice Example'\n  waxseal profile --name ''                no display name any more"
    )]
    Profile {
        /// The display name from now on; empty takes it back.
        #[arg(long, value_name = "DISPLAY NAME")]
        name: Option<String>,
        /// How to print.
        #[command(flatten)]
        format: Format,
    },
    /// Write to a person or a group.
    #[command(
        after_help = "Examples:\n  waxseal send bob 'See you at six'\n  waxseal send '#Book club' 'Chapter 4 is up'\n  make 2>&1 | tail -20 | waxseal send bob"
    )]
    Send(SendArgs),
    /// Show what was said, in one chat or in all with something unread.
    #[command(after_help = "Examples:\n  waxseal read\n  waxseal read bob --limit 50\n  waxseal read '#Book club' --follow")]
    Read(ReadArgs),
    /// Talk line by line: for screen readers, and for terminals that cannot show a full screen.
    #[command(
        long_about = "Talk line by line: what comes is printed, each line that you type is sent. For screen readers, and for terminals that cannot show a full screen.\n\n/help while talking lists what else a line can do; /quit, or the end of input, ends.",
        after_help = "Examples:\n  waxseal talk bob\n  waxseal talk '#Book club' --limit 50"
    )]
    Talk(TalkArgs),
    /// Find messages by their words, on this device.
    #[command(after_help = "Examples:\n  waxseal search tea\n  waxseal search chapter four --chat '#Book club'")]
    Search(SearchArgs),
    /// List the chats, newest first.
    #[command(after_help = "Examples:\n  waxseal chats\n  waxseal chats --json | jq .title")]
    Chats(Format),
    /// Message requests of people you have not talked to.
    #[command(
        after_help = "Examples:\n  waxseal requests\n  waxseal requests accept mallory\n  waxseal requests block mallory\n  waxseal requests blocked\n  waxseal requests unblock mallory"
    )]
    Requests {
        /// What to do with one; lists them without.
        #[command(subcommand)]
        verb: Option<RequestVerb>,
        /// How to list.
        #[command(flatten)]
        format: Format,
    },
    /// Groups: create, add, remove, leave, rename, members, admin.
    #[command(
        after_help = "Examples:\n  waxseal group create 'Book club' bob carol\n  waxseal group add '#Book club' dave\n  waxseal group members '#Book club'"
    )]
    Group {
        /// What to do.
        #[command(subcommand)]
        verb: GroupVerb,
    },
    /// Show the safety number with somebody; compare it over another way.
    #[command(
        after_help = "Examples:\n  waxseal verify bob\n  waxseal verify bob --mark      after comparing: the numbers are equal\n  waxseal verify bob --go-on     bob's new device is right: let my words go (see `waxseal settings --require-verification`)\n  waxseal verify bob --new-identity   the name is somebody else's now, and I want to talk with them"
    )]
    Verify {
        /// Whom.
        name: String,
        /// The numbers were compared and are equal.
        #[arg(long)]
        mark: bool,
        /// Take the mark back.
        #[arg(long, conflicts_with = "mark")]
        unmark: bool,
        /// What changed in this person is right: words that waited for it go.
        #[arg(long, conflicts_with = "unmark")]
        go_on: bool,
        /// Somebody else has this name now: from here on it means them. The chat with the former one stays, without the name.
        #[arg(long, conflicts_with_all = ["mark", "unmark", "go_on"])]
        new_identity: bool,
        /// How to print.
        #[command(flatten)]
        format: Format,
    },
    /// Print events as they come, and take commands: all that a bot needs.
    #[command(long_about = crate::json::listen::HELP)]
    Listen {
        /// One JSON event a line (the only form there is).
        #[arg(long)]
        json: bool,
        /// Do not mark messages as read once they are printed.
        #[arg(long)]
        keep_unread: bool,
        /// Do not read commands from standard input.
        #[arg(long)]
        no_input: bool,
    },
    /// Join this device to an account, or show the code for another device.
    #[command(
        after_help = "Examples:\n  waxseal link                     on the device that has the account: shows a code\n  waxseal -p tablet link CODE      on the new one"
    )]
    Link {
        /// The code that the other device shows; `-` reads it from standard input.
        code: Option<String>,
        /// What you call this device.
        #[arg(long, default_value = "terminal")]
        device_name: String,
    },
    /// List this account's devices, or remove one.
    #[command(after_help = "Examples:\n  waxseal devices\n  waxseal devices --remove 3f2a")]
    Devices {
        /// Remove the device whose id begins so.
        #[arg(long, value_name = "ID")]
        remove: Option<String>,
        /// Whether to ask.
        #[command(flatten)]
        sure: Sure,
        /// How to list.
        #[command(flatten)]
        format: Format,
    },
    /// Write the messages on this device as JSON, one a line.
    #[command(after_help = "Examples:\n  waxseal export > messages.jsonl      every chat\n  waxseal export --chat bob")]
    Export {
        /// Only this chat.
        #[arg(long)]
        chat: Option<String>,
    },
    /// List what shows that the server lied about who is who, write it into a file, or check such a file.
    #[command(
        after_help = "Examples:\n  waxseal evidence\n  waxseal evidence write 1 lie.waxseal\n  waxseal evidence check lie.waxseal   anybody can, without an account"
    )]
    Evidence {
        /// What to do; lists it where nothing is said.
        #[command(subcommand)]
        verb: Option<EvidenceVerb>,
    },
    /// Choose who must vouch for the server's key directory, and see whether they do.
    #[command(
        long_about = "Choose who must vouch for the server's key directory, and see whether they do.\n\nA witness is somebody else, on another machine, who signs the directory's tree heads and never signs two histories. Where you ask for witnesses, this device believes nothing new of anybody (no new people, no new devices) unless enough of them have signed within a day: a server that shows a directory to you alone would need them all. Without a verb: asks the server which witnesses it uses, and lists them and yours.\n\nChoose witnesses that you know by another way than this server.",
        after_help = "Examples:\n  waxseal witnesses\n  waxseal witnesses add waxseal-witness/6b1f0a2c+8d66cf3f+BAx…\n  waxseal witnesses need 2         both of two must have signed\n  waxseal witnesses remove waxseal-witness/6b1f0a2c\n  waxseal witnesses need 0         believe the server without them"
    )]
    Witnesses {
        /// What to change; lists them where nothing is said.
        #[command(subcommand)]
        verb: Option<WitnessesVerb>,
    },
    /// Delete a conversation from this device; groups must be left first.
    #[command(after_help = "Examples:\n  waxseal forget mallory\n  waxseal forget '#Book club'")]
    Forget {
        /// A name, a group, or a chat's id.
        chat: String,
        /// Whether to ask.
        #[command(flatten)]
        sure: Sure,
    },
    /// Change what opens this profile: another passphrase, or a key file.
    #[command(
        after_help = "Examples:\n  waxseal passphrase\n  waxseal passphrase --new-key-file ~/.waxseal.key\n\nThe database is encrypted anew; copies of the old one still open with the old passphrase."
    )]
    Passphrase {
        /// A key file from now on; made (0600) where it is missing.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        new_key_file: Option<PathBuf>,
        /// The first line of this file from now on.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "new_key_file")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Delete the account on the server, and everything on this device. There is no way back.
    #[command(
        after_help = "Examples:\n  waxseal close-account alice\n\nExport first what you want to keep: waxseal export > messages.jsonl\nYour groups are left first. Where you are the only admin, make somebody else one before: waxseal group admin GROUP NAME"
    )]
    CloseAccount {
        /// The account's name, so that it is not the wrong one.
        name: String,
        /// Whether to ask.
        #[command(flatten)]
        sure: Sure,
    },
    /// Show or change settings.
    #[command(after_help = "Examples:\n  waxseal settings\n  waxseal settings --read-receipts off")]
    Settings {
        /// Tell others that a message reached this device.
        #[arg(long, value_name = "on|off", value_parser = switch)]
        delivered_receipts: Option<bool>,
        /// Tell others that a message was read.
        #[arg(long, value_name = "on|off", value_parser = switch)]
        read_receipts: Option<bool>,
        /// Let words wait where somebody in the chat has a new device, until you say that it is right (waxseal verify NAME --go-on).
        #[arg(long, value_name = "on|off", value_parser = switch)]
        require_verification: Option<bool>,
        /// How to print.
        #[command(flatten)]
        format: Format,
    },
    /// The page that servers give to browsers: what it must be, and whether a server's is that.
    #[command(
        long_about = "The page that servers give to browsers: what it must be, and whether a server's is that.\n\nA browser fetches its client from the server at each visit, so whoever runs the server could give another one to somebody. `page verify` fetches every file as a browser would and compares it with the page that this release was built with. It sees what the server gives to it, now.",
        after_help = "Examples:\n  waxseal page verify https://chat.example.org\n  waxseal page manifest                    the hash of every file"
    )]
    Page {
        /// What to do.
        #[command(subcommand)]
        verb: PageVerb,
    },
    /// The same as `page manifest`.
    #[command(hide = true, after_help = "Examples:\n  waxseal page-manifest")]
    PageManifest(Format),
    /// Print completions for a shell.
    #[command(
        after_help = "Examples:\n  waxseal completions bash > ~/.local/share/bash-completion/completions/waxseal\n  waxseal completions zsh > ~/.zfunc/_waxseal      (with fpath+=~/.zfunc before compinit)\n  waxseal completions fish > ~/.config/fish/completions/waxseal.fish"
    )]
    Completions {
        /// Which.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write those of every verb into a folder.
    #[command(after_help = "Examples:\n  waxseal man | man -l -\n  waxseal man --dir /usr/local/share/man/man1")]
    Man {
        /// Write one page a verb here.
        #[arg(long, value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

/// What to do with evidence.
#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceVerb {
    /// Write one piece into a file.
    Write {
        /// Which, as `waxseal evidence` lists them.
        number: usize,
        /// A new file.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Say what a file proves. Needs no account and no network.
    Check {
        /// What somebody wrote.
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
}

/// What to change about witnesses.
#[derive(Debug, Subcommand)]
pub(crate) enum WitnessesVerb {
    /// Count on one more witness; the first one is asked for from then on.
    Add {
        /// Its verifier key, as whoever runs it gives it out: name+id+base64.
        key: String,
    },
    /// Count on one no longer.
    Remove {
        /// Its name, or its verifier key.
        witness: String,
    },
    /// How many of them must vouch.
    Need {
        /// So many; 0 asks for nobody.
        count: usize,
    },
}

/// What to do with a page.
#[derive(Debug, Subcommand)]
pub(crate) enum PageVerb {
    /// Print the SHA-256 of every file of this release's page.
    Manifest(Format),
    /// Fetch a server's page, and name every file that is not this release's.
    Verify {
        /// The server, as in the browser's address line.
        #[arg(value_hint = ValueHint::Url)]
        url: String,
        /// How to print.
        #[command(flatten)]
        format: Format,
    },
}

/// How to print.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Format {
    /// Print JSON, one object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// See [`Verb::Send`].
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// A name (`bob`), a group (`#Book club`), or a chat's id.
    pub(crate) to: String,
    /// The text; `-`, or nothing where something is piped in, reads it from standard input.
    pub(crate) text: Vec<String>,
    /// Do not wait until the server has it; it goes with the next connection.
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Being offline is fine: leave it in the outbox and succeed.
    #[arg(long)]
    pub(crate) queue: bool,
}

/// See [`Verb::Talk`].
#[derive(Debug, Args)]
pub(crate) struct TalkArgs {
    /// A name, a group, or a chat's id.
    pub(crate) chat: String,
    /// Print the newest so many first.
    #[arg(long, short = 'n', default_value_t = 10)]
    pub(crate) limit: usize,
}

/// See [`Verb::Search`].
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// A message is found that holds them all.
    #[arg(required = true)]
    pub(crate) words: Vec<String>,
    /// Only in this chat.
    #[arg(long)]
    pub(crate) chat: Option<String>,
    /// The newest so many.
    #[arg(long, short = 'n', default_value_t = 50)]
    pub(crate) limit: usize,
    /// Print JSON, one message a line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// See [`Verb::Read`].
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// A name, a group, or a chat's id; all chats with something unread without it.
    pub(crate) chat: Option<String>,
    /// The newest so many.
    #[arg(long, short = 'n', default_value_t = 20)]
    pub(crate) limit: usize,
    /// Print JSON, one message a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// Stay and print what comes.
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Do not mark as read.
    #[arg(long)]
    pub(crate) peek: bool,
    /// Do not ask the server for news first.
    #[arg(long, conflicts_with = "follow")]
    pub(crate) offline: bool,
}

/// Whether a person has made sure already.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Sure {
    /// Do not ask first. Without a terminal nothing is asked anyway.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

fn switch(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" | "yes" | "true" => Ok(true),
        "off" | "no" | "false" => Ok(false),
        _ => Err("say on or off"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_verb_shows_an_example() {
        fn check(command: &clap::Command) {
            for verb in command.get_subcommands().filter(|verb| !verb.has_subcommands() && verb.get_name() != "help") {
                let long = verb.get_long_about().map(ToString::to_string).unwrap_or_default();
                let after = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
                let parent = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(format!("{after}{long}{parent}").contains("waxseal"), "{} has no example", verb.get_name());
            }
            command.get_subcommands().filter(|verb| verb.has_subcommands()).for_each(check);
        }
        check(&Arguments::command());
    }

    #[test]
    fn the_profile_may_stand_before_or_after_the_verb() {
        for line in ["waxseal -p bot whoami", "waxseal whoami --profile bot"] {
            assert_eq!(parse(line).unwrap().place.profile, "bot");
        }
    }

    #[test]
    fn no_verb_means_the_full_screen_client() {
        assert!(parse("waxseal").unwrap().verb.is_none());
    }

    #[test]
    fn what_makes_no_sense_is_a_usage_error() {
        for line in [
            "waxseal send",
            "waxseal shout",
            "waxseal close-account",
            "waxseal read --limit many",
            "waxseal settings --read-receipts maybe",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn a_text_of_several_words_needs_no_quotes() {
        let Some(Verb::Send(send)) = parse("waxseal send bob see you at six").unwrap().verb else { panic!("not send") };
        assert_eq!(send.text.join(" "), "see you at six");
    }
}
