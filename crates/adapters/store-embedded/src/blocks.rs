//! Checksums of a file's blocks. They stand in the catalogue, and every read checks the blocks it
//! touches: a damaged byte is named, never answered with.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use quantflow_seams::StoreError;

use crate::error;

/// Bytes a checksum covers.
pub(crate) const BLOCK: usize = 4096;

/// Sums of blocks as bytes run through.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    closed: Vec<u32>,
    current: crc32fast::Hasher,
    filled: usize,
    bytes: u64,
}

impl Sums {
    fn update(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
            self.current.update(now);
            self.filled += now.len();
            if self.filled == BLOCK {
                self.close_block();
            }
            bytes = rest;
        }
    }

    fn close_block(&mut self) {
        self.closed
            .push(std::mem::take(&mut self.current).finalize());
        self.filled = 0;
    }

    /// The length and the sums, the last of a partial block.
    pub(crate) fn finish(mut self) -> (u64, Vec<u32>) {
        if self.filled > 0 {
            self.close_block();
        }
        (self.bytes, self.closed)
    }
}

/// A file that is written from its beginning, with its sums.
#[derive(Debug)]
pub(crate) struct SummedFile {
    pub(crate) file: File,
    pub(crate) sums: Sums,
}

impl Write for SummedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sums.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that is read at places, each read checked against its sums.
#[derive(Debug, Clone)]
pub(crate) struct CheckedFile {
    file: Arc<File>,
    name: Arc<str>,
    length: u64,
    sums: Arc<[u32]>,
}

impl CheckedFile {
    pub(crate) fn open(
        path: &Path,
        name: &str,
        length: u64,
        sums: Arc<[u32]>,
    ) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(|fault| match fault.kind() {
            io::ErrorKind::NotFound => error::damaged(name, "it is missing"),
            _ => error::of_file(path, &fault),
        })?;
        let found = file
            .metadata()
            .map_err(|fault| error::of_file(path, &fault))?
            .len();
        if found != length {
            return Err(error::damaged(
                name,
                format!("it has {found} bytes, {length} were written"),
            ));
        }
        Ok(Self {
            file: Arc::new(file),
            name: name.into(),
            length,
            sums,
        })
    }

    /// Bytes from a place, checked.
    pub(crate) fn read(&self, start: u64, length: usize) -> Result<Bytes, StoreError> {
        let end = start.saturating_add(length as u64);
        if end > self.length {
            return Err(error::damaged(
                &self.name,
                format!("it ends at {}, {end} was asked for", self.length),
            ));
        }
        let block = BLOCK as u64;
        let from = start / block * block;
        let to = end.div_ceil(block).saturating_mul(block).min(self.length);
        let mut bytes = vec![0; (to - from) as usize];
        self.file
            .read_exact_at(&mut bytes, from)
            .map_err(|fault| error::of_file(Path::new(&*self.name), &fault))?;
        for (at, chunk) in bytes.chunks(BLOCK).enumerate() {
            let number = (from / block) as usize + at;
            if self.sums.get(number) != Some(&crc32fast::hash(chunk)) {
                return Err(error::damaged(
                    &self.name,
                    format!(
                        "the bytes {}..{} are not what was written",
                        number * BLOCK,
                        number * BLOCK + chunk.len()
                    ),
                ));
            }
        }
        let skip = (start - from) as usize;
        Ok(Bytes::from(bytes).slice(skip..skip + length))
    }

    /// Places of all blocks that are not what was written.
    pub(crate) fn damaged_blocks(&self) -> Result<Vec<std::ops::Range<u64>>, StoreError> {
        let mut damaged = Vec::new();
        let mut buffer = vec![0; BLOCK * 64];
        let mut at = 0_u64;
        while at < self.length {
            let length = (self.length - at).min(buffer.len() as u64) as usize;
            self.file
                .read_exact_at(&mut buffer[..length], at)
                .map_err(|fault| error::of_file(Path::new(&*self.name), &fault))?;
            for chunk in buffer[..length].chunks(BLOCK) {
                if self.sums.get((at / BLOCK as u64) as usize) != Some(&crc32fast::hash(chunk)) {
                    damaged.push(at..at + chunk.len() as u64);
                }
                at += chunk.len() as u64;
            }
        }
        Ok(damaged)
    }
}

fn as_parquet(fault: StoreError) -> ParquetError {
    ParquetError::External(Box::new(fault))
}

impl Length for CheckedFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for CheckedFile {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let length = (self.length.saturating_sub(start)).min(64 * 1024) as usize;
        let bytes = self.read(start, length).map_err(as_parquet)?;
        Ok(Box::new(bytes.reader()))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.read(start, length).map_err(as_parquet)
    }
}

/// Parts of a file that were read ahead; nothing else can be read from it.
#[derive(Debug)]
pub(crate) struct Prefetched {
    pub(crate) length: u64,
    pub(crate) parts: Vec<(u64, Bytes)>,
}

impl Length for Prefetched {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Prefetched {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        for (base, bytes) in &self.parts {
            if let Some(skip) = start.checked_sub(*base)
                && skip < bytes.len() as u64
            {
                return Ok(bytes.slice(skip as usize..).reader());
            }
        }
        Err(ParquetError::EOF(format!("nothing was read at {start}")))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        for (base, bytes) in &self.parts {
            if let Some(skip) = start.checked_sub(*base)
                && skip + length as u64 <= bytes.len() as u64
            {
                return Ok(bytes.slice(skip as usize..skip as usize + length));
            }
        }
        Err(ParquetError::EOF(format!(
            "{start}..{} was not read",
            start + length as u64
        )))
    }
}
