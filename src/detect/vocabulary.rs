//! Which words of the telecom trade tell what a field carries?
//!
//! Words are compared without separators and in lower case, so `Calling-Line-ID`, `callingLineId` and
//! `CALLING_LINE_ID` are one. Short words count only as whole tokens: `imei` stands in `timeInterval`, `clid` in `gclid`.

use super::finding::Identifier::{
    self, Account, Acr, ClientIp, Iccid, Imei, Imsi, Location, Msisdn, Network, SubscriberId,
};

/// How much a word tells. Ordered, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// The word names the identifier: an odd or an opaque value counts as well.
    Strong,
    /// The word allows for it: only a value that passes every check counts.
    Weak,
}

/// Which ends of a word must be ends of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edges {
    /// None: the word is unmistakable.
    Free,
    /// The front, or one of [`GLUE`] in front of it.
    Front,
    /// Both, with one of [`GLUE`] in front and one of [`TAILS`] behind let pass.
    Both,
}

/// One word.
#[derive(Debug)]
pub(super) struct Word {
    pub text: &'static str,
    pub edges: Edges,
    pub strength: Strength,
    /// What values under it may be, the most likely first.
    pub kinds: &'static [Identifier],
}

const fn words<const N: usize>(
    texts: [&'static str; N],
    edges: Edges,
    strength: Strength,
    kinds: &'static [Identifier],
) -> [Word; N] {
    let mut out = [const { Word { text: "", edges: Edges::Both, strength: Strength::Weak, kinds: &[] } }; N];
    let mut at = 0;
    while at < N {
        out[at] = Word { text: texts[at], edges, strength, kinds };
        at += 1;
    }
    out
}

static NUMBER: [Word; 28] = words(
    [
        "msisdn",
        "misdn",
        "callinglineid",
        "callingline",
        "callingnumber",
        "callingparty",
        "subscribernumber",
        "subscriberphone",
        "subscriberline",
        "directorynumber",
        "phonenumber",
        "phonenum",
        "mobilenumber",
        "mobilenum",
        "mobilephone",
        "cellnumber",
        "cellphone",
        "telephonenumber",
        "telnumber",
        "handsetnumber",
        "userphone",
        "usermobile",
        "customerphone",
        "customermobile",
        "handynummer",
        "rufnummer",
        "telefonnummer",
        "numerotelefon",
    ],
    Edges::Free,
    Strength::Strong,
    &[Msisdn],
);

static SHORT_NUMBER: [Word; 11] = words(
    ["mdn", "clid", "gpsi", "subscriberno", "phoneno", "mobileno", "mobilenr", "mobno", "telno", "cellno", "msdn"],
    Edges::Both,
    Strength::Strong,
    &[Msisdn],
);

static MAYBE_NUMBER: [Word; 34] = words(
    [
        "phone",
        "telephone",
        "tel",
        "mobile",
        "mob",
        "cell",
        "gsm",
        "cli",
        "ani",
        "ctn",
        "caller",
        "callerid",
        "calling",
        "line",
        "lineid",
        "linenumber",
        "originator",
        "sender",
        "enduser",
        "enduserid",
        "party",
        "partyid",
        "handset",
        "chargedparty",
        "chargeduser",
        "telefon",
        "telefono",
        "telephoneno",
        "celular",
        "movil",
        "nohp",
        "number",
        "num",
        "min",
    ],
    Edges::Both,
    Strength::Weak,
    &[Msisdn],
);

static MAYBE_SUBSCRIBER: [Word; 7] = words(
    ["subscriber", "subscription", "subs", "subid", "subsid", "msid", "enriched"],
    Edges::Both,
    Strength::Weak,
    &[Msisdn, Imsi],
);

static IMSI: [Word; 2] = words(["imsi", "supi"], Edges::Front, Strength::Strong, &[Imsi]);
static IMEI: [Word; 2] = words(["imei", "meid"], Edges::Front, Strength::Strong, &[Imei]);
static MAYBE_IMEI: [Word; 4] = words(["pei", "esn", "deviceid", "serial"], Edges::Both, Strength::Weak, &[Imei, Iccid]);
static ICCID: [Word; 3] = words(["iccid", "simserial", "simcardnumber"], Edges::Free, Strength::Strong, &[Iccid]);
static MAYBE_ICCID: [Word; 5] =
    words(["icc", "sim", "simid", "simnumber", "uicc"], Edges::Both, Strength::Weak, &[Iccid, Imsi, Msisdn]);

static PSEUDONYM: [Word; 8] = words(
    [
        "subscriberid",
        "subscriberidentity",
        "subscribertoken",
        "subscriberref",
        "subscriberhash",
        "supercookie",
        "permacookie",
        "subscriberuid",
    ],
    Edges::Free,
    Strength::Strong,
    &[SubscriberId, Msisdn, Imsi],
);

static SHORT_PSEUDONYM: [Word; 2] =
    words(["uidh", "subno"], Edges::Both, Strength::Strong, &[SubscriberId, Msisdn, Imsi]);

static ACR: [Word; 1] = words(["acr"], Edges::Both, Strength::Strong, &[Acr]);
static NAI: [Word; 1] = words(["nai"], Edges::Both, Strength::Weak, &[Account, Imsi]);

static PLACE: [Word; 6] = words(
    ["userlocationinfo", "cellglobalid", "cellidentity", "eutrancellid", "ecgi", "uli"],
    Edges::Both,
    Strength::Strong,
    &[Location],
);
static CELL: [Word; 1] = words(["cellid"], Edges::Both, Strength::Strong, &[Location]);

static ADDRESS: [Word; 8] = words(
    ["framedip", "framedipaddress", "ueip", "msip", "subscriberip", "mobileip", "wapip", "gprsip"],
    Edges::Both,
    Strength::Strong,
    &[ClientIp],
);

static BEARER: [Word; 12] = words(
    [
        "sgsn",
        "ggsn",
        "sgsnip",
        "ggsnip",
        "apn",
        "rattype",
        "mccmnc",
        "plmn",
        "bearertype",
        "roaming",
        "chargingid",
        "pdpcontext",
    ],
    Edges::Both,
    Strength::Strong,
    &[Network],
);

/// Every word.
pub(super) fn all() -> impl Iterator<Item = &'static Word> {
    let tables: [&'static [Word]; 17] = [
        &NUMBER,
        &SHORT_NUMBER,
        &MAYBE_NUMBER,
        &MAYBE_SUBSCRIBER,
        &IMSI,
        &IMEI,
        &MAYBE_IMEI,
        &ICCID,
        &MAYBE_ICCID,
        &PSEUDONYM,
        &SHORT_PSEUDONYM,
        &ACR,
        &NAI,
        &PLACE,
        &CELL,
        &ADDRESS,
        &BEARER,
    ];
    tables.into_iter().flatten()
}

