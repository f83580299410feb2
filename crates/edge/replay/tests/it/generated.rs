//! What always holds of a generated market.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use quantflow_model::{Decimal, Price, Quantity, TimeRange, Timeframe, Timestamp, Trade};
use quantflow_replay::{
    Bar, GeneratedMarket, GeneratedOptions, Mark, Market, MarketEvent, Profile, candles,
};
use quantflow_wire::EventKind;

use crate::harness::NOON;

const ALL: Mark = Mark(u64::MAX);

fn market(seed: u64, rate: f64, begins: Timestamp) -> GeneratedMarket {
    let profile = Profile {
        trades_per_second: rate,
        ..Profile::new("ABC", "USD", 12.5, 3)
    };
    GeneratedMarket::new(&GeneratedOptions {
        seed,
        venue: "demo".parse().unwrap(),
        profiles: vec![profile, Profile::new("XYZ", "USD", 900.0, 1)],
        begins,
        books: true,
    })
    .unwrap()
}

fn walk(market: &GeneratedMarket, from: Timestamp, to: Timestamp) -> Vec<MarketEvent> {
    let mut feed = market.feed(from);
    let mut events = Vec::new();
    while feed.next_time().is_some_and(|time| time < to) {
        events.extend(feed.next());
    }
    events
}

fn at(seconds: i64) -> Timestamp {
    NOON + Duration::from_secs(seconds as u64)
}

/// A client's book: what its deltas make of the first snapshot.
#[derive(Default)]
struct ClientBook {
    last: u64,
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Trades are contiguous, ordered, on tick and lot, and above zero; aggregates tile them;
    /// books are contiguous, never crossed, and agree with the last quote.
    #[test]
    fn a_walk_keeps_the_venues_rules(seed: u64, rate in 0.2_f64..60.0, start in 0_i64..100_000) {
        let market = market(seed, rate, NOON);
        let from = at(start);
        let events = walk(&market, from, from + Duration::from_secs(20));
        let mut last_time = from;
        let mut trades: Vec<Vec<Trade>> = vec![Vec::new(); 2];
        let mut aggregated = [None; 2];
        let mut books = [ClientBook::default(), ClientBook::default()];
        let mut quotes = [None; 2];
        for event in &events {
            prop_assert!(event.time >= last_time, "time goes back at {event:?}");
            last_time = event.time;
            let listing = event.listing;
            let units = market.listings()[listing].units;
            match &event.kind {
                EventKind::Trade(trade) => {
                    let trade = trade.trade;
                    if let Some(last) = trades[listing].last() {
                        prop_assert_eq!(last.id.next(), trade.id);
                        prop_assert!(last.time <= trade.time);
                    }
                    prop_assert!(trade.price.0.is_positive() && trade.quantity.0.is_positive());
                    prop_assert!(trade.price.0.scale() <= units.price_scale);
                    prop_assert!(trade.quantity.0.scale() <= units.quantity_scale);
                    prop_assert_eq!(event.mark, Some(Mark(trade.id.0 as u64 + 1)));
                    trades[listing].push(trade);
                }
                EventKind::AggregateTrade(aggregate) => {
                    if let Some((id, last)) = aggregated[listing] {
                        prop_assert_eq!(aggregate.id.0, id + 1);
                        prop_assert_eq!(aggregate.first_id.0, last + 1);
                    }
                    aggregated[listing] = Some((aggregate.id.0, aggregate.last_id.0));
                    let parts = trades[listing].iter().filter(|t| t.id >= aggregate.first_id);
                    let mut sum = Decimal::ZERO;
                    for part in parts {
                        prop_assert!(part.id <= aggregate.last_id);
                        prop_assert_eq!(
                            (part.price, part.side, part.time),
                            (aggregate.price, aggregate.side, aggregate.time)
                        );
                        sum = sum.checked_add(part.quantity.0).unwrap();
                    }
                    prop_assert_eq!(sum, aggregate.quantity.0);
                }
                EventKind::Quote(quote) => quotes[listing] = Some(*quote),
                EventKind::BookSnapshot(snapshot) => {
                    let book = &mut books[listing];
                    book.last = snapshot.last_update_id;
                    book.bids = snapshot.bids.iter().map(|l| (l.price, l.quantity)).collect();
                    book.asks = snapshot.asks.iter().map(|l| (l.price, l.quantity)).collect();
                }
                EventKind::BookDelta(delta) => {
                    let book = &mut books[listing];
                    prop_assert_eq!(delta.first_update_id, book.last + 1);
                    prop_assert!(delta.last_update_id >= delta.first_update_id);
                    book.last = delta.last_update_id;
                    for (side, levels) in [(&mut book.bids, &delta.bids), (&mut book.asks, &delta.asks)] {
                        for level in levels {
                            if level.quantity == Quantity::ZERO {
                                side.remove(&level.price);
                            } else {
                                prop_assert!(level.quantity.0.is_positive());
                                side.insert(level.price, level.quantity);
                            }
                        }
                    }
                    let bid = book.bids.last_key_value().unwrap();
                    let ask = book.asks.first_key_value().unwrap();
                    prop_assert!(bid.0 < ask.0, "crossed: {bid:?} {ask:?}");
                    let quote = quotes[listing].unwrap();
                    prop_assert!(quote.update_id.unwrap() <= delta.last_update_id);
                    prop_assert_eq!(
                        (bid, ask),
                        ((&quote.bid, &quote.bid_quantity), (&quote.ask, &quote.ask_quantity))
                    );
                }
                other => prop_assert!(false, "{other:?}"),
            }
        }
        prop_assert!(!trades[1].is_empty());
        // history says the same as the walk
        for (listing, told) in trades.iter().enumerate() {
            let units = market.listings()[listing].units;
            let span = TimeRange::new(from, from + Duration::from_secs(20));
            let rows = market.rows_in(listing, span, ALL);
            let known: Vec<Trade> = rows.iter().map(|row| units.trade(row)).collect();
            prop_assert_eq!(told, &known);
        }
    }

