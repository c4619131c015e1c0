//! Are the files of the pages found, and do they hold nothing in line?

use std::{fs, path::Path};

use super::assets;

#[test]
fn every_page_is_there_and_nothing_else() {
    for path in ["/", "/app.js", "/style.css", "/icon.svg", "/login"] {
        assert!(assets::find(path).is_some(), "{path}");
    }
    assert!(assets::find("/../Cargo.toml").is_none() && assets::find("/index.html/").is_none());
    assert!(!assets::is_open("/") && !assets::is_open("/app.js"));
}

/// A file that nobody put into the table would be missing in the browser only.
#[test]
fn every_file_is_served_and_asks_for_nothing_that_is_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin/assets");
    let files = ["", "js", "css"].map(|folder| root.join(folder));
    let files = files.iter().flat_map(|folder| fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()));
    let mut links = 0;
    for file in files.filter(|file| file.is_file()) {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let path = match name.as_str() {
            "index.html" => "/".to_owned(),
            "login.html" => "/login".to_owned(),
            name => format!("/{name}"),
        };
        assert!(assets::find(&path).is_some(), "{name} is not in the table");
        let text = fs::read_to_string(&file).unwrap();
        for asked in asked(&text) {
            let module = asked.trim_start_matches("./").trim_start_matches("js/");
            let place = if asked.starts_with('/') { asked.to_owned() } else { format!("/js/{module}") };
            assert!(assets::find(&place).is_some(), "{name} asks for {asked}");
            links += 1;
        }
        for unsafe_way in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=\"", "onclick=\""]
        {
            assert!(!text.contains(unsafe_way), "{name}: {unsafe_way}");
        }
    }
    assert!(links > 40, "{links}: they are not read right");
}

/// What a file loads: by `from '…'`, `src="/…"`, or `href="/…"`.
fn asked(text: &str) -> impl Iterator<Item = &str> {
    let after = |mark: &'static str, end: char| text.split(mark).skip(1).filter_map(move |rest| rest.split(end).next());
    after(" from '", '\'')
        .chain(after(" src=\"", '"'))
        .chain(after(" href=\"", '"').filter(|link| !link.starts_with('#')))
}
