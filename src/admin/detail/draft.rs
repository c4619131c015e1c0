//! Which rule would have done this to a finding?

use crate::event::{EventLine, FindingLine, spoken};

/// What hides something in a line.
const BULLET: char = '•';

/// A rule as it would stand in the policy. `names` are taken.
///
/// # Errors
/// No rule can be written for it, and why.
pub fn draft<'a>(
    event: &EventLine,
    finding: &FindingLine,
    action: &str,
    scope: &str,
    names: impl Iterator<Item = &'a str>,
    today: &str,
) -> Result<String, String> {
    if !["strip", "redact", "keep", "block"].contains(&action) {
        return Err("`action` is one of strip, redact, keep, block".into());
    }
    if finding.location.part == "hello" {
        return Err("a ClientHello is written down, and no rule can edit it without breaking its handshake".into());
    }
    let place = place(finding);
    let to = match scope {
        "site" if event.host.contains(BULLET) || event.host.is_empty() => {
            return Err("the host's name is hidden in the log, so no rule can name it; choose `everywhere`".into());
        }
        "site" => Some(event.host.trim_start_matches('[').trim_end_matches(']')),
        "everywhere" => None,
        _ => return Err("`scope` is one of site, everywhere".into()),
    };
    let what = format!("{action} the {} in {}", spoken(&finding.identifier), place.words);
    let name = unused(&to.map_or_else(|| what.clone(), |host| format!("{what}, to {host}")), names);
    let mut lines = vec!["[[rule]]".to_owned(), format!("name   = {}", quoted(&name))];
    if finding.location.direction.is_some() {
        lines.push("direction = \"response\"".to_owned());
    }
    lines.push(format!("when   = {{ identifier = [{}], {} }}", quoted(&finding.identifier), place.condition));
    lines.extend(to.map(|host| format!("to     = {{ host = [{}] }}", quoted(host))));
    lines.push(format!("action = {}", quoted(action)));
    lines.push(format!("reason = {}", quoted(&format!("written in the live view on {today}"))));
    Ok(lines.join("\n") + "\n")
}

struct Place {
    words: String,
    condition: String,
}

fn place(finding: &FindingLine) -> Place {
    let location = &finding.location;
    let name = location.name.to_lowercase();
    if location.part == "target" {
        return Place { words: "the address".into(), condition: "part = [\"target\"]".into() };
    }
    let part = quoted(&location.part);
    if name.contains([BULLET, '\\']) || name.is_empty() {
        return Place { words: format!("any {}", location.part), condition: format!("part = [{part}]") };
    }
    let pattern = quoted(&globset::escape(&name));
    match location.part.as_str() {
        "header" => Place { words: name, condition: format!("header = [{pattern}]") },
        _ => Place { words: name, condition: format!("header = [{pattern}], part = [{part}]") },
    }
}

/// This name, or with a number that nobody has.
fn unused<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let taken: Vec<_> = names.collect();
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    let mut all = std::iter::once(name.to_owned()).chain(numbered);
    all.find(|name| !taken.contains(&name.as_str())).unwrap_or_default()
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if character.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str) -> EventLine {
        serde_json::from_value(serde_json::json!({ "host": "example.org", "findings": [{
            "identifier": "msisdn", "location": { "part": "header", "name": name, "index": 1 } }] }))
        .unwrap()
    }

    fn drafted(name: &str, action: &str, scope: &str) -> Result<String, String> {
        let event = event(name);
        draft(&event, &event.findings[0], action, scope, std::iter::empty(), "2026-11-23")
    }

    #[test]
    fn it_says_what_where_and_to_whom() {
        let toml = drafted("X-Msisdn", "strip", "site").unwrap();
        let table: toml::Table = toml::from_str(&toml).unwrap();
        let rule = &table["rule"][0];
        assert_eq!(rule["when"]["header"][0].as_str(), Some("x-msisdn"));
        assert_eq!(rule["to"]["host"][0].as_str(), Some("example.org"));
        assert_eq!(rule["name"].as_str(), Some("strip the phone number in x-msisdn, to example.org"));
        assert!(!drafted("X-Msisdn", "keep", "everywhere").unwrap().contains("host"));
    }

    #[test]
    fn what_a_header_is_called_writes_no_rule() {
        let toml = drafted("x\"\n[[rule]]*", "strip", "everywhere").unwrap();
        let table: toml::Table = toml::from_str(&toml).unwrap();
        assert_eq!(table["rule"].as_array().map(Vec::len), Some(1));
        assert!(drafted("x", "nothing", "site").is_err() && drafted("x", "strip", "there").is_err());
    }

    #[test]
    fn a_taken_name_gets_a_number() {
        assert_eq!(unused("a", ["a", "a (2)"].into_iter()), "a (3)");
    }
}