/// What is glued in front of a word without a separator.
pub(super) const GLUE: &[&[u8]] = &[
    b"x",
    b"h",
    b"u",
    b"ue",
    b"my",
    b"user",
    b"usr",
    b"client",
    b"mobile",
    b"mob",
    b"subs",
    b"sub",
    b"subscriber",
    b"dev",
    b"device",
    b"phone",
    b"sim",
    b"wap",
    b"gw",
    b"raw",
    b"enc",
    b"encrypted",
    b"hashed",
    b"real",
    b"customer",
    b"cust",
    b"network",
    b"carrier",
    b"operator",
    b"handset",
    b"terminal",
    b"p",
    b"ms",
    b"he",
    b"http",
    b"get",
];

/// What is glued behind a word without a separator.
pub(super) const TAILS: &[&[u8]] = &[
    b"s", b"no", b"nr", b"num", b"number", b"id", b"value", b"val", b"hash", b"enc", b"md5", b"sha1", b"sha256", b"sv",
    b"code", b"1", b"2",
];

/// Tokens that turn a weak word into something else: `order-number`, `build-number`, `content-…`, `subscription-key`.
pub(super) const TRAPS: &[&str] = &[
    "content",
    "order",
    "build",
    "version",
    "session",
    "trace",
    "span",
    "timestamp",
    "time",
    "ts",
    "date",
    "length",
    "count",
    "key",
    "token",
    "invoice",
    "tracking",
    "request",
    "req",
    "correlation",
    "transaction",
    "sequence",
    "seq",
    "size",
    "port",
    "vaccination",
    "tac",
    "amz",
    "goog",
    "ms",
    "cf",
    "sec",
    "accept",
    "fb",
    "ig",
    "product",
    "article",
    "item",
    "store",
    "page",
    "postal",
    "zip",
    "batch",
    "ticket",
    "bytes",
    "range",
];
