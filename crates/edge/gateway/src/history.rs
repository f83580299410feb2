//! Indicators over stored candles, always from the first candle there is.
//!
//! A recursive average never quite forgets where it began, and even a plain window's sum is added up in blocks that are
//! counted from the beginning: only values that begin at the same candle are equal to the last bit.

use quantflow_indicators::{Bar, Bars, IndicatorSet};
use quantflow_market::view::{CandleRequest, CandleView};
use quantflow_model::{CandleState, Symbol, TimeRange, Timeframe, Timestamp};

use crate::problem::Problem;
use crate::shared::Shared;

/// Candles that are read at once.
const PAGE: usize = 10_000;
/// The earliest start that can be asked for; without a start the newest candles would be meant.
pub(crate) const BEGINNING: Timestamp = Timestamp::from_nanos(i64::MIN + 1);

/// Candles as columns of floats.
#[derive(Debug, Default)]
struct BarColumns {
    time: Vec<i64>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

impl BarColumns {
    fn of(candles: &[CandleView]) -> Self {
        let column = |f: fn(&CandleView) -> f64| candles.iter().map(f).collect();
        Self {
            time: candles.iter().map(|v| v.candle.open_time.nanos()).collect(),
            open: column(|v| v.candle.open.0.to_f64_lossy()),
            high: column(|v| v.candle.high.0.to_f64_lossy()),
            low: column(|v| v.candle.low.0.to_f64_lossy()),
            close: column(|v| v.candle.close.0.to_f64_lossy()),
            volume: column(|v| v.candle.volume.0.to_f64_lossy()),
        }
    }

    fn bars(&self) -> Bars<'_> {
        Bars {
            time: &self.time,
            open: &self.open,
            high: &self.high,
            low: &self.low,
            close: &self.close,
            volume: &self.volume,
        }
    }
}

/// A candle as an indicator reads it.
pub(crate) fn bar_of(view: &CandleView) -> Bar {
    let candle = &view.candle;
    Bar {
        time: candle.open_time.nanos(),
        open: candle.open.0.to_f64_lossy(),
        high: candle.high.0.to_f64_lossy(),
        low: candle.low.0.to_f64_lossy(),
        close: candle.close.0.to_f64_lossy(),
        volume: candle.volume.0.to_f64_lossy(),
    }
}

/// Gives a set all closed candles of a range, page by page with flat memory, and `take` each page with its columns;
/// `take` says whether to go on. Gives back the candles at the end that are still open.
///
/// # Errors
/// When the candles cannot be read.
pub(crate) async fn fold(
    shared: &Shared,
    symbol: &Symbol,
    timeframe: Timeframe,
    range: TimeRange,
    set: &mut IndicatorSet,
    mut take: impl FnMut(&[CandleView], &[Vec<f64>]) -> bool,
) -> Result<Vec<CandleView>, Problem> {
    let mut request = CandleRequest {
        symbol: symbol.clone(),
        timeframe,
        range: TimeRange::new(range.start.max(BEGINNING), range.end),
        limit: PAGE,
        as_of: None,
        fill: false,
    };
    loop {
        let page = shared.market.candles(&request).await?;
        let is_open = |view: &CandleView| view.candle.state == CandleState::Open;
        let closed = page
            .candles
            .iter()
            .position(is_open)
            .unwrap_or(page.candles.len());
        let (closed, open) = page.candles.split_at(closed);
        let columns = set.extend(&BarColumns::of(closed).bars())?;
        let more = take(closed, &columns);
        match page.next {
            // a page that leads nowhere would be asked for again for ever
            Some(next) if more && open.is_empty() && next > request.range.start => {
                request.range.start = next;
            }
            _ => return Ok(open.to_vec()),
        }
        // a long history must not hold up the others on this thread
        tokio::task::yield_now().await;
    }
}
