//! The codecs against recorded bytes, against each other, and against anything else.
#![allow(clippy::unwrap_used, reason = "test code: a failure is a panic")]
#![allow(clippy::print_stdout, reason = "tables of what was read")]

mod anything;
mod binance_futures;
mod bitfinex;
mod bitflyer;
mod bitmex;
mod bitstamp;
mod broken;
mod bybit;
mod cassette;
mod cassettes;
mod ccxt;
mod coinbase;
mod deribit;
mod errors;
mod every_codec;
mod gate;
mod gemini;
mod gocryptotrader;
mod hostile;
mod htx;
mod hyperliquid;
mod kept;
mod kraken;
mod kraken_futures;
mod kucoin;
mod ladder;
mod mexc;
mod okx;
mod poloniex;
mod rebuilt;
mod recorded_futures;
mod recorded_rest;
mod recorded_socket;
mod requests;
mod sources;
mod speaking;
mod support;
mod survives;
mod trial;
mod upbit;
mod venue;
