//! Are the files of the pages found, and do they hold nothing in line?

use super::assets;

#[test]
fn every_page_is_there_and_nothing_else() {
    for path in ["/", "/app.js", "/style.css", "/icon.svg", "/login"] {
        assert!(assets::find(path).is_some(), "{path}");
    }
    assert!(assets::find("/../Cargo.toml").is_none() && assets::find("/index.html/").is_none());
    assert!(!assets::is_open("/") && !assets::is_open("/app.js"));
}
