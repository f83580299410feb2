//! What the [`Budget`](quantflow_seams::Budget)s over a shared store have in common: [`SharedBudget`].
//!
//! A process queues its own callers and *visits* the store for as many of them at once as are next
//! ([`Visit`]); the store decides in one atomic step ([`VenueState::visit`] says how, in a
//! transaction of a database; Redis has the same rules as a script). All times of the rules are the
//! store's own, in milliseconds: clocks of hosts may differ by as much as they like, because hosts only
//! tell how long ago and for how long.
//!
//! # The rules
//!
//! - **Never exceeded**: over any window of a limit's length no more than its amount is granted. What
//!   was granted is remembered a fiftieth of the window longer (at the most a second), because requests
//!   overtake one another on their way. Grants of a 240th of a window share an entry that stands at its
//!   end, so a venue's state is a few kilobytes and a saturated budget loses about 2 %.
//! - **More urgent first**, over all processes. **Within a purpose first come first served**: in a
//!   process exactly; between processes who came more than [`EVEN`] (a quarter of a second) earlier goes
//!   first, and within that whoever is there. So nobody is passed by anybody who came more than that
//!   after it, however light.
//! - To that end the first of each process's queue stands in the store as a *claim* that the others
//!   respect. It lasts for [`LEASE`] and is renewed while it waits: a process that dies takes nothing
//!   and is in nobody's way after that. A claim that waits for a limit which another process does not
//!   have (another address) is not in its way.
//! - A caller that goes away while its visit is under way gives back what the visit took.
//! - A grant is handed out within [`LATE`] of when it counts from, or given back.
//! - A store that lost what it knew, all of it or the last second (it started again; a replica that
//!   lagged took over), grants nothing to a process that remembers more until that has told what was
//!   used.
//! - An order to stay away holds for the whole venue, whoever was told.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod budget;
mod encoded;
mod faults;
mod pump;
mod queue;
mod ring;
mod shared;
mod state;
mod store;
mod visit;

pub use budget::{Member, SharedBudget};
pub use encoded::EncodingError;
pub use faults::Severable;
pub use ring::Ring;
pub use state::VenueState;
pub use store::{BudgetStore, StoreError, Time};
pub use visit::{
    Answer, Ask, Asking, BATCH, BOUNDED, EVEN, GivenBack, LATE, LEASE, Lane, POLL, RENEW, Raise,
    Term, Visit,
};
