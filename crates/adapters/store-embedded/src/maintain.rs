//! Housekeeping: the tail to files, small segments to larger ones, old rows and orphans away.

use std::path::Path;
use std::sync::Arc;

use quantflow_model::{CandleBatch, Timeframe, Timestamp, TradeBatch};
use quantflow_seams::{Maintenance, Retention, StoreError};
use quantflow_wire::PartitionId;

use crate::build::NewSegment;
use crate::catalogue;
use crate::error;
use crate::merging::Merging;
use crate::plan::{Input, WORTH_A_FILE};
use crate::records;
use crate::segment::{Group, Segment};
use crate::segment_write::sync_folder;
use crate::store::{Inner, held};
use crate::tail::{GroupTail, Tail};

impl Inner {
    /// One step of housekeeping: the tail of a partition to files, or some of a merge.
    pub(crate) fn maintain(&self) -> Result<Maintenance, StoreError> {
        let mut done = Maintenance::default();
        if let Some(partition) = self.due() {
            let _flushing = held(&self.flushing);
            done.merged += self.flush(&partition, false)?;
            done.more = true;
            return Ok(done);
        }
        let mut merging = held(&self.merging);
        let begun = merging.take().filter(|begun| self.has_all(begun));
        let current = begun.or_else(|| self.mergeable().map(Merging::of));
        if let Some(mut current) = current {
            done.more = true;
            if current.work(&self.builder(), self.options.merge_step)? {
                let (old, new) = current.into_parts();
                self.replace(&old, &new)?;
                done.merged += old.len();
                done.removed += old.len();
            } else {
                *merging = Some(current);
            }
        }
        Ok(done)
    }

    /// A partition whose tail is to be written to files.
    fn due(&self) -> Option<PartitionId> {
        let now = self.writer().sequence;
        let view = self.view();
        let mut rows = 0;
        let groups = view.tail.trades.iter().map(|(g, t)| (g, t.rows, t.since));
        let candles = view.tail.candles.iter().map(|(g, t)| (g, t.rows, t.since));
        let mut largest: Option<(&Group, usize)> = None;
        for (group, count, since) in groups.chain(candles) {
            if now.saturating_sub(since) >= self.options.tail_commits {
                return Some(group.partition.clone());
            }
            rows += count;
            if largest.is_none_or(|(_, most)| count > most) {
                largest = Some((group, count));
            }
        }
        (rows >= self.options.tail_rows)
            .then(|| largest.map(|(group, _)| group.partition.clone()))?
    }

    /// Writes a partition's tail to files; what is too little for a file stays, unless `all`.
    /// Readers see the rows throughout. The caller holds `flushing`. Says how many files it made.
    pub(crate) fn flush(&self, partition: &PartitionId, all: bool) -> Result<usize, StoreError> {
        let (up_to, kept_body) = {
            let writer = self.writer();
            let mut view = self.view_mut();
            let mut taken = view.tail.take(partition);
            let kept = self.too_little(&mut taken, writer.sequence, all);
            let body = (!kept.is_empty()).then(|| kept.pack());
            view.frozen = taken;
            view.tail.absorb(kept);
            (writer.sequence, body)
        };
        let frozen = self.view().frozen.clone();
        let outcome = self.build_tail(&frozen).and_then(|built| {
            let mut writer = self.writer();
            self.transact(&mut writer, |transaction| {
                for new in &built {
                    catalogue::insert_segment(transaction, &new.segment, &new.sums)?;
                }
                catalogue::remove_tail(transaction, partition, up_to)?;
                if let Some(body) = &kept_body {
                    catalogue::insert_tail(transaction, up_to, partition, body)?;
                }
                Ok(())
            })?;
            // the writer is held, so no commit comes between the catalogue and the view
            let mut view = self.view_mut();
            view.frozen = Tail::default();
            for new in &built {
                new.publish(&mut view);
            }
            Ok(built.len())
        });
        if outcome.is_err() {
            // as it was: the frozen rows are older than what has come since
            let _writer = self.writer();
            let mut view = self.view_mut();
            let mut frozen = std::mem::take(&mut view.frozen);
            let newer = std::mem::take(&mut view.tail);
            frozen.absorb(newer);
            view.tail = frozen;
        }
        outcome
    }

    /// Takes the groups out that stay in the tail.
    fn too_little(&self, taken: &mut Tail, now: u64, all: bool) -> Tail {
        fn split<R: crate::rows::Rows>(
            groups: &mut std::collections::BTreeMap<Group, GroupTail<R>>,
            stays: impl Fn(usize, u64) -> bool,
        ) -> std::collections::BTreeMap<Group, GroupTail<R>> {
            let (kept, gone) = std::mem::take(groups)
                .into_iter()
                .partition(|(_, tail)| stays(tail.rows, tail.since));
            *groups = gone;
            kept
        }
        let limit = self.options.tail_commits;
        let stays = |rows: usize, since: u64| {
            !all && rows < WORTH_A_FILE && now.saturating_sub(since) < limit
        };
        let kept = Tail {
            trades: split(&mut taken.trades, stays),
            candles: split(&mut taken.candles, stays),
        };
        if taken.is_empty() {
            // all groups are small: the tail is large only together, and goes as a whole
            *taken = kept;
            return Tail::default();
        }
        kept
    }

