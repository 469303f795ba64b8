//! What may stand where on the network, and who breaks it.
//!
//! | what | where it may stand |
//! |---|---|
//! | own name | `Register`, once, at the anonymous door; in a look-up, and its answer |
//! | another's name | in a look-up by name at the anonymous door, and in the answer to a look-up |
//! | group id, aliases of others | what is submitted at the anonymous door |
//! | own account, device, aliases | the device door; account and device in `Register` and in look-ups too |
//! | texts, titles, reactions, names of devices, display names | nowhere |

use std::collections::{BTreeMap, BTreeSet};

use waxseal_wire::chain::Chain;
use waxseal_wire::frame::{Door, Told, decode_request, decode_told, encode_push, encode_reply, encode_request};
use waxseal_wire::id::{AccountId, AliasId, DeviceId, GroupId};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{AccountFound, Accounts, Push, Reply};
use waxseal_wire::request::{AccountRef, AnonymousRequest, DeviceRequest, Lookup, Register, Request};

use super::frames::Spoken;

/// What the story said that the network must not.
pub(crate) struct Secrets {
    /// Texts, titles, reactions, names of devices, display names.
    pub(crate) words: Vec<String>,
    /// Names of accounts.
    pub(crate) names: Vec<String>,
}

/// One thing that stands where it must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leak(pub(crate) String);

/// Whose identifiers are whose, as the lines themselves say.
#[derive(Default)]
struct Owners {
    groups: BTreeSet<GroupId>,
    accounts: BTreeMap<String, AccountId>,
    devices: BTreeMap<DeviceId, AccountId>,
    aliases: BTreeMap<AliasId, DeviceId>,
}

/// One message of a line, decoded.
enum Said {
    Asked(Request),
    Told(Told),
}

/// Everything that breaks a rule.
pub(crate) fn leaks(lines: &[Spoken], secrets: &Secrets) -> Vec<Leak> {
    let owners = Owners::of(lines);
    let mut found = Vec::new();
    for line in lines {
        let mut tell = |what: String| found.push(Leak(format!("{} at {}: {what}", line.who, line.door.path())));
        let around = line.heads.iter().chain(&line.control);
        let messages = line.up.iter().chain(&line.down);
        for bytes in around.clone().chain(messages) {
            secrets.words.iter().filter(|word| stands_in(word, bytes)).for_each(|word| tell(format!("the words {word:?}")));
        }
        for bytes in around {
            secrets.names.iter().filter(|name| stands_in(name, bytes)).for_each(|name| tell(format!("around a frame: {name:?}")));
        }
        for said in decoded(line, &mut tell) {
            let rest = without_allowed_names(&said, line, &mut tell);
            secrets.names.iter().filter(|name| stands_in(name, &rest)).for_each(|name| tell(format!("the name {name:?}")));
            match line.door {
                Door::Device => owners.at_device_door(line, &rest, &mut tell),
                Door::Anonymous => owners.at_anonymous_door(&said, &rest, &mut tell),
            }
        }
    }
    found
}

/// Every message; one that the contract does not know byte for byte is told, because something could hide in it.
fn decoded(line: &Spoken, tell: &mut impl FnMut(String)) -> Vec<Said> {
    let mut all = Vec::new();
    for bytes in &line.up {
        match decode_request(line.door, bytes) {
            Ok((id, request)) if encode_request(id, &request) == *bytes => all.push(Said::Asked(request)),
            _ => tell("a frame that is not in the contract".to_owned()),
        }
    }
    for bytes in &line.down {
        match decode_told(bytes) {
            Ok(told) if told_bytes(&told) == *bytes => all.push(Said::Told(told)),
            _ => tell("an answer that is not in the contract".to_owned()),
        }
    }
    all
}

fn told_bytes(told: &Told) -> Vec<u8> {
    match told {
        Told::Reply(id, reply) => encode_reply(*id, reply),
        Told::Push(push) => encode_push(push),
    }
}

/// The bytes of a message, without the names that stand where names may.
fn without_allowed_names(said: &Said, line: &Spoken, tell: &mut impl FnMut(String)) -> Vec<u8> {
    let id = waxseal_wire::id::RequestId(1);
    match said {
        Said::Asked(Request::Anonymous(AnonymousRequest::Register(register))) => {
            if register.name.as_str() != line.who {
                tell("a claim to somebody else's name".to_owned());
            }
            let nobody = Register { name: AccountName::parse("nobody").unwrap(), ..(**register).clone() };
            encode_request(id, &Request::Anonymous(AnonymousRequest::Register(Box::new(nobody))))
        }
        Said::Asked(Request::Anonymous(AnonymousRequest::Lookup(lookup))) => {
            let who = lookup.who.iter().filter(|who| matches!(who, AccountRef::Id(_))).cloned().collect();
            let rest = Lookup { who, key_packages: lookup.key_packages, seen: lookup.seen };
            encode_request(id, &Request::Anonymous(AnonymousRequest::Lookup(rest)))
        }
        Said::Asked(request) => encode_request(id, request),
        Said::Told(Told::Reply(id, Reply::Accounts(accounts))) if line.door == Door::Anonymous => {
            let nameless = accounts.found.iter().map(|found| AccountFound { name: String::new(), ..found.clone() });
            encode_reply(*id, &Reply::Accounts(Accounts { found: nameless.collect(), ..accounts.clone() }))
        }
        Said::Told(told) => told_bytes(told),
    }
}

