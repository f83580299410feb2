//! Times without a feed where ids do not say what is missing, and venues that give trades in other ways
//! than by id upward.

use proptest::prelude::*;
use quantflow_model::{LedgerKind, Side, TimeRange, Timestamp, Trade, TradeId};
use quantflow_pipeline::{Effect, RepairHow};
use quantflow_wire::{Channel, Disconnected, OrderRule, Purpose, Query, RecordKind};

use crate::fake::{Fake, answer, spelled, symbol, trade, trade_line};
use crate::faults::{World, market};

const NAME: &str = "ABC";

fn lines<'t>(trades: impl IntoIterator<Item = &'t Trade>) -> String {
    trades.into_iter().map(|t| trade_line(NAME, t)).collect()
}

/// A venue with its trades, of which it gives pages of so many rows.
struct Venue<'t> {
    truth: &'t [Trade],
    page: usize,
    /// Whether a page of a span of time holds its first rows; else its last ones.
    upward: bool,
}

fn say(world: &mut World, query: Query, rows: &[&Trade]) {
    let body = lines(rows.iter().copied());
    let payload = answer(query, Purpose::Repair, 200, &body);
    world.apply(RecordKind::Exchange, payload);
}

impl Venue<'_> {
    /// Trades that have happened by now.
    fn past(&self, world: &World) -> Vec<&Trade> {
        let is_past = |t: &&Trade| t.time.millis() <= world.now;
        self.truth.iter().filter(is_past).collect()
    }

    /// Pages of a span, as ingestion asks for them.
    fn by_time(&self, world: &mut World, span: TimeRange) {
        let (mut from, mut to) = (span.start, span.end);
        loop {
            let past = self.past(world);
            let rows: Vec<_> = past
                .into_iter()
                .filter(|t| TimeRange::new(from, to).contains(t.time))
                .collect();
            let rows = match (rows.len() > self.page, self.upward) {
                (true, true) => &rows[..self.page],
                (true, false) => &rows[rows.len() - self.page..],
                _ => &rows[..],
            };
            let query = Query::Trades {
                symbol: spelled(NAME),
                from: Some(from),
                to: Some(to),
                limit: self.page as u32,
            };
            let edges = rows.first().zip(rows.last()).map(|(a, b)| (a.time, b.time));
            let full = rows.len() == self.page;
            let rows = rows.to_vec();
            say(world, query, &rows);
            match edges.filter(|_| full) {
                Some((_, last)) if self.upward && last > from => from = last,
                Some((first, _)) if !self.upward && first.plus_nanos(1) < to => {
                    to = first.plus_nanos(1);
                }
                _ => return,
            }
        }
    }

    fn newest(&self, world: &mut World) {
        let past = self.past(world);
        let rows = past[past.len().saturating_sub(self.page)..].to_vec();
        let query = Query::RecentTrades {
            symbol: spelled(NAME),
            limit: self.page as u32,
        };
        say(world, query, &rows);
    }

    fn serve(&self, world: &mut World) {
        for effect in std::mem::take(&mut world.effects) {
            match effect {
                Effect::RepairSpan { .. } if self.page >= self.truth.len() => self.newest(world),
                Effect::RepairSpan { span, .. } => self.by_time(world, span),
                Effect::Repair { hole, how, .. } => match how {
                    RepairHow::TradesBefore => {
                        let mut before = hole.to.next();
                        while before > hole.from {
                            let below = self.truth.iter().filter(|t| t.id < before);
                            let below: Vec<_> = below.collect();
                            let rows = below[below.len().saturating_sub(self.page)..].to_vec();
                            let Some(first) = rows.first().map(|t| t.id) else {
                                break;
                            };
                            let query = Query::TradesBeforeId {
                                symbol: spelled(NAME),
                                before,
                                limit: self.page as u32,
                            };
                            say(world, query, &rows);
                            before = first;
                        }
                    }
                    RepairHow::TradesByTime => self.by_time(world, hole.span()),
                    RepairHow::NewestTrades => self.newest(world),
                    other => panic!("{other:?} is not offered"),
                },
                other @ Effect::BookSnapshot { .. } => panic!("{other:?}"),
            }
        }
    }
}

