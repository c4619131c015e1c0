//! Are unlisted names read right, and everyday names left alone?

use super::{ordinary::ORDINARY, *};
use Identifier::{Acr, ClientIp, Iccid, Imei, Imsi, Location, Msisdn, Network, SubscriberId};

fn sense(name: &[u8], plain: bool) -> Option<Sense> {
    Name::new(name).sense(plain)
}

#[test]
fn unlisted_names_of_the_trade_are_read() {
    for (name, kind) in [
        ("X-Acme-MSISDN", Msisdn),
        ("UserMsisdn", Msisdn),
        ("xmsisdn2", Msisdn),
        ("HTTP_X_TELCO_CALLING_LINE_ID", Msisdn),
        ("callingLineId", Msisdn),
        ("x-globe-mdn", Msisdn),
        ("X-Mobile-Number", Msisdn),
        ("X.GPSI", Msisdn),
        ("X-User-Imsi", Imsi),
        ("userimsi", Imsi),
        ("X-SUPI", Imsi),
        ("deviceImei", Imei),
        ("X-IMEISV", Imei),
        ("Sim-Serial-Number", Iccid),
        ("X-Acme-Subscriber-Id", SubscriberId),
        ("X-Foo-UIDH", SubscriberId),
        ("X-Telco-ACR", Acr),
        ("X-3GPP-ULI", Location),
        ("X-Framed-IP-Address", ClientIp),
        ("X-SGSN-Address", Network),
    ] {
        let hint = classify(name.as_bytes()).unwrap_or_else(|| panic!("{name}"));
        assert_eq!((hint.kinds[0], hint.strength), (kind, Strength::Strong), "{name}");
    }
}

#[test]
fn words_inside_other_words_say_nothing() {
    for name in [
        "Content-Length",
        "X-Vaccination-Id",
        "x-tac-token",
        "Ocp-Apim-Subscription-Key",
        "X-Client-Data",
        "X-Requested-With",
        "X-Min-Version",
        "timeInterval",
        "X-TimeIn",
        "gclid",
        "fbclid",
        "msclkid",
        "macro",
        "sacred",
        "apns-topic",
        "guidhash",
        "subnode",
        "X-Administrator",
        "X-Online",
        "X-Deadline",
        "X-Client-Id",
        "X-Line-Item-Id",
        "X-Mobile-App-Key",
        "X-Phone-Type",
        "X-Telemetry",
        "X-Hotel",
        "Intel",
        "X-Simple",
        "X-Order-Number",
        "",
        "x",
        "-",
        "X-Cellar",
        "X-Gsmith",
        "X-Rating",
        "X-Apnea",
    ] {
        assert_eq!(classify(name.as_bytes()), None, "{name}");
    }
}

#[test]
fn every_ordinary_name_is_one() {
    for name in ORDINARY.iter().copied().flatten() {
        assert!(is_ordinary(name.to_ascii_uppercase().as_bytes()), "{name}");
    }
    assert!(!is_ordinary(b"x-msisdn") && !is_ordinary(b""));
}

#[test]
fn long_and_odd_names_are_fine() {
    let long = "x-".repeat(500) + "msisdn";
    assert_eq!(classify(long.as_bytes()), None);
    assert!(classify(("x-msisdn-".to_owned() + &"y".repeat(500)).as_bytes()).is_some());
    assert_eq!(classify(&[0xff; 300]), None);
}

#[test]
fn the_words_of_the_trade_are_sound() {
    let text = include_str!("trade.toml");
    let words = text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(words > 100, "the file is read as it stands");
    for (name, branded, kind) in [
        ("X-Telenor-User-Key", true, Some(SubscriberId)),
        ("telenor_acct_no", true, Some(Identifier::Account)),
        ("X-TelenorCell", true, Some(Location)),
        ("X-Gprs-Ip-Client", false, Some(ClientIp)),
        ("X-Orange-Tariff", true, Some(Network)),
        ("X-Telenor-Handset-Model", true, Some(Identifier::Device)),
        ("X-Telenor-Qwrtz", true, None),
    ] {
        let sense = sense(name.as_bytes(), false).unwrap_or_else(|| panic!("{name}"));
        assert_eq!((sense.branded, sense.said), (branded, Said::Here), "{name}");
        assert_eq!(sense.rule.map(|rule| rule.kinds[0]), kind, "{name}");
    }
}

#[test]
fn without_a_network_everyday_words_say_nothing() {
    for name in
        ["X-User-Key", "X-Cell", "X-Smart-User-Id", "X-Acct-No", "X-Hotel-User-Id", "X-Telenor-Trace-Id", "X-Qwrtz"]
    {
        let here = sense(name.as_bytes(), false).is_some_and(|sense| sense.said == Said::Here);
        assert!(!here, "{name}");
    }
    assert!(sense(b"X-Cell", true).is_none() && sense(&[0xff; 300], false).is_none() && sense(b"", false).is_none());
}

#[test]
fn words_of_other_trades_are_theirs() {
    for name in ["X-Grid-Cell-Id", "X-Feed-Subscriber-Ref", "X-Battery-Cell-Id"] {
        assert_eq!(classify(name.as_bytes()), None, "{name}");
    }
    for name in ["MDN-Article-Id", "X-Acr-Pull-Id", "X-Blorp-Cell-Id"] {
        let hint = classify(name.as_bytes());
        assert!(hint.is_none_or(|hint| hint.strength == Strength::Faint), "{name}: {hint:?}");
    }
    for name in ["X-Telenor-Cell-Id", "X-Acme-MDN", "X-Gprs-Acr-Blorp"] {
        assert_eq!(classify(name.as_bytes()).map(|hint| hint.strength), Some(Strength::Strong), "{name}");
    }
}
