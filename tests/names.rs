//! Do names that nobody listed tell, everywhere a message has names, and do ordinary ones stay silent?

use std::sync::{Arc, LazyLock};

use clir::{
    detect::{Confidence, Finding, Part, Scanner, Severity, SignatureSet, Subject},
    exchange::{Direction, Fields},
};
use serde_json::Value;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(Arc::new(SignatureSet::builtin())));

const NUMBER: &str = "447700900123";
const HASH: &str = "5d41402abc4b2a76b9719d911017c592";
const CIPHER: &str = "Zk3v9+Qm/1xyT0aB77Lq==";

fn scan(target: &str, pairs: &[(&str, &str)]) -> Vec<Finding> {
    let fields: Fields = pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let target = Some(target.as_bytes());
    let subject =
        Subject { direction: Direction::Request, part: Part::Header, target, fields: &fields, cleartext: true };
    SCANNER.scan(&subject)
}

fn alarms(target: &str, pairs: &[(&str, &str)]) -> Vec<Finding> {
    scan(target, pairs).into_iter().filter(|finding| finding.severity > Severity::Low).collect()
}

#[test]
fn names_out_of_words_of_the_trade_tell() {
    for (name, value, kind) in [
        ("X-Billing-Number", NUMBER, "msisdn"),
        ("bill-to-number", NUMBER, "msisdn"),
        ("X-DN", NUMBER, "msisdn"),
        ("X-NSN", "7700900123", "msisdn"),
        ("portable", NUMBER, "msisdn"),
        ("mobile-hash", HASH, "msisdn"),
        ("X-Mobilni-Broj", NUMBER, "msisdn"),
        ("nr_telefonu", NUMBER, "msisdn"),
        ("numero-de-celular", NUMBER, "msisdn"),
        ("X-Abonent-Nomer", "07700900123", "msisdn"),
        ("X-Phone-Enc", CIPHER, "msisdn"),
        ("X-Vodafone-Number", NUMBER, "msisdn"),
        ("X-Msisdn-Info", "07700900123", "msisdn"),
        ("X-Misdn", NUMBER, "msisdn"),
        ("X-Caling-Line-Id", NUMBER, "msisdn"),
        ("x-mobile-numbre", NUMBER, "msisdn"),
        ("x-perm-id", HASH, "subscriber-id"),
        ("X-Acme-SubId", HASH, "subscriber-id"),
        ("X-Subscirber-Id", HASH, "subscriber-id"),
        ("x-carrier-ad-id", HASH, "subscriber-id"),
        ("X-Sim-Serial-Imsi", "001010123456789", "imsi"),
        ("X-Ggsn-Uli", "8200f110000100f11000000001", "location"),
        ("x-radius-user-name", "jane@isp.example", "account"),
        ("X-Impu", "sip:jane@ims.example", "account"),
    ] {
        let found = scan("/", &[(name, value)]);
        assert!(found.iter().any(|finding| finding.identifier.as_str() == kind), "{name}: {found:?}");
    }
}

#[test]
fn a_value_that_speaks_for_itself_needs_few_words() {
    for (name, value, kind) in [
        ("X-Party-No", NUMBER, "msisdn"),
        ("Linea-Num", NUMBER, "msisdn"),
        ("X-Equipo", "490154203237518", "imei"),
        ("X-Dev-Ident", "490154203237518", "imei"),
        ("X-Uicc-Sn", "8944500102030405062", "iccid"),
        ("User-Realm", "jane@isp.example", "account"),
        ("X-Ppp-Login", "jane@isp.example", "account"),
        ("X-Nodeb-Loc-Cell", "001.01.4325.43489", "location"),
        ("Tracking-Area", "001-01-4325", "location"),
        ("X-Gmlc-Pos", "51.5074;-0.1278", "location"),
        ("X-Terminal-Pos", "513026%1a0000739%1a", "location"),
        ("Gsm-Uid", HASH, "subscriber-id"),
        ("X-Vodafone-Tag", "13e6077934e01a1e", "subscriber-id"),
        ("X-Wap-Client-Uid", "Zk3v9Qm1xyT0aB77Lq8w-@wap.example", "subscriber-id"),
        ("X-Wap-User", NUMBER, "msisdn"),
        ("X-Nat-Internal", "100.64.1.2", "client-ip"),
        ("X-Phone-Ip", "10.1.2.3", "client-ip"),
        ("X-Zte-Addr", "10.1.2.3", "client-ip"),
        ("X-Wap-Client-Handle", HASH, "subscriber-id"),
        ("X-Clip-Sha256", HASH, "msisdn"),
        ("X-Uim", "89440000000000000001", "iccid"),
        ("X-Owner", "jane@isp.example", "account"),
        ("X-Blorp", "0001010123456789@wlan.mnc001.mcc001.3gppnetwork.example", "account"),
        ("X-Trackarea-Id", "001-01-4325", "location"),
    ] {
        let found = alarms("/", &[(name, value)]);
        assert!(found.iter().any(|finding| finding.identifier.as_str() == kind), "{name}: {found:?}");
    }
}

