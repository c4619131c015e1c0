//! How do a code and its words stand on a terminal?

use super::reach::Way;
use crate::{cli::wrap::wrap_at, portal::qr};

/// Between the code and the words beside it.
const GAP: usize = 2;
/// Words that have less room stand below.
const NARROWEST: usize = 30;
/// So many other addresses are told.
const OTHERS: usize = 3;

/// What is there to draw on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Paper {
    /// Characters to a line.
    pub columns: usize,
    /// Whether colours may be said. Without them the code is right on a dark ground, and inverse on a light one, which
    /// cameras read as well.
    pub has_colours: bool,
}

/// Black and white out of the fixed part of 256 colours: themes change the first sixteen.
const COLOURS: &str = "\x1b[38;5;231;48;5;16m";
const PLAIN: &str = "\x1b[0m";

/// The code that leads to this way, and words beside or below it.
pub(super) fn poster(paper: Paper, ways: &[Way], notes: &[String]) -> String {
    let Some(way) = ways.first() else { return String::new() };
    let url = url(way);
    let code: Vec<_> = qr::terminal(&url).lines().map(str::to_owned).collect();
    let width = code.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let beside = paper.columns.saturating_sub(width + GAP);
    if width > paper.columns {
        return too_narrow(paper.columns, width, &url, notes);
    }
    let drawn =
        code.iter().map(|line| if paper.has_colours { format!("{COLOURS}{line}{PLAIN}") } else { line.clone() });
    if beside < NARROWEST {
        let words = words(paper.columns, &url, ways, notes);
        return lines(drawn.chain([String::new()]).chain(words).collect());
    }
    let words = words(beside, &url, ways, notes);
    let drawn: Vec<_> = drawn.collect();
    let rows = drawn.len().max(words.len());
    let row = |at: usize| {
        let code = drawn.get(at).cloned().unwrap_or_else(|| " ".repeat(width));
        let word = words.get(at).map(String::as_str).unwrap_or_default();
        format!("{code}{}{word}", " ".repeat(GAP)).trim_end().to_owned()
    };
    lines((0..rows).map(row).collect())
}

fn too_narrow(columns: usize, width: usize, url: &str, notes: &[String]) -> String {
    let why = format!(
        "This terminal has {columns} columns and the code needs {width}: make it wider, or type this address into the \
         browser of a phone that is in this machine's network:"
    );
    let paragraphs = [&[why, url.to_owned()], notes].concat();
    lines(paragraphs.iter().flat_map(|paragraph| wrap_at(columns, 0, paragraph)).collect())
}

/// What the code holds.
pub(super) fn url(way: &Way) -> String {
    format!("http://{}/", way.address)
}

fn words(columns: usize, url: &str, ways: &[Way], notes: &[String]) -> Vec<String> {
    // An address of IPv6 may be longer than a line: it goes on on the next.
    let pieces: Vec<char> = url.chars().collect();
    let mut paragraphs: Vec<String> = pieces.chunks(columns.max(1)).map(|piece| piece.iter().collect()).collect();
    paragraphs.extend([
        String::new(),
        "1. Join the phone to this machine's network, by Wi-Fi.".to_owned(),
        "2. Point its camera at the code and open the link, or type the address above into its browser.".to_owned(),
        "3. The page says how to set the phone up.".to_owned(),
    ]);
    for note in notes {
        paragraphs.extend([String::new(), note.clone()]);
    }
    let others: Vec<_> = ways.iter().skip(1).map(|way| format!("  {} ({})", way.address.ip(), way.card)).collect();
    if !others.is_empty() {
        let more = others.len().saturating_sub(OTHERS);
        paragraphs.extend([String::new(), "If the phone is in another network (--address):".to_owned()]);
        paragraphs.extend(others.into_iter().take(OTHERS));
        paragraphs.extend((more > 0).then(|| format!("  and {more} more")));
    }
    paragraphs.iter().flat_map(|paragraph| paragraph_lines(columns, paragraph)).collect()
}

