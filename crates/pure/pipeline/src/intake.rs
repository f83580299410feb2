//! Records of a live venue with data in them: messages of sockets, answers to requests.

use quantflow_model::{BookChecksum, CandleState, VenueSymbol};
use quantflow_wire::{
    Codec, DecodeError, Event, EventKind, Exchange, Input, Purpose, Route, VenueCandle,
};

use crate::book::{Book, Change};
use crate::cleaning::candles::check;
use crate::cleaning::quotes::Verdict;
use crate::cleaning::trades::time_is_possible;
use crate::cleaning::{NO_CODEC, Refusal, UNKNOWN_SYMBOL};
use crate::context::Context;
use crate::events::candle_of;
use crate::output::SymbolSlot;
use crate::pipeline::{Pipeline, bad_record};
use crate::repair::Answered;
use crate::rollup::Before;
use crate::symbol::Source;

/// An answer is on its way for so long at the most.
const ON_THE_WAY: i64 = 10 * 1_000_000_000;

impl Pipeline {
    /// A message from a socket.
    pub(crate) fn take_message(&mut self, context: &mut Context<'_>, codec: Option<&dyn Codec>) {
        let Some(codec) = codec else {
            context.refuse(None, None, NO_CODEC.refusal("a message"));
            return;
        };
        self.feeds.heard(context.connection, context.received);
        if self.fixed.binds
            && let Some(bindings) = self.feeds.bindings_mut(context.connection)
        {
            self.dirty.feeds |= codec.bind(context.frame, bindings);
        }
        let input = Input::Message {
            bytes: context.frame,
            bindings: self.feeds.bindings(context.connection),
        };
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        match codec.decode(&input, &mut events) {
            Ok(()) => {
                self.sample_clock(context, &events);
                if !self.take_single_trade(context, &events) {
                    self.take_events(context, &mut events, None);
                }
            }
            Err(error) => {
                let name = match codec.route(&input) {
                    Route::Symbol(name) => VenueSymbol::new(name),
                    Route::All | Route::Unknown => None,
                };
                let symbol = name.and_then(|name| self.spelled(&name));
                let symbol = symbol.and_then(|slot| self.symbol(slot)).cloned();
                context.refuse(symbol.as_ref(), None, refusal_of(&error));
            }
        }
        self.events = events;
    }

    /// Takes the one trade that most messages are, where it lies: events are large to move. `false`,
    /// and nothing done, where it is anything else.
    #[inline]
    fn take_single_trade(&mut self, context: &mut Context<'_>, events: &[Event]) -> bool {
        let [
            Event {
                symbol: Some(name),
                kind: EventKind::Trade(event),
                ..
            },
        ] = events
        else {
            return false;
        };
        let Some(slot) = self.slot_of_venue(name) else {
            return false;
        };
        context.out.counts.events += 1;
        context.part = 0;
        self.touch(slot);
        self.symbols[slot.index()].take_trade(context, event.trade, Source::Live, None);
        true
    }

    /// What a live message says of the venue's clock.
    #[inline]
    fn sample_clock(&mut self, context: &mut Context<'_>, events: &[Event]) {
        let said = events
            .iter()
            .find_map(|event| event.sent.or_else(|| event.venue_time()));
        if let Some(said) = said
            && time_is_possible(said).is_ok()
        {
            self.clock.sample(context.received.nanos(), said.nanos());
            context.clock = self.clock.now();
        }
    }

    /// The symbol of this name, or of the same in upper case.
    fn spelled(&mut self, name: &VenueSymbol) -> Option<SymbolSlot> {
        let found = self.slot_of_venue(name);
        found.or_else(|| {
            let upper = VenueSymbol::new(&name.as_str().to_ascii_uppercase())?;
            self.slot_of_venue(&upper)
        })
    }

