//! The symbols of a pipeline: each has a slot, by which all else of it is found at once.

use quantflow_model::{Symbol, VenueSymbol};

use super::Pipeline;
use crate::feed::Streams;
use crate::output::SymbolSlot;
use crate::symbol::SymbolState;

impl Pipeline {
    /// The slot of a symbol, made when it is new.
    pub(crate) fn slot_of(
        &mut self,
        symbol: &Symbol,
        venue_symbol: Option<&VenueSymbol>,
    ) -> SymbolSlot {
        let slot = if let Some(&slot) = self.by_symbol.get(symbol) {
            slot
        } else {
            let slot = self.symbols.len() as u32;
            let spelled = venue_symbol.cloned().or_else(|| {
                let codec = self.fixed.codec.as_ref()?;
                codec.spell(symbol)
            });
            let state = SymbolState::new(symbol.clone(), SymbolSlot(slot), spelled);
            self.add_symbol(state);
            self.dirty.symbols = true;
            slot
        };
        if let Some(venue_symbol) = venue_symbol {
            let core = &mut self.symbols[slot as usize].core;
            if core.venue_symbol.as_ref() != Some(venue_symbol) {
                core.venue_symbol = Some(venue_symbol.clone());
                self.by_venue.insert(venue_symbol.clone(), slot);
                self.symbols[slot as usize].dirty = true;
            }
        }
        SymbolSlot(slot)
    }

    pub(crate) fn add_symbol(&mut self, mut state: SymbolState) {
        let slot = self.symbols.len() as u32;
        self.by_symbol.insert(state.symbol.clone(), slot);
        if let Some(venue_symbol) = &state.core.venue_symbol {
            self.by_venue.insert(venue_symbol.clone(), slot);
        }
        state.dirty = true;
        self.deadlines.push(deadline(&state));
        self.next_deadline = self.next_deadline.min(deadline(&state));
        self.is_touched.push(false);
        self.streams.push(Streams::default());
        if state.core.coverage.has_open_holes() {
            self.holes_due.set(slot, i64::MIN);
        }
        self.symbols.push(state);
    }

    /// The slot of a symbol in the venue's spelling, where somebody named it.
    #[inline]
    pub(crate) fn slot_of_venue(&mut self, venue_symbol: &VenueSymbol) -> Option<SymbolSlot> {
        if let Some(&slot) = self.by_venue.get(venue_symbol) {
            return Some(SymbolSlot(slot));
        }
        let symbol = self.instruments.get(venue_symbol)?.symbol.clone();
        Some(self.slot_of(&symbol, Some(venue_symbol)))
    }

    /// Marks a symbol as touched by the record.
    #[inline]
    pub(crate) fn touch(&mut self, slot: SymbolSlot) {
        if !std::mem::replace(&mut self.is_touched[slot.index()], true) {
            self.touched.push(slot.0);
        }
    }

    /// Looks again when the next candle of a symbol is to be closed by the clock.
    pub(super) fn set_deadline(&mut self, slot: u32) {
        let due = deadline(&self.symbols[slot as usize]);
        self.deadlines[slot as usize] = due;
        // a later one than before is found when the earlier is reached
        self.next_deadline = self.next_deadline.min(due);
    }

    /// The symbols by slot.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = (SymbolSlot, &Symbol)> {
        self.symbols.iter().map(|state| (state.slot, &state.symbol))
    }

    /// The name of a slot's symbol.
    pub fn symbol(&self, slot: SymbolSlot) -> Option<&Symbol> {
        self.symbols.get(slot.index()).map(|state| &state.symbol)
    }

    /// A symbol's slot.
    pub fn slot(&self, symbol: &Symbol) -> Option<SymbolSlot> {
        self.by_symbol.get(symbol).copied().map(SymbolSlot)
    }

    /// How the venue spells a symbol.
    pub fn venue_symbol(&self, slot: SymbolSlot) -> Option<&VenueSymbol> {
        self.symbols.get(slot.index())?.core.venue_symbol.as_ref()
    }

    /// Our name of a symbol in the venue's spelling.
    pub fn named(&self, venue_symbol: &VenueSymbol) -> Option<&Symbol> {
        match self.by_venue.get(venue_symbol) {
            Some(&slot) => self.symbol(SymbolSlot(slot)),
            None => self.instruments.get(venue_symbol).map(|i| &i.symbol),
        }
    }
}

/// When the next candle of a symbol is to be closed by the clock.
pub(super) fn deadline(symbol: &SymbolState) -> i64 {
    if symbol.core.importing > 0 {
        i64::MAX
    } else {
        symbol.core.fold.deadline()
    }
}
