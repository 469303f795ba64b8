//! The way in: what opens the profile is asked on the screen itself.
//!
//! Called once, before there is a client. A new profile gets a passphrase here;
//! its account is made afterwards, by a form of the running client.

use waxseal_core::client::Client;

use super::dialog::Dialog;
use super::form::{Form, Purpose};
use super::model::{Model, Wish};
use super::seat::{Sat, Seat};
use crate::arguments::Place;
use crate::exit::Failure;
use crate::profile::{Guard, Profile, ProfileError, Secret};

/// Opens the profile, asking as often as it takes; `None` where the person leaves.
pub(super) async fn enter(
    seat: &mut Seat,
    model: &mut Model,
    mut profile: Profile,
    place: &Place,
) -> Result<Option<(Profile, Client)>, Failure> {
    let purpose = match profile.guard(place)? {
        Guard::Known(secret) => {
            let client = profile.unlock(&secret)?;
            return Ok(Some((profile, client)));
        }
        Guard::Passphrase => Purpose::Unlock,
        Guard::New => Purpose::Guard,
    };
    model.dialog = Some(Dialog::Form(Form::new(purpose)));
    loop {
        seat.draw(model)?;
        let wishes = match seat.next().await {
            Sat::Key(key) => super::take(model, key),
            Sat::Stop => return Ok(None),
            Sat::Aside => vec![Wish::Suspend],
            Sat::Back => {
                seat.come_back()?;
                Vec::new()
            }
        };
        for wish in wishes {
            match wish {
                Wish::Quit => return Ok(None),
                Wish::Suspend => seat.step_aside().await?,
                Wish::Open(secret) => {
                    // Stretching a passphrase takes a moment: it is said that it does.
                    seat.draw(model)?;
                    let secret = or_key_file(secret, purpose, &profile);
                    let (same, opened) = open(profile, secret).await?;
                    profile = same;
                    match opened {
                        Ok(client) => {
                            model.dialog = None;
                            return Ok(Some((profile, client)));
                        }
                        Err(ProfileError::WrongKey) => refuse(model, purpose),
                        Err(other) => return Err(other.into()),
                    }
                }
                _ => {}
            }
        }
    }
}

/// Who wants no passphrase gets a key file.
fn or_key_file(secret: Secret, purpose: Purpose, profile: &Profile) -> Secret {
    match secret {
        Secret::Passphrase(typed) if typed.is_empty() && purpose == Purpose::Guard => Secret::KeyFile(profile.own_key_file()),
        other => other,
    }
}

/// Opens it on another thread, so that it can be seen that something happens.
async fn open(mut profile: Profile, secret: Secret) -> Result<(Profile, Result<Client, ProfileError>), Failure> {
    let opened = tokio::task::spawn_blocking(move || {
        let client = profile.unlock(&secret);
        (profile, client)
    });
    opened.await.map_err(|_| Failure::Stopped)
}

fn refuse(model: &mut Model, purpose: Purpose) {
    let mut form = Form::new(purpose);
    form.refuse("That is not the passphrase.");
    model.dialog = Some(Dialog::Form(form));
}