    /// Any way of asking for a part of history gives the same part.
    #[test]
    fn every_door_to_history_leads_to_the_same_trades(
        seed: u64, rate in 0.05_f64..40.0, start in 0_i64..200_000, length in 1_i64..400, cut in 1_u64..500, limit in 1_usize..300,
    ) {
        let market = market(seed, rate, at(1_000));
        let span = TimeRange::new(at(start), at(start + length));
        let rows = market.rows_in(0, span, ALL);
        let first_known = market.mark_at(0, at(1_000)).0;
        prop_assert!(rows.iter().all(|row| row.id >= first_known && row.time >= at(1_000)));
        let Some(first) = rows.first() else { return Ok(()) };
        let until = Mark(first.id + cut);
        let by_id = market.rows_from(0, first.id, limit, until);
        let expected: Vec<_> = market
            .rows_in(0, TimeRange::new(span.start, span.end + Duration::from_secs(100_000)), until)
            .into_iter()
            .take(limit)
            .collect();
        prop_assert_eq!(&by_id, &expected);
        let newest = market.newest_rows(0, by_id.len(), Mark(by_id.last().unwrap().id + 1));
        prop_assert_eq!(newest, by_id);

        let aggregates = market.aggregates_in(0, span, usize::MAX, ALL);
        let again = market.aggregates_from(0, aggregates[0].id, aggregates.len(), ALL);
        prop_assert_eq!(&again, &aggregates);
        let past = Mark(aggregates.last().unwrap().last_id + 1);
        let newest = market.newest_aggregates(0, aggregates.len().min(50), past);
        prop_assert_eq!(&newest[..], &aggregates[aggregates.len() - newest.len()..]);
        // an aggregate that is not complete is not told
        let early = market.newest_aggregates(0, 1, Mark(past.0 - 1));
        prop_assert_ne!(early.last(), aggregates.last());
    }

    /// Bars, from wherever they are kept, are the sum of the trades: asked in any order, up to any mark.
    #[test]
    fn bars_are_the_sum_of_their_trades(
        seed: u64,
        rate in 0.02_f64..8.0,
        spans in prop::collection::vec((0_i64..20_000_000, 1_i64..9_000_000), 1..6),
        mark in prop::option::of(0_u64..30_000),
    ) {
        let market = market(seed, rate, at(77));
        let first = market.mark_at(0, at(0)).0;
        let until = mark.map_or(ALL, |after| Mark(first + after));
        for (start, length) in spans {
            let start = NOON + Duration::from_millis(start as u64);
            let span = TimeRange::new(start, start + Duration::from_millis(length as u64));
            let sum = Bar::sum(&market.rows_in(0, span, until));
            prop_assert_eq!(market.bar(0, span, until), sum);
            let minute = TimeRange::new(Timeframe::M1.open_of(span.end), Timeframe::M1.open_of(span.end) + Duration::from_mins(1));
            let some = Mark(first + 7_000);
            prop_assert_eq!(market.bar(0, minute, some), Bar::sum(&market.rows_in(0, minute, some)));
        }
    }
}

