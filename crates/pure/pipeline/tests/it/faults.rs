//! What real feeds do: reorder, repeat, drop. After repair everything is as if they had not.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use quantflow_model::{LedgerKind, Side, Timestamp, Trade, TradeId};
use quantflow_pipeline::{Effect, Output, Pipeline, PipelineOptions, RepairHow};
use quantflow_wire::{
    Channel, LogPosition, OrderRule, PartitionId, Purpose, Query, Record, RecordKind, Subscribed,
};

use crate::fake::{
    Fake, aggregate_line, answer, spelled, subscription, symbol, trade, trade_line, venue,
};
use crate::truth::Store;

const NAME: &str = "ABC";
/// Our clock is this far ahead of the venue's.
const SKEW: i64 = 7 * 365 * 86_400 * 1_000;

/// A record that owns its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Owned {
    pub(crate) kind: RecordKind,
    /// Receive time, ms.
    pub(crate) received: i64,
    pub(crate) connection: u32,
    pub(crate) payload: Vec<u8>,
}

impl Owned {
    pub(crate) fn record(&self) -> Record<'_> {
        Record {
            kind: self.kind,
            received: Timestamp::from_millis(self.received),
            connection: self.connection,
            sequence: 0,
            payload: &self.payload,
        }
    }
}

pub(crate) fn pipeline(order: OrderRule) -> Pipeline {
    pipeline_of(Fake::new(order))
}

fn pipeline_of(codec: Fake) -> Pipeline {
    Pipeline::new(
        PartitionId::new("fake").unwrap(),
        venue(),
        Some(Arc::new(codec)),
        PipelineOptions::default(),
    )
}

/// A pipeline, its store, and a venue that answers what it asks for.
pub(crate) struct World {
    pub(crate) pipeline: Pipeline,
    pub(crate) store: Store,
    pub(crate) out: Output,
    pub(crate) ledger: Vec<LedgerKind>,
    pub(crate) records: Vec<Owned>,
    pub(crate) effects: Vec<Effect>,
    offset: u64,
    pub(crate) now: i64,
}

impl World {
    pub(crate) fn new(order: OrderRule) -> Self {
        Self::of(Fake::new(order))
    }

    pub(crate) fn of(codec: Fake) -> Self {
        let mut world = Self {
            pipeline: pipeline_of(codec),
            store: Store::default(),
            out: Output::default(),
            ledger: Vec::new(),
            records: Vec::new(),
            effects: Vec::new(),
            offset: 0,
            now: 0,
        };
        world.subscribe(Channel::Trades);
        world
    }

    pub(crate) fn subscribe(&mut self, channel: Channel) {
        let subscribed = Subscribed {
            subscriptions: vec![subscription(NAME, channel)],
        };
        let payload = serde_json::to_vec(&subscribed).unwrap();
        self.apply(RecordKind::Subscribed, payload);
    }

    pub(crate) fn apply(&mut self, kind: RecordKind, payload: Vec<u8>) {
        let owned = Owned {
            kind,
            received: self.now + SKEW,
            connection: 1,
            payload,
        };
        self.offset += 1;
        let position = LogPosition {
            epoch: 1,
            offset: self.offset,
        };
        self.pipeline
            .apply(position, &owned.record(), &mut self.out);
        self.store.take(&self.out, self.pipeline.orders_by_id());
        self.ledger
            .extend(self.out.ledger.iter().map(|e| e.kind.clone()));
        self.effects.append(&mut self.out.effects);
        self.out.clear();
        self.records.push(owned);
    }

    /// Trades in one message, at a time (ms).
    pub(crate) fn message(&mut self, now: i64, trades: &[Trade]) {
        self.now = self.now.max(now);
        let text: String = trades.iter().map(|t| trade_line(NAME, t)).collect();
        self.apply(RecordKind::Text, text.into_bytes());
    }

    pub(crate) fn tick(&mut self, millis: i64) {
        self.now += millis;
        self.apply(RecordKind::Tick, Vec::new());
    }

