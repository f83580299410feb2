//! Texts of sets, good and bad.

use proptest::prelude::*;
use quantflow_indicators::{MAX_SET, parse_set};

fn read(text: &str) -> String {
    match parse_set(text) {
        Ok(set) => set
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" "),
        Err(e) => format!("error: {e}"),
    }
}

#[test]
fn texts_and_what_they_mean() {
    for (text, meaning) in [
        (
            "rsi(14),macd(12,26,9),bbands(20,2)",
            "rsi(14) macd(12,26,9) bbands(20,2)",
        ),
        (" RSI , Macd ( 12 , 26 , 9 )", "rsi(14) macd(12,26,9)"),
        ("rsi()", "rsi(14)"),
        ("rsi(timeperiod=7)", "rsi(7)"),
        ("rsi,rsi(14),rsi(7)", "rsi(14) rsi(7)"),
        ("macd(5,signalperiod=4)", "macd(5,26,4)"),
        ("bbands", "bbands(20,2)"),
        ("bbands(20,3)", "bbands(20,3)"),
        ("bbands(20,3,3)", "bbands(20,3)"),
        ("bbands(20,2.50,1)", "bbands(20,2.5,1)"),
        ("bbands(20,2,ema)", "bbands(20,2,ema)"),
        ("bbands(10,1.5,2.5,1)", "bbands(10,1.5,2.5,ema)"),
        ("stoch(14,3,3)", "stoch(14,3,3)"),
        ("stoch(14,3,0,3,0)", "stoch(14,3,3)"),
        ("stoch(14,3,ema,4)", "stoch(14,3,ema,4)"),
        ("stoch(14,3,4,wma)", "stoch(14,3,4,wma)"),
        ("stoch(14,3,2,4,1)", "stoch(14,3,wma,4,ema)"),
        ("obv,vwap,vwap(start)", "obv vwap(day) vwap(start)"),
        (
            "",
            "error: an indicator is missing at position 0: write a name such as `rsi(14)`",
        ),
        (
            "rsi,,sma",
            "error: an indicator is missing at position 4: write a name such as `rsi(14)`",
        ),
        (
            "rsi,",
            "error: an indicator is missing at position 4: write a name such as `rsi(14)`",
        ),
        (
            "rsl(14)",
            "error: there is no indicator `rsl` (position 0); did you mean `rsi`?",
        ),
        (
            "sma,bolinger",
            "error: there is no indicator `bolinger` (position 4)",
        ),
        (
            "bband(20)",
            "error: there is no indicator `bband` (position 0); did you mean `bbands`?",
        ),
        (
            "rsi(14",
            "error: the parenthesis at position 3 is not closed",
        ),
        (
            "rsi(14,",
            "error: the parenthesis at position 3 is not closed",
        ),
        ("rsi(14,)", "error: `)` at position 7 where a value belongs"),
        ("rsi(14))", "error: `)` at position 7 where `,` belongs"),
        ("rsi 14", "error: `1` at position 4 where `,` belongs"),
        (
            "(14)",
            "error: `(` at position 0 where an indicator's name belongs",
        ),
        (
            "rsi(14;7)",
            "error: `;` at position 6 where `,` or `)` belongs",
        ),
        (
            "rsi(14,7)",
            "error: rsi has no parameter left for `7` (position 7); it takes timeperiod",
        ),
        (
            "obv(3)",
            "error: obv has no parameter left for `3` (position 4); it takes none",
        ),
        (
            "rsi(1)",
            "error: timeperiod of rsi must be from 2 to 100000, not 1 (position 4)",
        ),
        (
            "rsi(-5)",
            "error: timeperiod of rsi is a whole number, not `-5` (position 4)",
        ),
        (
            "rsi(2.5)",
            "error: timeperiod of rsi is a whole number, not `2.5` (position 4)",
        ),
        (
            "rsi(fast)",
            "error: timeperiod of rsi is a whole number, not `fast` (position 4)",
        ),
        (
            "rsi(99999999999999999999999)",
            "error: timeperiod of rsi must be from 2 to 100000, not 99999999999999999999999 (position 4)",
        ),
        (
            "bbands(20,nbdevup=nan)",
            "error: nbdevup of bbands is a number, not `nan` (position 18)",
        ),
        (
            "bbands(20,1e9)",
            "error: nbdevup of bbands must be from 0 to 1000, not 1e9 (position 10)",
        ),
        (
            "bbands(20,2,emma)",
            "error: matype of bbands is one of sma, ema, wma, not `emma`; did you mean `ema`? (position 12)",
        ),
        (
            "stoch(14,3,8,3,0)",
            "error: slowk_matype of stoch is one of sma, ema, wma, not `8` (position 11)",
        ),
        (
            "rsi(period=3)",
            "error: rsi has no parameter `period` (position 4), but timeperiod",
        ),
        (
            "macd(fastperoid=3)",
            "error: macd has no parameter `fastperoid` (position 5), but fastperiod, slowperiod, signalperiod; did you mean `fastperiod`?",
        ),
        (
            "rsi(7,timeperiod=8)",
            "error: timeperiod of rsi is given a second time at position 17",
        ),
    ] {
        assert_eq!(read(text), meaning, "{text}");
    }
}

#[test]
fn a_set_is_bounded() {
    let text: Vec<String> = (1..=MAX_SET + 1).map(|n| format!("sma({n})")).collect();
    assert!(parse_set(&text[..MAX_SET].join(",")).is_ok());
    assert!(read(&text.join(",")).starts_with("error: a set has at most 64 indicators"));
    assert!(read(&" ".repeat(5000)).starts_with("error: a set has at most"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        let _ = parse_set(&text);
    }

    #[test]
    fn no_text_of_its_own_signs_makes_it_panic(text in "(rsi|stoch|bbands|[a-z]{1,3}|[(),= .+0-9eé-]){0,24}") {
        if let Ok(set) = parse_set(&text) {
            for spec in set {
                prop_assert!(spec.build().is_ok());
                prop_assert!(spec.name().parse() == Ok(spec.clone()));
            }
        }
    }
}
