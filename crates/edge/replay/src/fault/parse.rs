//! Faults as the command line writes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Fault, FaultKind};

/// Text that is no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{part:?} in fault {text:?} is not {wanted}; write KIND[:ARGUMENT…][@START[+LASTING]][/EVERY], such as drop:0.01, cut@10s, silent@10s+20s, delay:200ms:0.1@5s+10s, 429:2s:0.5, 503:0.1, cut@30s/60s"
)]
pub struct FaultError {
    text: String,
    part: String,
    wanted: &'static str,
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let number: f64 = digits.parse().ok()?;
    let seconds = number * unit;
    (0.0..=3.2e8)
        .contains(&seconds)
        .then(|| Duration::from_nanos((seconds * 1e9).round() as u64))
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let error = |part: &str, wanted| FaultError {
            text: text.chars().take(80).collect(),
            part: part.chars().take(40).collect(),
            wanted,
        };
        let time = |part: &str| duration(part).ok_or_else(|| error(part, "a duration"));
        let (rest, every) = match text.split_once('/') {
            Some((rest, every)) => (rest, Some(time(every)?)),
            None => (text, None),
        };
        if every.is_some_and(|every| every.is_zero()) {
            return Err(error("/0", "a duration above 0"));
        }
        let (kind, at, lasts) = match rest.split_once('@') {
            None => (rest, Duration::ZERO, None),
            Some((kind, when)) => match when.split_once('+') {
                None => (kind, time(when)?, None),
                Some((at, lasts)) => (kind, time(at)?, Some(time(lasts)?)),
            },
        };
        let mut parts = kind.split(':');
        let name = parts.next().unwrap_or_default();
        let arguments: Vec<&str> = parts.collect();
        let probability = |place: usize, or: f64| match arguments.get(place) {
            None => Ok(or),
            Some(part) => part
                .parse()
                .ok()
                .filter(|p| (0.0..=1.0).contains(p))
                .ok_or_else(|| error(part, "a probability from 0 to 1")),
        };
        let span = |place: usize, or: Duration| match arguments.get(place) {
            None => Ok(or),
            Some(part) => time(part),
        };
        let second = Duration::from_secs(1);
        let (kind, most) = match name {
            "drop" => (FaultKind::Drop(probability(0, 1.0)?), 1),
            "duplicate" | "dup" => (FaultKind::Duplicate(probability(0, 1.0)?), 1),
            "reorder" => (FaultKind::Reorder(probability(0, 0.1)?), 1),
            "delay" => (FaultKind::Delay(span(0, second)?, probability(1, 1.0)?), 2),
            "cut" => (FaultKind::Cut, 0),
            "silent" => (FaultKind::Silent { pongs: true }, 0),
            "silent-deaf" => (FaultKind::Silent { pongs: false }, 0),
            "garbage" => (FaultKind::Garbage(probability(0, 1.0)?), 1),
            "429" => (
                FaultKind::TooManyRequests(span(0, second)?, probability(1, 1.0)?),
                2,
            ),
            "418" => (
                FaultKind::Banned(span(0, 120 * second)?, probability(1, 1.0)?),
                2,
            ),
            "5xx" => (FaultKind::ServerError(500, probability(0, 1.0)?), 1),
            "slow" => (FaultKind::Slow(span(0, second)?), 1),
            "truncate" => (FaultKind::Truncate(probability(0, 1.0)?), 1),
            "length" => (FaultKind::WrongLength(probability(0, 1.0)?), 1),
            "skew" => {
                let part = arguments.first().copied().unwrap_or("1s");
                let (negative, size) = match part.strip_prefix('-') {
                    Some(size) => (true, size),
                    None => (false, part),
                };
                let nanos = i64::try_from(time(size)?.as_nanos()).unwrap_or(i64::MAX);
                (FaultKind::Skew(if negative { -nanos } else { nanos }), 1)
            }
            _ => {
                let status = name.parse().ok().filter(|s| (500..=599).contains(s));
                let status = status.ok_or_else(|| {
                    error(
                        name,
                        "a kind: drop, duplicate, reorder, delay, cut, silent, silent-deaf, garbage, 429, 418, 5xx, 500 to 599, slow, truncate, length, skew",
                    )
                })?;
                (FaultKind::ServerError(status, probability(0, 1.0)?), 1)
            }
        };
        if let Some(extra) = arguments.get(most) {
            return Err(error(extra, "an argument that this kind takes"));
        }
        Ok(Self {
            kind,
            at,
            lasts,
            every,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |duration: Duration| format!("{}ms", duration.as_nanos() as f64 / 1e6);
        match self.kind {
            FaultKind::Drop(p) => write!(f, "drop:{p}")?,
            FaultKind::Duplicate(p) => write!(f, "duplicate:{p}")?,
            FaultKind::Reorder(p) => write!(f, "reorder:{p}")?,
            FaultKind::Delay(by, p) => write!(f, "delay:{}:{p}", s(by))?,
            FaultKind::Cut => write!(f, "cut")?,
            FaultKind::Silent { pongs: true } => write!(f, "silent")?,
            FaultKind::Silent { pongs: false } => write!(f, "silent-deaf")?,
            FaultKind::Garbage(p) => write!(f, "garbage:{p}")?,
            FaultKind::TooManyRequests(wait, p) => write!(f, "429:{}:{p}", s(wait))?,
            FaultKind::Banned(wait, p) => write!(f, "418:{}:{p}", s(wait))?,
            FaultKind::ServerError(status, p) => write!(f, "{status}:{p}")?,
            FaultKind::Slow(by) => write!(f, "slow:{}", s(by))?,
            FaultKind::Truncate(p) => write!(f, "truncate:{p}")?,
            FaultKind::WrongLength(p) => write!(f, "length:{p}")?,
            FaultKind::Skew(by) => write!(f, "skew:{}ms", by as f64 / 1e6)?,
        }
        write!(f, "@{}", s(self.at))?;
        if let Some(lasts) = self.lasts {
            write!(f, "+{}", s(lasts))?;
        }
        if let Some(every) = self.every {
            write!(f, "/{}", s(every))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_written() {
        let cut: Fault = "cut@10s".parse().unwrap();
        assert_eq!(
            (cut.kind, cut.at),
            (FaultKind::Cut, Duration::from_secs(10))
        );
        let drop: Fault = "drop:0.01".parse().unwrap();
        assert_eq!(drop, Fault::always(FaultKind::Drop(0.01)));
        let delay: Fault = "delay:200ms:0.1@5s+10s/1m".parse().unwrap();
        assert_eq!(
            delay,
            Fault {
                kind: FaultKind::Delay(Duration::from_millis(200), 0.1),
                at: Duration::from_secs(5),
                lasts: Some(Duration::from_secs(10)),
                every: Some(Duration::from_mins(1)),
            }
        );
        let all = "drop:0.5 duplicate:0.5 reorder:0.5 delay:2s:0.5 cut silent silent-deaf garbage:0.5 429:2s:0.5 418:2s:0.5 503:0.5 slow:2s truncate:0.5 length:0.5 skew:-2s";
        for text in all.split(' ') {
            let fault: Fault = format!("{text}@1s+2s").parse().unwrap();
            assert_eq!(fault.to_string().parse(), Ok(fault), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("dorp:0.1", "dorp"),
            ("drop:2", "2"),
            ("cut@ten", "ten"),
            ("cut:1", "1"),
            ("drop:0.1:3", "3"),
            ("silent@1s+x", "x"),
            ("404", "404"),
            ("cut/0s", "/0"),
            ("drop:nan", "nan"),
        ] {
            let error = text.parse::<Fault>().unwrap_err();
            assert_eq!(error.part, part, "{error}");
        }
    }
}
