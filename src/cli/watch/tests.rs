//! Does the screen show what has passed, whatever its size, and nothing else?

use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    style::Color,
};

use super::*;

/// Of a request whose carrier inserted the number, which was taken out.
const STRIPPED: &str = r#"{"v":1,"id":"01A","ts":"2026-11-22T14:02:11.123Z","listener":"home","vantage":"no-carrier","client":"192.0.2.7:51344","client_name":"kitchen tablet","scheme":"http","method":"GET","host":"www.example.org","port":80,"target":"/account/start?page=1&language=en&session=none","version":"HTTP/1.1","headers":[["Host","www.example.org"],["User-Agent","Mozilla/5.0 (Linux; Android 15; Example) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"],["x-up-calling-line-id","44770•••••23"]],"findings":[{"identifier":"msisdn","severity":"critical","confidence":"certain","origin":"carrier","location":{"part":"header","name":"x-up-calling-line-id","index":2},"span":[0,12],"detector":"signature","signature":"up-calling-line-id","digest":"hmac:00","origin_reason":"in cleartext, under a name that is documented as a gateway's"}],"actions":[{"rule":"strip what names the subscriber","action":"strip","header":"x-up-calling-line-id"}],"verdict":"forwarded","status":200,"request_bytes":0,"response_bytes":1256,"duration_us":4312,"error":null}"#;

/// What the site received all the same.
const LEAKED: &str = r#"{"v":1,"id":"01B","ts":"2026-11-22T14:02:12.000Z","listener":"home","vantage":"no-carrier","client":"[2001:db8:1234:5678:9abc::7]:51345","scheme":"https","method":"POST","host":"api.example.net","port":443,"target":"/v1/track","version":"HTTP/2.0","headers":[["cookie","device=49-01•••••••••18"]],"findings":[{"identifier":"imei","severity":"critical","confidence":"likely","origin":"handset","location":{"part":"header","name":"cookie","index":0},"span":[7,23],"detector":"value"},{"identifier":"device","severity":"low","confidence":"possible","origin":"handset","location":{"part":"header","name":"cookie","index":0},"span":[0,6],"detector":"name"}],"actions":[],"verdict":"forwarded","status":204,"request_bytes":10,"response_bytes":0,"duration_us":90}"#;

/// A tunnel.
const UNREAD: &str = r#"{"v":1,"id":"01C","ts":"2026-11-22T14:02:13.000Z","listener":"home","vantage":"no-carrier","client":"192.0.2.8:51345","scheme":"https","method":"CONNECT","host":"mail.example.com","port":443,"target":"mail.example.com:443","version":"HTTP/1.1","headers":[],"verdict":"tunnelled","request_bytes":517,"response_bytes":4096,"duration_us":2000000,"tunnel":{"sni":"mail.example.com","alpn":["h2"],"reason":"never"}}"#;

/// What does its worst to whoever shows it.
fn hostile() -> String {
    let bytes = "a\u{1b}[2J\u{1b}]52;c;QUJD\u{7}\u{9b}31m\u{202e}\u{2066}e\u{301}\u{302}\u{200b}漢字👩\u{200d}👧\r\n\t\u{7f}\u{ad}";
    let text = serde_json::to_string(bytes).unwrap();
    format!(
        r#"{{"v":1,"ts":{text},"listener":{text},"vantage":{text},"client":{text},"client_name":{text},"scheme":{text},
        "method":{text},"host":{text},"port":1,"target":{text},"version":{text},"headers":[[{text},{text}],["a",{text}]],
        "findings":[{{"identifier":{text},"severity":{text},"confidence":{text},"origin":{text},"location":{{"part":"header",
        "name":{text},"index":1}},"span":[0,5],"origin_reason":{text}}}],"actions":[{{"rule":{text},"action":{text},
        "header":{text}}}],"verdict":{text},"error":{text},"via":{text},"hop":{text},
        "tunnel":{{"sni":{text},"alpn":[{text}],"reason":{text}}}}}"#
    )
}

fn state(size: (u16, u16), lines: &[&str]) -> State {
    let mut state = State::new("2026-11-22".into(), size);
    state.is_live = true;
    for line in lines {
        state.add(line.as_bytes(), &serde_json::from_str(line).unwrap());
    }
    state.fit();
    state
}

/// Presses these keys: letters, and `^` for Enter, `~` for Esc, `↓` for itself.
fn press(state: &mut State, keys: &str) -> Change {
    let code = |letter| match letter {
        '^' => KeyCode::Enter,
        '~' => KeyCode::Esc,
        '↓' => KeyCode::Down,
        letter => KeyCode::Char(letter),
    };
    keys.chars().map(|letter| state.press(KeyEvent::new(code(letter), KeyModifiers::NONE))).last().unwrap()
}

fn drawn(state: &State, has_colours: bool) -> Buffer {
    let (columns, rows) = state.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal
        .draw(|frame| {
            draw::draw(state, Theme { has_colours }, frame.buffer_mut());
        })
        .unwrap();
    terminal.backend().buffer().clone()
}

fn text(state: &State) -> String {
    let buffer = drawn(state, true);
    let row = |cells: &[ratatui::buffer::Cell]| {
        let mut line = String::new();
        let mut skipped = 0;
        for cell in cells {
            if skipped == 0 {
                line.push_str(cell.symbol());
                skipped = plain::columns(cell.symbol()).max(1);
            }
            skipped -= 1;
        }
        line.trim_end().to_owned() + "\n"
    };
    buffer.content.chunks(usize::from(state.size.0).max(1)).map(row).collect()
}

const SIZES: [(u16, u16); 3] = [(80, 24), (40, 12), (200, 60)];

