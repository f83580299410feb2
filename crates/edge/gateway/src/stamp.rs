//! [`Stamp`]: the time as text, written anew only as far as it changed.

use std::time::{Duration, UNIX_EPOCH};

use httpdate::HttpDate;
use quantflow_model::Timestamp;

const SECOND: i64 = 1_000_000_000;

/// The time as text. Calendars are asked once a second, whatever is answered in it.
#[derive(Debug)]
pub(crate) struct Stamp {
    /// Since 1970; `None` before it is first set.
    second: Option<i64>,
    /// As in the header `Date`.
    date: Vec<u8>,
    /// As a [`Timestamp`] is shown.
    text: Vec<u8>,
    /// How much of the text is the second's.
    whole: usize,
}

impl Stamp {
    pub(crate) const fn new() -> Self {
        Self {
            second: None,
            date: Vec::new(),
            text: Vec::new(),
            whole: 0,
        }
    }

    pub(crate) fn set(&mut self, now: Timestamp) {
        let second = now.nanos().div_euclid(SECOND);
        if self.second != Some(second) {
            self.second = Some(second);
            let whole = Timestamp::from_nanos(second.saturating_mul(SECOND));
            self.text = whole.to_string().into_bytes();
            self.whole = self.text.len().saturating_sub(1); // without the `Z`
            let since = Duration::from_secs(second.try_into().unwrap_or(0));
            self.date = HttpDate::from(UNIX_EPOCH + since).to_string().into_bytes();
        }
        self.text.truncate(self.whole);
        let mut fraction = now.nanos().rem_euclid(SECOND) as u32;
        if fraction > 0 {
            let mut digits = *b".000000000";
            for digit in digits[1..].iter_mut().rev() {
                *digit += (fraction % 10) as u8;
                fraction /= 10;
            }
            let zeros = digits.iter().rev().take_while(|d| **d == b'0').count();
            self.text.extend_from_slice(&digits[..digits.len() - zeros]);
        }
        self.text.push(b'Z');
    }

    /// As in the header `Date`.
    pub(crate) fn date(&self) -> &[u8] {
        &self.date
    }

    /// RFC 3339.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever was set before, the text is the one that the time itself shows.
        #[test]
        fn it_says_what_the_time_says(
            from in 0_i64..4_000_000_000,
            steps in proptest::collection::vec((0_i64..3, prop_oneof![Just(0_i64), Just(120_000_000), Just(1), 0_i64..SECOND]), 1..20),
        ) {
            let mut stamp = Stamp::new();
            let mut second = from;
            for (more, nanos) in steps {
                second += more;
                let now = Timestamp::from_nanos(second * SECOND + nanos);
                stamp.set(now);
                let text = now.to_string();
                prop_assert_eq!(stamp.text(), text.as_bytes());
                let date = HttpDate::from(UNIX_EPOCH + Duration::from_secs(second as u64));
                let date = date.to_string();
                prop_assert_eq!(stamp.date(), date.as_bytes());
            }
        }
    }
}
