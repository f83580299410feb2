//! [`ActionBook`]: what sources said of one instrument, and what was known at a time.

use std::collections::BTreeMap;

use compact_str::CompactString;
use jiff::civil::Date;
use quantflow_model::Timestamp;

use super::{Action, ActionRecord, Change};

/// Why a record is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// One source said two things under one id at one time: which of them holds is not told.
    #[error("{source_name} said two things of {id} at {known_at}")]
    Ambiguous {
        /// The source.
        source_name: CompactString,
        /// The action's id there.
        id: CompactString,
        /// When.
        known_at: Timestamp,
    },
}

/// Two sources that say different things of one date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The ex-date.
    pub ex_date: Date,
    /// The source whose word is taken, and what it says.
    pub taken: (CompactString, Vec<Action>),
    /// The source whose word is left, and what it says.
    pub left: (CompactString, Vec<Action>),
}

/// The actions of one instrument as a time knew them: by ex-date, each from one source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actions {
    list: Vec<(Date, Action)>,
    conflicts: Vec<Conflict>,
}

impl Actions {
    /// Actions that need no history: a source's list as it stands.
    pub fn of(actions: impl IntoIterator<Item = (Date, Action)>) -> Self {
        let mut list: Vec<_> = actions.into_iter().collect();
        // by date and sort; the rest of the order carries no meaning
        list.sort_by_key(|(date, action)| (*date, action.sort()));
        Self {
            list,
            conflicts: Vec::new(),
        }
    }

    /// The actions, ascending by ex-date.
    pub fn list(&self) -> &[(Date, Action)] {
        &self.list
    }

    /// Where sources say different things.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }
}

/// What was said of one instrument, never changed and never forgotten.
#[derive(Debug, Clone, Default)]
pub struct ActionBook {
    /// By source and id, then by when it became known.
    records: BTreeMap<(CompactString, CompactString), BTreeMap<Timestamp, Change>>,
}

impl ActionBook {
    /// A book with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a record. The order of records does not matter, and one that is there already changes nothing.
    ///
    /// # Errors
    /// When the same source said something else of the same action at the same time.
    pub fn insert(&mut self, record: ActionRecord) -> Result<(), BookError> {
        let said = self
            .records
            .entry((record.source.clone(), record.id.clone()));
        let said = said.or_default();
        match said.get(&record.known_at) {
            Some(change) if *change != record.change => Err(BookError::Ambiguous {
                source_name: record.source,
                id: record.id,
                known_at: record.known_at,
            }),
            Some(_) => Ok(()),
            None => {
                said.insert(record.known_at, record.change);
                Ok(())
            }
        }
    }

    /// The actions as they were known at a time, what was said in that very instant included.
    ///
    /// Of each sort of action (split, dividend, …) on each ex-date the word of one source is taken, the first of
    /// `preference` that has any; sources that are not in it come after those, by name. So two
    /// sources that tell of one split do not split twice; where they differ it is a [`Conflict`].
    pub fn as_of(&self, time: Timestamp, preference: &[&str]) -> Actions {
        // by ex-date and sort, then by source in the order of preference
        let mut told: BTreeMap<(Date, u8), BySource<'_>> = BTreeMap::new();
        for ((source, _), said) in &self.records {
            let Some((_, Change::Announced { ex_date, action })) = said.range(..=time).next_back()
            else {
                continue;
            };
            let place = preference.iter().position(|name| name == source);
            told.entry((*ex_date, action.sort()))
                .or_default()
                .entry((place.unwrap_or(preference.len()), source))
                .or_default()
                .push(action.clone());
        }
        let mut actions = Actions::default();
        for ((ex_date, _), by_source) in told {
            let mut by_source = by_source
                .into_iter()
                .map(|((_, source), actions)| (source.clone(), actions));
            let Some(taken) = by_source.next() else {
                continue;
            };
            for left in by_source {
                if !same(&taken.1, &left.1) {
                    actions.conflicts.push(Conflict {
                        ex_date,
                        taken: taken.clone(),
                        left,
                    });
                }
            }
            let dated = taken.1.into_iter().map(|action| (ex_date, action));
            actions.list.extend(dated);
        }
        actions
    }
}

/// What each source says, by its place in the preference and its name.
type BySource<'a> = BTreeMap<(usize, &'a CompactString), Vec<Action>>;

/// Whether two sources say the same, in whatever order.
fn same(one: &[Action], other: &[Action]) -> bool {
    one.len() == other.len()
        && one.iter().all(|action| {
            let count = |list: &[Action]| list.iter().filter(|each| *each == action).count();
            count(one) == count(other)
        })
}
