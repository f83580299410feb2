//! Compression, of answers whose last bytes differ each time too.
//!
//! A cached answer is its data, always the same, and its `meta`, never the same. The data is packed once and left open;
//! each answer appends its meta as an uncompressed block and the end of the stream, which costs no more than copying it.

use std::io::{self, Write as _};

use brotli::CompressorWriter;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use futures_util::{Stream, StreamExt as _, stream};

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    Gzip,
    Brotli,
    Zstd,
}

const GZIP_LEVEL: u32 = 6;
const BROTLI_LEVEL: u32 = 5;
const BROTLI_WINDOW: u32 = 20;
const ZSTD_LEVEL: i32 = 3;
/// What an uncompressed block of every coding holds.
const LONGEST_TAIL: usize = 60_000;

impl Coding {
    pub(crate) const ALL: [Self; 3] = [Self::Gzip, Self::Brotli, Self::Zstd];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// Packs all of it.
    pub(crate) fn whole(self, bytes: &[u8]) -> io::Result<Bytes> {
        let mut encoder = Encoder::new(self)?;
        encoder.write(bytes)?;
        encoder.finish()
    }
}

/// Packed bytes that are not closed yet: any tail can follow.
#[derive(Debug)]
pub(crate) struct Open {
    coding: Coding,
    bytes: Bytes,
    /// Of the unpacked bytes, which gzip needs at its end.
    crc: u32,
    length: u64,
}

impl Open {
    /// Packs bytes and leaves the stream open.
    pub(crate) fn new(coding: Coding, bytes: &[u8]) -> io::Result<Self> {
        let packed = match coding {
            Coding::Gzip => {
                // no name, no time, an unknown system
                let head = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
                let mut encoder = DeflateEncoder::new(head, Compression::new(GZIP_LEVEL));
                encoder.write_all(bytes)?;
                encoder.flush()?;
                std::mem::take(encoder.get_mut())
            }
            Coding::Brotli => {
                let mut encoder =
                    CompressorWriter::new(Vec::new(), 4096, BROTLI_LEVEL, BROTLI_WINDOW);
                encoder.write_all(bytes)?;
                encoder.flush()?;
                std::mem::take(encoder.get_mut())
            }
            Coding::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
                encoder.write_all(bytes)?;
                encoder.flush()?;
                std::mem::take(encoder.get_mut())
            }
        };
        Ok(Self {
            coding,
            bytes: packed.into(),
            crc: crc32fast::hash(bytes),
            length: bytes.len() as u64,
        })
    }

    /// What was packed, to be followed by [`Open::tail`].
    pub(crate) fn head(&self) -> Bytes {
        self.bytes.clone()
    }

    /// The end of the stream with nothing more in it.
    pub(crate) fn close(&self) -> Vec<u8> {
        match self.coding {
            Coding::Gzip => {
                let mut out = vec![1, 0, 0, 0xff, 0xff];
                out.extend_from_slice(&self.crc.to_le_bytes());
                out.extend_from_slice(&(self.length as u32).to_le_bytes());
                out
            }
            Coding::Brotli => vec![3],
            Coding::Zstd => vec![1, 0, 0],
        }
    }

    /// The end of the stream with these bytes in it; `None` when they are too many for one block.
    pub(crate) fn tail(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if bytes.is_empty() || bytes.len() > LONGEST_TAIL {
            return None;
        }
        let mut out = Vec::with_capacity(bytes.len() + 16);
        match self.coding {
            Coding::Gzip => {
                let length = bytes.len() as u16;
                out.push(1); // the last block, stored
                out.extend_from_slice(&length.to_le_bytes());
                out.extend_from_slice(&(!length).to_le_bytes());
                out.extend_from_slice(bytes);
                let mut crc = crc32fast::Hasher::new_with_initial_len(self.crc, self.length);
                crc.update(bytes);
                out.extend_from_slice(&crc.finalize().to_le_bytes());
                let length = self.length + bytes.len() as u64;
                out.extend_from_slice(&(length as u32).to_le_bytes());
            }
            Coding::Brotli => {
                // bit 0: not the last; 1-2: four nibbles of length; then length - 1; then: not compressed
                let head = ((bytes.len() as u32 - 1) << 3) | (1 << 19);
                out.extend_from_slice(&head.to_le_bytes()[..3]);
                out.extend_from_slice(bytes);
                out.push(3); // an empty last block
            }
            Coding::Zstd => {
                let head = ((bytes.len() as u32) << 3) | 1; // raw, and the last
                out.extend_from_slice(&head.to_le_bytes()[..3]);
                out.extend_from_slice(bytes);
            }
        }
        Some(out)
    }
}

