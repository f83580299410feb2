//! Pages compressed with zstd, unpacked with one context a thread.
//!
//! The Parquet reader makes two contexts of zstd for every column that it begins to read, one of
//! them to write with: several times what reading a few hundred rows takes. So it is told that the
//! columns are not compressed, hands their pages out as they lie, and they are unpacked here.

use std::cell::RefCell;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use zstd::bulk::Decompressor;

/// Bytes that no page of ours has: a larger size is a damaged one.
const MOST_BYTES: u64 = 64 << 20;

thread_local! {
    static CONTEXT: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Which columns of which row groups are compressed with zstd.
pub(crate) type Compressed = Vec<Vec<bool>>;

/// A footer in which the columns compressed with zstd stand as not compressed, and which they are.
pub(crate) fn without_codec(
    metadata: ParquetMetaData,
) -> Result<(ParquetMetaData, Compressed), ParquetError> {
    let mut builder = metadata.into_builder();
    let mut compressed = Vec::new();
    let mut groups = Vec::new();
    for group in builder.take_row_groups() {
        let mut of_group = Vec::with_capacity(group.num_columns());
        let mut columns = Vec::with_capacity(group.num_columns());
        for column in group.columns() {
            let packed = matches!(column.compression(), Compression::ZSTD(_));
            of_group.push(packed);
            columns.push(if packed {
                let builder = column.clone().into_builder();
                builder.set_compression(Compression::UNCOMPRESSED).build()?
            } else {
                column.clone()
            });
        }
        compressed.push(of_group);
        groups.push(group.into_builder().set_column_metadata(columns).build()?);
    }
    Ok((builder.set_row_groups(groups).build(), compressed))
}

/// Unpacks the pages of another reader.
pub(crate) struct ZstdPages<P>(pub(crate) P);

impl<P: PageReader> ZstdPages<P> {
    fn unpacked(page: Page) -> Result<Page, ParquetError> {
        Ok(match page {
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls,
                num_rows,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed: true,
                statistics,
            } => Page::DataPageV2 {
                // levels are never compressed
                buf: unpack(&buf, (def_levels_byte_len + rep_levels_byte_len) as usize)?,
                num_values,
                encoding,
                num_nulls,
                num_rows,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed: false,
                statistics,
            },
            Page::DictionaryPage {
                buf,
                num_values,
                encoding,
                is_sorted,
            } => Page::DictionaryPage {
                buf: unpack(&buf, 0)?,
                num_values,
                encoding,
                is_sorted,
            },
            Page::DataPage { .. } => {
                return Err(ParquetError::General("a page of version 1".to_owned()));
            }
            page @ Page::DataPageV2 { .. } => page,
        })
    }
}

impl<P: PageReader> Iterator for ZstdPages<P> {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl<P: PageReader> PageReader for ZstdPages<P> {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        self.0.get_next_page()?.map(Self::unpacked).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        self.0.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool, ParquetError> {
        self.0.at_record_boundary()
    }
}

/// The first bytes as they are, and the rest unpacked.
fn unpack(bytes: &[u8], plain: usize) -> Result<Bytes, ParquetError> {
    let (head, packed) = bytes
        .split_at_checked(plain)
        .ok_or_else(|| ParquetError::General("a page shorter than its levels".to_owned()))?;
    if packed.is_empty() {
        return Ok(Bytes::copy_from_slice(head)); // no row has a value
    }
    let size = zstd::zstd_safe::get_frame_content_size(packed)
        .ok()
        .flatten()
        .filter(|size| *size <= MOST_BYTES)
        .ok_or_else(|| ParquetError::General("a page that says no size".to_owned()))?;
    let mut unpacked = Vec::with_capacity(plain + size as usize);
    unpacked.extend_from_slice(head);
    let values = CONTEXT.with_borrow_mut(|context| -> std::io::Result<Vec<u8>> {
        let context = match context {
            Some(context) => context,
            None => context.insert(Decompressor::new()?),
        };
        if head.is_empty() {
            context.decompress_to_buffer(packed, &mut unpacked)?;
            return Ok(Vec::new());
        }
        context.decompress(packed, size as usize)
    });
    let values = values.map_err(|e| ParquetError::General(format!("zstd: {e}")))?;
    unpacked.extend_from_slice(&values);
    if unpacked.len() as u64 != plain as u64 + size {
        return Err(ParquetError::General("a page of another size".to_owned()));
    }
    Ok(Bytes::from(unpacked))
}
