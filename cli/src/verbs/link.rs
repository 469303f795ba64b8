//! `link`: another device joins the account.

use tokio::io::AsyncReadExt;
use waxseal_core::client::Client;
use waxseal_core::{Command, Event};
use zeroize::Zeroizing;

use crate::arguments::Place;
use crate::exit::Failure;
use crate::harmless;
use crate::paper::{remark, say};
use crate::profile::Need;
use crate::visit::{Reach, Visit};

pub(super) async fn link(place: &Place, code: Option<String>, device_name: String) -> Result<(), Failure> {
    match code {
        Some(code) => join(place, code, device_name).await,
        None => offer(place).await,
    }
}

async fn offer(place: &Place) -> Result<(), Failure> {
    const MINUTES: u64 = 10;
    let place = &Place { timeout: place.timeout.max(MINUTES * 60), ..place.clone() };
    let (mut visit, _) = Visit::of_account(place, Reach::Online).await?;
    visit.command(Command::OfferLink).await?;
    let code = visit
        .wait(|event| match event {
            Event::LinkCode(code) => Some(Ok(code.clone())),
            Event::LinkFailed(problem) => Some(Err((*problem).into())),
            _ => None,
        })
        .await?;
    say(&code)?;
    remark(format!("On the new device, within {MINUTES} minutes: waxseal --server {} link CODE", visit.server));
    remark("Whoever has the code joins your account. Waiting for the device; Ctrl+C stops.");
    let name = visit
        .wait(|event| match event {
            Event::DeviceAdded { name } => Some(Ok(name.clone())),
            Event::LinkFailed(problem) => Some(Err((*problem).into())),
            _ => None,
        })
        .await?;
    remark(format!("The device “{}” has joined.", harmless::line(&name)));
    // It comes into the chats by this device's hand, one Commit each.
    visit.catch_up().await?;
    if !visit.until(|client| Ok(client.connection().waiting == 0)).await? {
        remark("Its chats follow with the next connection of this device.");
    }
    Ok(())
}

async fn join(place: &Place, code: String, device_name: String) -> Result<(), Failure> {
    let mut code = Zeroizing::new(code);
    if *code == "-" {
        code.clear();
        tokio::io::stdin().take(4096).read_to_string(&mut code).await?;
    }
    let place = &Place { timeout: place.timeout.max(120), ..place.clone() };
    let mut visit = Visit::prepare(place, Need::MayCreate)?;
    // A profile that has an account keeps the server that it has it on.
    if visit.read(Client::me).await?.is_none_or(|me| !me.registered) {
        visit.profile.keep_server(place)?;
    }
    visit.connect();
    visit.command(Command::AcceptLink { code: code.trim().to_owned(), device_name }).await?;
    let name = visit
        .wait(|event| match event {
            Event::Registered { name, .. } => Some(Ok(name.clone())),
            Event::LinkFailed(problem) => Some(Err((*problem).into())),
            _ => None,
        })
        .await?;
    visit.catch_up().await?;
    say(format!("This device is one of {name}'s now."))?;
    Ok(())
}
