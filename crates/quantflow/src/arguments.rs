//! The command line: what can be said, and what it means.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use quantflow_model::{Timeframe, Timestamp};

/// Market data without gaps, in one binary: ingests markets, keeps them exactly, serves them.
#[derive(Debug, Parser)]
#[command(
    name = "quantflow",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, 1 failed (the error says why and what to do), 2 wrong usage or configuration.",
    propagate_version = true
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The configuration file [default: quantflow.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder of everything that is kept [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// How results are written [default: table on a terminal, csv elsewhere]
    #[arg(long, global = true, value_enum)]
    pub(crate) format: Option<Format>,
    /// Say more (twice: everything)
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say only what went wrong
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// JSON.
    Json,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// Apache Parquet with exact decimals (export only).
    Parquet,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process; prints its address
    Up(UpArguments),
    /// Serve a recording, or a generated market, in a venue's own protocol
    Replay(ReplayArguments),
    /// Bring trades or candles from a file into the store
    Import(ImportArguments),
    /// Write trades or candles to a file
    Export(ExportArguments),
    /// Show candles
    Candles(CandlesArguments),
    /// Show trades
    Trades(TradesArguments),
    /// Compute indicators over a file or a symbol, or list them
    Indicators(IndicatorsArguments),
    /// What venues there are, and what their adapters make of recorded bytes
    #[command(subcommand)]
    Venue(VenueCommand),
    /// Say what is there, what is missing, and whether it agrees with the venue's own candles
    Verify(VerifyArguments),
    /// Compute the store anew from the raw log
    Rebuild(RebuildArguments),
    /// Check this machine, the configuration and the data folder, and say what to do
    Doctor,
    /// Show or check the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document
    Openapi,
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// `up`
#[derive(Debug, Args)]
pub(crate) struct UpArguments {
    /// Run on a generated market (venue `demo`) and nothing else
    #[arg(long)]
    pub(crate) demo: bool,
    /// Where to listen: an address and port; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
}

/// `replay`
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// The recording: canonical trades (csv, csv.gz), a capture (`<ns> <json>` lines), or `generated`
    pub(crate) path: PathBuf,
    /// Whose protocol to speak
    #[arg(long, default_value = "binance")]
    pub(crate) venue: String,
    /// The recording's symbol, where its file does not say [default: from the file's name]
    #[arg(long)]
    pub(crate) symbol: Option<String>,
    /// How many times faster than life; `max`: as fast as it is taken
    #[arg(long, default_value = "1")]
    pub(crate) speed: String,
    /// Where to listen: an address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9443", value_name = "ADDRESS", value_parser = address)]
    pub(crate) listen: std::net::SocketAddr,
    /// A fault, `KIND[:ARGUMENT][@START[+LASTING]][/EVERY]`: `cut@10s`, `silent@30s+5s`, `drop:0.01` (a
    /// share from 0 to 1), `429@20s+10s`, … (may be repeated) [default: none]
    #[arg(long = "fault", value_name = "FAULT")]
    pub(crate) faults: Vec<String>,
    /// Give single trades by id only to who sends this key in `X-MBX-APIKEY`, as some of Binance's
    /// hosts do; `any`: whatever key
    #[arg(long, value_name = "KEY")]
    pub(crate) needs_key: Option<String>,
    /// The seed of the generated market and of faults
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// A time; a year alone would be read as seconds since 1970.
fn time(text: &str) -> Result<Timestamp, String> {
    if text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("write a year as its first day: {text}-01-01"));
    }
    text.parse()
        .map_err(|error: quantflow_model::TimeError| error.to_string())
}

fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    text.parse()
        .map_err(|_| "write an address and port such as 127.0.0.1:9443".to_owned())
}

/// What kind of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Single trades.
    Trades,
    /// Candles of a timeframe.
    Candles,
}

/// Milliseconds or nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TimeUnit {
    /// Milliseconds.
    Ms,
    /// Nanoseconds.
    Ns,
}

/// What rows an import brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportRows {
    /// Single trades.
    Trades,
    /// Trades of one order at one price together, from a venue's archives: candles are exact, single trades are not
    /// known.
    #[value(alias = "aggTrades")]
    AggTrades,
    /// Candles of a timeframe.
    Candles,
}

/// `import`
#[derive(Debug, Args)]
#[command(after_help = "\
A venue's archives (data.binance.vision and copies of it) are zips such as \
BTCUSDT-1m-2024-08-08.zip. What they hold is told by the name, and the file .CHECKSUM beside one is \
checked before anything of it is taken. A folder of them may have any depth. A URL is the address \
before data/; months that are whole are fetched by the month. --from and --to choose whole archives. \
What was imported is passed over, so the same command goes on after an interruption; days without an \
archive are named.

  quantflow import https://data.binance.vision --venue binance --symbol BTC/USDT \\
    --kind candles --timeframe 1m --from 2023-01-01 --to 2024-01-01")]
