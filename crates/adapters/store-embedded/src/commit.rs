//! Commits: small ones into the tail, large ones to files at once, either in one transaction.

use std::sync::atomic::Ordering;

use quantflow_model::{Symbol, Timeframe, Timestamp};
use quantflow_seams::{Commit, StoreError};
use quantflow_wire::LogRange;

use crate::build::NewSegment;
use crate::catalogue;
use crate::plan::Input;
use crate::records;
use crate::rows::Rows;
use crate::segment::Group;
use crate::store::{Inner, Writer, held};
use crate::tail::{GroupTail, Tail};
use crate::view::View;

impl Inner {
    pub(crate) fn commit(&self, mut commit: Commit) -> Result<(), StoreError> {
        let rows: usize = commit.trades.iter().map(|(_, b)| b.len()).sum::<usize>()
            + commit
                .candles
                .iter()
                .map(|(_, _, b)| b.len())
                .sum::<usize>();
        let waiting = {
            let view = self.view();
            view.tail.rows_of(&commit.partition) + view.frozen.rows_of(&commit.partition)
        };
        let to_files = rows > self.options.small_commit_rows
            || (rows > 0 && waiting + rows > self.options.tail_rows.saturating_mul(4));
        let flushing = to_files.then(|| held(&self.flushing));
        let mut writer = self.writer();
        let standing = catalogue::standing(&writer.connection, &commit.partition)
            .map_err(|e| self.catalogue.failed(&e))?;
        if let Some((stands, _)) = standing
            && stands != commit.from
        {
            return Err(StoreError::Conflict {
                partition: commit.partition,
                from: commit.from,
                stands,
            });
        }
        if commit.to < commit.from {
            return Err(StoreError::Failed {
                place: commit.partition.to_string(),
                detail: format!("a commit from {} back to {}", commit.from, commit.to),
            });
        }
        let sequence = writer.sequence + 1;
        let incoming = arrange(&mut commit, sequence)?;
        let outcome = if flushing.is_some() {
            self.commit_to_files(&mut writer, &commit, incoming, sequence)
        } else {
            self.commit_to_tail(&mut writer, &commit, incoming, sequence)
        };
        if outcome.is_ok() {
            writer.sequence = sequence;
        }
        outcome
    }

    fn commit_to_tail(
        &self,
        writer: &mut Writer,
        commit: &Commit,
        incoming: Tail,
        sequence: u64,
    ) -> Result<(), StoreError> {
        let body = incoming.pack();
        self.transact(writer, |transaction| {
            if !incoming.is_empty() {
                catalogue::insert_tail(transaction, sequence, &commit.partition, &body)?;
            }
            records::write(transaction, commit)?;
            catalogue::set_sequence(transaction, sequence)
        })?;
        let mut view = self.view_mut();
        view.tail.absorb(incoming);
        view.learn(commit);
        Ok(())
    }

    /// Writes the commit to files at once, and the partition's tail with it. The caller holds
    /// `flushing`, so nothing is frozen.
    fn commit_to_files(
        &self,
        writer: &mut Writer,
        commit: &Commit,
        incoming: Tail,
        sequence: u64,
    ) -> Result<(), StoreError> {
        let mut all = self.view().tail.clone().take(&commit.partition);
        all.absorb(incoming);
        let built = self.build_tail(&all)?;
        self.transact(writer, |transaction| {
            for new in &built {
                catalogue::insert_segment(transaction, &new.segment, &new.sums)?;
            }
            catalogue::remove_tail(transaction, &commit.partition, sequence)?;
            records::write(transaction, commit)?;
            catalogue::set_sequence(transaction, sequence)
        })?;
        let mut view = self.view_mut();
        view.tail.take(&commit.partition);
        for new in &built {
            new.publish(&mut view);
        }
        view.learn(commit);
        Ok(())
    }

    /// Files of everything in a tail.
    pub(crate) fn build_tail(&self, tail: &Tail) -> Result<Vec<NewSegment>, StoreError> {
        let builder = self.builder();
        let mut built = Vec::new();
        for (group, rows) in &tail.trades {
            built.extend(builder.build(group, Input::of_tail(rows), Timestamp::MIN)?);
        }
        for (group, rows) in &tail.candles {
            built.extend(builder.build(group, Input::of_tail(rows), Timestamp::MIN)?);
        }
        Ok(built)
    }
}

impl NewSegment {
    /// Shows a segment that the catalogue names now.
    pub(crate) fn publish(&self, view: &mut View) {
        self.segment.gone.store(false, Ordering::Release);
        view.add_segment(&self.segment);
    }
}

impl View {
    fn learn(&mut self, commit: &Commit) {
        for instrument in &commit.instruments {
            self.instruments
                .insert(instrument.symbol.clone(), instrument.clone());
        }
    }
}

/// A commit's rows by group and symbol, each in order; taken out of it.
fn arrange(commit: &mut Commit, sequence: u64) -> Result<Tail, StoreError> {
    let log = LogRange {
        from: commit.from,
        to: commit.to,
    };
    let trades = std::mem::take(&mut commit.trades);
    let candles = std::mem::take(&mut commit.candles);
    let group = |symbol: &Symbol, timeframe| Group {
        partition: commit.partition.clone(),
        venue: symbol.venue(),
        timeframe,
    };
    let mut tail = Tail::default();
    let trades = trades.into_iter().map(|(s, batch)| ((s, None), batch));
    for ((symbol, _), batch) in by_series(trades) {
        tail.trades
            .entry(group(&symbol, None))
            .or_insert_with(|| GroupTail::new(sequence))
            .add(&symbol, in_order(&symbol, batch)?, sequence, log);
    }
    let candles = candles.into_iter().map(|(s, t, b)| ((s, Some(t)), b));
    for ((symbol, timeframe), batch) in by_series(candles) {
        tail.candles
            .entry(group(&symbol, timeframe))
            .or_insert_with(|| GroupTail::new(sequence))
            .add(&symbol, in_order(&symbol, batch)?, sequence, log);
    }
    Ok(tail)
}

type SeriesKey = (Symbol, Option<Timeframe>);

/// The batches of each series as one, so that of two rows of a commit that compare equal the later
/// stays later; as several only where they do not fit together.
fn by_series<R: Rows>(batches: impl Iterator<Item = (SeriesKey, R)>) -> Vec<(SeriesKey, R)> {
    let mut batches: Vec<_> = batches.filter(|(_, batch)| !batch.is_empty()).collect();
    batches.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut series: Vec<(SeriesKey, R)> = Vec::with_capacity(batches.len());
    for (key, batch) in batches {
        let joined = series.last_mut().is_some_and(|(last, before)| {
            *last == key
                && before.is_sound()
                && batch.is_sound()
                && before.extend(&batch, 0..batch.len()).is_some()
        });
        if !joined {
            series.push((key, batch));
        }
    }
    series
}

fn in_order<R: Rows>(symbol: &Symbol, batch: R) -> Result<R, StoreError> {
    let refused = |detail: &str| StoreError::Inexact {
        what: format!("a batch of {symbol}"),
        detail: detail.to_owned(),
    };
    if !batch.is_sound() {
        return Err(refused("its columns differ in length"));
    }
    if batch.times().contains(&i64::MAX) {
        return Err(refused("no query reaches the last instant of time"));
    }
    Ok(if batch.is_sorted() {
        batch
    } else {
        batch.sorted()
    })
}