    /// Answers every repair that was asked for, from the truth.
    pub(crate) fn answer_repairs(&mut self, truth: &[Trade], singles: bool) {
        for effect in std::mem::take(&mut self.effects) {
            let Effect::Repair { hole, how, .. } = effect else {
                continue;
            };
            match how {
                RepairHow::SingleTrades => {
                    let limit = (hole.count() as u32).min(1_000);
                    let query = Query::TradesFromId {
                        symbol: spelled(NAME),
                        from: hole.from,
                        limit,
                    };
                    let page: String = truth
                        .iter()
                        .filter(|t| t.id >= hole.from)
                        .take(limit as usize)
                        .map(|t| trade_line(NAME, t))
                        .collect();
                    let (status, body) = if singles {
                        (200, page.as_str())
                    } else {
                        (401, "")
                    };
                    let payload = answer(query, Purpose::Repair, status, body);
                    self.apply(RecordKind::Exchange, payload);
                }
                RepairHow::TradesBefore | RepairHow::TradesByTime | RepairHow::NewestTrades => {
                    unreachable!("the venue offers trades by id")
                }
                RepairHow::Aggregates => {
                    let span = hole.span();
                    let body: String = aggregates(truth)
                        .enumerate()
                        .filter(|(_, trades)| span.contains(trades[0].time))
                        .take(1_000)
                        .map(|(number, trades)| aggregate_line(NAME, number, trades))
                        .collect();
                    let query = Query::AggregateTrades {
                        symbol: spelled(NAME),
                        from: span.start,
                        to: span.end,
                        limit: 1_000,
                    };
                    let payload = answer(query, Purpose::Repair, 200, &body);
                    self.apply(RecordKind::Exchange, payload);
                }
            }
        }
    }

    /// Goes on until nothing is missing.
    pub(crate) fn settle(&mut self, truth: &[Trade], singles: bool) {
        let slot = self.pipeline.slot(&symbol(NAME)).unwrap();
        for _ in 0..200 {
            self.tick(1_000);
            self.answer_repairs(truth, singles);
            if self.pipeline.open_holes(slot).is_empty() {
                return;
            }
        }
        panic!("still missing: {:?}", self.pipeline.open_holes(slot));
    }
}

/// Trades as their venue aggregates them: same time, price and side.
pub(crate) fn aggregates(trades: &[Trade]) -> impl Iterator<Item = &[Trade]> {
    trades.chunk_by(|a, b| a.time == b.time && a.price == b.price && a.side == b.side)
}

/// A market: ids from 100, times that mostly grow, few prices so that aggregates are common.
pub(crate) fn market(most: usize) -> impl Strategy<Value = Vec<Trade>> {
    let step = prop_oneof![
        6 => Just(0_i64), 6 => 0_i64..400, 3 => 400_i64..3_000, 1 => 3_000_i64..200_000
    ];
    let side = prop_oneof![4 => Just(Side::Buy), 4 => Just(Side::Sell), 1 => Just(Side::Unknown)];
    prop::collection::vec(
        (step, 9_990_i64..10_010, 1_i64..500, side, any::<bool>()),
        2..most,
    )
    .prop_map(|rows| {
        let mut now = 1_723_161_255_000;
        let mut last: Option<(i64, Side)> = None;
        rows.into_iter()
            .enumerate()
            .map(|(i, (step, price, amount, side, same))| {
                now += step;
                let (price, side) = match last {
                    Some(last) if same => last,
                    _ => (price, side),
                };
                last = Some((price, side));
                trade(100 + i as u128, now, price, amount, side)
            })
            .collect()
    })
}

/// What becomes of each trade on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fate {
    Arrives,
    Dropped,
    Twice,
    /// So many milliseconds later than it should.
    Delayed(i64),
}

pub(crate) fn fates(most: usize) -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        8 => Just(Fate::Arrives),
        2 => Just(Fate::Dropped),
        1 => Just(Fate::Twice),
        2 => (1_i64..8_000).prop_map(Fate::Delayed),
    ];
    prop::collection::vec(fate, most)
}

/// Sends a market through faults; the last trade always arrives, so that holes can be seen.
pub(crate) fn send(world: &mut World, truth: &[Trade], fates: &[Fate], singles: bool) {
    let mut sent: Vec<(i64, Trade)> = Vec::new();
    for (i, trade) in truth.iter().enumerate() {
        let at = trade.time.millis() + 20;
        match if i + 1 == truth.len() {
            Fate::Arrives
        } else {
            fates[i % fates.len()]
        } {
            Fate::Arrives => sent.push((at, *trade)),
            Fate::Dropped => {}
            Fate::Twice => sent.extend([(at, *trade), (at + 5, *trade)]),
            Fate::Delayed(by) => sent.push((at + by, *trade)),
        }
    }
    sent.sort_by_key(|(at, _)| *at);
    for (at, trade) in sent {
        if world.now == 0 {
            world.now = at;
        }
        while world.now + 1_000 < at {
            world.tick(1_000);
            world.answer_repairs(truth, singles);
        }
        world.message(at, &[trade]);
    }
}

