//! How many parts a frame has, counted before anything is allocated for them.
//!
//! Called by the two decoders, first of all. An empty part costs its sender
//! two bytes and its reader 72, so a frame within the size limit could still
//! ask for hundreds of megabytes. Never looks at what a part says.

use super::BadFrame;

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const BYTES: u64 = 2;
const FIXED_32: u64 = 5;

/// Refuses a frame with more than `most` fields in it.
///
/// `is_message` says whether what lies under these field numbers, outermost first, is a message: other bytes are not looked into.
pub(super) fn check(frame: &[u8], most: usize, is_message: impl Fn(&[u64]) -> bool) -> Result<(), BadFrame> {
    walk(frame, most, &mut Vec::new(), &is_message).map(drop)
}

/// How many more fields there may be after this message.
fn walk(mut message: &[u8], mut left: usize, path: &mut Vec<u64>, is_message: &dyn Fn(&[u64]) -> bool) -> Result<usize, BadFrame> {
    while !message.is_empty() {
        left = left.checked_sub(1).ok_or(BadFrame::TooLarge)?;
        let tag = varint(&mut message)?;
        match tag & 7 {
            VARINT => {
                varint(&mut message)?;
            }
            FIXED_64 => {
                take(&mut message, 8)?;
            }
            FIXED_32 => {
                take(&mut message, 4)?;
            }
            BYTES => {
                let length = usize::try_from(varint(&mut message)?).map_err(|_| BadFrame::Parse)?;
                let bytes = take(&mut message, length)?;
                path.push(tag >> 3);
                if is_message(path) {
                    left = walk(bytes, left, path, is_message)?;
                }
                path.pop();
            }
            _ => return Err(BadFrame::Parse),
        }
    }
    Ok(left)
}

fn varint(message: &mut &[u8]) -> Result<u64, BadFrame> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first().ok_or(BadFrame::Parse)?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(BadFrame::Parse)
}

fn take<'a>(message: &mut &'a [u8], length: usize) -> Result<&'a [u8], BadFrame> {
    let (front, rest) = message.split_at_checked(length).ok_or(BadFrame::Parse)?;
    *message = rest;
    Ok(front)
}
