//! What is counted, for Prometheus.
//!
//! Called by every part of the server that has something to count; read on
//! the admin listener alone. No label ever identifies an account, a device, a
//! group or an address, and nothing is measured per account.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use waxseal_wire::frame::Door;
use waxseal_wire::reply::{Refusal, Reply};

const CONNECTIONS: &str = "waxseal_connections";
const OPENED: &str = "waxseal_connections_opened_total";
const CLOSED: &str = "waxseal_connections_closed_total";
const REQUESTS: &str = "waxseal_requests_total";
const REQUEST_SECONDS: &str = "waxseal_request_seconds";
const BAD_FRAMES: &str = "waxseal_bad_frames_total";
const DELIVERED: &str = "waxseal_entries_pushed_total";
const DELIVERED_BYTES: &str = "waxseal_entries_pushed_bytes_total";
const STORE_TAKES: &str = "waxseal_store_takes";
const BATCH: &str = "waxseal_store_batch_operations";
const BATCH_SECONDS: &str = "waxseal_store_batch_seconds";

const WITNESS_ASKED: &str = "waxseal_witness_asked_total";
const COSIGNED: &str = "waxseal_cosign_answered_total";
const COSIGN_SECONDS: &str = "waxseal_cosign_seconds";

const SECONDS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
const OPERATIONS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The numbers so far; one set a process.
#[derive(Clone)]
pub struct Numbers(PrometheusHandle);

/// The process has another recorder of metrics already.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("another recorder of metrics is installed in this process")]
pub struct NoRecorder;

impl Numbers {
    /// Starts counting; the same for every server in one process.
    pub fn install() -> Result<Self, NoRecorder> {
        static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
        HANDLE.get_or_init(build).clone().map(Self).ok_or(NoRecorder)
    }

    /// All numbers, in Prometheus's text format.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }

    /// Folds what was measured since the last call; wanted every few seconds.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

fn build() -> Option<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Full(BATCH.to_owned()), &OPERATIONS))
        .ok()?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).ok()?;
    describe();
    Some(handle)
}

fn describe() {
    metrics::describe_gauge!(CONNECTIONS, "Open connections, by door");
    metrics::describe_counter!(OPENED, "Connections opened, by door");
    metrics::describe_counter!(CLOSED, "Connections closed, by reason");
    metrics::describe_counter!(REQUESTS, "Requests answered, by kind and outcome");
    metrics::describe_histogram!(REQUEST_SECONDS, "From a request heard to its answer ready, by kind");
    metrics::describe_counter!(BAD_FRAMES, "Frames refused before they became a request");
    metrics::describe_counter!(DELIVERED, "Mailbox entries pushed to devices");
    metrics::describe_counter!(DELIVERED_BYTES, "Bytes of mailbox entries pushed to devices");
    metrics::describe_gauge!(STORE_TAKES, "1 while things can be stored, 0 while they cannot");
    metrics::gauge!(STORE_TAKES).set(1.0);
    metrics::describe_histogram!(BATCH, "Operations that shared one transaction");
    metrics::describe_counter!(WITNESS_ASKED, "Witnesses asked to cosign our newest tree head, by outcome");
    metrics::describe_counter!(COSIGNED, "Heads of other logs that were to be cosigned here, by outcome");
    metrics::describe_histogram!(COSIGN_SECONDS, "From such a question heard to its answer ready");
    metrics::describe_histogram!(BATCH_SECONDS, "Time of one transaction, with its sync to disk");
}

/// One open connection; counts it while it lives.
#[must_use]
pub(crate) struct Connected(&'static str);

impl Connected {
    pub(crate) fn by(door: Door) -> Self {
        let door = match door {
            Door::Anonymous => "anonymous",
            Door::Device => "device",
        };
        metrics::gauge!(CONNECTIONS, "door" => door).increment(1);
        metrics::counter!(OPENED, "door" => door).increment(1);
        Self(door)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        metrics::gauge!(CONNECTIONS, "door" => self.0).decrement(1);
    }
}

pub(crate) fn closed(reason: &'static str) {
    metrics::counter!(CLOSED, "reason" => reason).increment(1);
}

pub(crate) fn store_takes(takes: bool) {
    metrics::gauge!(STORE_TAKES).set(if takes { 1.0 } else { 0.0 });
}

pub(crate) fn bad_frame() {
    metrics::counter!(BAD_FRAMES).increment(1);
}

pub(crate) fn answered(kind: &'static str, reply: Option<&Reply>, took: Duration) {
    let outcome = match reply {
        Some(Reply::Refused(refusal)) => refused_as(refusal),
        _ => "done",
    };
    metrics::counter!(REQUESTS, "kind" => kind, "outcome" => outcome).increment(1);
    metrics::histogram!(REQUEST_SECONDS, "kind" => kind).record(took);
}

pub(crate) fn pushed(entries: usize, bytes: usize) {
    metrics::counter!(DELIVERED).increment(entries as u64);
    metrics::counter!(DELIVERED_BYTES).increment(bytes as u64);
}

pub(crate) fn witness_asked(outcome: &'static str) {
    metrics::counter!(WITNESS_ASKED, "outcome" => outcome).increment(1);
}

pub(crate) fn cosigned(outcome: &'static str, took: Duration) {
    metrics::counter!(COSIGNED, "outcome" => outcome).increment(1);
    metrics::histogram!(COSIGN_SECONDS).record(took);
}

/// One transaction of the store's writer: how many operations shared it, and how long it took.
pub fn batch(operations: usize, took: Duration) {
    metrics::histogram!(BATCH).record(u32::try_from(operations).unwrap_or(u32::MAX));
    metrics::histogram!(BATCH_SECONDS).record(took);
}

fn refused_as(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Malformed => "malformed",
        Refusal::TooLarge => "too_large",
        Refusal::TooFast { .. } => "too_fast",
        Refusal::WrongDoor => "wrong_door",
        Refusal::NotAllowed => "not_allowed",
        Refusal::Unknown => "unknown",
        Refusal::Taken => "taken",
        Refusal::StaleEpoch { .. } => "stale_epoch",
        Refusal::StaleChain => "stale_chain",
        Refusal::Full => "full",
        Refusal::BadName => "bad_name",
        Refusal::Internal => "internal",
        Refusal::ReusedKey => "reused_key",
    }
}