/// The same trades with ids that jump.
fn jumping(truth: &[Trade]) -> Vec<Trade> {
    let jump = |(n, t): (usize, &Trade)| Trade {
        id: TradeId(t.id.0 * 7 + (n as u128 % 3)),
        ..*t
    };
    truth.iter().enumerate().map(jump).collect()
}

fn disconnect(world: &mut World) {
    let gone = Disconnected {
        reason: "silent".into(),
        detail: String::new(),
    };
    let payload = serde_json::to_vec(&gone).unwrap();
    world.apply(RecordKind::Disconnected, payload);
}

/// What the ledger says of times without a feed: down, filled, not to be had.
fn spans(world: &World) -> [i64; 3] {
    let mut sums = [0; 3];
    for kind in &world.ledger {
        match kind {
            LedgerKind::FeedDown { from, to, .. } => sums[0] += to.since(*from),
            LedgerKind::SpanFilled { from, to } => sums[1] += to.since(*from),
            LedgerKind::SpanUnfillable { from, to, .. } => sums[2] += to.since(*from),
            _ => {}
        }
    }
    sums
}

/// The clock goes on, second by second.
fn until(world: &mut World, millis: i64) {
    if world.now == 0 {
        world.now = millis;
    }
    while world.now < millis {
        let step = (millis - world.now).min(1_000);
        world.tick(step);
    }
}

