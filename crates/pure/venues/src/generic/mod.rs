#![doc = include_str!("../../../../../docs/venues/generic.md")]

mod described;
mod rows;
mod target;

use std::time::Duration;

use quantflow_model::{Symbol, Timestamp, VenueId, VenueSymbol};
use quantflow_wire::{
    DecodeError, Event, HttpRequest, Query, RequestError, VenueCandle, VenueDescription,
};

pub use described::{
    Bounds, Cell, Columns, DescriptionError, Format, Label, SourceDescription, TimeUnit,
};

use self::target::Template;
use crate::ask::{check_limit, out_of_range};
use crate::series::{aligned, cut, newest_from};
use crate::source::{self, Source, codec_over_rest};

/// A source of candles over REST that is described, not written: a [`Codec`](quantflow_wire::Codec)
/// made of a [`SourceDescription`].
#[derive(Debug)]
pub struct Generic {
    description: VenueDescription,
    source: SourceDescription,
    target: Template,
}

impl Generic {
    /// The name of the protocol; it is no entry of the registry, for it needs a description.
    pub const PROTOCOL: &'static str = "generic-table";

    /// A source of this id that is as described.
    ///
    /// # Errors
    /// When the description cannot be followed, with what is wrong in it.
    pub fn new(id: VenueId, source: SourceDescription) -> Result<Self, DescriptionError> {
        let target = source.check(&id)?;
        let mut description = source::description(
            id,
            ("", ""),
            Self::PROTOCOL,
            &source.rest_url,
            (source.requests, Duration::from_secs(source.window_seconds)),
        );
        description.timeframes = source.timeframes.keys().copied().collect();
        Ok(Self {
            description,
            source,
            target,
        })
    }

    fn candle(
        &self,
        row: &rows::RowCells<'_>,
        query: &Query,
    ) -> Result<Option<VenueCandle>, DecodeError> {
        let Query::Candles { timeframe, .. } = query else {
            return Err(DecodeError::unasked(query));
        };
        let columns = &self.source.columns;
        let prices = [&columns.open, &columns.high, &columns.low, &columns.close];
        if self.source.skip_empty && prices.iter().any(|cell| row.is_empty(cell)) {
            return Ok(None);
        }
        let told = row.time(&columns.time, self.source.time)?;
        let open_time = match self.source.label {
            Label::Open => told,
            Label::Close => timeframe.open_of(told.plus_nanos(-1)),
        };
        let fits = match self.source.label {
            Label::Open => aligned(*timeframe, open_time),
            Label::Close => timeframe.end_of(open_time) == told,
        };
        if !fits {
            return Err(rows::bad("time", &told.to_string()));
        }
        let [open, high, low, close] = prices;
        let prices = [
            row.number("open", open)?.into(),
            row.number("high", high)?.into(),
            row.number("low", low)?.into(),
            row.number("close", close)?.into(),
        ];
        let volume = match &columns.volume {
            Some(volume) => row.number("volume", volume)?,
            None => quantflow_model::Decimal::ZERO,
        };
        Ok(Some(VenueCandle::bare(
            *timeframe,
            open_time,
            prices,
            volume.into(),
        )))
    }
}

impl Source for Generic {
    fn description(&self) -> &VenueDescription {
        &self.description
    }

    fn name(&self, symbol: &Symbol) -> Option<VenueSymbol> {
        let name = self.source.symbols.get(symbol.instrument())?;
        VenueSymbol::new(name)
    }

    fn answer(&self, query: &Query, body: &[u8]) -> Result<Vec<Event>, DecodeError> {
        let Query::Candles {
            symbol,
            from,
            to,
            limit,
            ..
        } = query
        else {
            return Err(DecodeError::unasked(query));
        };
        let mut candles = Vec::new();
        rows::each(&self.source, body, |row| {
            candles.extend(self.candle(row, query)?);
            Ok(())
        })?;
        Ok(cut(symbol, candles, *from, *to, *limit))
    }

    fn ask(&self, query: &Query) -> Result<HttpRequest, RequestError> {
        let venue = &self.description.id;
        let Query::Candles {
            symbol,
            timeframe,
            from,
            to,
            limit,
        } = query
        else {
            return Err(RequestError::not_offered(venue, query));
        };
        let Some(name) = self.source.timeframes.get(timeframe) else {
            return Err(RequestError::NotOffered {
                venue: venue.clone(),
                what: format!("candles of {timeframe}"),
            });
        };
        // a name that nobody described could lead anywhere
        if !self
            .source
            .symbols
            .values()
            .any(|known| known == symbol.as_str())
        {
            return Err(RequestError::NotOffered {
                venue: venue.clone(),
                what: format!("{:?}", symbol.as_str()),
            });
        }
        check_limit(venue, *limit, self.source.rows)?;
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            let given = format!("{from} to {to}");
            return Err(out_of_range(venue, "the span", given, "from before to"));
        }
        let bounds = self.source.bounds;
        // a page of history ends at a time, and has a beginning where the target wants one
        let reach = limit.saturating_mul(self.source.stretch);
        let from = from.or_else(|| to.map(|to| newest_from(*timeframe, to, reach)));
        let needed = |what: &'static str, time: Option<Timestamp>| {
            time.filter(|time| time.nanos() >= 0)
                .ok_or_else(|| out_of_range(venue, what, "none", "a time since 1970"))
        };
        let mut values = target::Values {
            symbol: symbol.as_str(),
            timeframe: name,
            limit: limit.to_string(),
            from: None,
            to: None,
        };
        if self.target.has_from() {
            values.from = Some(bounds.first(needed("the first time", from)?));
        }
        if self.target.has_to() {
            values.to = Some(bounds.last(needed("the last time", *to)?));
        }
        Ok(self.target.filled(&values).get(1))
    }

    fn rows(&self, query: &Query) -> u32 {
        match query {
            Query::Candles { .. } => self.source.rows,
            _ => 0,
        }
    }
}

codec_over_rest!(Generic);