/// Packs piece by piece.
enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding) -> io::Result<Self> {
        Ok(match coding {
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL))),
            Coding::Brotli => Self::Brotli(Box::new(CompressorWriter::new(
                Vec::new(),
                4096,
                BROTLI_LEVEL,
                BROTLI_WINDOW,
            ))),
            Coding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Gzip(encoder) => encoder.write_all(bytes),
            Self::Brotli(encoder) => encoder.write_all(bytes),
            Self::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    /// Packs a piece so that the client can unpack it at once.
    fn piece(&mut self, bytes: &[u8]) -> io::Result<Bytes> {
        self.write(bytes)?;
        let out = match self {
            Self::Gzip(encoder) => {
                encoder.flush()?;
                encoder.get_mut()
            }
            Self::Brotli(encoder) => {
                encoder.flush()?;
                encoder.get_mut()
            }
            Self::Zstd(encoder) => {
                encoder.flush()?;
                encoder.get_mut()
            }
        };
        Ok(std::mem::take(out).into())
    }

    fn finish(self) -> io::Result<Bytes> {
        Ok(match self {
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Brotli(encoder) => encoder.into_inner(),
            Self::Zstd(encoder) => encoder.finish()?,
        }
        .into())
    }
}

/// Packs a stream, each piece flushed.
pub(crate) fn packed(
    coding: Coding,
    pieces: impl Stream<Item = Bytes> + Send + 'static,
) -> io::Result<impl Stream<Item = Bytes> + Send + 'static> {
    let state = Some((Encoder::new(coding)?, Box::pin(pieces)));
    Ok(stream::unfold(state, |state| async move {
        let (mut encoder, mut pieces) = state?;
        // writing into memory fails only when the encoder does; the client then sees a cut stream
        match pieces.next().await {
            Some(piece) => {
                let packed = encoder.piece(&piece).ok()?;
                Some((packed, Some((encoder, pieces))))
            }
            None => Some((encoder.finish().ok()?, None)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Read as _;

    fn unpack(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match coding {
            Coding::Gzip => {
                flate2::read::GzDecoder::new(bytes)
                    .read_to_end(&mut out)
                    .unwrap();
            }
            Coding::Brotli => {
                brotli::Decompressor::new(bytes, 4096)
                    .read_to_end(&mut out)
                    .unwrap();
            }
            Coding::Zstd => out = zstd::stream::decode_all(bytes).unwrap(),
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// A packed head with any tail unpacks to both, in every coding.
        #[test]
        fn a_head_takes_any_tail(head in proptest::collection::vec(any::<u8>(), 0..5000), times in 1_usize..20, tail in proptest::collection::vec(any::<u8>(), 1..2000)) {
            let head = head.repeat(times);
            for coding in Coding::ALL {
                let open = Open::new(coding, &head).unwrap();
                let closed = [&open.head()[..], &open.close()].concat();
                prop_assert_eq!(unpack(coding, &closed), &head[..], "{}", coding.name());
                for tail in [&tail[..], &tail[..1]] {
                    let mut packed = open.head().to_vec();
                    packed.extend(open.tail(tail).unwrap());
                    prop_assert_eq!(unpack(coding, &packed), [&head[..], tail].concat(), "{}", coding.name());
                }
            }
        }
    }

    #[test]
    fn the_longest_tail_fits_and_a_longer_one_is_refused() {
        let tail = vec![b'x'; LONGEST_TAIL];
        for coding in Coding::ALL {
            let open = Open::new(coding, b"head").unwrap();
            let packed = [&open.head()[..], &open.tail(&tail).unwrap()].concat();
            assert_eq!(unpack(coding, &packed), [b"head", &tail[..]].concat());
            assert!(open.tail(&vec![b'x'; LONGEST_TAIL + 1]).is_none());
        }
    }

    #[test]
    fn a_stream_is_packed_piece_by_piece() {
        for coding in Coding::ALL {
            let pieces = (0..5).map(|n| Bytes::from(format!("piece {n},").repeat(100)));
            let whole: Vec<u8> = pieces.clone().flatten().collect();
            let packed = packed(coding, stream::iter(pieces.collect::<Vec<_>>())).unwrap();
            let packed: Vec<Bytes> =
                futures_util::FutureExt::now_or_never(packed.collect()).unwrap();
            assert_eq!(packed.len(), 6);
            assert_eq!(unpack(coding, &packed.concat()), whole, "{}", coding.name());
            assert_eq!(unpack(coding, &coding.whole(&whole).unwrap()), whole);
        }
    }
}
