//! [`Assets`]: what a venue calls assets that everybody else calls otherwise.

/// Pairs of the venue's name and ours; an asset that is not among them is called the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assets(pub(crate) &'static [(&'static str, &'static str)]);

impl Assets {
    /// Our name of an asset.
    pub(crate) fn ours(self, theirs: &str) -> &str {
        let mut pairs = self.0.iter();
        pairs
            .find(|(name, _)| *name == theirs)
            .map_or(theirs, |(_, ours)| ours)
    }

    /// The venue's name of an asset: the first of them where it has several.
    pub(crate) fn theirs(self, ours: &str) -> &str {
        let mut pairs = self.0.iter();
        pairs
            .find(|(_, name)| *name == ours)
            .map_or(ours, |(theirs, _)| theirs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        let assets = Assets(&[("XBT", "BTC"), ("XXBT", "BTC")]);
        assert_eq!(assets.ours("XXBT"), "BTC");
        assert_eq!(assets.theirs("BTC"), "XBT");
        assert_eq!((assets.ours("ETH"), assets.theirs("ETH")), ("ETH", "ETH"));
    }
}
