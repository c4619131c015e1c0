//! What was probably meant?

/// The candidate that is most like the word, if one is like it at all. Case does not count, nor does `-` for `_`.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    let wanted: String = plain(word).chars().take(64).collect();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&wanted, &plain(candidate));
    let scored = candidates.into_iter().map(|candidate| (distance(candidate), candidate));
    let (distance, best) = scored.min_by_key(|(distance, _)| *distance)?;
    let tolerated = best.chars().count().max(wanted.chars().count()) / 3;
    (distance <= tolerated.max(1) && distance < best.chars().count()).then_some(best)
}

/// `did you mean …?` where something is like it, and all that is allowed where nothing is.
pub fn hint<'a>(word: &str, what: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(best) = closest(word, candidates.clone()) {
        return format!("did you mean `{best}`?");
    }
    let all: Vec<_> = candidates.into_iter().map(|candidate| format!("`{candidate}`")).collect();
    match all.is_empty() {
        true => format!("there is no {what} to choose from"),
        false => format!("{what}: {}", all.join(", ")),
    }
}

/// Foreign text for a message: quoted, shortened, and without characters that a terminal would obey.
pub fn quoted(text: &str) -> String {
    let escaped: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    let dots = if text.chars().nth(60).is_some() { "…" } else { "" };
    format!("`{}{dots}`", escaped.replace("\\\"", "\"").replace("\\'", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let words = ["critical", "high", "medium", "low"];
        assert_eq!(closest("hgih", words), Some("high"));
        assert_eq!(closest("HIGH", words), Some("high"));
        assert_eq!(closest("critcal", words), Some("critical"));
        assert_eq!(closest("purple", words), None);
        assert_eq!(closest("ftp", ["http", "https"]), None);
        assert_eq!(closest("keep-days", ["keep_days"]), Some("keep_days"));
        assert_eq!(closest("x", ["a"]), None);
    }

    #[test]
    fn a_message_obeys_no_escape() {
        assert_eq!(quoted("a\u{1b}[31m"), "`a\\u{1b}[31m`");
    }
}
