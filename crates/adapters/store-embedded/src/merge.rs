//! Which segments are merged, and the new ones in the place of the old.

use std::sync::Arc;

use quantflow_model::{CandleBatch, TradeBatch};
use quantflow_seams::StoreError;

use crate::build::NewSegment;
use crate::catalogue;
use crate::merging::Merging;
use crate::plan::{WORTH_A_FILE, planned};
use crate::segment::{Group, Segment};
use crate::store::Inner;

impl Inner {
    /// Whether all that a merge began with is still there: since then, rows may have gone.
    pub(crate) fn has_all(&self, begun: &Merging) -> bool {
        let view = self.view();
        begun
            .old()
            .iter()
            .all(|segment| view.segments.contains_key(&segment.id))
    }

    /// Segments to be merged: neighbours of one group and about one size.
    pub(crate) fn mergeable(&self) -> Option<Vec<Arc<Segment>>> {
        let view = self.view();
        let mut groups: std::collections::BTreeMap<&Group, Vec<&Arc<Segment>>> =
            std::collections::BTreeMap::new();
        for segment in view.segments.values() {
            groups.entry(&segment.group).or_default().push(segment);
        }
        for segments in groups.values_mut() {
            segments.sort_by_key(|segment| (segment.order(), segment.id));
            let mut at = 0;
            while at < segments.len() {
                // whole neighbourhoods only: of rows that compare equal the later commit's must
                // stay later
                let tier = self.tier(segments[at].rows);
                let mut end = at;
                let mut rows = 0;
                while end < segments.len()
                    && self.tier(segments[end].rows) <= tier
                    && rows + segments[end].rows <= self.options.segment_rows
                {
                    rows += segments[end].rows;
                    end += 1;
                }
                let generations = {
                    let mut orders: Vec<_> =
                        segments[at..end].iter().map(|s| s.order().0).collect();
                    orders.dedup();
                    orders.len()
                };
                if generations >= self.options.merge_segments.max(2) {
                    let found: Vec<_> = segments[at..end].iter().map(|s| Arc::clone(s)).collect();
                    let files = if found[0].group.timeframe.is_none() {
                        planned::<TradeBatch>(&found)
                    } else {
                        planned::<CandleBatch>(&found)
                    };
                    // each merge leaves fewer files, so merging comes to an end
                    if files < found.len() {
                        return Some(found);
                    }
                }
                at += 1;
            }
        }
        None
    }

    /// Sizes that are about one: each is `merge_segments` times the one before.
    fn tier(&self, rows: u64) -> u32 {
        let base = self.options.merge_segments.max(2) as u64;
        (rows / WORTH_A_FILE as u64).max(1).ilog(base)
    }

    /// Puts new segments in the place of old ones.
    pub(crate) fn replace(
        &self,
        old: &[Arc<Segment>],
        new: &[NewSegment],
    ) -> Result<(), StoreError> {
        self.keep_sums(old)?;
        let mut writer = self.writer();
        self.transact(&mut writer, |transaction| {
            for segment in old {
                catalogue::remove_segment(transaction, segment.id)?;
            }
            for new in new {
                catalogue::insert_segment(transaction, &new.segment, &new.sums)?;
            }
            Ok(())
        })?;
        let mut view = self.view_mut();
        for segment in old {
            view.remove_segment(segment.id);
            self.cache.forget(segment.id);
        }
        for new in new {
            new.publish(&mut view);
        }
        Ok(())
    }

    /// Keeps the sums of segments that are about to leave the catalogue, for who still reads them.
    pub(crate) fn keep_sums(&self, segments: &[Arc<Segment>]) -> Result<(), StoreError> {
        for segment in segments {
            if segment.keepsake.get().is_none() {
                let sums = self.catalogue.sums(segment.id, &segment.name)?;
                // somebody else's are the same
                let _ = segment.keepsake.set(sums.into());
            }
        }
        Ok(())
    }
}
