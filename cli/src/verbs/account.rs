//! Who we are: register, whoami, devices, settings.

use std::io::IsTerminal;

use time::UtcOffset;
use waxseal_core::client::Client;
use waxseal_core::input::Setting;
use waxseal_core::view::{DeviceView, Me};
use waxseal_core::{Command, Event};
use waxseal_wire::name::AccountName;

use super::sure;
use crate::arguments::{Format, Place, Sure};
use crate::exit::Failure;
use crate::paper::{remark, say, say_json};
use crate::profile::Need;
use crate::visit::{Reach, Visit};
use crate::{clock, harmless, json, wording};

/// Reads a name, or says which rule it breaks.
pub(super) fn name(text: &str) -> Result<AccountName, Failure> {
    AccountName::parse(text).map_err(|why| Failure::Name(text.to_owned(), why))
}

pub(super) async fn register(place: &Place, who: &str, invite: String, device_name: String) -> Result<(), Failure> {
    let name = name(who)?;
    let mut visit = Visit::prepare(place, Need::MayCreate)?;
    let has_moved = visit.profile.config.server.as_ref().is_some_and(|kept| *kept != visit.server.to_string());
    match visit.read(Client::me).await? {
        // Done before; whoever asked may not have heard of it.
        Some(me) if me.registered && me.name == name => {
            visit.connect();
            visit.catch_up().await?;
            return Ok(greet(&visit, &name)?);
        }
        Some(me) if me.registered => return Err(Failure::AlreadyRegistered(me.name)),
        // Another server knows nothing of a claim that waits here.
        Some(me) if has_moved && me.name != name => visit.command(Command::ForgetClaim).await?,
        _ => {}
    }
    visit.profile.keep_server(place)?;
    visit.connect();
    visit.command(Command::Register { name: name.clone(), invite, device_name }).await?;
    let mut busy = None;
    let claimed = visit
        .wait(|event| match event {
            Event::Registered { name, .. } => Some(Ok(name.clone())),
            Event::RegisterFailed(refusal) if refusal.is_passing() => {
                // It is asked again by itself, while patience lasts.
                busy = Some(*refusal);
                None
            }
            Event::RegisterFailed(refusal) => Some(Err(Failure::NotRegistered(*refusal))),
            _ => None,
        })
        .await;
    let given = match (claimed, busy) {
        (Err(Failure::Offline(_)), Some(refusal)) => return Err(Failure::ClaimBusy(refusal)),
        (Err(Failure::Offline(why)), None) => return Err(Failure::Claiming(visit.server.to_string(), why)),
        (claimed, _) => claimed?,
    };
    if given != name {
        return Err(Failure::ClaimedBefore(given));
    }
    // Until the first keys lie on the server nobody can write to us.
    visit.catch_up().await?;
    Ok(greet(&visit, &name)?)
}

