//! Stub: its helper is writing it.
