//! [`Body`]: what an answer's bytes are.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

type Chunks = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// One or two pieces that are there, or pieces as they are made.
pub(crate) enum Body {
    /// The second follows the first: what is cached, then what differs a request.
    Pieces(Bytes, Bytes),
    /// Made while it is sent, so that a large answer is never whole in memory.
    Chunks(Chunks),
}

impl Body {
    pub(crate) const fn empty() -> Self {
        Self::Pieces(Bytes::new(), Bytes::new())
    }

    pub(crate) fn chunks(stream: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self::Chunks(Box::pin(stream))
    }

    /// How long it is, where that is known.
    pub(crate) fn length(&self) -> Option<usize> {
        match self {
            Self::Pieces(first, second) => Some(first.len() + second.len()),
            Self::Chunks(_) => None,
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Pieces(bytes, Bytes::new())
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("length", &self.length())
            .finish()
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Pieces(first, second) => {
                let piece = if first.is_empty() { second } else { first };
                if piece.is_empty() {
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Ok(Frame::data(std::mem::take(piece)))))
            }
            Self::Chunks(stream) => stream
                .as_mut()
                .poll_next(context)
                .map(|chunk| chunk.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.length() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.length()
            .map_or_else(SizeHint::new, |length| SizeHint::with_exact(length as u64))
    }
}
