//! What is wrong with an archive is named, with what to do, and nothing is taken or made.

use std::path::Path;

use super::bytes::{self, Style};
use crate::{assert_fails, run};

const NAME: &str = "BTCUSDT-trades-2024-08-08.zip";
/// 2024-08-08
const DAY: i64 = 1_723_075_200_000;

fn content() -> String {
    let style = Style {
        micros: false,
        header: false,
    };
    bytes::trades(&bytes::made(DAY, 10, 300), style)
}

fn refused(name: &str, archive: &[u8], more: &[&str], code: i32, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), archive).unwrap();
    refused_in(folder.path(), name, more, code, words);
}

fn refused_in(folder: &Path, name: &str, more: &[&str], code: i32, words: &[&str]) {
    let mut arguments = vec!["import", name, "--venue", "binance"];
    arguments.extend(more);
    let failed = run(folder, &arguments);
    assert_fails(&failed, code, words);
    assert!(failed.err.contains("to do:"), "{}", failed.err);
    assert!(!folder.join("data").exists(), "a data folder was made");
}

#[test]
fn a_wrong_checksum_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    bytes::write(folder, NAME, &content());
    let beside = folder.join(format!("{NAME}.CHECKSUM"));
    std::fs::write(&beside, bytes::checksum(NAME, b"other bytes")).unwrap();
    let words = [NAME, "not what its checksum says", "fetch both again"];
    refused_in(folder, NAME, &[], 1, &words);
    std::fs::write(&beside, "<html>503</html>").unwrap();
    let words = ["no checksum", "no SHA-256", "take it away"];
    refused_in(folder, NAME, &[], 1, &words);
    std::fs::write(&beside, bytes::checksum("ETHUSDT-1m-2024-08-08.zip", b"")).unwrap();
    refused_in(folder, NAME, &[], 1, &["it is of \"ETHUSDT"]);
}

#[test]
fn a_zip_that_is_cut_off_or_damaged_is_refused_whole() {
    let whole = bytes::archive(NAME, &content());
    for length in [1, 30, whole.len() / 2, whole.len() - 1] {
        let words = ["cut off, or no zip", "fetch it again"];
        refused(NAME, &whole[..length], &[], 1, &words);
    }
    refused(NAME, b"", &[], 1, &["no zip"]);
    // a byte in the middle of what is packed, near its end: every line before it is good
    let csv = NAME.len();
    let end = whole.len() - 22 - 46 - csv;
    for place in [40 + csv, end / 2, end - 3] {
        let mut broken = whole.clone();
        broken[place] ^= 0x20;
        refused(NAME, &broken, &[], 1, &["nothing of it was taken"]);
    }
    // cut in the middle, with the directory where it belongs
    let mut short = whole[..end / 2].to_vec();
    short.extend(&whole[end..]);
    refused(NAME, &short, &[], 1, &["damaged"]);
    // places and sizes that lead nowhere
    for place in [end + 20, end + 42, whole.len() - 6] {
        let mut broken = whole.clone();
        broken[place..place + 4].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
        refused(NAME, &broken, &[], 1, &[NAME]);
    }
}

#[test]
fn a_zip_that_holds_something_else_is_refused() {
    let text = content();
    let two = bytes::zip(&[("a.csv", text.as_bytes()), ("b.csv", text.as_bytes())]);
    refused(NAME, &two, &[], 1, &["holds 2 files", "the venue's own"]);
    refused(NAME, &bytes::zip(&[]), &[], 1, &["holds 0 files"]);
    for inner in [
        "../../etc/BTCUSDT-trades-2024-08-08.csv",
        "/BTCUSDT-trades-2024-08-08.csv",
        "..\\BTCUSDT-trades-2024-08-08.csv",
        "c:BTCUSDT-trades-2024-08-08.csv",
        "BTCUSDT-trades-2024-08-08.exe",
        ".csv",
    ] {
        let archive = bytes::zip(&[(inner, text.as_bytes())]);
        refused(NAME, &archive, &[], 1, &["no csv's name"]);
    }
    let other = bytes::zip(&[("BTCUSDT-trades-2024-08-09.csv", text.as_bytes())]);
    refused(NAME, &other, &[], 1, &["do not say the same"]);
    let mut locked = bytes::archive(NAME, &text);
    let directory = locked.len() - 22 - 46 - NAME.len();
    locked[directory + 8] |= 1;
    refused(NAME, &locked, &[], 1, &["encrypted"]);
    let mut method = bytes::archive(NAME, &text);
    method[directory + 10] = 12;
    refused(NAME, &method, &[], 1, &["another method"]);
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let zeros = vec![b'0'; 65 << 20];
    let bomb = bytes::zip(&[("BTCUSDT-trades-2024-08-08.csv", &zeros)]);
    assert!(bomb.len() < 1 << 20);
    refused(NAME, &bomb, &[], 1, &["at most 200 times", "unpack it"]);
    // one that lies about its size is stopped at the size that it states
    let mut lying = bomb;
    let directory = lying.len() - 22 - 46 - NAME.len();
    lying[directory + 24..directory + 28].copy_from_slice(&1_000_u32.to_le_bytes());
    refused(NAME, &lying, &[], 1, &["larger than it states"]);
}

#[test]
fn a_name_that_contradicts_the_flags_is_refused() {
    let archive = bytes::archive(NAME, &content());
    for (more, words) in [
        (&["--symbol", "ETH/USDT"][..], ["is of BTCUSDT", "ETHUSDT"]),
        (&["--kind", "agg-trades"], ["holds trades", "--kind"]),
        (
            &["--kind", "candles", "--timeframe", "1m"],
            ["holds trades", "--kind"],
        ),
        (&["--from", "2024-08-08"], ["taken whole", "folder"]),
    ] {
        refused(NAME, &archive, more, 2, &words);
    }
    refused(
        "x.zip",
        &bytes::zip(&[("x.csv", b"")]),
        &[],
        2,
        &["what is in x.zip?"],
    );
    let kind = ["--kind", "trades"];
    refused(
        "x.zip",
        &bytes::zip(&[("x.csv", b"")]),
        &kind,
        2,
        &["whose rows"],
    );
    let coin = "BTCUSD_PERP-trades-2024-08-08.zip";
    refused(
        coin,
        &bytes::archive(coin, ""),
        &[],
        1,
        &["count contracts"],
    );
}

#[test]
fn lines_that_are_not_what_they_should_be_refuse_all_of_them() {
    let good = content();
    let lines: Vec<&str> = good.lines().collect();
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines[at] = line;
        lines.join("\n")
    };
    for (text, words) in [
        (
            with(200, "210,1,1,1,1723075300000000,True,True"),
            ["line 201", "another unit"],
        ),
        (
            with(200, "210,1,1,1,1723075300,True,True"),
            ["line 201", "no time"],
        ),
        (
            with(200, "210,1,1,1,soon,True,True"),
            ["line 201", "no time"],
        ),
        (with(200, "210,1,1"), ["line 201", "3 columns"]),
        (
            with(200, "210,1,1,1,1723075300000,True"),
            ["line 201", "7 in the lines before"],
        ),
        (
            with(299, "309,1,1,1,1733075300000,True,True"),
            ["line 300", "named after"],
        ),
        (
            format!("id,qty,price,quote_qty,time,is_buyer_maker\n{good}"),
            ["first line", "other columns"],
        ),
        ("1,".repeat(70_000), ["64 KiB", "damaged"]),
    ] {
        refused(NAME, &bytes::archive(NAME, &text), &[], 1, &words);
    }
}
