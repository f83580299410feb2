//! The symbol's column: long runs of few values, written a run at a time. The Parquet writer would
//! hash and compare the symbol of every row: a third of what writing trades takes.

use parquet::basic::{Encoding, EncodingMask, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;
use quantflow_model::Symbol;

use crate::column_chunk::Chunk;
use crate::rows::Rows;

/// So many rows of the symbol with this number in the dictionary.
type Run = (usize, usize);

/// The symbol of each row, as a dictionary and its numbers in runs.
pub(crate) fn encode<R: Rows>(
    column: &ColumnDescPtr,
    pieces: &[(Symbol, R)],
) -> Result<Chunk, ParquetError> {
    let mut symbols: Vec<&str> = Vec::new();
    let mut runs: Vec<Run> = Vec::new();
    for (symbol, rows) in pieces {
        match runs.last_mut() {
            // pieces are by symbol, so a known one is the last
            Some((last, count)) if symbols[*last] == symbol.as_str() => *count += rows.len(),
            _ => {
                runs.push((symbols.len(), rows.len()));
                symbols.push(symbol.as_str());
            }
        }
    }
    Chunk::write(true, |pages| {
        Writer {
            pages,
            index: OffsetIndexBuilder::new(),
            first: None,
            compressed: 0,
            uncompressed: 0,
            written: 0,
        }
        .write(column, &symbols, &runs, R::PAGE_ROWS)
    })
}

struct Writer<'a> {
    pages: Box<dyn PageWriter + 'a>,
    index: OffsetIndexBuilder,
    /// Where the first page of rows lies.
    first: Option<u64>,
    compressed: usize,
    uncompressed: usize,
    written: u64,
}