#[test]
fn candles_of_every_timeframe_are_naive_sums_of_decimals() {
    let begins = NOON + Duration::from_secs(0);
    let market = market(11, 0.3, begins);
    let units = market.listings()[0].units;
    let span = TimeRange::new(begins, begins + Duration::from_hours(96));
    let trades: Vec<Trade> = market
        .rows_in(0, span, ALL)
        .iter()
        .map(|row| units.trade(row))
        .collect();
    assert!(trades.len() > 50_000);
    for timeframe in Timeframe::ALL {
        let naive = candles(&trades, timeframe, Timestamp::MAX);
        for candle in naive.iter().step_by(1 + naive.len() / 200) {
            let open = candle.open_time;
            let span = TimeRange::new(open, timeframe.end_of(open).min(span.end));
            let bar = market.bar(0, span, ALL).unwrap();
            let ours = units.candle(&bar, timeframe, open, None);
            assert_eq!(
                (ours.open, ours.high, ours.low, ours.close, ours.volume),
                (
                    candle.open,
                    candle.high,
                    candle.low,
                    candle.close,
                    candle.volume
                )
            );
            assert_eq!(ours.quote_volume, candle.quote_volume);
            assert_eq!(ours.trades, candle.trades);
            assert_eq!(ours.taker_buy_volume, candle.taker_buy_volume);
            let quote = candle.taker_buy_quote_volume;
            assert_eq!(ours.taker_buy_quote_volume, quote);
            assert_eq!(ours.first_id, candle.first_trade.map(|key| key.id));
            assert_eq!(ours.last_id, candle.last_trade.map(|key| key.id));
        }
    }
}

#[test]
fn a_market_is_its_seeds_own_and_does_not_depend_on_where_it_begins() {
    let span = TimeRange::new(at(500_000), at(500_060));
    let rows = |seed, begins| market(seed, 5.0, begins).rows_in(0, span, ALL);
    assert_eq!(rows(1, at(0)), rows(1, at(400_000)));
    assert_ne!(rows(1, at(0)), rows(2, at(0)));
    let events = |seed| walk(&market(seed, 5.0, at(0)), at(10), at(20));
    assert_eq!(events(1), events(1));
    assert_ne!(events(1), events(2));
}

#[test]
fn the_demo_looks_like_a_market() {
    let market = crate::harness::demo(1);
    let day = TimeRange::new(NOON - Duration::from_hours(24), NOON);
    for (listing, wanted) in [6.0_f64, 4.0, 2.5, 1.5, 1.2].into_iter().enumerate() {
        let bar = market.bar(listing, day, ALL).unwrap();
        let rate = bar.trades as f64 / 86_400.0;
        assert!(
            (rate / wanted - 1.0).abs() < 0.3,
            "{listing}: {rate} a second"
        );
        let swing = bar.high as f64 / bar.low as f64;
        assert!(
            (1.005..1.5).contains(&swing),
            "{listing}: a day swings by {swing}"
        );
        let bought = bar.taker_buy as f64 / bar.volume as f64;
        assert!((0.4..0.6).contains(&bought), "{listing}: {bought} bought");
    }
    // trades cluster: seconds are far from alike
    let hour = TimeRange::new(NOON - Duration::from_hours(1), NOON);
    let mut seconds = vec![0_u32; 3_600];
    for row in market.rows_in(0, hour, ALL) {
        seconds[(row.time.seconds() - hour.start.seconds()) as usize] += 1;
    }
    let mean = f64::from(seconds.iter().sum::<u32>()) / 3_600.0;
    let spread = seconds
        .iter()
        .map(|n| (f64::from(*n) - mean).powi(2))
        .sum::<f64>()
        / 3_600.0;
    assert!(spread > 2.0 * mean, "mean {mean}, variance {spread}");
}

#[test]
fn profiles_that_make_no_market_are_refused_by_name() {
    let make = |profile| {
        GeneratedMarket::new(&GeneratedOptions {
            seed: 1,
            venue: "demo".parse().unwrap(),
            profiles: vec![profile],
            begins: NOON,
            books: false,
        })
        .map(|market| Arc::new(market).listings().len())
        .map_err(|error| error.to_string())
    };
    let good = Profile::new("A", "B", 10.0, 2);
    assert_eq!(make(good.clone()), Ok(1));
    let bad = [
        (
            Profile {
                price: 0.1,
                ..good.clone()
            },
            "price",
        ),
        (
            Profile {
                price_scale: 13,
                ..good.clone()
            },
            "price_scale",
        ),
        (
            Profile {
                trades_per_second: 0.0,
                ..good.clone()
            },
            "trades_per_second",
        ),
        (
            Profile {
                volatility: f64::NAN,
                ..good.clone()
            },
            "volatility",
        ),
        (
            Profile {
                base: "a b".into(),
                ..good
            },
            "symbol",
        ),
    ];
    for (profile, named) in bad {
        let error = make(profile).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
}
