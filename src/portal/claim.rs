//! What does the page of a secret link say?

use std::{net::IpAddr, time::Duration};

use askama::Template;
use jiff::Timestamp;

use super::{Answer, CONTENT_POLICY};

/// What the link does for whoever has opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimState {
    /// It would admit the address.
    Open,
    /// It admits the address until then, in seconds since 1970.
    Admitted(i64),
    /// It no longer admits the address, as its visitor wanted.
    Left,
    /// It does not admit any more addresses.
    UsedUp,
    /// clir does not admit any more addresses.
    Full,
    /// clir cannot write down what was asked for.
    Broken,
}

/// One visit of a link.
#[derive(Clone, Debug)]
pub struct ClaimPage<'a> {
    /// What it does.
    pub state: ClaimState,
    /// What is admitted, in words.
    pub place: &'a str,
    /// The visitor's address.
    pub address: IpAddr,
    /// Whom the link is for.
    pub user: Option<&'a str>,
    /// For how long it admits.
    pub lasts: Duration,
    /// Now, in seconds since 1970.
    pub now: i64,
}

#[derive(Template)]
#[template(path = "claim.html")]
struct Page<'a> {
    state: ClaimState,
    place: &'a str,
    user: Option<&'a str>,
    is_v6: bool,
    is_inside: bool,
    lasts: String,
    until: String,
    left: String,
}

impl ClaimPage<'_> {
    /// The page. It may be kept by nobody, and its address is told to nobody.
    pub fn answer(&self) -> Answer {
        let until = match self.state {
            ClaimState::Admitted(until) => until,
            _ => self.now,
        };
        let left = Duration::from_secs(u64::try_from(until - self.now).unwrap_or(0));
        let address = self.address.to_canonical();
        let page = Page {
            state: self.state,
            place: self.place,
            user: self.user,
            is_v6: address.is_ipv6(),
            is_inside: is_inside(address),
            lasts: in_words(self.lasts),
            until: Timestamp::from_second(until)
                .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()),
            left: in_words(left),
        };
        let status = match self.state {
            ClaimState::Open | ClaimState::Admitted(_) | ClaimState::Left => 200,
            ClaimState::UsedUp => 403,
            ClaimState::Full | ClaimState::Broken => 503,
        };
        // Writing to a string does not fail.
        let page = Answer::new("text/html; charset=utf-8", page.render().unwrap_or_default());
        let page = Answer { status, ..page }.with("content-security-policy", CONTENT_POLICY);
        page.with("referrer-policy", "no-referrer")
            .with("x-content-type-options", "nosniff")
            .with("x-robots-tag", "noindex")
    }
}

/// Behind such an address may be everybody who comes by the router or program that has it.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local(),
    }
}

/// `1 day`, `23 hours 59 minutes`.
fn in_words(length: Duration) -> String {
    let minutes = length.as_secs().div_ceil(60);
    let counted = |count: u64, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    };
    let parts = [counted(minutes / 1440, "day"), counted(minutes / 60 % 24, "hour"), counted(minutes % 60, "minute")];
    let words: Vec<_> = parts.into_iter().flatten().collect();
    if words.is_empty() { "less than a minute".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(state: ClaimState, address: &str) -> String {
        let page = ClaimPage {
            state,
            place: address,
            address: address.parse().unwrap(),
            user: Some("<alice>"),
            lasts: Duration::from_secs(86_400),
            now: 1_795_400_000,
        };
        let answer = page.answer();
        assert!(answer.fields.contains(&("referrer-policy", "no-referrer".into())));
        String::from_utf8(answer.body).unwrap()
    }

    #[test]
    fn it_says_what_the_button_does_and_for_whom_else() {
        let open = page(ClaimState::Open, "198.51.100.7");
        assert!(open.contains("1 day") && open.contains("198.51.100.7") && open.contains("behind the same address"));
        assert!(open.contains("value=\"claim\"") && !open.contains("value=\"end\"") && !open.contains("<alice>"));
        assert!(page(ClaimState::Open, "192.168.1.7").contains("address of a private network"));
        assert!(page(ClaimState::Open, "2001:db8::1").contains("/64"));
    }

    #[test]
    fn it_says_until_when_and_can_be_taken_back() {
        let page = page(ClaimState::Admitted(1_795_400_000 + 86_390), "198.51.100.7");
        assert!(page.contains("UTC") && page.contains("1 day") && page.contains("value=\"end\""), "{page}");
    }

    #[test]
    fn lengths_are_read_by_people() {
        let words = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!((words(86_400), words(3_660)), ("1 day".into(), "1 hour 1 minute".into()));
        assert_eq!((words(0), words(90_061)), ("less than a minute".into(), "1 day 1 hour 2 minutes".into()));
    }
}
