//! A reader of protocol buffers: the fields of one message, without copying and within its bytes.
//!
//! Only what the venue's few messages need: numbers and bytes. Every step consumes at least a byte, so
//! the work is bounded by the length, whatever the bytes are.

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number.
    Number(u64),
    /// Text, or a message.
    Bytes(&'a [u8]),
    /// Four or eight bytes, which none of the messages use.
    Fixed,
}

/// The fields of a message, in the order in which they stand; ends with `None` in place of a field
/// where the bytes are none.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    broken: bool,
}

impl<'a> Fields<'a> {
    pub(super) const fn of(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            broken: false,
        }
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for at in 0..10_u32 {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            let bits = u64::from(byte & 0x7f);
            // the tenth byte holds one bit
            if at == 9 && bits > 1 {
                return None;
            }
            number |= bits << (7 * at);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let length = usize::try_from(length).ok()?;
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        // numbers of fields begin with 1 and have 29 bits
        (1..1 << 29)
            .contains(&(key >> 3))
            .then_some((key >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken || self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        self.broken = field.is_none();
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Option<(u64, Value<'_>)>> {
        Fields::of(bytes).collect()
    }

    #[test]
    fn fields_of_every_kind_are_read() {
        let bytes = [
            0x0a, 2, b'h', b'i', // 1: bytes
            0x10, 0xac, 0x02, // 2: 300
            0x19, 1, 2, 3, 4, 5, 6, 7, 8, // 3: eight bytes
            0x25, 1, 2, 3, 4, // 4: four bytes
        ];
        assert_eq!(
            all(&bytes),
            [
                Some((1, Value::Bytes(b"hi"))),
                Some((2, Value::Number(300))),
                Some((3, Value::Fixed)),
                Some((4, Value::Fixed)),
            ]
        );
        let mut largest = vec![0x08];
        largest.extend([0xff; 9]);
        largest.push(1);
        assert_eq!(all(&largest), [Some((1, Value::Number(u64::MAX)))]);
    }

    #[test]
    fn what_is_no_message_ends_with_none() {
        for bytes in [
            &[0x0a, 3, b'h', b'i'][..], // longer than the bytes
            &[0x0a][..],                // no length
            &[0x00, 0x00][..],          // field 0
            &[0x0b][..],                // a group
            &[0x08, 0x80][..],          // a number without an end
            &[
                0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,
            ][..], // 65 bits
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f][..],
        ] {
            assert_eq!(all(bytes).last(), Some(&None), "{bytes:?}");
        }
    }
}
