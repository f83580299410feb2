//! Text in lines of fields, as sources of daily prices write it.

use std::borrow::Cow;

use quantflow_wire::DecodeError;

/// A table: its lines, each cut into fields. Fields may stand in double quotes, and two of these mean
/// one; lines may end in `\n` or `\r\n`. A quoted field ends with its line: no source here writes
/// longer ones.
#[derive(Debug, Clone)]
pub(crate) struct Csv<'a> {
    lines: std::str::Lines<'a>,
    separator: char,
}

impl<'a> Csv<'a> {
    pub(crate) fn of(bytes: &'a [u8], separator: char) -> Result<Self, DecodeError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| DecodeError::Malformed("a table that is no text".into()))?;
        Ok(Self {
            lines: text.trim_start_matches('\u{feff}').lines(),
            separator,
        })
    }

    fn fields(&self, line: &'a str) -> Result<Vec<Cow<'a, str>>, DecodeError> {
        if !line.contains('"') {
            return Ok(line.split(self.separator).map(Cow::Borrowed).collect());
        }
        let broken = || {
            let start: String = line.chars().take(40).collect();
            DecodeError::Malformed(format!("a line with a quote that does not end: {start:?}"))
        };
        let mut fields = Vec::new();
        let mut rest = line;
        loop {
            let Some(quoted) = rest.strip_prefix('"') else {
                let Some((field, behind)) = rest.split_once(self.separator) else {
                    fields.push(Cow::Borrowed(rest));
                    return Ok(fields);
                };
                fields.push(Cow::Borrowed(field));
                rest = behind;
                continue;
            };
            let mut field = String::new();
            let mut behind = quoted;
            loop {
                let (part, after) = behind.split_once('"').ok_or_else(broken)?;
                field.push_str(part);
                behind = after;
                match behind.strip_prefix('"') {
                    Some(after) => {
                        field.push('"');
                        behind = after;
                    }
                    None => break,
                }
            }
            fields.push(Cow::Owned(field));
            if behind.is_empty() {
                return Ok(fields);
            }
            rest = behind.strip_prefix(self.separator).ok_or_else(broken)?;
        }
    }
}

impl<'a> Iterator for Csv<'a> {
    type Item = Result<Vec<Cow<'a, str>>, DecodeError>;

    /// Empty lines are passed over.
    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.find(|line| !line.trim().is_empty())?;
        Some(self.fields(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Vec<Result<Vec<Cow<'_, str>>, DecodeError>> {
        Csv::of(text.as_bytes(), ',').unwrap().collect()
    }

    #[test]
    fn lines_are_cut_into_fields() {
        let lines = table("\u{feff}a,b\r\n\r\n1,\"x, \"\"y\"\"\",\n\"\",2\n");
        let lines: Vec<Vec<Cow<'_, str>>> = lines.into_iter().map(Result::unwrap).collect();
        assert_eq!(
            lines,
            [vec!["a", "b"], vec!["1", "x, \"y\"", ""], vec!["", "2"]]
        );
        for broken in ["\"a", "\"a\"b,c", "a,\"b"] {
            assert!(table(broken)[0].is_err(), "{broken}");
        }
        assert!(Csv::of(b"\xff", ',').is_err());
    }
}
