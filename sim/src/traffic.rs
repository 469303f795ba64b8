//! What passed the server's doors, by kind.
//!
//! Counted by `town`, to hold round trips against the budget.

use std::collections::BTreeMap;

use waxseal_wire::request::{AnonymousRequest, DeviceRequest, Request};

/// Requests by kind, to hold round trips against the budget.
#[derive(Debug, Default, Clone)]
pub struct Traffic {
    /// Requests that reached the server, by kind.
    pub requests: BTreeMap<&'static str, u64>,
    /// Pushes that left it.
    pub pushes: u64,
}

impl Traffic {
    /// How many requests of these kinds.
    pub fn of(&self, kinds: &[&str]) -> u64 {
        kinds.iter().map(|kind| self.requests.get(kind).copied().unwrap_or(0)).sum()
    }

    /// All requests.
    pub fn all(&self) -> u64 {
        self.requests.values().sum()
    }
}

/// What a request asks for, in people's words.
pub(crate) fn kind(request: &Request) -> &'static str {
    use AnonymousRequest as A;
    match request {
        Request::Anonymous(A::Register(_)) => "register",
        Request::Anonymous(A::Lookup(_)) => "lookup",
        Request::Anonymous(A::Relate(_)) => "relate",
        Request::Anonymous(A::Witnessed) => "witnessed",
        Request::Anonymous(A::Found(_)) => "found",
        Request::Anonymous(A::SubmitMessage(_)) => "message",
        Request::Anonymous(A::SubmitCommit(_)) => "commit",
        Request::Anonymous(A::PutBlob(_)) => "put blob",
        Request::Anonymous(A::FetchBlob(_)) => "fetch blob",
        Request::Device(DeviceRequest::Authenticate(_)) => "authenticate",
        Request::Device(DeviceRequest::Begin(_)) => "begin",
        Request::Device(DeviceRequest::Take(_)) => "take",
        Request::Device(DeviceRequest::Ack(_)) => "ack",
        Request::Device(DeviceRequest::PublishKeys(_)) => "publish keys",
        Request::Device(DeviceRequest::AppendRecord(_)) => "append record",
        Request::Device(DeviceRequest::DropAlias(_)) => "drop alias",
        Request::Device(DeviceRequest::CloseAccount(_)) => "close account",
        Request::Device(DeviceRequest::Watch(_)) => "watch",
    }
}
