//! Left out: see README.md.
