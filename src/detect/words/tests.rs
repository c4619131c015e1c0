//! Are unlisted names read right, and everyday names left alone?

use super::{ordinary::ORDINARY, *};
use Identifier::{Acr, ClientIp, Iccid, Imei, Imsi, Location, Msisdn, Network, SubscriberId};

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
