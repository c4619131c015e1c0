//! Which signature files are compiled in?

/// Lists `config/signatures/<family>.toml` files with their text.
macro_rules! families {
    ($($family:literal)+) => {
        &[$((
            concat!($family, ".toml"),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config/signatures/", $family, ".toml")),
        ),)+]
    };
}

/// Every file of `config/signatures`; a test compares the list with the directory.
pub(super) const FILES: &[(&str, &str)] = families! {
    "generic-msisdn" "generic-network" "handset" "huawei" "japan" "nokia" "openwave" "orange" "radius" "sip" "standards"
    "supercookies" "three" "vendors" "vodafone" "wap" "wap-3gpp"
};