#[test]
fn the_same_words_are_silent_where_the_value_says_nothing() {
    for (name, value) in [
        ("X-Party-No", "4477009001"),
        ("X-Party-No", "20240827807482"),
        ("X-Dev-Ident", "490154203237519"),
        ("X-Terminal-Pos", "B12"),
        ("X-Terminal-Pos", "513026/0000739/"),
        ("X-Location", "51.5074,-0.1278"),
        ("Tracking-Area", "north"),
        ("Gsm-Uid", "42"),
        ("User-Login", "octocat"),
        ("X-Wifi-Pos", "99.99.4325.43489"),
        ("X-Nat-Internal", "203.0.113.9"),
        ("X-User-Id", "001010123456789"),
        ("X-User-No", NUMBER),
        ("X-Wallet-Nr", NUMBER),
        ("X-Terminal-Num", NUMBER),
        ("X-Msn", NUMBER),
        ("X-Network-Uid", HASH),
        ("X-Lbs-Weight", "4.12"),
        ("X-Client-Id", HASH),
        ("X-Blorp", "jane@wapiti.example"),
        ("X-Uim", "12345678901234567890"),
        ("X-Agreement-Sha256", HASH),
        ("X-Contract-No-Sha256", HASH),
        ("X-Tracking-Id", "001-01-4325"),
        ("X-Shard-Tag", "13e6077934e01a1e"),
    ] {
        assert_eq!(alarms("/", &[(name, value)]), [], "{name}: {value}");
    }
}

#[test]
fn an_inner_address_is_a_hint_unless_the_name_tells_of_a_machine() {
    let found = scan("/", &[("X-Acme-Ip", "10.1.2.3")]);
    assert_eq!((found.len(), found[0].severity, found[0].identifier.as_str()), (1, Severity::Low, "client-ip"));
    for name in ["X-Pod-Ip", "X-Backend-Address", "X-Upstream", "X-App-Version"] {
        assert_eq!(scan("/", &[(name, "10.1.2.3")]), [], "{name}");
    }
}

