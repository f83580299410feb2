//! `quantflow candles` and `quantflow trades`: a look at what is there.

use std::io::{self, Write};

use quantflow_market::view::{CandleRequest, TradeRequest};

use crate::access::{Access, range_of};
use crate::arguments::{CandlesArguments, Format, TimeUnit, TradesArguments};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::rows;
use crate::terminal::only_export_writes_parquet;

/// Shows candles, oldest first.
pub(crate) async fn candles(context: &Context, arguments: &CandlesArguments) -> Outcome {
    let range = range_of(arguments.span)?;
    let limit = limit(arguments.limit)?;
    let access = Access::to_read(context).await?;
    let request = CandleRequest {
        symbol: access.symbol(&arguments.symbol).await?,
        timeframe: arguments.timeframe,
        range,
        limit,
        as_of: arguments.as_of,
        fill: false,
    };
    let page = access.candles(&request).await?;
    if page.candles.is_empty() {
        context
            .terminal
            .note(&format!("no {} candles in this span", arguments.timeframe));
    } else if let Some(next) = page.next {
        context
            .terminal
            .note(&format!("there is more: --from {next}"));
    }
    print(
        context,
        &page.candles,
        rows::candles::csv_header(TimeUnit::Ms),
        |candle, out| rows::candles::write_csv(candle, TimeUnit::Ms, out),
        rows::candles::write_json,
        rows::candles::listing,
    )
}

/// Shows trades, newest first.
pub(crate) async fn trades(context: &Context, arguments: &TradesArguments) -> Outcome {
    let range = range_of(arguments.span)?;
    let limit = limit(arguments.limit)?;
    let access = Access::to_read(context).await?;
    let symbol = access.symbol(&arguments.symbol).await?;
    let trades = access
        .trades(&TradeRequest {
            symbol,
            range,
            limit,
            before: None,
        })
        .await?;
    if trades.is_empty() {
        context.terminal.note("no trades in this span");
    }
    print(
        context,
        &trades,
        rows::trades::csv_header(arguments.time),
        |trade, out| rows::trades::write_csv(trade, arguments.time, out),
        rows::trades::write_json,
        rows::trades::listing,
    )
}

fn limit(limit: usize) -> Outcome<usize> {
    if limit == 0 {
        return Err(Failure::usage("--limit 0 shows nothing").to_do("ask for at least 1"));
    }
    Ok(limit)
}

/// Prints rows in the format that was asked for.
fn print<R>(
    context: &Context,
    rows: &[R],
    header: &str,
    csv: impl Fn(&R, &mut io::BufWriter<io::StdoutLock<'static>>) -> io::Result<()>,
    json: impl Fn(&R, &mut io::BufWriter<io::StdoutLock<'static>>) -> io::Result<()>,
    listing: impl Fn(&[R]) -> crate::terminal::Listing,
) -> Outcome {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match context.terminal.format() {
        Format::Table => {
            drop(out);
            return context.terminal.show(&listing(rows));
        }
        Format::Parquet => return Err(only_export_writes_parquet()),
        Format::Csv => {
            writeln!(out, "{header}")?;
            rows.iter().try_for_each(|row| csv(row, &mut out))?;
        }
        Format::Json => {
            out.write_all(b"[")?;
            for (at, row) in rows.iter().enumerate() {
                out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
                json(row, &mut out)?;
            }
            out.write_all(b"\n]\n")?;
        }
        Format::Jsonl => {
            for row in rows {
                json(row, &mut out)?;
                out.write_all(b"\n")?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