    /// New segments with the rows of some of one group, from a time on.
    fn rebuild(
        &self,
        segments: &[Arc<Segment>],
        from: Timestamp,
    ) -> Result<Vec<NewSegment>, StoreError> {
        let Some(first) = segments.first() else {
            return Ok(Vec::new());
        };
        let builder = self.builder();
        if first.group.timeframe.is_none() {
            let inputs = Input::<TradeBatch>::of_segments(segments);
            builder.build(&first.group, inputs, from)
        } else {
            let inputs = Input::<CandleBatch>::of_segments(segments);
            builder.build(&first.group, inputs, from)
        }
    }

    /// Removes what is past its retention. Times are cut at midnight, so a file is rewritten at
    /// most once a day, and nothing goes early.
    pub(crate) fn retain(&self, retention: &Retention, now: Timestamp) -> Result<(), StoreError> {
        let _flushing = held(&self.flushing);
        let _merging = held(&self.merging);
        let cut = |timeframe: Option<Timeframe>| -> Option<Timestamp> {
            let kept = match timeframe {
                None => retention.trades,
                Some(timeframe) => retention
                    .candles
                    .iter()
                    .filter(|(below, _)| timeframe < *below)
                    .map(|(_, kept)| *kept)
                    .min(),
            };
            kept.map(|kept| (now - kept).start_of_day())
        };
        let concerns = |group: &Group| {
            retention
                .venue
                .as_ref()
                .is_none_or(|venue| *venue == group.venue)
        };
        let old_in_tail: Vec<PartitionId> = {
            let view = self.view();
            let trades = view.tail.trades.iter().map(|(g, t)| (g, oldest(t)));
            let candles = view.tail.candles.iter().map(|(g, t)| (g, oldest(t)));
            trades
                .chain(candles)
                .filter(|(group, oldest)| {
                    concerns(group) && cut(group.timeframe).is_some_and(|cut| *oldest < cut.nanos())
                })
                .map(|(group, _)| group.partition.clone())
                .collect()
        };
        for partition in old_in_tail {
            self.flush(&partition, true)?;
        }
        let segments: Vec<Arc<Segment>> = self.view().segments.values().cloned().collect();
        for segment in segments {
            let Some(cut) = cut(segment.group.timeframe).filter(|_| concerns(&segment.group))
            else {
                continue;
            };
            if segment.min_time() >= cut.nanos() {
                continue;
            }
            let kept = if segment.max_time() < cut.nanos() {
                Vec::new()
            } else {
                self.rebuild(std::slice::from_ref(&segment), cut)?
            };
            self.replace(std::slice::from_ref(&segment), &kept)?;
        }
        if let Some(kept) = retention.quarantine {
            let venue = retention
                .venue
                .as_ref()
                .map(quantflow_model::VenueId::as_str);
            let mut writer = self.writer();
            self.transact(&mut writer, |transaction| {
                records::retain_quarantine(transaction, now - kept, venue)
            })?;
        }
        Ok(())
    }

    /// Removes everything of a partition.
    pub(crate) fn clear(&self, partition: &PartitionId) -> Result<(), StoreError> {
        let _flushing = held(&self.flushing);
        let mut merging = held(&self.merging);
        // it would keep the files of what goes
        *merging = None;
        let mut writer = self.writer();
        let gone: Vec<Arc<Segment>> = {
            let view = self.view();
            let segments = view.segments.values();
            segments
                .filter(|segment| segment.group.partition == *partition)
                .cloned()
                .collect()
        };
        self.keep_sums(&gone)?;
        self.transact(&mut writer, |transaction| {
            records::clear(transaction, partition.as_str())
        })?;
        let instruments = records::instruments(&self.catalogue)?;
        let mut view = self.view_mut();
        for segment in &gone {
            view.remove_segment(segment.id);
            self.cache.forget(segment.id);
        }
        view.tail.take(partition);
        view.instruments = instruments
            .into_iter()
            .map(|instrument| (instrument.symbol.clone(), instrument))
            .collect();
        Ok(())
    }

    /// Removes files of ours that the catalogue does not name. Only when opening: later, a file
    /// without a name may be one that is about to be named.
    pub(crate) fn remove_orphans(&self) -> Result<(), StoreError> {
        let view = self.view();
        let named: std::collections::HashSet<&Path> = view
            .segments
            .values()
            .map(|segment| segment.path.as_path())
            .collect();
        for kind in ["trades", "candles"] {
            let mut folders = vec![self.folder.join(kind)];
            while let Some(folder) = folders.pop() {
                let entries = match std::fs::read_dir(&folder) {
                    Ok(entries) => entries,
                    Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => continue,
                    Err(fault) => return Err(error::of_file(&folder, &fault)),
                };
                let mut removed = false;
                for entry in entries {
                    let path = entry.map_err(|e| error::of_file(&folder, &e))?.path();
                    if path.is_dir() {
                        folders.push(path);
                    } else if is_ours(&path) && !named.contains(path.as_path()) {
                        tracing::info!(file = %path.display(), "removed what a crash left");
                        std::fs::remove_file(&path).map_err(|e| error::of_file(&path, &e))?;
                        removed = true;
                    }
                }
                if removed {
                    sync_folder(&folder)?;
                }
            }
        }
        Ok(())
    }
}

fn oldest<R: crate::rows::Rows>(tail: &GroupTail<R>) -> i64 {
    let chunks = tail.series.values().flat_map(|series| &series.chunks);
    chunks
        .filter_map(|chunk| chunk.rows.times().first().copied())
        .min()
        .unwrap_or(i64::MAX)
}

/// Whether a name is one that segments get: somebody else's files are left alone.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| {
        name.strip_suffix(".parquet")
            .or_else(|| name.strip_suffix(".parquet.tmp"))
    })
    .is_some_and(|stem| stem.len() == 10 && stem.bytes().all(|b| b.is_ascii_digit()))
}
