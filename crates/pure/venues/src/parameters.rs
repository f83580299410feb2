//! [`Parameters`]: what a client asks a venue for, read back from its request. For the venues that the
//! replay venue speaks as.

use crate::binance::unescape;

/// The query string of a request, its escapes undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameters<'a>(Vec<(&'a str, String)>);

impl<'a> Parameters<'a> {
    /// Path and parameters of a target; `None` where an escape is malformed.
    pub(crate) fn of(target: &'a str) -> Option<(&'a str, Self)> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((key, unescape(value)?))
        });
        Some((path, Self(pairs.collect::<Option<_>>()?)))
    }

    /// A parameter's value; `None` where it is missing or empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A whole number; the outer `None` where something else stands there.
    #[allow(clippy::option_option, reason = "missing and wrong differ")]
    pub(crate) fn number<T: std::str::FromStr>(&self, key: &str) -> Option<Option<T>> {
        match self.get(key) {
            None => Some(None),
            Some(text) => text.parse().ok().map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_its_path_and_its_parameters() {
        let (path, parameters) = Parameters::of("/a/b?pair=XBT%2FUSD&count=7&empty=").unwrap();
        assert_eq!((path, parameters.get("pair")), ("/a/b", Some("XBT/USD")));
        assert_eq!(parameters.number::<u32>("count"), Some(Some(7)));
        assert_eq!(parameters.number::<u32>("empty"), Some(None));
        assert_eq!(parameters.number::<u32>("pair"), None);
        assert!(Parameters::of("/a?x=%zz").is_none());
    }
}
