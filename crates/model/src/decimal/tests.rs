use super::*;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn prints_what_it_read_in_lowest_terms() {
    for (text, shown) in [
        ("61837.63000000", "61837.63"),
        ("0.00000001", "0.00000001"),
        ("-0.50", "-0.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("0", "0"),
        ("-0.000", "0"),
        ("1000", "1000"),
        ("1.5E-7", "0.00000015"),
        ("2e3", "2000"),
        ("1234567890123456789", "1234567890123456789"),
        ("1.00000000000000000000000000000000000000000000000000", "1"),
        ("0.1000000000000000055511", "0.1000000000000000055511"),
        (
            "99999999999999999999999999999999999999",
            "99999999999999999999999999999999999999",
        ),
    ] {
        assert_eq!(decimal(text).to_string(), shown, "{text}");
    }
}

/// Digit by digit from the last: what the pairs of the writer must agree with, at every length and scale.
#[test]
fn every_number_is_written_as_its_digits() {
    let shown = |number: Decimal, decimals: u8| {
        let decimals = usize::from(decimals.clamp(number.scale(), Decimal::MAX_SCALE));
        let mut digits = number.mantissa().unsigned_abs().to_string();
        let zeros = decimals - usize::from(number.scale());
        digits.extend(std::iter::repeat_n('0', zeros));
        let mut digits = format!("{digits:0>width$}", width = decimals + 1);
        if decimals > 0 {
            digits.insert(digits.len() - decimals, '.');
        }
        let sign = if number.is_negative() { "-" } else { "" };
        format!("{sign}{digits}")
    };
    let longest = 98_765_432_109_876_543_210_987_654_321_098_765_432_i128;
    for power in POWERS {
        for mantissa in [longest % power, power - 1] {
            for scale in 0..=Decimal::MAX_SCALE {
                for mantissa in [mantissa, -mantissa] {
                    let number = Decimal::new(mantissa, scale).unwrap();
                    assert_eq!(number.to_string(), shown(number, 0));
                    let mut appended = b"=".to_vec();
                    number.append_to(&mut appended);
                    assert_eq!(appended, format!("={number}").as_bytes());
                    for decimals in [1, scale, 38, 255] {
                        assert_eq!(number.padded(decimals).to_string(), shown(number, decimals));
                    }
                }
            }
        }
    }
}

#[test]
fn refuses_what_is_no_number_or_not_exact() {
    for text in [
        "", "-", ".", "1.2.3", "abc", "1e", "NaN", "inf", "0x10", "1,5", " 1",
    ] {
        assert!(
            matches!(text.parse::<Decimal>(), Err(DecimalError::NotANumber(_))),
            "{text}"
        );
    }
    for text in [
        "1e39",
        "1e-39",
        "123456789012345678901234567890123456789012",
        "1e999999999",
    ] {
        assert!(
            matches!(text.parse::<Decimal>(), Err(DecimalError::TooManyDigits(_))),
            "{text}"
        );
    }
}

/// The byte loop and the word must agree on every text, whatever it is.
#[test]
fn the_fast_path_reads_what_the_general_one_reads() {
    // digits and a point, twice as often as anything else
    const ALPHABETS: [u64; 3] = [22, 16, 16];
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let mut numbers = 0;
    for _ in 0..200_000 {
        let length = random(21) as usize;
        let text: Vec<u8> = (0..length)
            .map(|_| {
                b"000000123456789.\x00/:e-\xff."[{
                    let below = ALPHABETS[random(3) as usize];
                    random(below) as usize
                }]
            })
            .collect();
        let general = Decimal::parse_general(&text);
        numbers += usize::from(general.is_ok());
        assert_eq!(Decimal::parse(&text), general, "{:?}", text.escape_ascii());
        if let Some((decimal, length)) = Decimal::parse_prefix(&text) {
            assert_eq!(Decimal::parse_general(&text[..length]), Ok(decimal));
            let next = text.get(length);
            let point = text[..length].contains(&b'.');
            assert!(
                !next.is_some_and(u8::is_ascii_digit),
                "{:?}",
                text.escape_ascii()
            );
            assert!(point || next != Some(&b'.'), "{:?}", text.escape_ascii());
        }
    }
    assert!(numbers > 50_000, "{numbers} of the texts were numbers");
}

#[test]
fn a_prefix_ends_where_the_number_does() {
    for (text, number, length) in [
        ("61837.63000000\",\"q\":\"", "61837.63", 14),
        ("0.02000000\"}", "0.02", 10),
        ("0.00000000\"}}}}}}}}", "0", 10),
        ("100000.00000000\"", "100000", 15),
        ("1000000.00000000\"", "1000000", 16),
        ("1234567890123456,", "1234567890123456", 16),
        ("7", "7", 1),
        ("5.,", "5", 2),
        (".5,", "0.5", 2),
        ("1.2.3", "1.2", 3),
        ("1343961239.70000000\"", "1343961239.7", 19),
        ("12345678901234567", "12345678901234567", 17),
        ("1000000000000.00000000\"", "1000000000000", 22),
        ("0.0000000000000000001", "0.0000000000000000001", 21),
    ] {
        assert_eq!(
            Decimal::parse_prefix(text.as_bytes()),
            Some((decimal(number), length)),
            "{text}"
        );
    }
    for text in [
        "",
        ".",
        "x1",
        "-1",
        "123456789012345678901",
        "1.00000000000000000001",
    ] {
        assert_eq!(Decimal::parse_prefix(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn a_whole_prefix_is_all_digits() {
    for (text, number, length) in [
        ("1723161255343,", 1_723_161_255_343, 13),
        ("1723161255343123,\"", 1_723_161_255_343_123, 16),
        ("1723161255343123", 1_723_161_255_343_123, 16),
        ("0}", 0, 1),
        ("5.5", 5, 1),
    ] {
        let read = Decimal::parse_prefix_whole(text.as_bytes());
        assert_eq!(read, Some((number, length)), "{text}");
    }
    for text in ["", "x", "-1", ".5", "12345678901234567"] {
        assert_eq!(Decimal::parse_prefix_whole(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn pads_as_venues_do() {
    assert_eq!(decimal("61837.63").padded(8).to_string(), "61837.63000000");
    assert_eq!(decimal("7").padded(8).to_string(), "7.00000000");
    assert_eq!(decimal("0").padded(8).to_string(), "0.00000000");
    assert_eq!(decimal("0.123456789").padded(8).to_string(), "0.123456789");
}

#[test]
fn orders_numbers_of_any_scale() {
    let mut numbers: Vec<_> = ["1e37", "-1e37", "0.5", "0.49999999999999999999", "-3", "0"]
        .iter()
        .map(|t| decimal(t))
        .collect();
    numbers.push(decimal("1e-38"));
    numbers.sort();
    let shown: Vec<_> = numbers.iter().map(|n| n.to_f64_lossy()).collect();
    assert!(shown.windows(2).all(|w| w[0] <= w[1]), "{shown:?}");
}

#[test]
fn arithmetic_is_exact_or_refused() {
    assert_eq!(
        decimal("0.1").checked_add(decimal("0.2")),
        Some(decimal("0.3"))
    );
    assert_eq!(
        decimal("61837.63").checked_mul(decimal("0.02")),
        Some(decimal("1236.7526"))
    );
    assert_eq!(decimal("1e37").checked_mul(decimal("1e37")), None);
    assert_eq!(
        decimal("1").checked_sub(decimal("1.000")),
        Some(Decimal::ZERO)
    );
}
