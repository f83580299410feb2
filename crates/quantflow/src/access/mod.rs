//! [`Access`]: where a reading command gets its answers.
//!
//! A data folder that a server holds is asked for over HTTP; otherwise it is opened here, after
//! what its log has more than its store was taken in.

mod local;
mod remote;
mod spool;

use quantflow_market::view::{CandlePage, CandleRequest, CandleView, Certificate, TradeRequest};
use quantflow_model::{Symbol, TimeRange, Timeframe, Timestamp, Trade};

use crate::arguments::Span;
use crate::config::Settings;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::venues::{self, Known};

pub(crate) use local::{Local, catch_up, catch_up_silently, engines, open_partition, setup};
pub(crate) use remote::{Remote, Server};

/// Where answers come from.
#[derive(Debug)]
pub(crate) enum Access {
    /// A server that holds the folder.
    Remote(Remote),
    /// The folder itself.
    Local(Box<Local>),
}

impl Access {
    /// Asks the server that holds the data folder, else opens the folder.
    ///
    /// # Errors
    /// When there is no data folder, or another process holds it and does not answer.
    pub(crate) async fn to_read(context: &Context) -> Outcome<Self> {
        let (access, damaged) = Self::to_check(context).await?;
        damaged.into_iter().next().map_or(Ok(access), Err)
    }

    /// As [`Access::to_read`], but damage does not keep the folder shut: it is returned.
    ///
    /// # Errors
    /// When there is no data folder, or another process holds it and does not answer.
    pub(crate) async fn to_check(context: &Context) -> Outcome<(Self, Vec<Failure>)> {
        let settings = context.settings()?;
        if let Some(server) = Server::of(&settings.data_dir)
            && let Some(remote) = Remote::reach(&server).await?
        {
            return Ok((Self::Remote(remote), Vec::new()));
        }
        if !settings.data_dir.exists() {
            let folder = settings.data_dir.display();
            return Err(Failure::new(format!("there is no data in {folder}"))
                .because("the folder does not exist")
                .to_do(
                    "ingest with `quantflow up`, `quantflow import` a file, or name another --data-dir",
                ));
        }
        let (local, damaged) = Local::open_damaged(context, settings).await?;
        Ok((Self::Local(Box::new(local)), damaged))
    }

    /// Every symbol that is known.
    pub(crate) async fn known(&self) -> Outcome<Vec<Known>> {
        match self {
            Self::Remote(remote) => remote.known().await,
            Self::Local(local) => local.known().await,
        }
    }

    /// The symbol that a text means.
    ///
    /// # Errors
    /// When nothing is known of it, with what is near.
    pub(crate) async fn symbol(&self, text: &str) -> Outcome<Symbol> {
        let place = match self {
            Self::Remote(remote) => remote.url().to_owned(),
            Self::Local(local) => local.settings.data_dir.display().to_string(),
        };
        venues::find_symbol(text, &self.known().await?, &place)
    }

    /// A page of candles.
    pub(crate) async fn candles(&self, request: &CandleRequest) -> Outcome<CandlePage> {
        match self {
            Self::Remote(remote) => remote.candles(request).await,
            Self::Local(local) => local.candles(request).await,
        }
    }

    /// Trades, newest first.
    pub(crate) async fn trades(&self, request: &TradeRequest) -> Outcome<Vec<Trade>> {
        match self {
            Self::Remote(remote) => remote.trades(request).await,
            Self::Local(local) => local.trades(request).await,
        }
    }

    /// What is known of each day.
    pub(crate) async fn certificates(
        &self,
        symbol: &Symbol,
        range: TimeRange,
    ) -> Outcome<Vec<Certificate>> {
        match self {
            Self::Remote(remote) => remote.certificates(symbol, range).await,
            Self::Local(local) => local.certificates(symbol, range).await,
        }
    }

    /// Every candle of a span, oldest first, with flat memory.
    pub(crate) async fn each_candle(
        &self,
        symbol: &Symbol,
        timeframe: Timeframe,
        range: TimeRange,
        mut take: impl FnMut(&CandleView) -> Outcome,
    ) -> Outcome {
        /// The API's own limit; also what is held at once.
        const PAGE: usize = 5_000;
        // the beginning of time stands for "the newest": one instant later means all
        let start = range.start.max(Timestamp::MIN.plus_nanos(1));
        let mut request = CandleRequest {
            symbol: symbol.clone(),
            timeframe,
            range: TimeRange::new(start, range.end),
            limit: PAGE,
            as_of: None,
            fill: false,
        };
        loop {
            let page = self.candles(&request).await?;
            page.candles.iter().try_for_each(&mut take)?;
            match page.next {
                Some(next) if next > request.range.start => request.range.start = next,
                _ => return Ok(()),
            }
        }
    }

    /// Every trade of a span, oldest first, with flat memory.
    pub(crate) async fn each_trade(
        &self,
        symbol: &Symbol,
        range: TimeRange,
        take: impl FnMut(&Trade) -> Outcome,
    ) -> Outcome {
        match self {
            Self::Remote(remote) => remote.each_trade(symbol, range, take).await,
            Self::Local(local) => local.each_trade(symbol, range, take).await,
        }
    }
}

/// Opens the folder to write to it.
///
/// # Errors
/// When a server holds it.
pub(crate) async fn to_write(context: &Context, what: &str) -> Outcome<Local> {
    let settings = context.settings()?;
    refuse_if_served(&settings, what).await?;
    Local::open(context, settings).await
}

/// A command that writes needs the folder for itself.
///
/// # Errors
/// When a server holds it.
pub(crate) async fn refuse_if_served(settings: &Settings, what: &str) -> Outcome {
    if let Some(server) = Server::of(&settings.data_dir)
        && Remote::reach(&server).await?.is_some()
    {
        return Err(Failure::new(format!("cannot {what} now"))
            .because(format!(
                "a server (pid {}, {}) holds {}",
                server.pid,
                server.url,
                settings.data_dir.display()
            ))
            .to_do(format!(
                "end it in good order (Ctrl-C where it runs, or `kill {}`; with a service manager, stop its service), \
                 run this command again, then start it with `quantflow up`: it fetches what it missed meanwhile",
                server.pid
            )));
    }
    Ok(())
}

/// The span that the flags name.
///
/// # Errors
/// When it ends before it begins.
pub(crate) fn range_of(span: Span) -> Outcome<TimeRange> {
    let range = TimeRange::new(
        span.from.unwrap_or(Timestamp::MIN),
        span.to.unwrap_or(Timestamp::MAX),
    );
    if range.is_empty() {
        return Err(Failure::usage("the span is empty")
            .because(format!(
                "--from {} is not before --to {}",
                range.start, range.end
            ))
            .to_do("--from is the first instant inside, --to the first one after it"));
    }
    Ok(range)
}
