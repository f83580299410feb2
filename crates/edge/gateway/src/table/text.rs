//! Tables as CSV. Times are whole milliseconds, as `quantflow import` reads them; what is not known is empty.

use std::ops::Range;

use super::{Cell, Table, WriteError};

/// Appends rows, before them the names of the columns where `head` says so.
pub(super) fn csv(
    table: &dyn Table,
    rows: Range<usize>,
    head: bool,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let columns = table.columns();
    let mut writer = csv::Writer::from_writer(out);
    if head {
        writer.write_record(columns.iter().map(|column| column.name.as_bytes()))?;
    }
    let mut fields: Vec<String> = vec![String::new(); columns.len()];
    for row in rows {
        for (column, field) in fields.iter_mut().enumerate() {
            *field = field_of(table.cell(row, column));
        }
        writer.write_record(&fields)?;
    }
    writer.flush().map_err(csv::Error::from)?;
    Ok(())
}

fn field_of(cell: Cell) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Text(text) => harmless(text),
        Cell::Decimal(number) => number.to_string(),
        Cell::Real(number) if number.is_finite() => number.to_string(),
        Cell::Real(_) => String::new(),
        Cell::Whole(number) => number.to_string(),
        Cell::Time(time) => time.millis().to_string(),
        Cell::Bool(yes) => yes.to_string(),
    }
}

/// A spreadsheet runs text that begins so as a formula; text of venues must not reach one like that.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}
