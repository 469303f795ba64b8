//! Empty on purpose.
//!
//! `openmls` lists its own SQLite storage as an optional dependency. We never
//! enable it (our store is `core/store`), but Cargo still resolves it, and its
//! `links = "sqlite3"` would tie us to the SQLite binding it happens to use.
//! See `docs/decisions/0003-openmls-sqlite-stub.md`.
