//! `quantflow export`: trades or candles into a file, oldest first, with flat memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use quantflow_model::{Symbol, TimeRange, Timeframe};

use crate::access::{Access, range_of};
use crate::arguments::{ExportArguments, Format, Kind, TimeUnit};
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::files::FileFormat;
use crate::rows::parquet_file::{Field, ParquetFile, Scales, Table};
use crate::rows::{candles, trades};
use crate::terminal::Progress;
use crate::terminal::progress::Unit;

/// What is exported.
struct Wanted {
    symbol: Symbol,
    rows: Rows,
    range: TimeRange,
    unit: TimeUnit,
}

#[derive(Clone, Copy)]
enum Rows {
    Trades,
    Candles(Timeframe),
}

/// Writes trades or candles.
pub(crate) async fn run(context: &Context, arguments: &ExportArguments) -> Outcome {
    let format = format(context, arguments)?;
    let range = range_of(arguments.span)?;
    let rows = match (arguments.kind, arguments.timeframe) {
        (Kind::Trades, None) => Rows::Trades,
        (Kind::Candles, Some(timeframe)) => Rows::Candles(timeframe),
        (Kind::Trades, Some(_)) => {
            return Err(Failure::usage("trades have no timeframe")
                .to_do("leave --timeframe out, or use --kind candles"));
        }
        (Kind::Candles, None) => return Err(Failure::usage("--kind candles needs --timeframe")),
    };
    let access = Access::to_read(context).await?;
    let symbol = access.symbol(&arguments.symbol).await?;
    let wanted = Wanted {
        symbol,
        rows,
        range,
        unit: arguments.time,
    };
    let progress = Progress::new(&context.terminal, "exporting", Unit::Things("rows"), None);
    let mut target = Target::open(arguments.output.as_deref(), format)?;
    let count = if format == Format::Parquet {
        parquet(&access, &wanted, &mut target, &progress).await?
    } else {
        text(&access, &wanted, format, &mut target, &progress).await?
    };
    target.finish()?;
    progress.done();
    let place = arguments
        .output
        .as_ref()
        .map_or_else(String::new, |path| format!(" into {}", path.display()));
    context
        .terminal
        .note(&format!("{count} rows of {}{place}", wanted.symbol));
    Ok(())
}

/// As asked for, else as the file's name says, else CSV.
fn format(context: &Context, arguments: &ExportArguments) -> Outcome<Format> {
    let by_name = arguments
        .output
        .as_deref()
        .and_then(FileFormat::of)
        .map(|format| match format {
            FileFormat::Csv => Format::Csv,
            FileFormat::JsonLines => Format::Jsonl,
            FileFormat::Parquet => Format::Parquet,
        });
    let asked = context.terminal.asked();
    if let (Some(asked), Some(by_name), Some(path)) = (asked, by_name, &arguments.output)
        && asked != by_name
    {
        return Err(Failure::usage(format!(
            "{} is named as another format than --format says",
            path.display()
        ))
        .because("who reads it, `quantflow import` too, goes by its name")
        .to_do("leave --format out, or name the file as what it is"));
    }
    let format = asked.or(by_name).unwrap_or(Format::Csv);
    match format {
        Format::Table => Err(Failure::usage("an export is no table")
            .to_do("use --format csv, json, jsonl or parquet; `quantflow candles` shows tables")),
        Format::Parquet if arguments.output.is_none() => {
            Err(Failure::usage("parquet goes to a file").to_do("name it with -o FILE"))
        }
        format => Ok(format),
    }
}

/// Where rows go: standard output, or a file that has its name only once it is whole.
struct Target {
    out: Out,
    file: Option<(PathBuf, PathBuf)>,
}

enum Out {
    Plain(BufWriter<Box<dyn Write + Send>>),
    Packed(GzEncoder<BufWriter<Box<dyn Write + Send>>>),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Packed(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Packed(out) => out.flush(),
        }
    }
}

impl Target {
    fn open(path: Option<&Path>, format: Format) -> Outcome<Self> {
        let Some(path) = path else {
            let out: Box<dyn Write + Send> = Box::new(io::stdout());
            let out = Out::Plain(BufWriter::with_capacity(256 << 10, out));
            return Ok(Self { out, file: None });
        };
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::create(&part).map_err(|error| cannot_write(path, &error))?;
        let out: Box<dyn Write + Send> = Box::new(file);
        let out = BufWriter::with_capacity(256 << 10, out);
        let packed = path.extension().is_some_and(|e| e == "gz") && format != Format::Parquet;
        let out = if packed {
            Out::Packed(GzEncoder::new(out, Compression::default()))
        } else {
            Out::Plain(out)
        };
        Ok(Self {
            out,
            file: Some((part, path.to_owned())),
        })
    }

