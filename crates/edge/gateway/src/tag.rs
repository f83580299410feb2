//! Entity tags: whether a client has an answer already.

use http::HeaderValue;

/// Whether a list of tags has this one; weak and strong are the same here.
pub(crate) fn has_tag(tags: &HeaderValue, tag: &HeaderValue) -> bool {
    tags.to_str().is_ok_and(|tags| names_tag(tags, tag))
}

/// The same for a list as text.
pub(crate) fn names_tag(tags: &str, tag: &HeaderValue) -> bool {
    let Ok(tag) = tag.to_str() else {
        return false;
    };
    tags.trim() == "*" || tags.split(',').any(|given| strong(given) == strong(tag))
}

/// A tag without the mark of a weak one.
fn strong(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_lists() {
        let tag = HeaderValue::from_static("W/\"abc\"");
        for (tags, has) in [
            ("W/\"abc\"", true),
            ("\"abc\"", true),
            ("\"x\", W/\"abc\"", true),
            ("*", true),
            ("\"abcd\"", false),
        ] {
            assert_eq!(
                has_tag(&HeaderValue::from_static(tags), &tag),
                has,
                "{tags}"
            );
        }
    }
}