    /// A request and what became of it.
    pub(crate) fn take_exchange(&mut self, context: &mut Context<'_>, codec: Option<&dyn Codec>) {
        let exchange = match Exchange::from_payload(context.frame) {
            Ok(exchange) => exchange,
            Err(error) => {
                context.refuse(None, None, bad_record(&error));
                return;
            }
        };
        let Some(codec) = codec else {
            context.refuse(None, None, NO_CODEC.refusal("an exchange"));
            return;
        };
        let Some(input) = Input::of_exchange(&exchange) else {
            self.take_failure(context, &exchange);
            return;
        };
        let mut events = std::mem::take(&mut self.events);
        events.clear();
        match codec.decode(&input, &mut events) {
            Ok(()) => {
                let answered = Answered::of(&exchange.query, &events, codec);
                self.take_events(context, &mut events, Some(&exchange));
                let asked = exchange.query.symbol();
                if let (Some(answered), Some(name)) = (answered, asked)
                    && let Some(slot) = self.slot_of_venue(name)
                {
                    self.touch(slot);
                    answered.settle(&mut self.symbols[slot.index()], context);
                }
            }
            // the venue's own error is a fact about a request, not bad market data
            Err(DecodeError::Venue { .. }) => self.take_failure(context, &exchange),
            Err(error) => {
                let slot = exchange
                    .query
                    .symbol()
                    .and_then(|name| self.slot_of_venue(name));
                let symbol = slot.and_then(|slot| self.symbol(slot)).cloned();
                context.refuse(symbol.as_ref(), None, refusal_of(&error));
            }
        }
        self.events = events;
    }

    /// A request without data for an answer.
    fn take_failure(&mut self, context: &mut Context<'_>, exchange: &Exchange) {
        context.out.counts.failed_requests += 1;
        if self.repairs.refused(&exchange.query, &exchange.outcome) {
            self.reissue_effects();
        }
    }

    /// Events of a message, or of an answer.
    #[inline]
    fn take_events(
        &mut self,
        context: &mut Context<'_>,
        events: &mut Vec<Event>,
        answer: Option<&Exchange>,
    ) {
        context.out.counts.events += events.len() as u64;
        let mut before = Before::Unknown;
        let newest = answer.and_then(|_| {
            let is_candle = |event: &Event| matches!(event.kind, EventKind::Candle(_));
            events.iter().rposition(is_candle)
        });
        for (part, event) in events.drain(..).enumerate() {
            context.part = part as u32;
            let Event { symbol, kind, .. } = event;
            let slot = match (&symbol, &kind) {
                (
                    _,
                    EventKind::Instruments(_) | EventKind::ServerTime(_) | EventKind::Notice(_),
                ) => {
                    self.take_general(context, kind);
                    continue;
                }
                (Some(name), _) => {
                    // an answer about all symbols does not make each of them one of ours
                    let general = answer.is_some_and(|a| a.query.symbol().is_none());
                    if general && !self.by_venue.contains_key(name) {
                        context.out.counts.foreign_rows += 1;
                        continue;
                    }
                    self.slot_of_venue(name)
                }
                (None, _) => None,
            };
            let Some(slot) = slot else {
                let name = symbol.as_ref().map_or("(none)", |name| name.as_str());
                context.refuse(None, None, UNKNOWN_SYMBOL.refusal(name));
                continue;
            };
            if let EventKind::Candle(candle) = kind {
                let row = answer.map(|_| newest == Some(part));
                self.take_venue_candle(context, slot, &candle, row, &mut before);
            } else {
                self.take_event(context, slot, kind, answer);
            }
        }
    }

    #[inline]
    fn take_event(
        &mut self,
        context: &mut Context<'_>,
        slot: SymbolSlot,
        kind: EventKind,
        answer: Option<&Exchange>,
    ) {
        let streams = self.streams[slot.index()];
        let source = match answer {
            None => Source::Live,
            Some(exchange) => Source::Answer {
                repair: exchange.purpose == Purpose::Repair,
                streamed: streams.trades,
            },
        };
        match kind {
            EventKind::Trade(event) => {
                self.touch(slot);
                self.symbols[slot.index()].take_trade(context, event.trade, source, None);
            }
            EventKind::AggregateTrade(aggregate) => {
                if source == Source::Live && streams.single_trades {
                    context.out.counts.unused_aggregates += 1;
                    return;
                }
                self.touch(slot);
                self.symbols[slot.index()].take_aggregate(context, &aggregate, source, None);
            }
            EventKind::Quote(quote) => {
                let newest = self.quotes.entry(slot.0).or_default();
                match newest.check(&quote, context.connection) {
                    Verdict::Keep => context.out.quotes.push((slot, quote)),
                    Verdict::Repeated => context.out.counts.repeated_quotes += 1,
                    Verdict::Refuse(refusal) => {
                        let symbol = &self.symbols[slot.index()].symbol;
                        context.refuse(Some(symbol), quote.time, refusal);
                    }
                }
                self.dirty.quotes = true;
            }
            EventKind::BookSnapshot(snapshot) => {
                let change = |book: &mut Book| book.snapshot(&snapshot);
                self.change_book(context, slot, change, snapshot.checksum.as_ref());
                context.out.book_snapshots.push((slot, snapshot));
            }
            EventKind::BookDelta(delta) => {
                let change = |book: &mut Book| book.delta(&delta);
                if self.change_book(context, slot, change, delta.checksum.as_ref()) {
                    context.out.book_deltas.push((slot, delta));
                } else {
                    context.out.counts.unused_book_deltas += 1;
                }
            }
            EventKind::Ticker(ticker) => context.out.tickers.push((slot, *ticker)),
            EventKind::Contract(_)
            | EventKind::Funding(_)
            | EventKind::Liquidation(_)
            | EventKind::Option(_) => context.out.counts.not_kept += 1,
            EventKind::Candle(_)
            | EventKind::Instruments(_)
            | EventKind::ServerTime(_)
            | EventKind::Notice(_) => {}
        }
    }

