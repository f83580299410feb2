//! What goes over the wire: one type an object of the API, with one conversion from our own type each.
//!
//! Prices and quantities are decimal strings, ids are strings, statistics are numbers, times are RFC 3339 or, on request,
//! milliseconds. Fields that are not known are left out where the API marks them optional.

#![allow(
    clippy::struct_field_names,
    reason = "fields are called as the API calls them"
)]

mod book;
mod candle;
mod catalog;
mod completeness;
mod indicator;
mod operations;
mod price;
mod provenance;
mod quarantine;
mod trade;

use quantflow_model::Timestamp;
use serde::{Serialize, Serializer};

use crate::table::{Bare, Shown};

pub(crate) use book::{Book, Quote};
pub(crate) use candle::{Candle, state_name};
pub(crate) use catalog::{Instrument, Symbol, Timeframe, Venue, VenueLimit};
pub(crate) use completeness::{Certificate, Missing, Reconciled};
pub(crate) use indicator::{
    IndicatorColumn, IndicatorColumns, IndicatorEntry, IndicatorParameter, IndicatorRow,
};
pub(crate) use operations::{Connection, Health, Reconnected, Service};
pub(crate) use price::Price;
pub(crate) use provenance::{LedgerEntry, LogRange, Provenance, Revision};
pub(crate) use quarantine::{Place, Quarantined};
pub(crate) use trade::Trade;

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TimeStyle {
    /// RFC 3339 with `Z`.
    #[default]
    Text,
    /// Whole milliseconds since 1970.
    Millis,
}

/// An instant, with how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    pub(crate) style: TimeStyle,
}

impl TimeStyle {
    pub(crate) const fn of(self, at: Timestamp) -> Moment {
        Moment { at, style: self }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.style {
            TimeStyle::Text => serializer.collect_str(&self.at),
            TimeStyle::Millis => serializer.serialize_i64(self.at.millis()),
        }
    }
}

impl Bare for Moment {
    fn write(self, out: &mut Vec<u8>) {
        match self.style {
            TimeStyle::Text => Shown(self.at).write(out),
            TimeStyle::Millis => self.at.millis().write(out),
        }
    }
}

impl utoipa::PartialSchema for Moment {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{
            KnownFormat, ObjectBuilder, OneOfBuilder, SchemaFormat, Type,
        };
        OneOfBuilder::new()
            .item(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                    .examples(["2026-11-20T10:00:00Z"]),
            )
            .item(
                ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                    .examples([1_795_168_800_000_i64]),
            )
            .description(Some(
                "UTC: RFC 3339 with Z, or milliseconds since 1970 with ?time=ms",
            ))
            .into()
    }
}

impl utoipa::ToSchema for Moment {
    fn name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }
}