#[test]
fn packed_fields_are_taken_apart() {
    for (name, value, kind, covered) in [
        ("X-Gw-Info", "apn=internet;msisdn=447700900123;rat=6", "msisdn", NUMBER),
        ("x-user-context", r#"{"apn":"internet","mdn":"447700900123","rat":2}"#, "msisdn", NUMBER),
        ("X-Blob", "%7B%22msisdn%22%3A%22447700900123%22%7D", "msisdn", NUMBER),
        ("X-Blob", "msisdn: +447700900123, ip: 192.0.2.1", "msisdn", "+447700900123"),
        ("X-Session-Info", "apn:web|imsi:001010123456789", "imsi", "001010123456789"),
        ("X-Netinfo", "GPRS,447700900123,wap.apn,unsecured", "msisdn", NUMBER),
        ("X-Sub-Identity", "447700900123, 10.1.2.3", "msisdn", NUMBER),
        ("X-Radius-Attrs", "user-name=wap,calling-station-id=447700900123", "msisdn", NUMBER),
        ("X-Wap-Session-Data", "mcc=001;mnc=01;lac=1887;ci=19581", "location", "mcc=001;mnc=01;lac=1887;ci=19581"),
    ] {
        let found = scan("/", &[(name, value)]);
        let hit = |finding: &Finding| finding.identifier.as_str() == kind && finding.value == covered.as_bytes();
        assert!(found.iter().any(hit), "{name}: {value}: {found:?}");
    }
}

#[test]
fn every_place_is_read() {
    let header = |name: &'static str, value: &'static str| scan("/", &[(name, value)]);
    for (name, value) in [
        ("Cookie", "a=1; msisdn=447700900123"),
        ("Referer", "http://portal.example/a?msisdn=447700900123"),
        ("Via", "1.1 wap.example (447700900123)"),
        ("Via", "1.1 proxy.example (Jaguar/4.1; cli=+447700900123)"),
        ("Forwarded", "for=_447700900123;proto=http"),
        ("X-Forwarded-For", "447700900123, 10.1.2.3"),
        ("User-Agent", "Phone/1.0 (sub +447700900123)"),
        ("User-Agent", "Phone/1.0 [MSISDN:447700900123]"),
        ("From", "447700900123"),
        ("From", "<tel:+447700900123>"),
        ("Proxy-Authorization", "Basic NDQ3NzAwOTAwMTIzQHdhcC5leGFtcGxlOng="),
        ("P-Asserted-Identity", "<tel:+447700900123>"),
    ] {
        let found = header(name, value);
        assert!(found.iter().any(|finding| finding.identifier.as_str() == "msisdn"), "{name}: {value}: {found:?}");
    }
    for target in
        ["/?msisdn=447700900123", "/msisdn/447700900123", "/r?u=http%3A%2F%2Fa.example%2F%3Fmsisdn%3D447700900123"]
    {
        let found = scan(target, &[]);
        assert_eq!((found.len(), found[0].location.part), (1, Part::Target), "{target}");
        assert_eq!(found[0].value, NUMBER, "{target}");
    }
    assert_eq!(header("From", "Jane <jane.doe@mail.example>")[0].identifier.as_str(), "account");
    assert_eq!(header("Cookie", "wapuser=jane%40carrier.example")[0].identifier.as_str(), "account");
}

#[test]
fn words_of_everyday_stay_silent() {
    for (name, value) in [
        ("X-Cell-Id-Count", NUMBER),
        ("X-Sim-Operator", NUMBER),
        ("X-Line", NUMBER),
        ("X-Cell", NUMBER),
        ("X-Sender-Id", NUMBER),
        ("X-Originator-Id", NUMBER),
        ("X-Subscriber-Tier", HASH),
        ("X-Subscriber-Key-Version", HASH),
        ("Cookie", "mdn_banner=447700900123"),
        ("Cookie", "tel=5d41402abc4b2a76b9719d911017c592; phone=5d41402abc4b2a76b9719d911017c592"),
        ("X-Phone-Number-Id", "106540352242922"),
        ("X-Mobile-Number", "1700000000123"),
        ("X-Carrier-Number", "20240827807482"),
        ("X-Cell-Id", "use1-az2-c07"),
        ("X-Blob", "order=447700900123;total=12"),
        ("X-Blob", "447700900123,12,3"),
        ("From", "crawler@search.example"),
        ("From", "webmaster@mail.example"),
        ("Via", "1.1 cache.example (1700000000)"),
        ("X-OperaMini-Phone-UA", "BlackBerry8520/5.0.0.681 Profile/MIDP-2.1"),
    ] {
        assert_eq!(alarms("/", &[(name, value)]), [], "{name}: {value}");
    }
    for target in ["/?tel=5d41402abc4b2a76b9719d911017c592", "/?imsize=001010123456789", "/?a=b%3D447700900123"] {
        assert_eq!(alarms(target, &[]), [], "{target}");
    }
}

#[test]
fn a_word_of_everyday_tells_where_the_number_is_written_as_one() {
    for value in ["+447700900123", "00447700900123"] {
        assert_eq!(scan("/", &[("X-Cell", value)])[0].identifier.as_str(), "msisdn", "{value}");
    }
    assert_eq!(scan("/", &[("X-Customer-Line", NUMBER)])[0].identifier.as_str(), "msisdn");
}

#[test]
fn a_documented_name_that_interfaces_use_too_is_low_unless_something_speaks_for_a_carrier() {
    let rated = |pairs: &[(&str, &str)]| {
        let found = scan("/", pairs);
        found.iter().map(|finding| (finding.severity, finding.confidence)).collect::<Vec<_>>()
    };
    for name in ["ClientID", "DeviceID", "ContractID", "X-CC-Id"] {
        assert_eq!(rated(&[(name, HASH)]), [(Severity::Low, Confidence::Possible)], "{name}");
    }
    assert_eq!(rated(&[("ClientID", "jane@carrier.example")]), [(Severity::High, Confidence::Certain)]);
    assert_eq!(rated(&[("ClientID", HASH), ("x-up-bearer-type", "GPRS")])[0], (Severity::High, Confidence::Certain));
}

#[test]
fn modern_interfaces_raise_no_alarm() {
    let text = include_str!("data/detection/modern.jsonl");
    assert!(text.lines().count() >= 60);
    for line in text.lines() {
        let json: Value = serde_json::from_str(line).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let pairs: Vec<_> =
            json["headers"].as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(alarms(json["path"].as_str().unwrap(), &pairs), [], "{}", json["id"]);
    }
}

/// The kinds and severities found in the field at this place.
fn kinds(pairs: &[(&str, &str)], at: usize) -> Vec<(&'static str, Severity)> {
    let found = scan("/", pairs);
    let here = found.iter().filter(|finding| finding.location.index == at);
    here.map(|finding| (finding.identifier.as_str(), finding.severity)).collect()
}

#[test]
fn everyday_words_tell_beside_those_of_a_network() {
    use Severity::{Critical, High, Low, Medium};
    for (name, value, found) in [
        ("X-Telenor-User-Key", HASH, ("subscriber-id", High)),
        ("X-Swisscom-Alias", "317700900123", ("subscriber-id", High)),
        ("telia-usrtok", CIPHER, ("subscriber-id", High)),
        ("X-Proximus-Qwuid", HASH, ("subscriber-id", High)),
        ("X-Blorptel-User-Ref", HASH, ("subscriber-id", High)),
        ("telia_cust-account", "3-555012", ("account", High)),
        ("X-KPN-Contract", "C5550123", ("account", High)),
        ("X-Telenor-Calling", NUMBER, ("msisdn", Critical)),
        ("X-Telenor-Qwrtz", NUMBER, ("msisdn", Critical)),
        ("TELENORLAC", "5550", ("location", Critical)),
        ("X-Orange-Zone-Lat", "51.5074", ("location", Critical)),
        ("X-Gprs-Client-Ip", "192.0.2.7", ("client-ip", Medium)),
        ("X-Etisalat-Clnt", "10.2.3.4", ("client-ip", Medium)),
        ("X-Telenor-Gsn-Ip", "192.0.2.7", ("network", Medium)),
        ("X-Telenor-Sess", "5550123456", ("network", Medium)),
        ("X-Telenor-Pay-Type", "prepaid", ("network", Low)),
        ("X-Telenor-Handset-Model", "P100", ("device", Low)),
        ("X-Blorp-Rufnr", NUMBER, ("msisdn", Critical)),
    ] {
        let all = kinds(&[(name, value)], 0);
        assert!(all.contains(&found), "{name}: {value}: {all:?}");
    }
}

#[test]
fn words_of_many_languages_and_trades_tell() {
    for (name, value, kind) in [
        ("X-Abonnee-Id", HASH, "subscriber-id"),
        ("X-Ucastnik-Id", HASH, "subscriber-id"),
        ("X-Operator-Sub-Ref", "55501234", "subscriber-id"),
        ("X-Subscriber-Login", "jane-d55", "account"),
        ("X-Dot1x-User", "jane.d55", "account"),
        ("X-Aaa-Identity", "jane.d55", "account"),
        ("X-Pdn-Address", "10.1.2.3", "client-ip"),
        ("X-Location-Area", "001-01-4325", "location"),
        ("X-Cell-Global-Identity", "0x6F76AE5", "location"),
        ("X-3GPP-User-Loc", "0200f110829df4ff", "location"),
        ("X-Cli-Enc", CIPHER, "msisdn"),
        ("X-Uicc-Hash", HASH, "subscriber-id"),
    ] {
        let found = alarms("/", &[(name, value)]);
        assert!(found.iter().any(|finding| finding.identifier.as_str() == kind), "{name}: {found:?}");
    }
}

#[test]
fn what_speaks_for_itself_is_a_line_in_the_log_under_any_name() {
    for (name, value, kind) in [
        ("X-Blorp", NUMBER, "msisdn"),
        ("X-Self-Number", NUMBER, "msisdn"),
        ("X-Blorp", "001010123456789", "imsi"),
        ("X-Blorp", "51.5074,-0.1278", "location"),
        ("X-Gps-Lat", "51.50741", "location"),
        ("X-Posicion", "geo:51.5074,-0.1278", "location"),
        ("X-Smart-Uid", HASH, "subscriber-id"),
        ("X-Opaque-Number", HASH, ""),
        ("X-Masked-Number", HASH, "msisdn"),
        ("X-Gateway-Client-Ip", "10.1.2.3", "client-ip"),
        ("X-Blorp-Subscriber", "55501234", "subscriber-id"),
        ("X-Merchant-Id", NUMBER, ""),
        ("X-Order-Number", NUMBER, ""),
        ("X-Blorp", "1700000000123", ""),
        ("X-Blorp", "202408271230", ""),
        ("X-Blorp", "1.5,2.5", ""),
        ("X-Smart-Client-Id", HASH, ""),
        ("X-Muid", HASH, ""),
    ] {
        let found = kinds(&[(name, value)], 0);
        let expected = if kind.is_empty() { vec![] } else { vec![(kind, Severity::Low)] };
        assert_eq!(found, expected, "{name}: {value}");
    }
}

#[test]
fn a_browser_writes_no_field_that_points_at_somebody() {
    let browser = ("User-Agent", "Mozilla/5.0 (Linux; Android 13) Chrome/118.0 Mobile Safari/537.36");
    let app = ("User-Agent", "okhttp/4.12.0");
    let hint = vec![("subscriber-id", Severity::Low)];
    for (name, value) in [("X-Blorp-Customer-Ref", HASH), ("X-Kunden-Token", HASH), ("X-Blorp-Uid", HASH)] {
        assert_eq!(kinds(&[browser, (name, value)], 1), hint, "{name}");
        assert!(kinds(&[app, (name, value)], 1).is_empty(), "{name}");
        for script in [("Authorization", "Bearer x"), ("Accept", "application/json"), ("Sec-Fetch-Mode", "cors")] {
            assert!(kinds(&[browser, (name, value), script], 1).is_empty(), "{name} beside {script:?}");
        }
        let many = [("X-A", "1"), ("X-B", "2"), ("X-C", "3"), browser, (name, value)];
        assert!(kinds(&many, 4).is_empty(), "{name} among many");
    }
    assert_eq!(kinds(&[browser, ("X-Blorp-Acct-No", "5550123")], 1), [("account", Severity::Low)]);
}

#[test]
fn everyday_words_alone_raise_no_alarm() {
    for (name, value) in [
        ("X-User-Key", HASH),
        ("X-Smart-User-Id", "5550123456"),
        ("X-Hotel-User-Ref", HASH),
        ("X-Carrier-Account-Ref", "ca_5d41402abc4b2a76b9719d911017c592"),
        ("X-Carrier-Token", "AbCdEf0123456789AbCdEf0123456789"),
        ("X-Acct-No", "15550123"),
        ("X-Edge-Location", "FRA2-C1"),
        ("True-Client-IP", "192.0.2.7"),
        ("X-Playback-Session-Id", "b6d5bbf3-6d16-930b-6c58-48faae67b99a"),
        ("X-Grid-Cell-Id", "555012"),
        ("X-Feed-Subscriber-Ref", "55501234"),
        ("MDN-Article-Id", "5d41402abc4b2a76"),
        ("X-Acr-Pull-Id", "b6d5bbf3-6d16-930b-6c58-48faae67b99a"),
        ("X-Charging-Id", "chg_aBcDeFgHiJkL"),
        ("X-Telenor-Trace-Id", HASH),
        ("X-Telenor-Customer-Key", "cus_pfvFeq8YdbHNua"),
        ("X-Ims-Id", "001010123456789"),
        ("OneSignal-Subscription-Id", "b6d5bbf3-6d16-930b-6c58-48faae67b99a"),
        ("X-Netflix.esn", "NFANDROID1-PRV-P-0P5B4BGFLBSSGDSMY7LP"),
        ("X-Canvas-Id", HASH),
        ("X-Hue-Id", HASH),
        ("X-Clip-Id", HASH),
        ("X-Position", "1200,4800"),
    ] {
        let alarms = alarms("/", &[(name, value)]);
        assert!(alarms.is_empty(), "{name}: {value}: {alarms:?}");
    }
}

#[test]
fn a_network_s_field_speaks_for_its_neighbours() {
    let msisdn = ("X-Blorp-Msisdn", NUMBER);
    assert!(kinds(&[("X-Blorp-User-Key", HASH)], 0).is_empty());
    assert_eq!(kinds(&[("X-Blorp-User-Key", HASH), msisdn], 0), [("subscriber-id", Severity::High)]);
    assert_eq!(kinds(&[msisdn, ("X-Blorp-User-Key", HASH)], 1), [("subscriber-id", Severity::High)]);
    assert!(kinds(&[("X-Other-User-Key", HASH), msisdn], 0).is_empty(), "another's name");
    assert_eq!(kinds(&[("CLNT-IP", "10.2.3.4")], 0), [("client-ip", Severity::Low)]);
    assert_eq!(kinds(&[("CLNT-IP", "10.2.3.4"), msisdn], 0), [("client-ip", Severity::Medium)]);
    assert!(kinds(&[("X-Qwrtz", HASH), msisdn], 0).is_empty(), "nothing in the name tells");
}
