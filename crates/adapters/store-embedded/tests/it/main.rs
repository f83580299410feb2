//! The embedded store, from outside.

mod damage;
mod faults;
mod openness;
mod property;
mod recorded;
mod suite;
