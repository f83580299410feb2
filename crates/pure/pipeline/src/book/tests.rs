//! What a book does with snapshots, changes and checksums.

use super::*;

#[test]
fn a_book_that_is_lost_again_and_again_is_asked_for_ever_less_often() {
    let second = 1_000_000_000;
    let mut book = Book::new(BookRule::REQUESTED);
    let mut asked = Vec::new();
    for tenth in 0..1_200 {
        let now = tenth * second / 10;
        if now >= book.due(10 * second) {
            book.ask(now);
            asked.push(now / second);
        }
        book.lose(); // each tenth of a second
    }
    assert_eq!(asked, [0, 1, 3, 7, 15, 31, 63, 95]);
    let calm = 300 * second;
    assert!(calm >= book.due(10 * second));
    book.ask(calm);
    book.lose();
    assert_eq!(
        book.due(0),
        calm + second,
        "after a calm time it begins anew"
    );
}

fn level(price: &str, quantity: &str) -> Level {
    Level {
        price: price.parse().unwrap(),
        quantity: quantity.parse().unwrap(),
    }
}

fn delta(first: u64, last: u64, bids: Vec<Level>, asks: Vec<Level>) -> BookDelta {
    BookDelta {
        checksum: None,
        first_update_id: first,
        last_update_id: last,
        previous_update_id: None,
        time: None,
        bids,
        asks,
    }
}

fn snapshot(id: u64) -> BookSnapshot {
    BookSnapshot {
        checksum: None,
        last_update_id: id,
        time: None,
        bids: vec![level("10", "1"), level("9", "1")],
        asks: vec![level("11", "1"), level("12", "1")],
    }
}

fn top(book: &Book) -> (String, String) {
    let top = book.top().unwrap();
    (top.bid.to_string(), top.ask.to_string())
}

#[test]
fn changes_before_the_snapshot_wait_for_it() {
    let mut book = Book::new(BookRule::REQUESTED);
    assert_eq!(
        book.delta(&delta(90, 95, vec![level("1", "1")], vec![])),
        Change::None
    );
    assert_eq!(
        book.delta(&delta(96, 101, vec![level("10.5", "1")], vec![])),
        Change::None
    );
    assert!(book.wanted && book.top().is_none());
    assert_eq!(book.snapshot(&snapshot(99)), Change::Applied);
    assert_eq!(top(&book), ("10.5".into(), "11".into()));
    assert_eq!(book.top().unwrap().update_id, Some(101));
    let gone = delta(102, 102, vec![level("10.5", "0")], vec![level("10.7", "2")]);
    assert_eq!(book.delta(&gone), Change::Applied);
    assert_eq!(top(&book), ("10".into(), "10.7".into()));
    assert_eq!(book.delta(&gone), Change::None, "seen before");
    let shown = book.levels(1).unwrap();
    assert_eq!((shown.bids.len(), shown.asks[0]), (1, level("10.7", "2")));
}

#[test]
fn a_gap_asks_for_a_snapshot_and_goes_on_from_it() {
    let mut book = Book::new(BookRule::REQUESTED);
    book.snapshot(&snapshot(100));
    assert_eq!(
        book.delta(&delta(101, 103, vec![], vec![])),
        Change::Applied
    );
    assert_eq!(book.delta(&delta(105, 106, vec![], vec![])), Change::Lost);
    assert!(book.top().is_none() && book.wanted);
    assert_eq!(
        book.snapshot(&snapshot(103)),
        Change::None,
        "too old to continue"
    );
    assert_eq!(book.snapshot(&snapshot(105)), Change::Applied);
    assert_eq!(book.top().unwrap().update_id, Some(106));
}

fn rule(snapshot: SnapshotBy, sequence: BookSequence, depth: Option<u16>) -> BookRule {
    BookRule {
        snapshot,
        sequence,
        depth,
    }
}

fn chained(previous: u64, last: u64, bids: Vec<Level>) -> BookDelta {
    BookDelta {
        previous_update_id: Some(previous),
        ..delta(last, last, bids, vec![])
    }
}

#[test]
fn a_chained_stream_begins_with_its_snapshot() {
    let mut book = Book::new(rule(SnapshotBy::Stream, BookSequence::Chained, None));
    let early = chained(98, 99, vec![level("10.4", "1")]);
    assert_eq!(book.delta(&early), Change::None, "nothing waits");
    assert_eq!(book.snapshot(&snapshot(100)), Change::Applied);
    assert_eq!(top(&book).0, "10", "what came before is not in it");
    let next = chained(100, 107, vec![level("10.5", "1")]);
    assert_eq!(book.delta(&next), Change::Applied);
    assert_eq!(book.delta(&next), Change::None, "seen before");
    let restarted = chained(107, 3, vec![level("10.6", "1")]);
    assert_eq!(book.delta(&restarted), Change::Applied, "numbers anew");
    assert_eq!(top(&book).0, "10.6");
    assert_eq!(book.delta(&chained(5, 6, vec![])), Change::Lost);
    assert!(book.wanted && book.top().is_none());
    assert_eq!(book.snapshot(&snapshot(2)), Change::Applied, "its own word");
}

/// As Binance's futures have it: numbers are shared by all symbols, so that a change begins later than
/// the one before it ended.
#[test]
fn a_chained_change_may_follow_a_snapshot_by_name_alone() {
    let chained_from = |previous, first, last| BookDelta {
        first_update_id: first,
        ..chained(previous, last, vec![level("10.5", "1")])
    };
    let requested = || Book::new(rule(SnapshotBy::Request, BookSequence::Chained, None));
    let mut book = requested();
    book.snapshot(&snapshot(100));
    assert_eq!(book.delta(&chained_from(100, 107, 110)), Change::Applied);
    // the same where it waited for the snapshot
    let mut book = requested();
    assert_eq!(book.delta(&chained_from(100, 107, 110)), Change::None);
    assert_eq!(book.snapshot(&snapshot(100)), Change::Applied);
    assert_eq!(top(&book).0, "10.5");
    let mut book = requested();
    book.snapshot(&snapshot(100));
    assert_eq!(book.delta(&chained_from(101, 107, 110)), Change::Lost);
}

#[test]
fn a_book_of_some_levels_forgets_the_others() {
    let mut book = Book::new(rule(SnapshotBy::Stream, BookSequence::None, Some(2)));
    book.snapshot(&snapshot(0));
    let better = delta(0, 0, vec![level("10.5", "1")], vec![]);
    assert_eq!(book.delta(&better), Change::Applied);
    let gone = delta(0, 0, vec![level("10.5", "0")], vec![]);
    assert_eq!(book.delta(&gone), Change::Applied);
    let bids = book.levels(9).unwrap().bids;
    assert_eq!(bids, [level("10", "1")], "9 fell out when 10.5 came");
}

#[test]
fn older_changes_of_an_ascending_stream_are_passed_over() {
    let mut book = Book::new(rule(SnapshotBy::Stream, BookSequence::Ascending, None));
    book.snapshot(&snapshot(100));
    let older = delta(0, 99, vec![level("10.5", "1")], vec![]);
    assert_eq!(book.delta(&older), Change::None);
    let later = delta(0, 180, vec![level("10.5", "1")], vec![]);
    assert_eq!(book.delta(&later), Change::Applied);
}
