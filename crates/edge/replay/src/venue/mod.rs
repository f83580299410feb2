//! The venue itself: its boards, who listens, and the walk that moves them.

mod board;
mod hub;
mod player;
mod stage;
mod streams;

pub(crate) use hub::Delivery;
pub(crate) use player::play;
pub(crate) use stage::{Stage, count, lock};
pub(crate) use streams::StreamKey;