fn greet(visit: &Visit, name: &AccountName) -> std::io::Result<()> {
    say(format!("You are {name} on {}.", visit.server))?;
    if std::io::stdout().is_terminal() {
        remark("Write to somebody: waxseal send NAME 'hello', or open the full-screen client: waxseal");
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct MeJson {
    name: String,
    display_name: Option<String>,
    account: String,
    device: String,
    device_name: String,
    registered: bool,
    server: String,
}

pub(super) async fn whoami(place: &Place, format: Format) -> Result<(), Failure> {
    let (visit, me) = Visit::of_account(place, Reach::Offline).await?;
    let Me { account, name, display_name, device, device_name, registered } = me;
    if format.json {
        let me = MeJson {
            name: name.to_string(),
            display_name,
            account: hex::encode(account.0),
            device: hex::encode(device.0),
            device_name,
            registered,
            server: visit.server.to_string(),
        };
        return Ok(say_json(&json::versioned(me))?);
    }
    say(format!("{} on {}", wording::called(name.as_str(), display_name.as_deref()), visit.server))?;
    say(format!("account  {}", hex::encode(account.0)))?;
    say(format!("device   {} ({})", hex::encode(device.0), harmless::line(&device_name)))?;
    if !registered {
        say("The server has not confirmed the name yet.")?;
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct ProfileJson {
    name: String,
    display_name: Option<String>,
}

pub(super) async fn profile(place: &Place, chosen: Option<String>, format: Format) -> Result<(), Failure> {
    let (mut visit, _) = Visit::of_account(place, Reach::Offline).await?;
    let changes = chosen.is_some();
    if let Some(chosen) = chosen {
        visit.command(Command::SetDisplayName(chosen)).await?;
    }
    let Some(Me { name, display_name, .. }) = visit.read(Client::me).await? else { return Ok(()) };
    if format.json {
        return Ok(say_json(&json::versioned(ProfileJson { name: name.to_string(), display_name }))?);
    }
    match &display_name {
        Some(_) => say(format!("You are {}.", wording::called(name.as_str(), display_name.as_deref())))?,
        None => say(format!("You are {name}, without a display name."))?,
    }
    if changes {
        remark("The people in your chats see it with your next words there; the server does not.");
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct DeviceJson {
    device: String,
    name: Option<String>,
    added_ms: u64,
    this: bool,
}

pub(super) async fn devices(place: &Place, format: Format, zone: UtcOffset) -> Result<(), Failure> {
    let (visit, _) = Visit::of_account(place, Reach::Offline).await?;
    for DeviceView { device, name, added, this } in visit.read(Client::devices).await? {
        if format.json {
            let device = DeviceJson { device: hex::encode(device.0), name, added_ms: added.0, this };
            say_json(&json::versioned(device))?;
        } else {
            let name = name.as_deref().map_or_else(|| "(name not told)".into(), harmless::line);
            let date = clock::local(added, zone).date();
            say(format!("{}  {date}  {name}{}", hex::encode(device.0), if this { "  (this one)" } else { "" }))?;
        }
    }
    Ok(())
}

pub(super) async fn remove_device(place: &Place, prefix: &str, sure: Sure) -> Result<(), Failure> {
    let (mut visit, _) = Visit::of_account(place, Reach::Online).await?;
    let mut fitting =
        visit.read(Client::devices).await?.into_iter().filter(|device| hex::encode(device.device.0).starts_with(prefix));
    let device = match (fitting.next(), fitting.next()) {
        (Some(device), None) => device,
        (None, _) => return Err(Failure::Refused("no device's id begins so; `waxseal devices` lists them")),
        (Some(_), Some(_)) => return Err(Failure::Refused("several devices' ids begin so; give more of it")),
    };
    if device.this {
        return Err(Failure::Refused("that is this device; remove it from another one, so that you do not lock yourself out"));
    }
    let id = device.device;
    let short = hex::encode(id.0.get(..4).unwrap_or_default());
    sure::ask(sure, &format!("Remove the device {short}? It will read nothing that is said from then on."))?;
    visit.command(Command::RemoveDevice(id)).await?;
    if visit.until(move |client| Ok(client.devices()?.iter().all(|device| device.device != id))).await? {
        say("The device is removed. Your groups get new keys, which it will not have.")?;
        return Ok(());
    }
    Err(Failure::ChangeWaiting)
}

#[derive(serde::Serialize)]
struct SettingsJson {
    delivered_receipts: bool,
    read_receipts: bool,
    require_verification: bool,
}

/// Of delivered receipts, read receipts, and whether words wait for changed devices.
pub(super) async fn settings(place: &Place, wanted: [Option<bool>; 3], format: Format) -> Result<(), Failure> {
    let (mut visit, _) = Visit::of_account(place, Reach::Offline).await?;
    let settings = [Setting::DeliveredReceipts, Setting::ReadReceipts, Setting::RequireVerification];
    for (setting, on) in settings.into_iter().zip(wanted) {
        if let Some(on) = on {
            visit.command(Command::Set(setting(on))).await?;
        }
    }
    let (delivered, read) = visit.read(Client::receipts).await?;
    let require = visit.read(Client::requires_verification).await?;
    if format.json {
        let settings = SettingsJson { delivered_receipts: delivered, read_receipts: read, require_verification: require };
        return Ok(say_json(&json::versioned(settings))?);
    }
    let word = |on| if on { "on" } else { "off" };
    say(format!("delivered-receipts    {}", word(delivered)))?;
    say(format!("read-receipts         {}", word(read)))?;
    say(format!("require-verification  {}", word(require)))?;
    Ok(())
}