    /// What concerns no single symbol.
    fn take_general(&mut self, context: &mut Context<'_>, kind: EventKind) {
        let EventKind::Instruments(instruments) = kind else {
            return; // the venue's clock and notices about a connection are the driver's
        };
        for instrument in instruments {
            if self.instruments.get(&instrument.venue_symbol) == Some(&instrument) {
                continue;
            }
            self.dirty.instruments = true;
            if let Some(&slot) = self.by_symbol.get(&instrument.symbol) {
                self.by_venue.insert(instrument.venue_symbol.clone(), slot);
            }
            context.out.instruments.push(instrument.clone());
            self.instruments
                .insert(instrument.venue_symbol.clone(), instrument);
        }
    }

    /// Changes a symbol's book and checks it, says its new top, and asks for a snapshot where it needs
    /// one. Whether the book changed.
    fn change_book(
        &mut self,
        context: &mut Context<'_>,
        slot: SymbolSlot,
        change: impl FnOnce(&mut Book) -> Change,
        check: Option<&BookChecksum>,
    ) -> bool {
        let rule = self.fixed.book;
        let book = self.books.entry(slot.0).or_insert_with(|| Book::new(rule));
        let top = |book: &Book| {
            book.top()
                .map(|t| (t.bid, t.bid_quantity, t.ask, t.ask_quantity))
        };
        let before = top(book);
        let mut changed = change(book);
        if changed == Change::Applied
            && let (Some(check), Some(codec)) = (check, &self.fixed.codec)
            && book.verify(check, codec.as_ref()) == Change::Lost
        {
            context.out.counts.book_checksums_differ += 1;
            changed = Change::Lost;
        }
        if changed == Change::Applied
            && let Some(quote) = book.top()
            && top(book) != before
        {
            context.out.tops.push((slot, quote));
        }
        if book.wanted {
            self.books_due.set(slot.0, i64::MIN);
        }
        changed == Change::Applied
    }

    /// A candle as the venue computed it; `newest` of an answer's: whether none comes after it.
    fn take_venue_candle(
        &mut self,
        context: &mut Context<'_>,
        slot: SymbolSlot,
        theirs: &VenueCandle,
        newest: Option<bool>,
        before: &mut Before,
    ) {
        let timeframe = theirs.timeframe;
        let candle = candle_of(theirs, CandleState::Closed, context.received);
        if let Err(refusal) = check(timeframe, &candle) {
            let symbol = &self.symbols[slot.index()].symbol;
            context.refuse(Some(symbol), Some(theirs.open_time), refusal);
            // it has one there: only we do not know it
            *before = Before::Unknown;
            return;
        }
        context.out.venue_candles.push((slot, *theirs));
        let end = timeframe.end_of(theirs.open_time);
        // the venue looked when it answered, not when the answer came: where no later row proves that
        // its time was over, it may have been a moment before its end
        let over = theirs.closed.unwrap_or_else(|| {
            let on_the_way = if newest == Some(true) { ON_THE_WAY } else { 0 };
            end.nanos().saturating_add(on_the_way) <= self.clock.now_or_received()
        });
        if over {
            let known = match newest {
                Some(_) => std::mem::replace(before, Before::Candle(end.nanos())),
                None => Before::Unknown,
            };
            self.close_venue_candle(context, slot, timeframe, &candle, theirs.close_time, known);
        }
    }
}

fn refusal_of(error: &DecodeError) -> Refusal {
    Refusal {
        rule: error.name(),
        reason: error.to_string(),
    }
}
