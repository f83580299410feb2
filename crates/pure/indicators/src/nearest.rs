//! The known name that a mistyped one is most like.

/// The candidate with the smallest edit distance, if it is near enough to be worth naming (at most a third of the letters wrong,
/// but always one, and two from four letters on). The first of equals wins.
pub(crate) fn nearest(
    wrong: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let letters = wrong.chars().count();
    if letters > 40 {
        return None;
    }
    let allowed = if letters < 4 { 1 } else { (letters / 3).max(2) };
    let ranked = known
        .map(|name| (distance(wrong, name), name))
        .filter(|(far, _)| *far <= allowed);
    ranked.min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours each cost one.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for j in 0..b.len() {
            let substituted = above[j] + usize::from(a[i] != b[j]);
            let mut best = substituted.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, far) in [
            ("", "abc", 3),
            ("rsi", "rsi", 0),
            ("rsi", "ris", 1),
            ("macd", "mcad", 1),
            ("ema", "sma", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), far, "{a} {b}");
            assert_eq!(distance(b, a), far, "{b} {a}");
        }
    }

    #[test]
    fn names_only_what_is_near() {
        let known = ["sma", "ema", "macd", "bbands"];
        assert_eq!(nearest("mcad", known.into_iter()), Some("macd"));
        assert_eq!(nearest("bbnd", known.into_iter()), Some("bbands"));
        assert_eq!(nearest("xyz", known.into_iter()), None);
        assert_eq!(nearest("supertrend", known.into_iter()), None);
    }
}
