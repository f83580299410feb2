//! Which candles a venue, or a file, is known not to have: those that it leaves out, and not those that were refused.

use quantflow_model::{TimeRange, Timeframe, Timestamp};
use quantflow_wire::{Channel, ImportBegin, ImportKind, OrderRule, Query, RecordKind};

use super::{Live, MINUTE, NAME};
use crate::fake::{spelled, symbol};

/// The third candle is there, left out, or one that cannot be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Third {
    There,
    LeftOut,
    Refused,
}

const ALL: [Third; 3] = [Third::There, Third::LeftOut, Third::Refused];

/// Open, high, low and close of minutes 0 to 4.
fn minutes(third: Third) -> Vec<(i64, &'static str)> {
    let impossible = "5 4 3 5";
    let all = (0..5).map(|minute| match third {
        Third::Refused if minute == 2 => (minute, impossible),
        _ => (minute, "5 6 4 5"),
    });
    all.filter(|(minute, _)| third != Third::LeftOut || *minute != 2)
        .collect()
}

fn live() -> Live {
    // an hour later all of them are over
    let mut live = Live::new(OrderRule::ContiguousIds, Channel::Trades);
    live.text(MINUTE + 3_600_000, "T ABC 1 1723164900000000000 5 1 B");
    live
}

/// Which minutes are known: as candles, or as absent.
fn known(live: &Live) -> Vec<i64> {
    let given = |minute: &i64| {
        let start = Timestamp::from_millis(MINUTE + minute * 60_000);
        let span = TimeRange::new(start, Timeframe::M1.end_of(start));
        live.pipeline.has_given(live.slot(), Timeframe::M1, span)
    };
    (0..5).filter(given).collect()
}

#[test]
fn what_an_answer_leaves_out_is_absent_and_what_is_refused_is_not() {
    for third in ALL {
        let mut live = live();
        let line = |(minute, prices): (i64, &str)| {
            let at = (MINUTE + minute * 60_000) * 1_000_000;
            format!("K {NAME} 1m {at} {prices} 1 5 1 1 5\n")
        };
        let body: String = minutes(third).into_iter().map(line).collect();
        let query = Query::Candles {
            symbol: spelled(NAME),
            timeframe: Timeframe::M1,
            from: None,
            to: None,
            limit: 5,
        };
        let out = live.answer(query, 200, &body);
        let refused = usize::from(third == Third::Refused);
        assert_eq!(out.quarantine.len(), refused, "{third:?}");
        assert_eq!(known(&live), expected(third), "{third:?}");
    }
}

#[test]
fn what_a_file_leaves_out_is_absent_and_what_is_refused_is_not() {
    for third in ALL {
        let mut live = live();
        let columns = ["open_time", "open", "high", "low", "close", "volume"];
        let begin = ImportBegin {
            symbol: symbol(NAME),
            kind: ImportKind::Candles(Timeframe::M1),
            columns: columns.map(str::to_owned).to_vec(),
            file: "a.csv".to_owned(),
            sha256: "0".repeat(64),
        };
        let line = |(minute, prices): (i64, &str)| {
            let at = MINUTE + minute * 60_000;
            format!("{at},{},1\n", prices.replace(' ', ","))
        };
        let rows: String = minutes(third).into_iter().map(line).collect();
        let begin = serde_json::to_vec(&begin).unwrap();
        live.apply(RecordKind::ImportBegin, 9, begin);
        let out = live.apply(RecordKind::ImportRows, 9, rows.into_bytes());
        let refused = usize::from(third == Third::Refused);
        assert_eq!(out.quarantine.len(), refused, "{third:?}");
        assert_eq!(known(&live), expected(third), "{third:?}");
    }
}

fn expected(third: Third) -> &'static [i64] {
    match third {
        Third::There | Third::LeftOut => &[0, 1, 2, 3, 4],
        Third::Refused => &[0, 1, 3, 4],
    }
}
