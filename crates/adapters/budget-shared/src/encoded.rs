//! [`VenueState`] as bytes: what a database keeps of a venue, about a kilobyte a limit.

use std::collections::BTreeMap;

use quantflow_wire::Purpose;
use serde::{Deserialize, Serialize};

use crate::ring::Ring;
use crate::state::{Claim, VenueState};

/// First byte of what is written. A reader refuses what it does not know.
const FORMAT: u8 = 1;

/// The bytes are not a state of ours.
#[derive(Debug, thiserror::Error)]
pub enum EncodingError {
    /// A format of another version of this program.
    #[error(
        "the budget's state has format {0}, this program knows {FORMAT}: let all processes be of one version, or delete the row (what was asked in the last minutes is then forgotten)"
    )]
    Format(u8),
    /// Nothing of ours.
    #[error(
        "the budget's state cannot be read ({0}): delete the row (what was asked in the last minutes is then forgotten)"
    )]
    Malformed(String),
}

#[derive(Serialize, Deserialize)]
struct Written {
    seen: i64,
    stay_away: i64,
    rings: BTreeMap<String, WrittenRing>,
    claims: [Vec<WrittenClaim>; 2],
}

/// Amount, window, the first entry's time, and for each entry the distance from the one before and
/// its cost.
#[derive(Serialize, Deserialize)]
struct WrittenRing(u32, i64, i64, Vec<u64>);

#[derive(Serialize, Deserialize)]
struct WrittenClaim(u64, Purpose, i64, u32, i64, Option<String>, i64);

impl VenueState {
    /// The state as bytes.
    ///
    /// # Errors
    /// [`EncodingError::Malformed`], which plain numbers never are.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EncodingError> {
        let written = Written {
            seen: self.seen,
            stay_away: self.stay_away,
            rings: self
                .rings
                .iter()
                .map(|(bucket, ring)| (bucket.clone(), write_ring(ring)))
                .collect(),
            claims: self
                .claims
                .each_ref()
                .map(|claims| claims.iter().map(write_claim).collect()),
        };
        let mut bytes = vec![FORMAT];
        rmp_serde::encode::write(&mut bytes, &written)
            .map_err(|error| EncodingError::Malformed(error.to_string()))?;
        Ok(bytes)
    }

    /// Reads [`VenueState::to_bytes`]; no bytes are an empty state.
    ///
    /// # Errors
    /// When the bytes are of another format or none of ours.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EncodingError> {
        let body = match bytes {
            [] => return Ok(Self::default()),
            [FORMAT, body @ ..] => body,
            [other, ..] => return Err(EncodingError::Format(*other)),
        };
        let written: Written = rmp_serde::from_slice(body)
            .map_err(|error| EncodingError::Malformed(error.to_string()))?;
        let rings = written.rings.into_iter();
        let rings = rings.map(|(bucket, ring)| Ok((bucket, read_ring(ring)?)));
        Ok(Self {
            seen: written.seen,
            stay_away: written.stay_away,
            rings: rings.collect::<Result<_, EncodingError>>()?,
            claims: written
                .claims
                .map(|claims| claims.into_iter().map(read_claim).collect()),
        })
    }
}

fn write_ring(ring: &Ring) -> WrittenRing {
    let first = ring.entries.first().map_or(0, |&(at, _)| at);
    let mut last = first;
    let mut numbers = Vec::with_capacity(ring.entries.len() * 2);
    for &(at, cost) in &ring.entries {
        numbers.push((at - last).unsigned_abs()); // in order, so never negative
        numbers.push(u64::from(cost));
        last = at;
    }
    WrittenRing(ring.amount, ring.window, first, numbers)
}

fn read_ring(written: WrittenRing) -> Result<Ring, EncodingError> {
    let WrittenRing(amount, window, mut at, numbers) = written;
    let malformed = || EncodingError::Malformed("a ring's numbers".to_owned());
    if window < 0 || numbers.len() % 2 != 0 {
        return Err(malformed());
    }
    let mut entries = Vec::with_capacity(numbers.len() / 2);
    for pair in numbers.chunks_exact(2) {
        let distance = i64::try_from(pair[0]).map_err(|_| malformed())?;
        at = at.checked_add(distance).ok_or_else(malformed)?;
        entries.push((at, u32::try_from(pair[1]).map_err(|_| malformed())?));
    }
    Ok(Ring {
        amount,
        window,
        entries,
    })
}

fn write_claim(claim: &Claim) -> WrittenClaim {
    WrittenClaim(
        claim.member,
        claim.purpose,
        claim.since,
        claim.waiting,
        claim.earliest,
        claim.on.clone(),
        claim.expires,
    )
}

fn read_claim(written: WrittenClaim) -> Claim {
    let WrittenClaim(member, purpose, since, waiting, earliest, on, expires) = written;
    Claim {
        member,
        purpose,
        since,
        waiting,
        earliest,
        on,
        expires,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> VenueState {
        let mut ring = Ring {
            amount: 6_000,
            window: 60_000,
            entries: Vec::new(),
        };
        for at in 0..240 {
            ring.take(1_700_000_000_000 + at * 250, 24);
        }
        let claim = Claim {
            member: u64::MAX,
            purpose: Purpose::Backfill,
            since: 1_700_000_000_000,
            waiting: 500,
            earliest: 1_700_000_000_001,
            on: Some("weight@".to_owned()),
            expires: 1_700_000_002_000,
        };
        VenueState {
            seen: 1_700_000_000_000,
            stay_away: 0,
            rings: BTreeMap::from([("weight@".to_owned(), ring)]),
            claims: [vec![claim], Vec::new()],
        }
    }

    #[test]
    fn a_state_reads_as_it_was_written_and_is_small() {
        let bytes = state().to_bytes().unwrap();
        assert_eq!(VenueState::from_bytes(&bytes).unwrap(), state());
        assert!(bytes.len() < 1_200, "{} bytes", bytes.len());
        assert_eq!(VenueState::from_bytes(&[]).unwrap(), VenueState::default());
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let mut bytes = state().to_bytes().unwrap();
        bytes.truncate(bytes.len() / 2);
        let error = VenueState::from_bytes(&bytes).unwrap_err();
        assert!(matches!(error, EncodingError::Malformed(_)), "{error}");
        bytes[0] = 9;
        let error = VenueState::from_bytes(&bytes).unwrap_err();
        assert!(matches!(error, EncodingError::Format(9)), "{error}");
    }
}