pub(crate) struct ImportArguments {
    /// A file (csv, csv.gz, jsonl, jsonl.gz, parquet, or a venue's zip), a folder of a venue's zips, or their URL
    #[arg(value_name = "FILE|FOLDER|URL")]
    pub(crate) file: PathBuf,
    /// What it holds [default: as an archive's name says]
    #[arg(long, value_enum)]
    pub(crate) kind: Option<ImportRows>,
    /// Whose it is: a venue that is built in, or any name
    #[arg(long)]
    pub(crate) venue: String,
    /// Our name of the symbol without the venue (BTC/USDT), or the venue's (BTCUSDT) where it is built in
    /// [default: as an archive's name says]
    #[arg(long)]
    pub(crate) symbol: Option<String>,
    /// How long its candles are: 1s 5s 15s 30s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M
    /// [default: as an archive's name says]
    #[arg(long)]
    pub(crate) timeframe: Option<Timeframe>,
    #[command(flatten)]
    pub(crate) span: Span,
    /// Import it even if the same file was imported before
    #[arg(long)]
    pub(crate) again: bool,
}

/// A span of time.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Span {
    /// From this time on: RFC 3339, a date, or Unix s, ms, us, ns [default: no bound]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) from: Option<Timestamp>,
    /// Before this time, written as --from [default: no bound]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) to: Option<Timestamp>,
}

/// `export`
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// venue:BASE/QUOTE
    pub(crate) symbol: String,
    /// What to write
    #[arg(long, value_enum)]
    pub(crate) kind: Kind,
    /// How long candles are: 1s 5s 15s 30s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M
    #[arg(long, required_if_eq("kind", "candles"))]
    pub(crate) timeframe: Option<Timeframe>,
    #[command(flatten)]
    pub(crate) span: Span,
    /// The unit of times in csv
    #[arg(long, value_enum, default_value = "ms")]
    pub(crate) time: TimeUnit,
    /// The file [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// `candles`
#[derive(Debug, Args)]
pub(crate) struct CandlesArguments {
    /// venue:BASE/QUOTE
    pub(crate) symbol: String,
    /// How long each is: 1s 5s 15s 30s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M
    #[arg(long, short, default_value = "1m")]
    pub(crate) timeframe: Timeframe,
    #[command(flatten)]
    pub(crate) span: Span,
    /// At most so many (the newest, without --from)
    #[arg(long, short = 'n', default_value_t = 50)]
    pub(crate) limit: usize,
    /// As it was known at this time, written as --from [default: as it is known now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) as_of: Option<Timestamp>,
}

/// `trades`
#[derive(Debug, Args)]
pub(crate) struct TradesArguments {
    /// venue:BASE/QUOTE
    pub(crate) symbol: String,
    #[command(flatten)]
    pub(crate) span: Span,
    /// At most so many, newest first
    #[arg(long, short = 'n', default_value_t = 50)]
    pub(crate) limit: usize,
    /// The unit of times in csv
    #[arg(long, value_enum, default_value = "ms")]
    pub(crate) time: TimeUnit,
}

/// `indicators`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct IndicatorsArguments {
    #[command(subcommand)]
    pub(crate) command: Option<IndicatorsCommand>,
    /// A csv of candles, or venue:BASE/QUOTE
    #[arg(required = true)]
    pub(crate) source: Option<String>,
    /// Which: "rsi(14),macd(12,26,9)"
    #[arg(long, required = true)]
    pub(crate) set: Option<String>,
    /// How long the symbol's candles are: 1s 5s 15s 30s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M
    #[arg(long, short, default_value = "1m")]
    pub(crate) timeframe: Timeframe,
    #[command(flatten)]
    pub(crate) span: Span,
}

/// `indicators list|describe`
#[derive(Debug, Subcommand)]
pub(crate) enum IndicatorsCommand {
    /// List all indicators
    List,
    /// Say what an indicator takes and gives
    Describe {
        /// Its name
        name: String,
    },
}

/// `venue …`
#[derive(Debug, Subcommand)]
pub(crate) enum VenueCommand {
    /// List the venues that are built in
    List,
    /// Say what a venue offers: endpoints, channels, limits, order rule
    Describe {
        /// Its name
        venue: String,
    },
    /// Show what a venue's adapter makes of recorded bytes, as JSON lines
    Decode {
        /// Its name
        venue: String,
        /// What the bytes are: message, or what they answer (klines, trades, aggTrades, depth, exchangeInfo, ticker/24hr, ticker/bookTicker, time)
        method: String,
        /// The file (one message a line, `<ns> <json>` lines too; one body for answers); - for standard input
        file: PathBuf,
    },
}

/// `verify`
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// venue:BASE/QUOTE [default: every symbol, and the files of the data folder]
    pub(crate) symbol: Option<String>,
    #[command(flatten)]
    pub(crate) span: Span,
    /// Only check the files, and list each damaged place with what depends on it
    #[arg(long, conflicts_with_all = ["symbol", "from", "to"])]
    pub(crate) files: bool,
}

/// `rebuild`
#[derive(Debug, Args)]
pub(crate) struct RebuildArguments {
    #[command(flatten)]
    pub(crate) span: Span,
    /// Only compare: compute beside the store and say whether the rows are the same
    #[arg(long)]
    pub(crate) check: bool,
}

/// `config …`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show every setting, its value and where it comes from
    Show,
    /// Say whether the configuration is right
    Check,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