    fn finish(mut self) -> Outcome {
        let file = self.file.take();
        let written = match self.out {
            Out::Plain(ref mut out) => out.flush(),
            Out::Packed(ref mut out) => out.try_finish().and_then(|()| out.get_mut().flush()),
        };
        let Some((part, path)) = file else {
            return Ok(written?);
        };
        written
            .and_then(|()| std::fs::rename(&part, &path))
            .map_err(|error| cannot_write(&path, &error))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some((part, _)) = &self.file {
            // what is not whole must not lie about
            let _ = std::fs::remove_file(part);
        }
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot write {}", path.display()))
        .because(error)
        .to_do("check that its folder exists, may be written to and has room")
}

async fn text(
    access: &Access,
    wanted: &Wanted,
    format: Format,
    target: &mut Target,
    progress: &Progress,
) -> Outcome<u64> {
    let out = &mut target.out;
    let mut count = 0_u64;
    let unit = wanted.unit;
    match (format, wanted.rows) {
        (Format::Csv, Rows::Trades) => writeln!(out, "{}", trades::csv_header(unit))?,
        (Format::Csv, Rows::Candles(_)) => writeln!(out, "{}", candles::csv_header(unit))?,
        (Format::Json, _) => out.write_all(b"[")?,
        _ => {}
    }
    let between = |out: &mut Out, count: &mut u64| -> io::Result<()> {
        *count += 1;
        if count.is_multiple_of(10_000) {
            progress.set(*count);
        }
        match (format, *count) {
            (Format::Json, 1) => out.write_all(b"\n"),
            (Format::Json, _) => out.write_all(b",\n"),
            _ => Ok(()),
        }
    };
    match wanted.rows {
        Rows::Trades => {
            let write = |trade: &quantflow_model::Trade| -> Outcome {
                between(out, &mut count)?;
                if format == Format::Csv {
                    return Ok(trades::write_csv(trade, unit, out)?);
                }
                trades::write_json(trade, out)?;
                if format == Format::Jsonl {
                    Ok(out.write_all(b"\n")?)
                } else {
                    Ok(())
                }
            };
            access
                .each_trade(&wanted.symbol, wanted.range, write)
                .await?;
        }
        Rows::Candles(timeframe) => {
            let write = |candle: &quantflow_market::view::CandleView| -> Outcome {
                between(out, &mut count)?;
                if format == Format::Csv {
                    return Ok(candles::write_csv(candle, unit, out)?);
                }
                candles::write_json(candle, out)?;
                if format == Format::Jsonl {
                    Ok(out.write_all(b"\n")?)
                } else {
                    Ok(())
                }
            };
            access
                .each_candle(&wanted.symbol, timeframe, wanted.range, write)
                .await?;
        }
    }
    if format == Format::Json {
        target.out.write_all(b"\n]\n")?;
    }
    Ok(count)
}

/// Looks at every row for the scales of the columns, then writes them.
async fn parquet(
    access: &Access,
    wanted: &Wanted,
    target: &mut Target,
    progress: &Progress,
) -> Outcome<u64> {
    let table = match wanted.rows {
        Rows::Trades => Table::trades(wanted.unit),
        Rows::Candles(_) => Table::candles(wanted.unit),
    };
    let failed = |error: parquet::errors::ParquetError| {
        Failure::new("cannot write the parquet file").because(error)
    };
    let mut scales = Scales::new(&table);
    each_row(access, wanted, &table, |row| {
        scales.look(&row);
        Ok(())
    })
    .await?;
    let mut file = ParquetFile::begin(table, scales, &mut target.out).map_err(failed)?;
    let mut count = 0_u64;
    each_row(access, wanted, &table, |row| {
        count += 1;
        if count.is_multiple_of(10_000) {
            progress.set(count);
        }
        file.push(row).map_err(failed)
    })
    .await?;
    file.finish().map_err(failed)?;
    Ok(count)
}

async fn each_row(
    access: &Access,
    wanted: &Wanted,
    table: &Table,
    mut take: impl FnMut(Vec<Field>) -> Outcome,
) -> Outcome {
    match wanted.rows {
        Rows::Trades => {
            access
                .each_trade(&wanted.symbol, wanted.range, |trade| {
                    take(table.trade(trade))
                })
                .await
        }
        Rows::Candles(timeframe) => {
            access
                .each_candle(&wanted.symbol, timeframe, wanted.range, |candle| {
                    take(table.candle(candle))
                })
                .await
        }
    }
}
