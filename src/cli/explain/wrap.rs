//! How does a long line fit on a terminal?

/// A line has so many characters at most, if its words let it.
const COLUMNS: usize = 100;

/// `indent` and `label: text`, broken between words; what follows the first line is set in by two more.
pub(super) fn wrap(indent: &str, label: &str, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = format!("{indent}{label}:");
    for word in text.split(' ') {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS {
            lines.push(std::mem::replace(&mut line, format!("{indent} ")));
        }
        line.push(' ');
        line.push_str(word);
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
        let lines = wrap("  ", "value", &text);
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{lines:?}");
        assert!(
            lines[0].starts_with("  value: nine char") && lines[1].starts_with("    nine")
                || lines[1].starts_with("    char")
        );
        assert_eq!(lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "), format!("value: {text}"));
        assert_eq!(wrap("", "a", &"b".repeat(200)).len(), 2);
    }
}
