//! Total return: what a holder who puts every dividend back would have.

use jiff::civil::Date;

use super::{Action, Actions, AdjustError, Close, Fraction};

/// The worth, at each close, of one share bought at the first: splits give more shares, each dividend buys more of
/// them at the close of its ex-date (or of the first bar after it). Rounded to `scale` digits after the
/// point, half to even, each value for itself: the shares held stay an exact fraction.
///
/// # Errors
/// As [`AdjustError`]; a close that is not above zero cannot buy anything and is
/// [`AdjustError::NotBelowClose`].
pub fn total_return(
    closes: &[Close],
    actions: &Actions,
    currency: &str,
    scale: u8,
) -> Result<Vec<Close>, AdjustError> {
    let mut held = Fraction::one();
    let mut ahead = actions.list().iter().peekable();
    let mut values: Vec<Close> = Vec::with_capacity(closes.len());
    let mut before: Option<Date> = None;
    for close in closes {
        if before.is_some_and(|before| before >= close.date) {
            return Err(AdjustError::Unsorted { date: close.date });
        }
        let mut paid = Vec::new();
        while let Some((ex_date, action)) = ahead.next_if(|(ex_date, _)| *ex_date <= close.date) {
            // what went ex on the first day or before is in its price
            if before.is_none() {
                continue;
            }
            match action {
                Action::Split { ratio } => {
                    held = held.multiply(&ratio.price_factor().inverse());
                    // a dividend of an earlier date that no bar has bought with yet is per old share
                    for amount in &mut paid {
                        *amount = ratio.price_factor().multiply(amount);
                    }
                }
                Action::Dividend { cash, .. } => {
                    let amount = cash.within(currency).ok_or(AdjustError::OtherCurrency {
                        ex_date: *ex_date,
                        paid: cash.currency.to_string(),
                        quoted: currency.to_owned(),
                    })?;
                    let part = Fraction::of(amount, close.price);
                    paid.push(part.ok_or(AdjustError::NotBelowClose {
                        ex_date: *ex_date,
                        dividend: amount,
                        close: close.price,
                    })?);
                }
                Action::Renamed { .. } | Action::Delisted { .. } => {}
            }
        }
        let bought = paid.into_iter().reduce(|sum, part| sum.add(&part));
        if let Some(bought) = bought {
            held = held.multiply(&bought.one_plus());
        }
        let price = held.times(close.price, scale);
        values.push(Close {
            date: close.date,
            price: price.ok_or(AdjustError::TooManyDigits { date: close.date })?,
        });
        before = Some(close.date);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use quantflow_model::Decimal;

    use super::*;

    fn close(date: &str, price: &str) -> Close {
        Close {
            date: date.parse().unwrap(),
            price: price.parse().unwrap(),
        }
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_dividend_buys_at_the_close_of_its_ex_date() {
        let closes = [
            close("2024-01-02", "100"),
            close("2024-01-03", "98"),
            close("2024-01-04", "49.5"),
        ];
        let actions = Actions::of([
            (
                "2024-01-03".parse().unwrap(),
                Action::dividend(decimal("2"), "USD").unwrap(),
            ),
            ("2024-01-04".parse().unwrap(), Action::split(2, 1).unwrap()),
            // went ex with the first bar: it is in the price already
            (
                "2024-01-02".parse().unwrap(),
                Action::dividend(decimal("5"), "USD").unwrap(),
            ),
        ]);
        let values = total_return(&closes, &actions, "USD", 4).unwrap();
        let values: Vec<_> = values.iter().map(|value| value.price.to_string()).collect();
        // 98 × 100/98 = 100; then twice the shares at 49.5
        assert_eq!(values, ["100", "100", "101.0204"]);
    }

    #[test]
    fn dividends_between_two_bars_are_added_up_and_split_with_the_shares() {
        let closes = [close("2024-01-02", "100"), close("2024-01-10", "50")];
        let actions = Actions::of([
            (
                "2024-01-04".parse().unwrap(),
                Action::dividend(decimal("4"), "USD").unwrap(),
            ),
            ("2024-01-05".parse().unwrap(), Action::split(2, 1).unwrap()),
            (
                "2024-01-08".parse().unwrap(),
                Action::dividend(decimal("1"), "USD").unwrap(),
            ),
        ]);
        let values = total_return(&closes, &actions, "USD", 2).unwrap();
        // two shares, each with 4/2 + 1 paid at a price of 50
        assert_eq!(values[1].price, decimal("106"));
    }
}
