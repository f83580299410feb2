//! Our books against those of ccxt, from the same recorded bytes.

use quantflow_testkit::recorded::ccxt::{Comparison, cases};
use quantflow_wire::{EventKind, Query};

use super::codec;
use crate::broken::{answer, symbol};

#[test]
fn every_book_is_equal() {
    let Some(cases) = cases("kucoin") else {
        return;
    };
    let mut all = Comparison::default();
    for case in &cases {
        assert_eq!(case.method, "fetchOrderBook");
        let name = case.input[0].as_str().unwrap().replace('/', "-");
        let query = Query::Book {
            symbol: symbol(&name),
            limit: 100,
        };
        let events = answer(&codec(), &query, &case.body).unwrap();
        let EventKind::BookSnapshot(book) = &events[0].kind else {
            panic!("{events:?}");
        };
        all.book(case, book);
        let sequence = book.last_update_id.to_string();
        all.text("nonce", Some(&sequence), &case.unified["nonce"]);
    }
    assert_eq!(cases.len(), 3);
    all.close("kucoin", &[]);
}
