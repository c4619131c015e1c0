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
    /// The word is what people call it: a number of the usual length counts, or a hash of one.
    Firm,
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

/// Words that say the same.
#[derive(Debug)]
pub(super) struct Group {
    pub strength: Strength,
    pub edges: Edges,
    /// What values under them may be, the most likely first.
    pub kinds: &'static [Identifier],
    /// The words, between blanks.
    pub words: &'static str,
}

const fn group(strength: Strength, edges: Edges, kinds: &'static [Identifier], words: &'static str) -> Group {
    Group { strength, edges, kinds, words }
}

/// Every word.
pub(super) static GROUPS: &[Group] = &[
    group(
        Strength::Strong,
        Edges::Free,
        &[Msisdn],
        "msisdn misdn callinglineid callingline callerline callingnumber callingparty subscribernumber subscriberphone
         subscriberline directorynumber phonenumber phonenum mobilenumber mobilenum mobilephone cellnumber cellphone
         telephonenumber telnumber handsetnumber userphone usermobile customerphone customermobile handynummer
         rufnummer telefonnummer telefoonnummer mobielnummer mobilnummer numerotelefon numerodetelefono
         numerotelephone numerodetelephone numeromobile numeromovil numerocelular numerodecelular numerocellulare
         telefonomovil numertelefonu nomertelefona nomortelepon nomorhp nomorponsel telefonnumarasi",
    ),
    group(
        Strength::Strong,
        Edges::Both,
        &[Msisdn],
        "mdn gpsi subscriberno phoneno mobileno mobilenr mobno telno cellno msidn mssisdn msissdn misisdn msisnd mssidn
         clgpn",
    ),
    group(
        Strength::Firm,
        Edges::Both,
        &[Msisdn],
        "phone telephone telefon telefono telefone telepon notelp cellulare telemovel handy ceptel cepno gsmno numtel tel clid handynr
         lineidentity handphone cgpn e164 subnumber subscriptionnumber subscriptionno henumber impu",
    ),
    group(
        Strength::Weak,
        Edges::Both,
        &[Msisdn],
        "mobile mob cell gsm cli ani ctn min isdn cel caller callerid callernumber calling line lineid linenumber originator sender
         enduser enduserid party partyid partynumber handset chargedparty chargeduser celular movil mobil nohp usernumber aparty
         sourceaddress
         anumber originatingnumber originatingaddress contactnumber msnumber",
    ),
    group(Strength::Weak, Edges::Both, &[Msisdn, Imsi], "subs subid subsid msid enriched enrichment"),
    group(Strength::Weak, Edges::Both, &[Msisdn, Imsi, SubscriberId], "subscriber subscriberalias"),
    group(Strength::Weak, Edges::Both, &[Imsi, Msisdn], "subscriberidentity permanentidentity"),
    group(Strength::Strong, Edges::Front, &[Imsi], "imsi supi"),
    group(Strength::Strong, Edges::Front, &[Imei], "imei meid"),
    group(Strength::Weak, Edges::Both, &[Imei], "esn deviceid serial equipment equipmentid equipmentidentity
        terminalid terminalidentity handsetid handsetidentity"),
    group(Strength::Firm, Edges::Both, &[Imei], "pei"),
    group(Strength::Strong, Edges::Free, &[Iccid], "iccid simserial simcardserial simcardnumber"),
    group(Strength::Weak, Edges::Both, &[Iccid, Imsi, Msisdn], "icc sim simid simnumber uicc"),
    group(
        Strength::Strong,
        Edges::Free,
        &[SubscriberId, Msisdn, Imsi],
        "subscriberid subscribertoken subscriberref subscriberhash subscriberuid supercookie permacookie",
    ),
    group(Strength::Strong, Edges::Both, &[SubscriberId, Msisdn, Imsi], "uidh subno"),
    group(Strength::Strong, Edges::Both, &[Acr], "acr"),
    group(Strength::Weak, Edges::Both, &[Acr], "customerreference anonymouscustomerreference"),
    group(Strength::Firm, Edges::Both, &[Account, Imsi], "nai"),
    group(Strength::Firm, Edges::Both, &[Account], "email emailaddress emailid mail radiususer username"),
    group(
        Strength::Strong,
        Edges::Both,
        &[Location],
        "userlocationinfo cellglobalid cellidentity eutrancellid cellid ecgi ncgi uli lacci lacid",
    ),
    group(
        Strength::Weak,
        Edges::Both,
        &[Location],
        "celllocation cellinfo userlocation mslocation subscriberlocation mobilelocation cgi sai rai lai tai",
    ),
    group(
        Strength::Strong,
        Edges::Both,
        &[ClientIp],
        "framedip framedipaddress ueip msip subscriberip mobileip wapip gprsip",
    ),
    group(
        Strength::Strong,
        Edges::Both,
        &[Network],
        "sgsn ggsn sgsnip ggsnip apn rattype mccmnc plmn bearertype roaming chargingid pdpcontext",
    ),
];

/// Words that tell something only beside one of [`TRADE`]: `X-Carrier-Number`, `x-telco-uid`, `X-WAP-Username`.
pub(super) static BESIDE_TRADE: &[Group] = &[
    group(Strength::Firm, Edges::Both, &[Msisdn], "number num"),
    group(
        Strength::Firm,
        Edges::Both,
        &[SubscriberId, Msisdn, Imsi],
        "uid user userid useruid customerid clientid permid identity usertoken userkey",
    ),
    group(Strength::Firm, Edges::Both, &[Account, Imsi], "login loginid"),
];

/// Tokens that only those use who run a mobile network: beside one, a word that allows for something is what people
/// call it.
pub(super) const TRADE: &[&str] = &[
    "carrier",
    "operator",
    "telco",
    "telecom",
    "mno",
    "mvno",
    "wap",
    "wsg",
    "gprs",
    "umts",
    "3gpp",
    "ggsn",
    "sgsn",
    "pgw",
    "ims",
    "he",
    "enrichment",
    "headerenrichment",
    "radius",
];

/// What is glued in front of a word without a separator.
pub(super) const GLUE: &[&str] = &[
    "x",
    "h",
    "u",
    "ue",
    "my",
    "user",
    "usr",
    "client",
    "mobile",
    "mob",
    "subs",
    "sub",
    "dev",
    "device",
    "phone",
    "sim",
    "wap",
    "gw",
    "raw",
    "enc",
    "encrypted",
    "hashed",
    "real",
    "customer",
    "cust",
    "network",
    "carrier",
    "operator",
    "handset",
    "terminal",
    "p",
    "ms",
    "he",
    "http",
    "get",
    "subscriber",
];

/// What is glued behind a word without a separator.
pub(super) const TAILS: &[&str] = &[
    "no", "nr", "num", "number", "id", "value", "val", "hash", "enc", "md5", "sha1", "sha256", "sv", "code", "1", "2",
];

/// Tokens that turn a word of everyday into something else: `line-item`, `mobile-app-key`, `min-version`.
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
    "service",
    "format",
    "style",
    "type",
    "os",
    "model",
    "brand",
    "verified",
    "banner",
    "seen",
    "template",
    "country",
    "prefix",
    "price",
    "amount",
    "age",
    "width",
    "height",
    "level",
    "support",
    "signature",
    "channel",
    "application",
    "iso",
    "iso2",
    "locale",
    "currency",
];
