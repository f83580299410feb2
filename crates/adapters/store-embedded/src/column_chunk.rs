//! [`Chunk`]: a column of a row group as it will lie in the file, put together in memory.
//!
//! The Parquet writer makes contexts of zstd for every column that it begins to write, and for every
//! way to write it that is tried out: more than a small column itself takes. So it is told that the
//! columns are not compressed, and their pages are packed here with one context a thread, as they
//! are unpacked when they are read (`zstd_pages`).

use std::cell::RefCell;
use std::io::{Cursor, Write};

use bytes::Bytes;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::{ColumnCloseResult, get_column_writer};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;

use crate::encoding;
use crate::values::FileValues;

thread_local! {
    static CONTEXT: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// A column of a row group as it will lie in the file.
#[derive(Debug)]
pub(crate) struct Chunk {
    bytes: Bytes,
    close: ColumnCloseResult,
}

impl Chunk {
    /// Encodes values as `properties` say, in pages of so many rows, packed with zstd or not.
    pub(crate) fn encode(
        column: &ColumnDescPtr,
        properties: &WriterPropertiesPtr,
        values: &FileValues,
        page_rows: usize,
        zstd: bool,
    ) -> Result<Self, ParquetError> {
        Self::write(zstd, |pages| {
            let mut writer = get_column_writer(column.clone(), properties.clone(), pages);
            let levels = values.levels.as_deref();
            encoding::write(&mut writer, &values.values, levels, page_rows)?;
            writer.close()
        })
    }

    /// What `write` writes, with its pages packed or not; its word on how they are packed is not
    /// taken.
    pub(crate) fn write(
        zstd: bool,
        write: impl FnOnce(Box<dyn PageWriter + '_>) -> Result<ColumnCloseResult, ParquetError>,
    ) -> Result<Self, ParquetError> {
        let mut sink = TrackedWrite::new(Vec::new());
        let mut close = write(Box::new(Pages {
            inner: SerializedPageWriter::new(&mut sink),
            zstd,
        }))?;
        if zstd {
            let metadata = close.metadata.into_builder();
            let codec = Compression::ZSTD(ZstdLevel::default());
            close.metadata = metadata.set_compression(codec).build()?;
        }
        let bytes = sink.into_inner()?.into();
        Ok(Self { bytes, close })
    }

    /// How many bytes it takes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Makes it the next column of a row group.
    pub(crate) fn append_to<W: Write + Send>(
        self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        group.append_column(&self.bytes, self.close)
    }
}

/// Packs pages on their way.
struct Pages<'a> {
    inner: SerializedPageWriter<'a, Vec<u8>>,
    zstd: bool,
}

impl PageWriter for Pages<'_> {
    fn write_page(&mut self, page: CompressedPage) -> Result<PageWriteSpec, ParquetError> {
        let page = if self.zstd { packed(&page)? } else { page };
        self.inner.write_page(page)
    }

    fn close(&mut self) -> Result<(), ParquetError> {
        self.inner.close()
    }
}

/// The page, packed where that makes it smaller.
fn packed(page: &CompressedPage) -> Result<CompressedPage, ParquetError> {
    let size = page.uncompressed_size();
    let mut page = page.compressed_page().clone();
    match &mut page {
        Page::DataPageV2 {
            buf,
            def_levels_byte_len,
            rep_levels_byte_len,
            is_compressed,
            ..
        } => {
            // levels are never compressed
            let levels = (*def_levels_byte_len + *rep_levels_byte_len) as usize;
            let small = pack(buf, levels)?;
            if small.len() < buf.len() {
                *buf = small;
                *is_compressed = true;
            }
        }
        // it cannot say whether it is compressed
        Page::DictionaryPage { buf, .. } => *buf = pack(buf, 0)?,
        Page::DataPage { .. } => {
            return Err(ParquetError::General("a page of version 1".to_owned()));
        }
    }
    Ok(CompressedPage::new(page, size))
}

/// The first bytes as they are, and the rest packed.
fn pack(bytes: &[u8], plain: usize) -> Result<Bytes, ParquetError> {
    let (head, rest) = bytes.split_at(plain);
    let most = plain + zstd::zstd_safe::compress_bound(rest.len());
    let mut packed = Vec::with_capacity(most);
    packed.extend_from_slice(head);
    let mut room = Cursor::new(packed);
    room.set_position(plain as u64);
    CONTEXT.with_borrow_mut(|context| {
        let context = match context {
            Some(context) => context,
            None => context.insert(Compressor::new(ZstdLevel::default().compression_level())?),
        };
        context.compress_to_buffer(rest, &mut room)
    })?;
    Ok(room.into_inner().into())
}
