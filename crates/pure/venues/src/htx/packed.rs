//! Messages come packed with gzip, each for itself.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::GzDecoder;
use quantflow_wire::DecodeError;

/// What gzip begins with.
const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// More than any message has unpacked: a few bytes of gzip can stand for gigabytes.
const LARGEST: u64 = 4 << 20;

/// Whether bytes are packed.
pub(super) fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The message; what is not packed is one as it stands.
pub(super) fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, DecodeError> {
    if !is_packed(bytes) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut message = Vec::with_capacity(bytes.len().saturating_mul(4).min(1 << 16));
    let mut unpack = GzDecoder::new(bytes).take(LARGEST + 1);
    unpack
        .read_to_end(&mut message)
        .map_err(|error| DecodeError::Malformed(format!("not gzip: {error}")))?;
    if message.len() as u64 > LARGEST {
        let text = format!("unpacks to more than {LARGEST} bytes");
        return Err(DecodeError::Malformed(text));
    }
    let behind = unpack.into_inner().into_inner();
    if !behind.is_empty() {
        let text = format!("{} bytes behind the packed message", behind.len());
        return Err(DecodeError::Malformed(text));
    }
    Ok(Cow::Owned(message))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut pack = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        pack.write_all(bytes).unwrap();
        pack.finish().unwrap()
    }

    #[test]
    fn what_was_packed_is_unpacked() {
        assert_eq!(&*unpacked(&pack(b"{}")).unwrap(), b"{}");
        assert_eq!(&*unpacked(b"{}").unwrap(), b"{}");
        let two = [pack(b"{}"), pack(b"{}")].concat();
        assert!(unpacked(&two).is_err());
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = pack(&vec![b' '; (LARGEST + 1) as usize]);
        assert!(bomb.len() < 50_000);
        let error = unpacked(&bomb).unwrap_err().to_string();
        assert_eq!(error, "malformed: unpacks to more than 4194304 bytes");
    }

    #[test]
    fn every_cut_is_refused() {
        let whole = pack(b"{\"ping\":1618678073643}");
        for cut in 2..whole.len() {
            assert!(unpacked(&whole[..cut]).is_err(), "cut at {cut}");
        }
    }
}
