//! Rules for quotes: crossed, stale, not positive.

use quantflow_model::Quote;
use serde::{Deserialize, Serialize};

use crate::cleaning::{BAD_QUOTE, CROSSED_QUOTE, Refusal, STALE_QUOTE};

/// What is remembered of the newest quote of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct NewestQuote {
    update_id: Option<u64>,
    connection: u32,
}

/// What to do with a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    /// It came already, over another connection.
    Repeated,
    Refuse(Refusal),
}

impl NewestQuote {
    pub(crate) fn check(&mut self, quote: &Quote, connection: u32) -> Verdict {
        if !quote.bid.0.is_positive()
            || !quote.ask.0.is_positive()
            || quote.bid_quantity.0.is_negative()
            || quote.ask_quantity.0.is_negative()
        {
            return Verdict::Refuse(BAD_QUOTE.refusal(format!(
                "bid {} x {}, offer {} x {}",
                quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity
            )));
        }
        if quote.bid > quote.ask {
            return Verdict::Refuse(
                CROSSED_QUOTE.refusal(format!("bid {} above offer {}", quote.bid, quote.ask)),
            );
        }
        if let (Some(newest), Some(id)) = (self.update_id, quote.update_id)
            && id <= newest
        {
            // two connections overlap while one is renewed; the slower one says nothing new
            if connection != self.connection || id == newest {
                return Verdict::Repeated;
            }
            return Verdict::Refuse(
                STALE_QUOTE.refusal(format!("update {id} after update {newest}")),
            );
        }
        self.update_id = quote.update_id.or(self.update_id);
        self.connection = connection;
        Verdict::Keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(bid: &str, ask: &str, update_id: u64) -> Quote {
        Quote {
            bid: bid.parse().unwrap(),
            bid_quantity: "1".parse().unwrap(),
            ask: ask.parse().unwrap(),
            ask_quantity: "1".parse().unwrap(),
            update_id: Some(update_id),
            time: None,
        }
    }

    #[test]
    fn crossed_stale_and_negative_quotes_are_refused() {
        let mut newest = NewestQuote::default();
        assert_eq!(newest.check(&quote("1", "2", 10), 1), Verdict::Keep);
        assert_eq!(newest.check(&quote("1", "2", 10), 1), Verdict::Repeated);
        assert_eq!(newest.check(&quote("1", "2", 9), 2), Verdict::Repeated);
        for (quote, rule) in [
            (quote("1", "2", 9), "stale-quote"),
            (quote("2", "1", 11), "crossed-quote"),
            (quote("-1", "1", 11), "quote-not-positive"),
            (quote("0", "1", 11), "quote-not-positive"),
        ] {
            let Verdict::Refuse(refusal) = newest.check(&quote, 1) else {
                panic!("kept {quote:?}")
            };
            assert_eq!(refusal.rule, rule);
        }
        assert_eq!(
            newest.check(&quote("2", "2", 11), 1),
            Verdict::Keep,
            "locked, not crossed"
        );
    }
}
