//! What is an identifier called when it is spoken of?

/// `phone number` for `msisdn`; a word that this version does not know stands for itself.
pub fn spoken(identifier: &str) -> &str {
    const WORDS: [(&str, &str); 11] = [
        ("msisdn", "phone number"),
        ("imsi", "subscription number (IMSI)"),
        ("imei", "device number (IMEI)"),
        ("iccid", "SIM card number (ICCID)"),
        ("subscriber-id", "pseudonym for life"),
        ("acr", "customer reference (ACR)"),
        ("account", "account or e-mail address"),
        ("location", "location"),
        ("client-ip", "address inside the carrier"),
        ("device", "device profile"),
        ("network", "network details"),
    ];
    WORDS.iter().find(|(word, _)| *word == identifier).map_or(identifier, |(_, spoken)| spoken)
}
