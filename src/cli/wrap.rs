//! How does a long line fit on a terminal?

/// A line has so many characters at most, if its words let it.
const COLUMNS: usize = 100;

/// The text, set in and broken between words; what follows the first line is set in by two more.
pub(super) fn wrap(indent: usize, text: &str) -> Vec<String> {
    wrap_at(COLUMNS, indent, text)
}

/// The same, on so many columns.
pub(super) fn wrap_at(columns: usize, indent: usize, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = " ".repeat(indent);
    let mut is_empty = true;
    for word in text.split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > columns {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent + 2)));
            is_empty = true;
        }
        line.push_str(if is_empty { "" } else { " " });
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        let text = ["nine char"; 20].join(" ");
        let lines = wrap(2, &text);
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{lines:?}");
        assert!(lines[0].starts_with("  nine") && lines[1].starts_with("    ") && !lines[1].starts_with("     "));
        assert_eq!(lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "), text);
        assert_eq!(wrap(0, &format!("a {}", "b".repeat(200))), ["a".to_owned(), format!("  {}", "b".repeat(200))]);
        assert_eq!(wrap(4, ""), ["    "]);
    }
}
