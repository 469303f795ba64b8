//! The full-screen client.
//!
//! Called by `main` where no verb is given. Holds the terminal and one loop:
//! keys, the client's notices and pictures come in; the model changes; it is
//! drawn. The client works on its own thread, so no key waits for a disk.
//!
//! ```text
//!   key, mouse, paste ─► press, pointer ─┐            ┌─► draw
//!   notice, picture ───► happen, show ───┴─► model ───┤
//!                                                     └─► wishes ─► shell ─► client
//! ```

mod act;
mod ahead;
mod answer;
mod conversation;
mod dialog;
mod drafts;
mod draw;
mod entrance;
mod find;
mod form;
mod happen;
mod menus;
mod model;
mod palette;
mod pointer;
mod press;
#[cfg(test)]
mod scenes;
mod seat;
mod shell;
mod terminal;

use std::io::IsTerminal;
use std::time::Duration;

use crossterm::event::{Event as Key, KeyEventKind};
use time::UtcOffset;
use tokio::sync::mpsc::unbounded_channel;
use waxseal_core::client::Client;
use waxseal_core::view::Connection;

use crate::arguments::Place;
use crate::clock;
use crate::engine::Notice;
use crate::exit::Failure;
use crate::profile::{Need, Profile};
use crate::visit::{Reach, Visit};
use dialog::Dialog;
use model::{Model, Wish};
use palette::Palette;
use seat::{Sat, Seat};
use shell::{Answer, Own, Shell};

/// Notices taken in before the screen is drawn again.
const AT_ONCE: usize = 256;

/// Runs until the person leaves.
pub(crate) async fn run(place: &Place, zone: UtcOffset) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::Usage("the full-screen client needs a terminal; `waxseal --help` lists what scripts can do".into()));
    }
    if std::env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty()) {
        return Err(Failure::Usage(
            "this terminal cannot show a full screen; `waxseal talk NAME` works line by line, `waxseal --help` lists the rest"
                .into(),
        ));
    }
    let profile = Profile::open(place, Need::MayCreate)?;
    let server = profile.server(place)?;
    let mut model = Model::new(server.to_string(), Palette::of_environment(), zone);
    model.insecure_http = place.insecure_http;
    model.now = clock::now();
    let mut seat = Seat::take()?;
    let Some((profile, client)) = entrance::enter(&mut seat, &mut model, profile, place).await? else { return Ok(()) };
    let mut visit = Visit::around(place, profile, client, server, Reach::Online)?;
    // A profile that has an account keeps the server that it has it on, whatever was typed this time.
    if place.server.is_some() && visit.read(Client::me).await?.is_none_or(|me| !me.registered) {
        visit.profile.keep_server(place)?;
    }
    let (answers, mut answered) = unbounded_channel();
    let shell = Shell::new(visit.engine.desk.clone(), answers);
    shell.fetch_drafts();
    shell.look(&model);
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let mut is_stale = true;
    let done = loop {
        let mut wishes = Vec::new();
        if is_stale {
            let places = seat.draw(&model)?;
            wishes = model.placed(places);
        }
        is_stale = true;
        if wishes.is_empty() {
            wishes = tokio::select! {
                sat = seat.next() => match sat {
                    Sat::Key(key) => take(&mut model, key),
                    Sat::Stop => break Ok(()),
                    Sat::Aside => vec![Wish::Suspend],
                    Sat::Back => {
                        seat.come_back()?;
                        vec![Wish::Hurry, Wish::Look]
                    }
                },
                notice = visit.notices.recv() => match notice {
                    Some(notice) => take_notices(&mut model, notice, &mut visit),
                    None => break Err(Failure::Stopped),
                },
                Some(answer) = answered.recv() => take_answer(&mut model, &shell, answer),
                _ = seconds.tick() => {
                    is_stale = model.pass_time(clock::now());
                    pass_second(&mut model)
                }
            };
        }
        let own = shell.grant(&model, wishes)?;
        if do_own(&mut model, &mut visit, &mut seat, place, own).await? {
            break Ok(());
        }
    };
    // What is written and not sent is there the next time.
    if let Some(Wish::Command(keep)) = model.leave_chat() {
        let _ = visit.engine.desk.command(keep).await;
    }
    done
}

/// Does what only the loop can; true where it ends.
async fn do_own(model: &mut Model, visit: &mut Visit, seat: &mut Seat, place: &Place, own: Vec<Own>) -> Result<bool, Failure> {
    for own in own {
        match own {
            Own::Quit => return Ok(true),
            Own::Hurry => visit.hurry(),
            Own::Suspend => {
                seat.step_aside().await?;
                model.now = clock::now();
                visit.hurry();
            }
            Own::MoveTo(address) => {
                model.server = address.to_string();
                model.seen.connection = Connection::default();
                model.shut = [None; 2];
                visit.profile.keep_address(&address)?;
                if let Err(why) = visit.move_to(place, address) {
                    model.pending = None;
                    happen::wrong(model, why.to_string());
                }
            }
        }
    }
    Ok(false)
}

fn take(model: &mut Model, key: Key) -> Vec<Wish> {
    model.now = clock::now();
    match key {
        Key::Key(key) if key.kind != KeyEventKind::Release => press::press(model, key),
        Key::Mouse(mouse) => pointer::point(model, mouse),
        Key::Paste(text) => press::paste(model, &text),
        Key::FocusGained => {
            model.attentive = true;
            model.mark_read().into_iter().collect()
        }
        Key::FocusLost => {
            model.attentive = false;
            Vec::new()
        }
        Key::Key(_) | Key::Resize(..) => Vec::new(),
    }
}

/// Takes in a notice, and those that wait behind it.
fn take_notices(model: &mut Model, first: Notice, visit: &mut Visit) -> Vec<Wish> {
    let mut wishes = happen::happen(model, first);
    for _ in 0..AT_ONCE {
        match visit.notices.try_recv() {
            Ok(notice) => wishes.extend(happen::happen(model, notice)),
            Err(_) => break,
        }
    }
    wishes
}

fn take_answer(model: &mut Model, shell: &Shell, answer: Answer) -> Vec<Wish> {
    match answer {
        Answer::Picture(picture) => {
            let wishes = model.show(*picture);
            shell.looked(model);
            return wishes;
        }
        Answer::Opened(chat) => return ahead::opened(model, chat),
        Answer::Done => return vec![Wish::Look],
        Answer::Notice(notice @ Notice::Disk(_)) => {
            shell.looked(model);
            return happen::happen(model, notice);
        }
        Answer::Notice(notice) => return happen::happen(model, notice),
        Answer::Unread(chat, first) => return model.unread_found(chat, first),
        Answer::Safety(account, number) => happen::safety(model, account, number),
        Answer::Devices(devices) => model.dialog = Some(Dialog::devices(&devices)),
        Answer::Blocked(blocked) => model.dialog = Some(Dialog::blocked(&blocked)),
        Answer::Settings(delivered, read, require) => model.dialog = Some(menus::settings(delivered, read, require)),
        Answer::Drafts(drafts) => model.drafts.restore(drafts),
        Answer::Found(words, messages) => find::found(model, &words, &messages),
    }
    Vec::new()
}

/// Once a second: what is not told by an event is looked at, and a draft that rests is kept.
fn pass_second(model: &mut Model) -> Vec<Wish> {
    let mut wishes = Vec::new();
    if !model.is_settled() {
        wishes.push(Wish::Look);
    }
    let open = model.open.as_ref().map(|open| open.chat);
    if open.is_some_and(|chat| model.drafts.rests(chat)) {
        wishes.extend(model.keep_draft());
    }
    wishes
}
