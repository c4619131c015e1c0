//! Are the compiled-in signatures sound, and are mistakes in others told apart?

use super::*;

fn builtin_texts() -> Vec<(String, String)> {
    builtin::FILES.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn codes(text: &str) -> Vec<&'static str> {
    let files = [("own.toml".to_owned(), text.to_owned())];
    SignatureSet::parse(&files).err().unwrap_or_default().into_iter().map(|fault| fault.code).collect()
}

const SOUND: &str = r#"
[[signature]]
id = "acme"
header = ["X-Acme-Number", "X-Acme-Nr-*"]
carries = ["msisdn"]
source = "an example"
matches = ["447700900123"]
ignores = ["unknown"]
"#;

#[test]
fn every_compiled_in_signature_keeps_its_promises() {
    let set = SignatureSet::parse(&builtin_texts()).unwrap();
    assert!(set.len() >= 209, "{}", set.len());
    assert_eq!(SignatureSet::builtin().len(), set.len());
    assert!(set.iter().all(|signature| !signature.source.is_empty() && !signature.id.is_empty()));
}

#[test]
fn every_file_of_the_directory_is_compiled_in() {
    let directory = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/config/signatures")).unwrap();
    let mut names: Vec<_> = directory.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let mut compiled: Vec<_> = builtin::FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    compiled.sort();
    assert_eq!(names, compiled);
}

#[test]
fn names_are_found_in_every_spelling() {
    let set = SignatureSet::builtin();
    for name in ["X-Up-Calling-Line-ID", "x_up_calling_line_id", "HTTP_X_UP_CALLING_LINE_ID", "x-UP-calling-LINE-id"] {
        assert_eq!(set.lookup(name.as_bytes()).map(|signature| &*signature.id), Some("up-calling-line-id"), "{name}");
    }
    assert_eq!(&*set.lookup(b"HTTP-MSISDN").unwrap().id, "http-msisdn");
    assert_eq!(&*set.lookup(b"X-Up-Devcap-Iscolor").unwrap().id, "up-devcap");
    for name in [b"".as_slice(), b"host", b"x-up-calling-line-idx", &[b'x'; 1000], &[0xff; 64]] {
        assert!(set.lookup(name).is_none(), "{}", name.escape_ascii());
    }
}

#[test]
fn sound_files_pass() {
    assert_eq!(codes(SOUND), [""; 0]);
    assert_eq!(codes(""), [""; 0]);
}

#[test]
fn each_mistake_has_its_code() {
    for (from, to, code) in [
        ("id = \"acme\"", "id = \"Acme!\"", "bad-id"),
        ("id = \"acme\"\n", "", "missing-key"),
        ("source =", "sauce =", "unknown-key"),
        ("[\"msisdn\"]", "[\"misdn\"]", "unknown-identifier"),
        ("[\"msisdn\"]", "\"msisdn\"", "wrong-type"),
        ("[\"msisdn\"]", "[]", "empty-list"),
        ("X-Acme-Number", "X Acme", "bad-header"),
        ("X-Acme-Nr-*", "x_acme_number", "duplicate-header"),
        ("X-Acme-Nr-*", "X*Y", "ok: an asterisk within a name is a token"),
        ("X-Acme-Nr-*", "*", "bad-header"),
        ("source =", "severity = \"grave\"\nsource =", "unknown-word"),
        ("source =", "inserted_by = \"gnome\"\nsource =", "unknown-word"),
        ("source =", "class = 7\nsource =", "wrong-type"),
        ("447700900123", "nobody", "example-not-found"),
        ("unknown", "447700900124", "example-not-ignored"),
        ("[[signature]]", "[[signatur]]", "unknown-key"),
        ("id = \"acme\"", "id = ", "syntax"),
    ] {
        let text = SOUND.replacen(from, to, 1);
        assert_ne!(text, SOUND);
        let found = codes(&text);
        assert_eq!(found.contains(&code), !code.starts_with("ok"), "{from} → {to}: {found:?}");
    }
}

#[test]
fn all_faults_are_told_at_once_and_in_their_place() {
    let text = SOUND.replace("\"acme\"", "\"ACME\"").replace("[\"msisdn\"]", "[\"misdn\", \"imzi\"]") + SOUND;
    let files = [("a.toml".to_owned(), text.clone()), ("b.toml".to_owned(), SOUND.to_owned())];
    let faults = SignatureSet::parse(&files).unwrap_err();
    let places: Vec<_> = faults.iter().map(|fault| (fault.file.as_str(), fault.code)).collect();
    let twice = [("b.toml", "duplicate-id"), ("b.toml", "duplicate-header")];
    for place in
        [("a.toml", "bad-id"), ("a.toml", "unknown-identifier"), ("a.toml", "duplicate-header")].iter().chain(&twice)
    {
        assert!(places.contains(place), "{place:?} in {places:?}");
    }
    let misdn = faults.iter().find(|fault| fault.message.contains("misdn")).unwrap();
    assert_eq!(&text[misdn.span.clone()], "\"misdn\"");
    assert_eq!(misdn.help.as_deref(), Some("did you mean `msisdn`?"));
}
