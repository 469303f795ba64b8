//! The full-screen client.
use crate::{arguments::Place, exit::Failure};
pub(crate) async fn run(_p: &Place, _z: time::UtcOffset) -> Result<(), Failure> { Ok(()) }
