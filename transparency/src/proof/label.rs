//! Labels: paths of up to 256 bits, most significant first.
//!
//! Their bytes have one form: as few as hold the bits, and zeros after the last bit.

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use akd_core::ecvrf::{Proof, VRFKeyStorage, VrfError};
use akd_core::{Direction, NodeLabel};

use crate::Lie;

/// Reads 1 to 256 bits.
pub(crate) fn read(bits: u32, bytes: &[u8]) -> Result<NodeLabel, Lie> {
    let whole = usize::try_from(bits).map_err(|_| Lie::Malformed)?.div_ceil(8);
    let mut value = [0; 32];
    let Some(held) = value.get_mut(..whole) else { return Err(Lie::Malformed) };
    if bits == 0 || bytes.len() != whole {
        return Err(Lie::Malformed);
    }
    held.copy_from_slice(bytes);
    let label = NodeLabel::new(value, bits);
    // Bits after the last would make two labels of one.
    if label.get_prefix(bits) == label { Ok(label) } else { Err(Lie::Malformed) }
}

/// Its bytes, as few as hold its bits.
#[cfg(feature = "publish")]
pub(crate) fn bytes(label: &NodeLabel) -> Vec<u8> {
    let whole = label.label_len.div_ceil(8) as usize;
    label.label_val.iter().take(whole).copied().collect()
}

/// Which way a label goes on after `at` bits; it has more.
pub(crate) fn direction(label: &NodeLabel, at: u32) -> Direction {
    let byte = label.label_val.get((at / 8) as usize).copied().unwrap_or_default();
    if byte >> (7 - at % 8) & 1 == 0 { Direction::Left } else { Direction::Right }
}

/// The label that a VRF proof names; whether the proof holds is another question.
pub(crate) fn of_vrf(proof: &[u8]) -> Result<NodeLabel, Lie> {
    let proof = Proof::try_from(proof).map_err(|_| Lie::Malformed)?;
    let named = pin!(NoKey.get_node_label_from_vrf_proof(proof));
    match named.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(label) => Ok(label),
        Poll::Pending => Err(Lie::Malformed), // akd_core waits for nothing here
    }
}

/// akd_core gives labels out only through a storage of keys; this one has none.
#[derive(Clone)]
struct NoKey;

impl VRFKeyStorage for NoKey {
    fn retrieve<'a, 'b>(&'a self) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, VrfError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(core::future::ready(Err(VrfError::SigningKey(String::new()))))
    }
}