impl Writer<'_> {
    fn write(
        mut self,
        column: &ColumnDescPtr,
        symbols: &[&str],
        runs: &[Run],
        page_rows: usize,
    ) -> Result<ColumnCloseResult, ParquetError> {
        self.dictionary(symbols)?;
        let (mut pages, mut text_bytes) = (0, 0);
        let rows: usize = runs.iter().map(|run| run.1).sum();
        let mut runs = runs.iter().copied();
        let mut left = runs.next();
        while left.is_some() {
            let (mut page, mut room) = (Vec::new(), page_rows);
            while let Some((number, rows)) = left
                && room > 0
            {
                let taken = rows.min(room);
                page.push((number, taken));
                room -= taken;
                left = if taken < rows {
                    Some((number, rows - taken))
                } else {
                    runs.next()
                };
            }
            let bytes = page
                .iter()
                .map(|(number, rows)| symbols[*number].len() * rows);
            let bytes = bytes.sum::<usize>() as i64;
            self.rows(&page, page_rows - room, symbols.len(), bytes)?;
            text_bytes += bytes;
            pages += 1;
        }
        self.pages.close()?;
        let bound = |symbol: Option<&&str>| symbol.map(|symbol| ByteArray::from(*symbol));
        let (least, most) = (bound(symbols.iter().min()), bound(symbols.iter().max()));
        let stats = |page_type, encoding, count| PageEncodingStats {
            page_type,
            encoding,
            count,
        };
        let encodings = [Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY];
        let metadata = ColumnChunkMetaData::builder(column.clone())
            .set_encodings_mask(EncodingMask::new_from_encodings(encodings.iter()))
            .set_page_encoding_stats(vec![
                stats(PageType::DICTIONARY_PAGE, Encoding::PLAIN, 1),
                stats(PageType::DATA_PAGE_V2, Encoding::RLE_DICTIONARY, pages),
            ])
            .set_total_compressed_size(self.compressed as i64)
            .set_total_uncompressed_size(self.uncompressed as i64)
            .set_num_values(rows as i64)
            .set_dictionary_page_offset(Some(0))
            .set_data_page_offset(self.first.unwrap_or(0) as i64)
            .set_statistics(Statistics::byte_array(least, most, None, Some(0), false))
            .set_unencoded_byte_array_data_bytes(Some(text_bytes))
            .build()?;
        Ok(ColumnCloseResult {
            bytes_written: self.written,
            rows_written: rows as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: Some(self.index.build()),
        })
    }

    /// Each symbol once: length (u32, little-endian) and text.
    fn dictionary(&mut self, symbols: &[&str]) -> Result<(), ParquetError> {
        let mut bytes = Vec::new();
        for symbol in symbols {
            bytes.extend_from_slice(&(symbol.len() as u32).to_le_bytes());
            bytes.extend_from_slice(symbol.as_bytes());
        }
        let size = bytes.len();
        let page = Page::DictionaryPage {
            buf: bytes.into(),
            num_values: symbols.len() as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        self.page(CompressedPage::new(page, size))?;
        Ok(())
    }

    /// A page of rows: how many bits a number takes, then each run's length (times two, which says
    /// that it is a run; seven bits a byte) and number.
    fn rows(
        &mut self,
        runs: &[Run],
        rows: usize,
        symbols: usize,
        text_bytes: i64,
    ) -> Result<(), ParquetError> {
        let bits = usize::BITS - (symbols - 1).leading_zeros();
        let mut bytes = vec![bits as u8];
        for &(number, rows) in runs {
            let mut length = rows << 1;
            while length >= 0x80 {
                bytes.push(length as u8 | 0x80);
                length >>= 7;
            }
            bytes.push(length as u8);
            bytes.extend_from_slice(&number.to_le_bytes()[..bits.div_ceil(8) as usize]);
        }
        let size = bytes.len();
        let page = Page::DataPageV2 {
            buf: bytes.into(),
            num_values: rows as u32,
            encoding: Encoding::RLE_DICTIONARY,
            num_nulls: 0,
            num_rows: rows as u32,
            def_levels_byte_len: 0,
            rep_levels_byte_len: 0,
            is_compressed: false,
            statistics: None,
        };
        let written = self.page(CompressedPage::new(page, size))?;
        self.first.get_or_insert(written.offset);
        self.index.append_row_count(rows as i64);
        let size = written.compressed_size as i32;
        self.index
            .append_offset_and_size(written.offset as i64, size);
        self.index
            .append_unencoded_byte_array_data_bytes(Some(text_bytes));
        Ok(())
    }

    fn page(&mut self, page: CompressedPage) -> Result<PageWriteSpec, ParquetError> {
        let written = self.pages.write_page(page)?;
        self.compressed += written.compressed_size;
        self.uncompressed += written.uncompressed_size;
        self.written += written.bytes_written;
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::RowAccessor as _;
    use quantflow_model::TradeBatch;

    use crate::options::Faults;
    use crate::segment_write::SegmentWriter;
    use crate::shape::Shape;

    use super::*;

    fn rows(count: usize) -> TradeBatch {
        let mut batch = TradeBatch::default();
        for id in 0..count as u64 {
            let trade = quantflow_model::Trade {
                id: quantflow_model::TradeId(id.into()),
                time: quantflow_model::Timestamp::from_nanos(id as i64),
                price: quantflow_model::Price("1".parse().unwrap()),
                quantity: quantflow_model::Quantity("1".parse().unwrap()),
                side: quantflow_model::Side::Buy,
                flags: quantflow_model::TradeFlags::NONE,
                count: 1,
            };
            batch.push(&trade).unwrap();
        }
        batch
    }

    /// The library's own reader finds the symbol of each row, whatever the runs are.
    #[test]
    fn each_row_has_its_symbol() {
        let page = TradeBatch::PAGE_ROWS;
        let several: Vec<usize> = (0..300).map(|at| 1 + at % 9).collect();
        for counts in [
            &[1][..],
            &[page],
            &[page + 1],
            &[2 * page + 5, 1, 3 * page],
            &[page, page, 7],
            &several,
        ] {
            let pieces: Vec<_> = (0..)
                .zip(counts)
                // two pieces of each symbol
                .flat_map(|(at, &count)| [(at, count / 2), (at, count - count / 2)])
                .map(|(at, count)| (format!("x:S{at:03}/USDT").parse().unwrap(), rows(count)))
                .filter(|(_, rows): &(Symbol, _)| !rows.is_empty())
                .collect();
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.parquet");
            let shape = Shape::of(&rows(page));
            let faults = Faults::default();
            let mut writer = SegmentWriter::create::<TradeBatch>(&path, &shape, &faults).unwrap();
            writer.write_group(&pieces).unwrap();
            writer.finish().unwrap();

            let bytes = Bytes::from(std::fs::read(&path).unwrap());
            let file = SerializedFileReader::new(bytes).unwrap();
            let expected = pieces.iter().flat_map(|(symbol, rows)| {
                std::iter::repeat_n(symbol.as_str().to_owned(), rows.len())
            });
            let found = file.get_row_iter(None).unwrap();
            let found = found.map(|row| row.unwrap().get_string(0).unwrap().clone());
            assert!(found.eq(expected), "{counts:?}");
        }
    }
}
