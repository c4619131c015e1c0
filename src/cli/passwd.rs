//! How is a password kept?
//!
//! As an argon2id hash (RFC 9106) that stands in the configuration. The password itself is asked for without echo, or
//! read from standard input, never taken as an argument: those can be seen by everybody on the machine.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use argon2::{Argon2, PasswordHasher as _};
use zeroize::Zeroizing;

use super::{Failure, Outcome};

/// The longest password, in bytes; a field value has to hold it.
const LONGEST: usize = 1024;

/// Arguments of `passwd`.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The name that goes with the password
    #[arg(default_value = "phone", value_parser = name)]
    name: String,
}

/// Carries the command out.
pub fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let password = if io::stdin().is_terminal() { ask(&arguments.name)? } else { read(io::stdin().lock())? };
    check(&password)?;
    let line = format!("{}:{}\n", arguments.name, hash(&password)?);
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::because("cannot write the hash", error))?;
    eprintln!("Put this line into the configuration: [access] users = [\"{}:$argon2id$…\"]", arguments.name);
    Ok(Outcome::Done)
}

/// Names have no colon and no control characters (RFC 7617 §2).
fn name(text: &str) -> Result<String, String> {
    let refused = if text.is_empty() {
        "it is empty"
    } else if text.contains(':') {
        "a colon ends the name in Basic authentication"
    } else if text.chars().any(char::is_control) {
        "it holds a control character"
    } else {
        return Ok(text.to_owned());
    };
    Err(refused.to_owned())
}

fn ask(name: &str) -> Result<Zeroizing<String>, Failure> {
    let prompt = |text: String| {
        let answer = rpassword::prompt_password(text).map(Zeroizing::new);
        answer.map_err(|error| Failure::because("cannot read a password from the terminal", error))
    };
    let first = prompt(format!("Password for {name}: "))?;
    check(&first)?;
    let second = prompt("Once more: ".to_owned())?;
    if first != second {
        return Err(Failure::new("the two passwords differ: nothing was made"));
    }
    Ok(first)
}

/// Reads the first line, without its end.
fn read(input: impl io::BufRead) -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    // One byte more than is allowed tells a long password from a cut one; two more are the line's end.
    let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(3);
    let read = input.take(limit).read_line(&mut line);
    read.map_err(|error| Failure::because("cannot read a password from standard input", error))?;
    let kept = line.strip_suffix('\n').map_or(line.as_str(), |rest| rest.strip_suffix('\r').unwrap_or(rest)).len();
    line.truncate(kept);
    Ok(line)
}

fn check(password: &str) -> Result<(), Failure> {
    if password.is_empty() {
        return Err(Failure::new("the password is empty: give one on the first line of standard input, or type it"));
    }
    if password.len() > LONGEST {
        return Err(Failure::new(format!("the password is longer than {LONGEST} bytes")));
    }
    if password.chars().any(char::is_control) {
        return Err(Failure::new("the password holds a control character, which Basic authentication cannot carry"));
    }
    Ok(())
}

/// Argon2id with 19 MiB, two passes and one lane, as OWASP recommends; salt from the system.
fn hash(password: &str) -> Result<String, Failure> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| Failure::new(format!("cannot hash the password: {error}")))
}

#[cfg(test)]
mod tests {
    use argon2::{PasswordVerifier as _, password_hash::phc::PasswordHash};

    use super::*;

    #[test]
    fn a_hash_opens_with_its_password_only_and_is_salted() {
        let (one, two) = (hash("pässword").unwrap(), hash("pässword").unwrap());
        assert_ne!(one, two);
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        let parsed = PasswordHash::new(&one).unwrap();
        assert!(Argon2::default().verify_password("pässword".as_bytes(), &parsed).is_ok());
        assert!(Argon2::default().verify_password(b"password", &parsed).is_err());
    }

    #[test]
    fn one_line_is_read_without_its_end() {
        for (input, expected) in
            [("a b\nrest", "a b"), ("x\r\n", "x"), ("x", "x"), ("x\r", "x\r"), ("", ""), ("\n", "")]
        {
            assert_eq!(read(input.as_bytes()).unwrap().as_str(), expected, "{input:?}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        assert!(check("").is_err() && check("a\tb").is_err() && check(&"x".repeat(LONGEST + 1)).is_err());
        assert!(check(&"x".repeat(LONGEST)).is_ok());
        let long = "y".repeat(LONGEST + 10);
        assert!(check(&read(long.as_bytes()).unwrap()).is_err(), "cut, not accepted");
        assert!(read(&b"\xff\xfe\n"[..]).is_err());
        for bad in ["", "a:b", "a\nb"] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        assert_eq!(name("my phone").unwrap(), "my phone");
    }
}
