//! [`Form`]: how the value of a setting is written.

/// The form of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Any text.
    Text,
    /// Text that is never shown.
    Secret,
    /// `true` or `false`.
    Flag,
    /// `250ms`, `30d`; `never` where the default is `never`.
    Duration,
    /// `64MiB`.
    Size,
    /// `127.0.0.1:8080`.
    Address,
    /// A URL with one of these schemes.
    Url(&'static [&'static str]),
    /// How much is logged: `info`, `info,quantflow::http=debug`.
    Level,
    /// `120`.
    Count,
    /// A list of texts; in the environment separated by commas.
    List,
}

impl Form {
    /// How it is written, for error messages.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Text | Self::Secret => "text",
            Self::Flag => "true or false",
            Self::Duration => "a duration such as 250ms, 30s, 5m, 12h or 30d",
            Self::Size => "a size such as 64MiB (B, KiB, MiB, GiB)",
            Self::Address => "an address and port such as 127.0.0.1:8080",
            Self::Url(["http", ..]) => "a URL such as https://api.binance.com",
            Self::Url(_) => "a URL such as wss://stream.binance.com:9443",
            Self::Level => {
                "error, warn, info, debug or trace, also by module: info,quantflow::http=debug"
            }
            Self::Count => "a whole number of at least 1",
            Self::List => "a list of texts such as [\"binance:BTC/USDT\"]",
        }
    }

    /// Whether a file may give it so: numbers and flags bare or as text, everything else as text.
    pub(crate) fn takes(self, value: &toml::Value) -> bool {
        match value {
            toml::Value::String(_) => true,
            toml::Value::Integer(_) => self == Self::Count,
            toml::Value::Boolean(_) => self == Self::Flag,
            toml::Value::Array(_) => self == Self::List,
            _ => false,
        }
    }

    /// Whether a text is a value of this form.
    pub(crate) fn fits(self, text: &str) -> bool {
        match self {
            Self::Text | Self::Secret | Self::List => true,
            Self::Flag => text.parse::<bool>().is_ok(),
            Self::Duration => text == "never" || super::units::duration(text).is_some(),
            Self::Size => super::units::size(text).is_some(),
            Self::Count => text.parse::<std::num::NonZeroU32>().is_ok(),
            Self::Address => text.parse::<std::net::SocketAddr>().is_ok(),
            Self::Url(schemes) => is_url(text, schemes),
            Self::Level => is_level(text),
        }
    }

    /// What is said of how it is written in a file.
    pub(crate) const fn in_quotes(self) -> &'static str {
        match self {
            Self::Flag | Self::Count | Self::List => "",
            _ => " in quotes",
        }
    }

    /// A value in an error.
    pub(crate) fn shown(self, text: &str) -> String {
        if self == Self::Secret {
            return "(secret)".to_owned();
        }
        text.to_owned()
    }
}

fn is_url(text: &str, schemes: &[&str]) -> bool {
    reqwest::Url::parse(text)
        .is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host() && url.query().is_none())
}

/// `info`, or `info,quantflow::http=debug`.
fn is_level(text: &str) -> bool {
    let is_level = |text: &str| {
        let levels = ["off", "error", "warn", "info", "debug", "trace"];
        levels.iter().any(|level| text.eq_ignore_ascii_case(level))
    };
    let is_module = |text: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-');
        !text.is_empty() && text.chars().all(allowed)
    };
    text.split(',').all(|part| match part.split_once('=') {
        None => is_level(part.trim()),
        Some((module, level)) => is_module(module.trim()) && is_level(level.trim()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_may_differ_by_module() {
        for level in [
            "info",
            "WARN",
            "off",
            "info,quantflow::http=debug",
            "warn, a_b=trace",
        ] {
            assert!(is_level(level), "{level}");
        }
        for none in ["", "loud", "info,", "=info", "info,a=", "a b=info"] {
            assert!(!is_level(none), "{none}");
        }
    }
}
