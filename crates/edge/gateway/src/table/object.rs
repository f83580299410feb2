//! [`Object`]: a JSON object written straight into bytes, for rows that come by the thousand.

use std::io::Write as _;

use quantflow_model::{Decimal, Notional, Price, Quantity};

use crate::answer::decimal;

/// A JSON object that is being written. Names are ours and need no escapes.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    /// What stands before the next name.
    next: u8,
}

impl<'a> Object<'a> {
    /// Begins an object behind what is there.
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        Self { out, next: b'{' }
    }

    /// A field.
    #[inline]
    pub(crate) fn put(&mut self, name: &'static str, value: impl Bare) {
        self.out.push(self.next);
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.next = b',';
        value.write(self.out);
    }

    /// A field, left out where there is no value.
    #[inline]
    pub(crate) fn put_some(&mut self, name: &'static str, value: Option<impl Bare>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// Ends it; it has a field.
    pub(crate) fn end(self) {
        self.out.push(b'}');
    }
}

/// A value of which no character needs an escape.
pub(crate) trait Bare {
    /// Appends it as JSON.
    fn write(self, out: &mut Vec<u8>);
}

impl Bare for Decimal {
    #[inline]
    fn write(self, out: &mut Vec<u8>) {
        out.push(b'"');
        self.append_to(out);
        out.push(b'"');
    }
}

impl Bare for Price {
    fn write(self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
}

impl Bare for Quantity {
    fn write(self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
}

impl Bare for Notional {
    fn write(self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
}

impl Bare for u64 {
    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(decimal(self, &mut [0; 20]));
    }
}

impl Bare for i64 {
    fn write(self, out: &mut Vec<u8>) {
        if self < 0 {
            out.push(b'-');
        }
        self.unsigned_abs().write(out);
    }
}

impl Bare for bool {
    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self { b"true" } else { b"false" });
    }
}

/// A word of the API.
impl Bare for &'static str {
    fn write(self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(self.as_bytes());
        out.push(b'"');
    }
}

/// What is shown in plain characters, as text.
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: std::fmt::Display> Bare for Shown<T> {
    fn write(self, out: &mut Vec<u8>) {
        // writing to a Vec cannot fail
        let _ = write!(out, "\"{}\"", self.0);
    }
}
