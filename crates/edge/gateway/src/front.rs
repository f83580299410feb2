//! [`Front`]: a socket as the HTTP library sees it, with quick answers given below it.
//!
//! The library reads requests from here, and gets one at a time. Between two of them, when it waits for a head, what
//! comes is looked at first: a request whose answer is there is answered at once, and the library never hears of it.
//! What is sent thus stays in the order of the requests: while a request is with the library nothing is answered here.
//!
//! From the first request on of which it is not known where it ends (a body, another protocol, nonsense) everything
//! passes through untouched.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep_until};

use crate::body::Body;
use crate::quick::{Next, Quick};
use crate::shared::Shared;

/// Bytes that are read at once, and how much of a head may be held before it is the library's to judge.
const INPUT: usize = 4 << 10;
const LONGEST_HEAD: usize = 16 << 10;
/// Answers to requests that come in a row are written together up to this size.
const TOGETHER: usize = 64 << 10;
/// Of a larger buffer the memory is given back once it is empty.
const KEPT: usize = 32 << 10;

/// Where the request is that the library has.
#[derive(Debug, Default)]
pub(crate) struct Exchange(AtomicU8);

/// It waits for a head.
const WAITING: u8 = 0;
/// A request is being answered.
const ANSWERING: u8 = 1;
/// The answer was made; what is left of it is to be written.
const MADE: u8 = 2;
/// The connection speaks another protocol now.
const TAKEN_OVER: u8 = 3;

impl Exchange {
    fn is(&self, state: u8) -> bool {
        self.0.load(Ordering::Relaxed) == state
    }

    /// A request has reached the service.
    pub(crate) fn begin(&self) {
        self.0.store(ANSWERING, Ordering::Relaxed);
    }

    /// The service has answered: when the body is gone, it has been handed over.
    pub(crate) fn made(self: &Arc<Self>, response: http::Response<Body>) -> http::Response<Sent> {
        if response.status() == http::StatusCode::SWITCHING_PROTOCOLS {
            self.0.store(TAKEN_OVER, Ordering::Relaxed);
        }
        let exchange = Arc::clone(self);
        response.map(|body| Sent { body, exchange })
    }
}

/// A body that says when it has been handed over.
#[derive(Debug)]
pub(crate) struct Sent {
    body: Body,
    exchange: Arc<Exchange>,
}