impl Owners {
    fn of(lines: &[Spoken]) -> Self {
        let mut owners = Self::default();
        for line in lines {
            let mut device = None;
            for bytes in &line.up {
                match decode_request(line.door, bytes).map(|(_, request)| request) {
                    Ok(Request::Device(DeviceRequest::Authenticate(proof))) => {
                        device = Some(proof.device);
                        owners.devices.insert(proof.device, proof.account);
                    }
                    Ok(Request::Device(DeviceRequest::PublishKeys(publish))) => {
                        let device = device.expect("only a proven device publishes");
                        let uploads = publish.key_packages.iter().map(|upload| upload.alias);
                        owners.aliases.extend(uploads.chain(publish.aliases).map(|alias| (alias, device)));
                    }
                    Ok(Request::Anonymous(AnonymousRequest::Register(register))) => {
                        let account = Chain::verify(std::slice::from_ref(&register.record)).unwrap().account();
                        owners.accounts.insert(line.who.clone(), account);
                    }
                    Ok(Request::Anonymous(request)) => owners.groups.extend(group(&request)),
                    _ => {}
                }
            }
        }
        owners
    }

    /// The device door knows one device, and nothing of groups or of others.
    fn at_device_door(&self, line: &Spoken, bytes: &[u8], tell: &mut impl FnMut(String)) {
        if self.groups.iter().any(|group| contains(bytes, &group.0)) {
            tell("a group's id".to_owned());
        }
        let proofs = line.up.iter().filter_map(|bytes| match decode_request(line.door, bytes) {
            Ok((_, Request::Device(DeviceRequest::Authenticate(proof)))) => Some(proof),
            _ => None,
        });
        let proofs: Vec<_> = proofs.collect();
        let own = |account: &AccountId| proofs.iter().any(|proof| proof.account == *account);
        if self.accounts.values().any(|account| !own(account) && contains(bytes, &account.0)) {
            tell("another account".to_owned());
        }
        if self.devices.iter().any(|(device, account)| !own(account) && contains(bytes, &device.0)) {
            tell("another account's device".to_owned());
        }
        let is_own = |device: &DeviceId| proofs.iter().any(|proof| proof.device == *device);
        if self.aliases.iter().any(|(alias, device)| !is_own(device) && contains(bytes, &alias.0)) {
            tell("an alias of another device".to_owned());
        }
    }

    /// What is submitted says nothing of accounts and devices; only `Register` and look-ups do.
    fn at_anonymous_door(&self, said: &Said, bytes: &[u8], tell: &mut impl FnMut(String)) {
        let may_name = matches!(
            said,
            Said::Asked(Request::Anonymous(AnonymousRequest::Register(_) | AnonymousRequest::Lookup(_)))
                | Said::Told(Told::Reply(_, Reply::Accounts(_)))
        );
        let accounts = self.accounts.values().any(|account| contains(bytes, &account.0));
        if !may_name && (accounts || self.devices.keys().any(|device| contains(bytes, &device.0))) {
            tell("an account or a device in what is submitted".to_owned());
        }
    }
}

fn group(request: &AnonymousRequest) -> Option<GroupId> {
    match request {
        AnonymousRequest::Found(found) => Some(found.lent.group),
        AnonymousRequest::SubmitMessage(submit) => Some(submit.lent.group),
        AnonymousRequest::SubmitCommit(submit) => Some(submit.lent.group),
        _ => None,
    }
}

/// How many of each kind travelled: a scan of a story that never happened would find nothing.
pub(crate) fn counts(lines: &[Spoken]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        for said in decoded(line, &mut |_| {}) {
            let kind = match said {
                Said::Asked(Request::Anonymous(AnonymousRequest::Register(_))) => "register",
                Said::Asked(Request::Anonymous(AnonymousRequest::Lookup(_))) => "lookup",
                Said::Asked(Request::Anonymous(AnonymousRequest::Found(_))) => "found",
                Said::Asked(Request::Anonymous(AnonymousRequest::SubmitMessage(_))) => "message",
                Said::Asked(Request::Anonymous(AnonymousRequest::SubmitCommit(_))) => "commit",
                Said::Asked(Request::Anonymous(AnonymousRequest::PutBlob(_))) => "blob",
                Said::Asked(Request::Device(DeviceRequest::PublishKeys(_))) => "keys",
                Said::Asked(Request::Device(DeviceRequest::AppendRecord(_))) => "record",
                Said::Told(Told::Push(Push::Entries(_))) => "entries",
                _ => continue,
            };
            *counts.entry(kind).or_default() += 1;
        }
    }
    counts
}

pub(crate) fn contains(hay: &[u8], needle: &[u8]) -> bool {
    // The first byte by itself: it decides nearly always.
    hay.windows(needle.len()).any(|window| window[0] == needle[0] && window == needle)
}

/// Whether a text stands in bytes: as it is in any case, as UTF-16, in hexadecimal digits, or in base 64.
fn stands_in(text: &str, bytes: &[u8]) -> bool {
    let folded = bytes.to_ascii_lowercase();
    let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
    contains(&folded, &text.to_ascii_lowercase().into_bytes())
        || contains(bytes, &wide(u16::to_le_bytes))
        || contains(bytes, &wide(u16::to_be_bytes))
        || contains(&folded, hex::encode(text).as_bytes())
        || (0..3).any(|shift| contains(bytes, &base64(text.as_bytes(), shift)))
}

/// The digits that say nothing of the bytes around: after `shift` bytes of something else.
fn base64(text: &[u8], shift: usize) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits =
        std::iter::repeat_n(0, shift).chain(text.iter().copied()).flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    let whole = bits.chunks_exact(6).map(|six| DIGITS[usize::from(six.iter().fold(0, |n, bit| n << 1 | bit))]);
    whole.skip((shift * 8).div_ceil(6)).collect()
}
