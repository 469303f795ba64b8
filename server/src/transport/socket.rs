//! One accepted connection, with or without TLS.
//!
//! Called by `transport` (accept) and by `line` (reads and writes it).
//! Never parses what it carries.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A stream of bytes to one peer, which counts what came.
pub(super) struct Socket {
    way: Way,
    read: usize,
}

enum Way {
    /// TCP, on loopback or behind a proxy that does TLS.
    Plain(TcpStream),
    /// TLS over TCP; boxed, because a TLS session is large.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Socket {
    pub(super) fn plain(stream: TcpStream) -> Self {
        Self { way: Way::Plain(stream), read: 0 }
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self { way: Way::Tls(Box::new(stream)), read: 0 }
    }

    /// Bytes that came since they were last forgotten.
    pub(super) fn read(&self) -> usize {
        self.read
    }

    /// Counts from zero.
    pub(super) fn forget_read(&mut self) {
        self.read = 0;
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let polled = match &mut this.way {
            Way::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Way::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        this.read = this.read.saturating_add(buf.filled().len().saturating_sub(before));
        polled
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().way {
            Way::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Way::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().way {
            Way::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Way::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().way {
            Way::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Way::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