/// Sends a market whose feed is dead from trade `dead` on, noticed `late` ms after it, until trade
/// `again`.
fn live_with_an_outage(world: &mut World, truth: &[Trade], dead: usize, again: usize, late: i64) {
    let at = |t: &Trade| t.time.millis() + 20;
    for t in &truth[..dead] {
        until(world, at(t));
        world.message(at(t), &[*t]);
    }
    let noticed = world.now + late;
    until(world, noticed);
    disconnect(world);
    until(world, at(&truth[again - 1]) + 1);
    world.subscribe(Channel::Trades);
    for t in &truth[again..] {
        until(world, at(t));
        let now = at(t).max(world.now);
        world.message(now, &[*t]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The trades of an outage come by time, in pages from either end, or as the newest ones, whatever
    /// came live meanwhile: the truth, exactly, and the ledger says that nothing is missing.
    #[test]
    fn an_outage_is_filled_and_proven(
        truth in market(80), cut in any::<(prop::sample::Index, prop::sample::Index)>(),
        late in 0_i64..9_000, page in 12_usize..40, upward in any::<bool>(), newest in any::<bool>(),
    ) {
        let truth = jumping(&truth);
        let dead = 1 + cut.0.index(truth.len() - 1);
        let again = dead + cut.1.index(truth.len() - dead + 1).min(truth.len() - dead);
        let page = if newest { 100 } else { page };
        // a page of one time cannot be gone past
        let times = truth.chunk_by(|a, b| a.time == b.time);
        prop_assume!(times.map(<[Trade]>::len).max().unwrap() < page);
        let mut codec = Fake::new(OrderRule::TimeThenId);
        codec.page = page as u32;
        codec.offers = Some(if newest { RepairHow::NewestTrades } else { RepairHow::TradesByTime });
        let mut world = World::of(codec);
        live_with_an_outage(&mut world, &truth, dead, again, late);
        let venue = Venue { truth: &truth, page, upward };
        for _ in 0..300 {
            world.tick(1_000);
            venue.serve(&mut world);
        }
        let slot = world.pipeline.slot(&symbol(NAME)).unwrap();
        let mut held = world.store.trades[&slot].clone();
        held.sort_by_key(|t| (t.time, t.id));
        let mut truth = truth.clone();
        truth.sort_by_key(|t| (t.time, t.id));
        let key = |t: &Trade| (t.time, t.id, t.price, t.quantity);
        prop_assert_eq!(
            held.iter().map(key).collect::<Vec<_>>(),
            truth.iter().map(key).collect::<Vec<_>>()
        );
        world.store.assert_candles(&truth, &world.pipeline, slot);
        let [down, filled, gone] = spans(&world);
        prop_assert!(down > 0);
        prop_assert_eq!((filled, gone), (down, 0));
    }

    /// Holes of ids are filled by whatever way the venue offers.
    #[test]
    fn holes_are_filled_in_every_way_that_is_offered(
        truth in market(80), from in any::<prop::sample::Index>(), length in 1_usize..30,
        way in 0_usize..3, page in 12_usize..40, upward in any::<bool>(),
    ) {
        let ways = [RepairHow::TradesBefore, RepairHow::TradesByTime, RepairHow::NewestTrades];
        let how = ways[way];
        let page = if how == RepairHow::NewestTrades { 100 } else { page };
        let times = truth.chunk_by(|a, b| a.time == b.time);
        prop_assume!(times.map(<[Trade]>::len).max().unwrap() < page);
        let from = 1 + from.index(truth.len() - 1);
        let to = (from + length).min(truth.len() - 1);
        let mut codec = Fake::new(OrderRule::ContiguousIds);
        codec.page = page as u32;
        codec.offers = Some(how);
        let mut world = World::of(codec);
        for (i, t) in truth.iter().enumerate() {
            if !(from..to).contains(&i) {
                world.message(t.time.millis() + 20, &[*t]);
            }
        }
        let venue = Venue { truth: &truth, page, upward };
        for _ in 0..300 {
            world.tick(1_000);
            venue.serve(&mut world);
        }
        let slot = world.pipeline.slot(&symbol(NAME)).unwrap();
        prop_assert!(world.pipeline.open_holes(slot).is_empty());
        prop_assert!(world.pipeline.unfillable_holes(slot).is_empty());
        world.store.assert_is(&truth, &world.pipeline, slot);
    }
}

/// Ten trades, one each second.
fn ten() -> Vec<Trade> {
    (0..10)
        .map(|n| trade(n * 5, 1_000_000 + n as i64 * 1_000, 100, 1, Side::Buy))
        .collect()
}

#[test]
fn what_is_older_than_all_that_a_venue_gives_is_named() {
    let truth = ten();
    let mut codec = Fake::new(OrderRule::TimeThenId);
    codec.page = 3;
    codec.offers = Some(RepairHow::NewestTrades);
    let mut world = World::of(codec);
    live_with_an_outage(&mut world, &truth, 2, 9, 0);
    let venue = Venue {
        truth: &truth,
        page: 3,
        upward: true,
    };
    for _ in 0..10 {
        world.tick(1_000);
        world.effects.clear();
        venue.newest(&mut world);
    }
    let [down, filled, gone] = spans(&world);
    assert_eq!(down, filled + gone);
    let reason = world.ledger.iter().find_map(|kind| match kind {
        LedgerKind::SpanUnfillable { from, to, reason } => Some((*from, *to, reason.clone())),
        _ => None,
    });
    let (from, to, reason) = reason.unwrap();
    assert_eq!(
        from,
        Timestamp::from_millis(1_001_000),
        "the last trade before"
    );
    assert_eq!(to, Timestamp::from_millis(1_007_000).plus_nanos(1));
    assert!(reason.contains("newest"), "{reason}");
}

#[test]
fn an_answer_brings_nothing_outside_the_time_without_a_feed() {
    let truth = ten();
    let mut codec = Fake::new(OrderRule::TimeThenId);
    codec.offers = Some(RepairHow::NewestTrades);
    let mut world = World::of(codec);
    for t in &truth[..8] {
        world.message(t.time.millis() + 20, &[*t]);
    }
    // somebody looks at the newest trades: the stream brings the last two in a moment
    let venue = Venue {
        truth: &truth,
        page: 100,
        upward: true,
    };
    world.tick(1_000);
    world.tick(1_000);
    venue.newest(&mut world);
    let slot = world.pipeline.slot(&symbol(NAME)).unwrap();
    assert_eq!(world.store.trades[&slot].len(), 8);
    for t in &truth[8..] {
        let now = world.now;
        world.message(now, &[*t]);
    }
    assert_eq!(world.store.trades[&slot].len(), 10);
}
