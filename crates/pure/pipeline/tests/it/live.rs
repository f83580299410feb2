//! A live feed, one record at a time.

mod absent;
mod answers;
mod candles;
mod connections;
mod refused;

use quantflow_model::{Side, Timeframe, Trade, TradeId};
use quantflow_pipeline::Output;
use quantflow_wire::{Channel, LogPosition, OrderRule, Purpose, Query, RecordKind};

use crate::fake::{answer, spelled, symbol, trade, trade_line};
use crate::faults::{Owned, pipeline};

const NAME: &str = "ABC";
/// A whole minute, in ms.
const MINUTE: i64 = 1_723_161_300_000;

/// A world whose outputs are looked at one record at a time.
struct Live {
    pipeline: quantflow_pipeline::Pipeline,
    out: Output,
    offset: u64,
    received: i64,
}

impl Live {
    fn new(order: OrderRule, channel: Channel) -> Self {
        let mut live = Self {
            pipeline: pipeline(order),
            out: Output::default(),
            offset: 0,
            received: MINUTE,
        };
        live.subscribe(1, channel);
        live
    }

    fn apply(&mut self, kind: RecordKind, connection: u32, payload: Vec<u8>) -> &Output {
        self.offset += 1;
        self.out.clear();
        let owned = Owned {
            kind,
            received: self.received,
            connection,
            payload,
        };
        let position = LogPosition {
            epoch: 1,
            offset: self.offset,
        };
        self.pipeline
            .apply(position, &owned.record(), &mut self.out);
        &self.out
    }

    fn subscribe(&mut self, connection: u32, channel: Channel) {
        let subscribed = quantflow_wire::Subscribed {
            subscriptions: vec![crate::fake::subscription(NAME, channel)],
        };
        let payload = serde_json::to_vec(&subscribed).unwrap();
        self.apply(RecordKind::Subscribed, connection, payload);
    }

    fn text(&mut self, received: i64, text: &str) -> &Output {
        self.received = received;
        self.apply(RecordKind::Text, 1, text.as_bytes().to_vec())
    }

    /// A trade, received when it happened.
    fn trade(&mut self, trade: &Trade) -> &Output {
        self.text(trade.time.millis(), &trade_line(NAME, trade))
    }

    fn tick(&mut self, received: i64) -> &Output {
        self.received = received;
        self.apply(RecordKind::Tick, 0, Vec::new())
    }

    fn answer(&mut self, query: Query, status: u16, body: &str) -> &Output {
        let payload = answer(query, Purpose::Repair, status, body);
        self.apply(RecordKind::Exchange, 0, payload)
    }

    fn slot(&self) -> quantflow_pipeline::SymbolSlot {
        self.pipeline.slot(&symbol(NAME)).unwrap()
    }
}

fn closed(out: &Output) -> Vec<Timeframe> {
    out.candles.iter().map(|c| c.timeframe).collect()
}

fn at(id: u128, millis: i64) -> Trade {
    trade(id, MINUTE + millis, 500 + id as i64, 10, Side::Buy)
}

fn from_id(from: u128, limit: u32) -> Query {
    Query::TradesFromId {
        symbol: spelled(NAME),
        from: TradeId(from),
        limit,
    }
}
