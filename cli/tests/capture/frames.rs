//! What was said on a recorded line: the HTTP heads, and every WebSocket message, unmasked and put together.

use waxseal_wire::frame::Door;

use super::proxy::Recorded;

/// One line, taken apart.
pub(crate) struct Spoken {
    pub(crate) who: String,
    pub(crate) door: Door,
    /// Both heads of the handshake, up and down.
    pub(crate) heads: [Vec<u8>; 2],
    pub(crate) up: Vec<Vec<u8>>,
    pub(crate) down: Vec<Vec<u8>>,
    /// Payloads of pings, pongs and closes, both ways.
    pub(crate) control: Vec<Vec<u8>>,
}

impl Spoken {
    /// Takes a recording apart; `None` where nobody came as far as a door.
    pub(crate) fn of(recorded: &Recorded) -> Option<Self> {
        let (up_head, up) = head(&recorded.up)?;
        let (down_head, down) = head(&recorded.down)?;
        let first = String::from_utf8_lossy(up_head).lines().next().unwrap().to_owned();
        let path = first.split(' ').nth(1).unwrap().to_owned();
        let door = [Door::Anonymous, Door::Device].into_iter().find(|door| door.path() == path);
        let door = door.unwrap_or_else(|| panic!("a client should ask for a door, not {first:?}"));
        let agreed = String::from_utf8_lossy(down_head).to_ascii_lowercase();
        assert!(agreed.starts_with("http/1.1 101"), "{agreed}");
        // Nothing is compressed: there is nothing to inflate, and sizes do not hang on what was written.
        assert!(!agreed.contains("sec-websocket-extensions"), "{agreed}");
        let (mut control, heads) = (Vec::new(), [up_head.to_vec(), down_head.to_vec()]);
        let (up, down) = (messages(up, &mut control), messages(down, &mut control));
        Some(Self { who: recorded.who.clone(), door, heads, up, down, control })
    }
}

fn head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    Some(bytes.split_at(end))
}

/// RFC 6455 §5.2: frames, unmasked, fragments joined. A frame that was cut off at the end of the line is taken as far as it came.
fn messages(mut bytes: &[u8], control: &mut Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let (mut whole, mut parts) = (Vec::new(), Vec::new());
    while bytes.len() >= 2 {
        let (is_last, kind) = (bytes[0] & 0x80 != 0, bytes[0] & 0x0f);
        assert_eq!(bytes[0] & 0x70, 0, "no extension was agreed on");
        let (is_masked, short) = (bytes[1] & 0x80 != 0, bytes[1] & 0x7f);
        let wide = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let (from, mask_at) = (2 + wide, 2 + wide + if is_masked { 4 } else { 0 });
        if bytes.len() < mask_at {
            break;
        }
        let length = if wide == 0 { u64::from(short) } else { bytes[2..from].iter().fold(0, |n, byte| n << 8 | u64::from(*byte)) };
        let end = mask_at.saturating_add(usize::try_from(length).unwrap()).min(bytes.len());
        let mask = if is_masked { bytes[from..mask_at].to_vec() } else { vec![0; 4] };
        let payload = bytes[mask_at..end].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        if kind >= 8 {
            control.push(payload.collect());
        } else {
            parts.extend(payload);
            if is_last {
                whole.push(std::mem::take(&mut parts));
            }
        }
        bytes = &bytes[end..];
    }
    if !parts.is_empty() {
        whole.push(parts);
    }
    whole
}

/// A client's frame with a mask, as a client sends it.
pub(crate) fn masked(payload: &[u8]) -> Vec<u8> {
    let mask = [0x5a, 0xc3, 0x11, 0x7e];
    let mut frame = vec![0x82, 0x80 | 127];
    frame.extend((payload.len() as u64).to_be_bytes());
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A server's message in two fragments.
pub(crate) fn fragmented(payload: &[u8]) -> Vec<u8> {
    let (one, two) = payload.split_at(payload.len() / 2);
    let mut frames = Vec::new();
    for (first_byte, part) in [(0x02, one), (0x80, two)] {
        frames.push(first_byte);
        frames.push(127);
        frames.extend((part.len() as u64).to_be_bytes());
        frames.extend(part);
    }
    frames
}