impl Drop for Sent {
    fn drop(&mut self) {
        // a connection that was taken over stays so
        let _ =
            self.exchange
                .0
                .compare_exchange(ANSWERING, MADE, Ordering::Relaxed, Ordering::Relaxed);
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket with quick answers.
#[derive(Debug)]
pub(crate) struct Front {
    io: TokioIo<TcpStream>,
    quick: Quick,
    exchange: Arc<Exchange>,
    input: Input,
    /// How many bytes of the input are the library's next request.
    passing: usize,
    /// Whether everything passes.
    through: bool,
    output: Vec<u8>,
    /// How much of the output is written.
    written: usize,
    patience: Patience,
}

/// Bytes that were read and not yet used.
#[derive(Debug)]
struct Input {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    fn unused(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    fn use_up(&mut self, length: usize) {
        self.start += length;
        if self.start >= self.end {
            (self.start, self.end) = (0, 0);
            if self.bytes.len() > INPUT {
                self.bytes = Vec::new();
            }
        }
    }

    /// Reads once; how many bytes came, 0 being the end. There is always room.
    fn poll_fill(
        &mut self,
        stream: &mut TcpStream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.start > 0 && self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.bytes.len() {
            self.bytes.resize((self.end * 2).max(INPUT), 0);
        }
        let mut room = ReadBuf::new(&mut self.bytes[self.end..]);
        ready!(Pin::new(stream).poll_read(context, &mut room))?;
        let came = room.filled().len();
        self.end += came;
        Poll::Ready(Ok(came))
    }
}

/// How long a client may take to send a request's head, the time before its first byte included.
#[derive(Debug)]
struct Patience {
    most: Duration,
    /// Since when a head is waited for, since the gateway began.
    since: Duration,
    /// Rings at the end of some earlier wait, or this one's: it is set anew when it has rung, not for each request.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Patience {
    /// Ready when the time is over.
    fn poll_end(&mut self, shared: &Shared, context: &mut Context<'_>) -> Poll<()> {
        // it knows whom to wake: one task drives a connection as long as it speaks HTTP
        if let Some(alarm) = &self.alarm
            && !alarm.is_elapsed()
        {
            return Poll::Pending;
        }
        let end = shared.instant(self.since + self.most);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
        loop {
            ready!(alarm.as_mut().poll(context));
            if alarm.deadline() >= end {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(end);
        }
    }
}

impl Front {
    pub(crate) fn new(stream: TcpStream, quick: Quick, exchange: Arc<Exchange>) -> Self {
        let most = quick.shared().options.header_timeout;
        let since = quick.shared().since_start();
        Self {
            io: TokioIo::new(stream),
            quick,
            exchange,
            input: Input {
                bytes: Vec::new(),
                start: 0,
                end: 0,
            },
            passing: 0,
            through: false,
            output: Vec::new(),
            written: 0,
            patience: Patience {
                most,
                since,
                alarm: None,
            },
        }
    }

    /// The socket, and what was read from it and not used.
    pub(crate) fn into_parts(self) -> (TcpStream, Vec<u8>) {
        let unused = self.input.unused().to_vec();
        (self.io.into_inner(), unused)
    }

    /// Writes what was answered here.
    fn poll_output(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.output.len() {
            let stream = Pin::new(self.io.inner_mut());
            let written = ready!(stream.poll_write(context, &self.output[self.written..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        self.written = 0;
        self.output.clear();
        if self.output.capacity() > KEPT {
            self.output = Vec::new();
        }
        Poll::Ready(Ok(()))
    }

    /// Hands the library what is its.
    fn pass(&mut self, buffer: &mut ReadBufCursor<'_>) {
        let length = self.passing.min(buffer.remaining());
        buffer.put_slice(&self.input.unused()[..length]);
        self.input.use_up(length);
        self.passing -= length;
    }

    /// While a request is with the library: whether the client is still there.
    fn poll_presence(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.input.unused().is_empty() {
            // a request more: it is asked for when this one's answer is written
            return Poll::Pending;
        }
        match ready!(self.input.poll_fill(self.io.inner_mut(), context))? {
            0 => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    /// Everything passes: what was read here first.
    fn poll_through(
        &mut self,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.input.unused().is_empty() {
            self.passing = self.input.unused().len();
            self.pass(&mut buffer);
            self.passing = 0;
            return Poll::Ready(Ok(()));
        }
        match Pin::new(&mut self.io).poll_read(context, buffer) {
            Poll::Pending if self.exchange.is(WAITING) => self.poll_patience(context),
            polled => polled,
        }
    }

    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.patience.poll_end(self.quick.shared(), context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "no request came in time",
        )))
    }

    /// Answers what is there, reads, and goes on so, until there is something for the library; a client that went
    /// away is.
    ///
    /// # Errors
    /// Of the socket, and when a head takes too long.
    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut next = Next::Partial;
            while !self.input.unused().is_empty() && self.output.len() < TOGETHER {
                next = self.quick.take(self.input.unused(), &mut self.output);
                match next {
                    Next::Answered(length) => self.input.use_up(length),
                    _ => break,
                }
            }
            if !self.output.is_empty() {
                self.patience.since = self.quick.last();
                ready!(self.poll_output(context))?;
            }
            match next {
                Next::Answered(_) if !self.input.unused().is_empty() => continue,
                Next::Plain(length) => {
                    self.passing = length;
                    self.exchange.begin();
                    return Poll::Ready(Ok(()));
                }
                Next::Partial if self.input.unused().len() < LONGEST_HEAD => {}
                Next::Answered(_) => {}
                Next::Partial | Next::Unclear => {
                    self.through = true;
                    return Poll::Ready(Ok(()));
                }
            }
            match self.input.poll_fill(self.io.inner_mut(), context) {
                Poll::Ready(Ok(0)) => {
                    // what is left of a request is the library's to judge
                    self.through = true;
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return self.poll_patience(context),
            }
        }
    }
}

impl Read for Front {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let front = self.get_mut();
        if front.passing == 0 && !front.through {
            if !front.exchange.is(WAITING) {
                return front.poll_presence(context);
            }
            ready!(front.poll_next(context))?;
        }
        if front.passing > 0 {
            front.pass(&mut buffer);
            return Poll::Ready(Ok(()));
        }
        front.poll_through(context, buffer)
    }
}

impl Write for Front {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let front = self.get_mut();
        ready!(front.poll_output(context))?;
        Pin::new(&mut front.io).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let front = self.get_mut();
        ready!(front.poll_output(context))?;
        Pin::new(&mut front.io).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let front = self.get_mut();
        ready!(Pin::new(&mut front.io).poll_flush(context))?;
        // the library flushes when all that it has is written: with the body gone the answer is complete
        if front.exchange.is(MADE) {
            front.exchange.0.store(WAITING, Ordering::Relaxed);
            front.patience.since = front.quick.shared().since_start();
            // it has looked for the client and found nothing new, so it would not ask for the next request by itself:
            // which may be here already, and the time for it runs from now
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let front = self.get_mut();
        ready!(front.poll_output(context))?;
        Pin::new(&mut front.io).poll_shutdown(context)
    }
}