/// The trades that can be known: those from the first one that arrived on.
fn from_first(truth: &[Trade], world: &World) -> Vec<Trade> {
    let slot = world.pipeline.slot(&symbol(NAME)).unwrap();
    let first = world.pipeline.began(slot).unwrap().id;
    truth.iter().filter(|t| t.id >= first).copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Drops, duplicates and delays, then repair: the truth, exactly, in all timeframes.
    #[test]
    fn faults_and_repair_give_the_truth(truth in market(120), fates in fates(40)) {
        let mut world = World::new(OrderRule::ContiguousIds);
        send(&mut world, &truth, &fates, true);
        world.settle(&truth, true);
        let slot = world.pipeline.slot(&symbol(NAME)).unwrap();
        world.store.assert_is(&from_first(&truth, &world), &world.pipeline, slot);
        assert_ledger_balances(&world);
    }

    /// The same where the venue refuses single trades: aggregates fill the holes exactly.
    #[test]
    fn aggregates_repair_candles_exactly(truth in market(120), fates in fates(40)) {
        let mut world = World::new(OrderRule::ContiguousIds);
        send(&mut world, &truth, &fates, false);
        world.settle(&truth, false);
        let slot = world.pipeline.slot(&symbol(NAME)).unwrap();
        let known = from_first(&truth, &world);
        let unfillable: u128 = world
            .pipeline
            .unfillable_holes(slot)
            .iter()
            .map(quantflow_model::Hole::count)
            .sum();
        let held: u64 = world.store.trades[&slot].iter().map(|t| u64::from(t.count)).sum();
        prop_assert_eq!(u128::from(held) + unfillable, known.len() as u128);
        if unfillable == 0 {
            world.store.assert_candles(&known, &world.pipeline, slot);
        }
        assert_ledger_balances(&world);
    }

    /// Without single-trade holes inside one aggregate nothing is unfillable.
    #[test]
    fn one_hole_is_always_filled_by_aggregates(
        truth in market(60), from in any::<prop::sample::Index>(), length in 1_usize..12,
    ) {
        let from = 1 + from.index(truth.len() - 1);
        let to = (from + length).min(truth.len() - 1);
        let mut world = World::new(OrderRule::ContiguousIds);
        for (i, trade) in truth.iter().enumerate() {
            if !(from..to).contains(&i) {
                world.message(trade.time.millis() + 20, &[*trade]);
            }
        }
        world.settle(&truth, false);
        let slot = world.pipeline.slot(&symbol(NAME)).unwrap();
        prop_assert!(world.pipeline.unfillable_holes(slot).is_empty());
        world.store.assert_candles(&truth, &world.pipeline, slot);
    }
}

/// Every id that was found missing was filled or given up (or given up and came after all), and
/// nothing else was.
fn assert_ledger_balances(world: &World) {
    let mut missing = BTreeSet::new();
    let mut given_up = BTreeSet::new();
    for kind in &world.ledger {
        match kind {
            LedgerKind::Found(hole) => {
                for id in hole.from.0..=hole.to.0 {
                    assert!(missing.insert(id), "{id} found twice");
                }
            }
            LedgerKind::Filled { from, to, .. } => {
                for id in from.0..=to.0 {
                    assert!(
                        missing.remove(&id) || given_up.remove(&id),
                        "{id} was there"
                    );
                }
            }
            LedgerKind::Unfillable { from, to, .. } => {
                for id in from.0..=to.0 {
                    assert!(missing.remove(&id), "{id} was not missing");
                    given_up.insert(id);
                }
            }
            _ => {}
        }
    }
    assert!(missing.is_empty(), "still missing: {missing:?}");
    let slot = world.pipeline.slot(&symbol(NAME)).unwrap();
    let unfillable: BTreeSet<u128> = world
        .pipeline
        .unfillable_holes(slot)
        .iter()
        .flat_map(|hole| hole.from.0..=hole.to.0)
        .collect();
    assert_eq!(given_up, unfillable);
}

#[test]
fn a_reordering_costs_no_request() {
    let mut world = World::new(OrderRule::ContiguousIds);
    let truth: Vec<Trade> = (0..4)
        .map(|i| trade(i, 1_000_000 + i as i64 * 10, 100, 1, Side::Buy))
        .collect();
    for i in [0, 2, 1, 3] {
        world.message(1_000_100 + i as i64 * 10, &[truth[i]]);
    }
    world.tick(1_000);
    assert!(world.effects.is_empty(), "{:?}", world.effects);
    let kinds: Vec<_> = world.ledger.iter().skip(1).collect();
    assert!(matches!(
        kinds[..],
        [
            LedgerKind::Found(_),
            LedgerKind::Filled {
                from: TradeId(1),
                to: TradeId(1),
                ..
            }
        ]
    ));
}
