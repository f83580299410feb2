//! `quantflow indicators …`
use crate::arguments::IndicatorsArguments;
use crate::dispatch::Context;
use crate::failure::Outcome;
pub(crate) async fn run(_context: &Context, _arguments: IndicatorsArguments) -> Outcome { Ok(()) }