/// What is set in stays set in.
fn paragraph_lines(columns: usize, text: &str) -> Vec<String> {
    let indent = text.len() - text.trim_start().len();
    wrap_at(columns, indent, text.trim_start()).iter().map(|line| line.trim_end().to_owned()).collect()
}

fn lines(lines: Vec<String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(address: &str) -> Way {
        Way { address: address.parse().unwrap(), card: "wlan0".into(), is_admitted: true }
    }

    /// What a camera sees of a terminal that is dark, or of colours that were said.
    fn decoded(text: &str) -> String {
        let rows: Vec<Vec<char>> =
            text.lines().map(|line| line.replace(COLOURS, "").replace(PLAIN, "").chars().collect()).collect();
        let width = rows.iter().map(Vec::len).max().unwrap();
        let is_light = |x: usize, y: usize| {
            let glyph = rows[y / 2].get(x).copied().unwrap_or(' ');
            glyph == '█' || glyph == if y.is_multiple_of(2) { '▀' } else { '▄' }
        };
        // Four dots to a square, as a camera has it.
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width * 4, rows.len() * 8, |x, y| {
            if is_light(x / 4, y / 4) { 255 } else { 0 }
        });
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1, "one code:\n{text}");
        grids[0].decode().unwrap().1
    }

    fn widest(text: &str) -> usize {
        let plain = text.replace(COLOURS, "").replace(PLAIN, "");
        plain.lines().map(|line| line.chars().count()).max().unwrap()
    }

    #[test]
    fn what_is_printed_can_be_read_and_fits_a_small_terminal() {
        let longest = "[fd00:1234:5678:9abc:def0:1234:5678:9abc]:65535";
        for address in ["192.0.2.1:1", "192.168.178.123:8080", "[fd00::1]:8080", longest] {
            let ways =
                [way(address), way("10.0.0.1:8080"), way("10.1.0.1:8080"), way("10.2.0.1:80"), way("10.3.0.1:80")];
            for has_colours in [true, false] {
                let note = "Nothing listens there now: start `clir run`.".to_owned();
                let text = poster(Paper { columns: 80, has_colours }, &ways, &[note]);
                assert_eq!(decoded(&text), format!("http://{address}/"));
                assert!(widest(&text) <= 80 && text.lines().count() <= 23, "{} lines\n{text}", text.lines().count());
                assert_eq!(text.contains('\x1b'), has_colours);
                assert!(text.contains("10.2.0.1 (wlan0)") && text.contains("and 1 more"), "{text}");
            }
        }
    }

    #[test]
    fn the_quiet_zone_is_light_all_around() {
        let text = poster(Paper { columns: 60, has_colours: false }, &[way("192.168.1.5:8080")], &[]);
        let code: Vec<_> = text.lines().take_while(|line| !line.is_empty()).collect();
        assert!(code.iter().take(2).all(|line| line.chars().all(|c| c == '█')), "{text}");
        // The last line has one row of squares, the others two.
        let (last, lines) = code.split_last().unwrap();
        assert!(last.chars().all(|c| c == '▀') && lines.last().unwrap().chars().all(|c| c == '█'), "{text}");
        assert!(lines.iter().all(|line| line.starts_with("████") && line.ends_with("████")), "{text}");
    }

    #[test]
    fn words_stand_below_where_there_is_no_room_beside() {
        let text = poster(Paper { columns: 50, has_colours: false }, &[way("192.168.1.5:8080")], &[]);
        assert!(widest(&text) <= 50 && text.contains("\nhttp://192.168.1.5:8080/\n"), "{text}");
        assert_eq!(
            decoded(&text.lines().take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")),
            "http://192.168.1.5:8080/"
        );
    }

    #[test]
    fn a_terminal_that_is_too_narrow_gets_a_message() {
        let text = poster(Paper { columns: 30, has_colours: true }, &[way("192.168.1.5:8080")], &[]);
        assert!(
            text.starts_with("This terminal has 30 columns") && text.ends_with("http://192.168.1.5:8080/\n"),
            "{text}"
        );
        assert!(widest(&text) <= 30 && !text.contains('█'), "{text}");
    }
}
