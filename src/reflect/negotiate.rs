//! Is it a person or a machine that asks?

use crate::exchange::Fields;

/// Whether `Accept` prefers JSON to a page (RFC 9110 §12.5.1). Who says nothing gets the page.
pub(super) fn wants_json(fields: &Fields) -> bool {
    let ranges: Vec<_> =
        fields.values("accept").flat_map(|value| value.split(|byte| *byte == b',')).map(read).collect();
    let quality = |kinds: &[&str]| kinds.iter().find_map(|kind| ranges.iter().find(|(range, _)| range == kind));
    let json = quality(&["application/json", "application/*", "*/*"]).map_or(0, |(_, quality)| *quality);
    let page = quality(&["text/html", "text/*", "*/*"]).map_or(0, |(_, quality)| *quality);
    json > page
}

/// A media range and its weight in thousandths.
fn read(range: &[u8]) -> (String, u16) {
    let text = String::from_utf8_lossy(range).to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_owned();
    let weight = parts.find_map(|part| part.strip_prefix("q="));
    (kind, weight.map_or(1000, thousandths))
}

/// RFC 9110 §12.4.2; what is no weight weighs nothing.
fn thousandths(weight: &str) -> u16 {
    match weight.split_once('.').unwrap_or((weight, "")) {
        ("1", _) => 1000,
        ("0", fraction) if fraction.len() <= 3 => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heavier_one_is_given_and_the_page_otherwise() {
        let wants = |accept: &'static str| wants_json(&[("Accept", accept)].into_iter().collect());
        for accept in ["application/json", "Application/JSON;q=0.9, text/html;q=0.8", "application/json, */*;q=0.1"] {
            assert!(wants(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/json;q=0",
            "application/json;q=x, text/html",
            "text/html, application/json",
            "application/json;q=0.12345",
        ] {
            assert!(!wants(accept), "{accept}");
        }
        assert!(!wants_json(&Fields::new()));
    }
}
