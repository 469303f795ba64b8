//! The full-screen client.
//!
//! Called by `main` where no verb is given. Holds the terminal and one loop:
//! keys, the client's notices and pictures come in; the model changes; it is
//! drawn. The client works on its own thread, so no key waits for a disk.
//!
//! ```text
//!   key, mouse, paste ─► press, pointer ─┐            ┌─► draw
//!   notice, picture ───► happen, show ───┴─► model ───┤
//!                                                     └─► wishes ─► client
//! ```

mod act;
mod dialog;
mod draw;
mod form;
mod happen;
mod menus;
mod model;
mod palette;
mod pointer;
mod press;
#[cfg(test)]
mod scenes;
mod terminal;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use crossterm::event::{Event as Key, EventStream, KeyEventKind};
use futures_util::StreamExt;
use time::UtcOffset;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use waxseal_core::client::{Client, ClientError};
use waxseal_core::view::{ChatId, DeviceView, SafetyNumber};
use waxseal_wire::id::AccountId;

use crate::arguments::Place;
use crate::engine::{Desk, Notice};
use crate::exit::Failure;
use crate::names::Names;
use crate::profile::Need;
use crate::visit::{Reach, Visit};
use crate::{clock, stop};
use dialog::Dialog;
use model::{Model, Picture, Wish};
use palette::Palette;
use terminal::Terminal;

/// What came back from the client.
enum Answer {
    Picture(Box<Picture>),
    Safety(AccountId, Option<SafetyNumber>),
    Devices(Vec<DeviceView>),
    Settings(bool, bool),
    Notice(Notice),
}

/// Runs until the person leaves.
pub(crate) async fn run(place: &Place, zone: UtcOffset) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::Usage("the full-screen client needs a terminal; `waxseal --help` lists what scripts can do".into()));
    }
    let mut visit = Visit::open(place, Need::MayCreate, Reach::Online)?;
    // A profile that has an account keeps the server that it has it on, whatever was typed this time.
    if visit.read(Client::me).await?.is_none_or(|me| !me.registered) {
        visit.profile.keep_server(place)?;
    }
    let mut model = Model::new(visit.server.to_string(), Palette::of_environment(), zone);
    model.now = clock::now();
    let (answers, mut answered) = unbounded_channel();
    let shell = Shell { desk: visit.engine.desk.clone(), answers };
    let mut terminal = Terminal::enter()?;
    let mut keys = EventStream::new();
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    shell.look(&model);
    let mut is_stale = true;
    loop {
        if is_stale {
            let places = terminal.draw(&model)?;
            let wishes = model.placed(places);
            if shell.grant(&mut model, wishes, &visit)? {
                return Ok(());
            }
        }
        is_stale = true;
        let wishes = tokio::select! {
            key = keys.next() => match key {
                Some(key) => take(&mut model, key?),
                None => return Ok(()),
            },
            notice = visit.notices.recv() => happen::happen(&mut model, notice.ok_or(Failure::Stopped)?),
            Some(answer) = answered.recv() => answer_of(&mut model, answer),
            _ = seconds.tick() => {
                is_stale = model.pass_time(clock::now());
                if model.is_settled() { Vec::new() } else { vec![Wish::Look] }
            }
            () = stop::asked() => return Ok(()),
        };
        if shell.grant(&mut model, wishes, &visit)? {
            return Ok(());
        }
    }
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

fn answer_of(model: &mut Model, answer: Answer) -> Vec<Wish> {
    match answer {
        Answer::Picture(picture) => return model.show(*picture),
        Answer::Safety(account, number) => happen::safety(model, account, number),
        Answer::Devices(devices) => model.dialog = Some(Dialog::devices(&devices)),
        Answer::Settings(delivered, read) => model.dialog = Some(menus::settings(delivered, read)),
        Answer::Notice(notice) => return happen::happen(model, notice),
    }
    Vec::new()
}

/// Carries wishes to the client's thread, and what comes of them back.
struct Shell {
    desk: Desk,
    answers: UnboundedSender<Answer>,
}

impl Shell {
    /// True where the person wants to leave.
    fn grant(&self, model: &mut Model, wishes: Vec<Wish>, visit: &Visit) -> Result<bool, Failure> {
        let mut looks = false;
        for wish in wishes {
            match wish {
                Wish::Command(command) => {
                    let (desk, answers) = (self.desk.clone(), self.answers.clone());
                    let (of, limit) = asked(model);
                    tokio::spawn(async move {
                        match desk.command(command).await {
                            Some(Ok(events)) => {
                                for event in events {
                                    let _ = answers.send(Answer::Notice(Notice::Event(event)));
                                }
                                picture_to(&desk, &answers, of, limit).await;
                            }
                            Some(Err(error)) => drop(answers.send(Answer::Notice(Notice::Disk(error)))),
                            None => {}
                        }
                    });
                }
                Wish::Look => looks = true,
                Wish::Safety(account) => self.read(move |client| Ok(Answer::Safety(account, client.safety_number(account)?))),
                Wish::Devices => self.read(|client| Ok(Answer::Devices(client.devices()?))),
                Wish::Settings => self.read(|client| client.receipts().map(|(delivered, read)| Answer::Settings(delivered, read))),
                Wish::Hurry => visit.hurry.notify_waiters(),
                Wish::Ring => {
                    let mut out = std::io::stdout();
                    out.write_all(b"\x07")?;
                    out.flush()?;
                }
                Wish::Quit => return Ok(true),
            }
        }
        if looks {
            self.look(model);
        }
        Ok(false)
    }

    fn look(&self, model: &Model) {
        let (of, limit) = asked(model);
        let (desk, answers) = (self.desk.clone(), self.answers.clone());
        tokio::spawn(async move { picture_to(&desk, &answers, of, limit).await });
    }

    fn read(&self, look: impl FnOnce(&Client) -> Result<Answer, ClientError> + Send + 'static) {
        let (desk, answers) = (self.desk.clone(), self.answers.clone());
        tokio::spawn(async move {
            let answer = match desk.read(look).await {
                Some(Ok(answer)) => answer,
                Some(Err(error)) => Answer::Notice(Notice::Disk(error)),
                None => return,
            };
            let _ = answers.send(answer);
        });
    }
}

fn asked(model: &Model) -> (Option<ChatId>, usize) {
    model.open.as_ref().map_or((None, 0), |open| (Some(open.chat), open.limit))
}

async fn picture_to(desk: &Desk, answers: &UnboundedSender<Answer>, of: Option<ChatId>, limit: usize) {
    let answer = match desk.read(move |client| picture(client, of, limit)).await {
        Some(Ok(picture)) => Answer::Picture(Box::new(picture)),
        Some(Err(error)) => Answer::Notice(Notice::Disk(error)),
        None => return,
    };
    let _ = answers.send(answer);
}

fn picture(client: &Client, of: Option<ChatId>, limit: usize) -> Result<Picture, ClientError> {
    let (messages, members) = match of {
        Some(chat) => (client.messages(chat, None, limit)?, client.members(chat)?),
        None => Default::default(),
    };
    Ok(Picture {
        names: Names::read(client, &members, &messages)?,
        me: client.me()?,
        chats: client.chats()?,
        connection: client.connection(),
        messages,
        members,
        of: of.map(|chat| (chat, limit)),
    })
}