#[test]
fn every_size_shows_the_list() {
    for size in SIZES {
        let state = state(size, &[STRIPPED, LEAKED, UNREAD]);
        insta::assert_snapshot!(format!("list-{}x{}", size.0, size.1), text(&state));
    }
}

#[test]
fn every_size_shows_one_exchange() {
    for size in SIZES {
        let mut state = state(size, &[STRIPPED, LEAKED, UNREAD]);
        press(&mut state, "↓↓^");
        insta::assert_snapshot!(format!("detail-{}x{}", size.0, size.1), text(&state));
    }
}

#[test]
fn help_filter_and_fault_have_their_place() {
    let mut state = state((80, 24), &[STRIPPED, LEAKED, UNREAD]);
    press(&mut state, "?");
    insta::assert_snapshot!("help-80x24", text(&state));
    assert!(text(&state).contains("↓ "), "how much there is below");
    press(&mut state, "q/severity:high host:*.example.org^");
    insta::assert_snapshot!("filter-80x24", text(&state));
    press(&mut state, "/x id:nobody");
    let shown = text(&state);
    assert!(shown.contains("identifier:nobody: one of msisdn"), "{shown}");
    assert!(press(&mut state, "^") == Change::Nothing && state.is_typing, "what cannot be read is not left behind");
    press(&mut state, "~p");
    assert!(text(&state).contains("PAUSED") && !state.is_filtered());
}

#[test]
fn nothing_found_says_what_cannot_be_seen() {
    let shown = text(&state((80, 24), &[UNREAD])).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("Nothing was found in 1 exchange (1 of them tunnels that passed unread)."), "{shown}");
    assert!(shown.contains("no mobile carrier is on this path"), "{shown}");
}

#[test]
fn keys_lead_where_they_say() {
    let mut state = state((80, 24), &[STRIPPED, LEAKED, UNREAD]);
    press(&mut state, "^");
    assert!(text(&state).contains("CONNECT mail.example.com:443"));
    press(&mut state, "n");
    assert!(text(&state).contains("POST https://api.example.net/v1/track"));
    press(&mut state, "n");
    assert!(text(&state).contains("strip x-up-calling-line-id by rule"));
    press(&mut state, "b");
    assert!(text(&state).contains("POST https://api.example.net/v1/track"));
    assert_eq!(press(&mut state, "~"), Change::Redraw);
    assert!(!state.list.is_following(), "another one was chosen");
    press(&mut state, "f^");
    state.add(STRIPPED.as_bytes(), &serde_json::from_str(STRIPPED).unwrap());
    assert!(text(&state).contains("CONNECT mail.example.com:443"), "it stays while others come");
    press(&mut state, "q");
    assert!(state.list.is_following());
    press(&mut state, "ssss");
    assert_eq!(state.list.counts(), (4, 3), "critical only");
    press(&mut state, "s");
    assert_eq!(state.list.counts(), (4, 4));
    assert_eq!(press(&mut state, "x"), Change::Nothing);
    assert_eq!(press(&mut state, "q"), Change::End);
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(state.press(interrupt), Change::End);
}

#[test]
fn hostile_text_moves_nothing() {
    let hostile = hostile();
    for size in SIZES.into_iter().chain([(9, 4), (20, 7)]) {
        for keys in ["↓", "^", "/\u{1b}[2J\u{9b}漢字", "/host:\u{202e}"] {
            let mut state = state(size, &[STRIPPED, &hostile]);
            press(&mut state, keys);
            let buffer = drawn(&state, true);
            for cell in &buffer.content {
                let harmful = |c: char| {
                    c.is_control()
                        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{300}'..='\u{36f}')
                };
                assert!(!cell.symbol().contains(harmful) && cell.symbol().chars().count() == 1, "{:?}", cell.symbol());
            }
            assert!(text(&state).lines().all(|line| plain::columns(line) <= usize::from(size.0)), "{}", text(&state));
        }
    }
}

#[test]
fn no_size_is_too_small() {
    for columns in 0..14 {
        for rows in 0..9 {
            for keys in ["↓", "^", "?", "/a", "^G", "s"] {
                let mut state = state((columns, rows), &[STRIPPED, LEAKED, UNREAD]);
                press(&mut state, keys);
                drawn(&state, false);
                state.resize(80, 24);
                state.resize(columns, rows);
                drawn(&state, true);
            }
        }
    }
}

#[test]
fn what_is_cut_has_an_ellipsis_and_columns_are_aligned() {
    let shown = text(&state((80, 24), &[STRIPPED, LEAKED, UNREAD]));
    let lines: Vec<Vec<char>> = shown.lines().map(|line| line.chars().collect()).collect();
    let heads = lines.iter().position(|line| line.iter().collect::<String>().contains("CLIENT")).unwrap();
    let place = |word: &str| {
        let line: String = lines[heads].iter().collect();
        line[..line.find(word).unwrap()].chars().count()
    };
    for column in ["UTC", "CLIENT", "REQUEST", "DONE"].map(place) {
        for line in &lines[heads + 1..heads + 4] {
            assert!(
                line[column] != ' ' && line[column - 1] == ' ',
                "column {column}: {}",
                line.iter().collect::<String>()
            );
        }
    }
    assert!(shown.contains("GET www.example.org/accou…"), "{shown}");
}

#[test]
fn without_colours_letters_and_reverse_say_it() {
    let mut state = state((80, 24), &[STRIPPED, LEAKED, UNREAD]);
    for keys in ["↓", "↓^"] {
        press(&mut state, keys);
        let plain = drawn(&state, false);
        assert!(plain.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
        assert!(drawn(&state, true).content.iter().any(|cell| cell.bg == Color::Red && cell.symbol() == "C"));
        press(&mut state, "~");
    }
}
