//! What kinds of fault are there?
//!
//! A code is stable: people search for it, scripts rely on it. The tests show each of them once.

/// Declares the codes with their words.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)+) => {
        /// A kind of fault, with a name that does not change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name, in kebab case.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

codes! {
    /// A file that is named does not exist.
    MissingFile = "missing-file",
    /// A file cannot be read.
    UnreadableFile = "unreadable-file",
    /// A file is not UTF-8, as TOML must be.
    NotUtf8 = "not-utf8",
    /// A file is too large to be a configuration.
    FileTooLarge = "file-too-large",
    /// What stands there is no TOML.
    Syntax = "syntax",
    /// A key that nobody reads.
    UnknownKey = "unknown-key",
    /// A key that has no meaning beside what else is written.
    MisplacedKey = "misplaced-key",
    /// A key that must be there is not.
    MissingKey = "missing-key",
    /// A value of another type than its key takes.
    WrongType = "wrong-type",
    /// A word that is none of the allowed ones.
    UnknownWord = "unknown-word",
    /// A number, size or duration outside its range.
    OutOfRange = "out-of-range",
    /// An empty string or list where that can only be a mistake.
    EmptyValue = "empty-value",
    /// No address and port to listen on.
    InvalidAddress = "invalid-address",
    /// Two listeners on one socket.
    DuplicateAddress = "duplicate-address",
    /// Two things of one kind with one name.
    DuplicateName = "duplicate-name",
    /// No class of addresses, address or network.
    InvalidNetwork = "invalid-network",
    /// A network with bits beyond its prefix.
    HostBits = "host-bits",
    /// A pattern that does not compile, or that nothing can match.
    InvalidPattern = "invalid-pattern",
    /// No user name with an argon2 hash.
    InvalidUser = "invalid-user",
    /// No duration.
    InvalidDuration = "invalid-duration",
    /// Text with characters that have no place where it goes.
    InvalidText = "invalid-text",
    /// Certificates that cannot be used as roots.
    UnusableRoots = "unusable-roots",
    /// A certificate or key that a listener cannot show.
    UnusableCertificate = "unusable-certificate",
    /// No address of an exit.
    InvalidExit = "invalid-exit",
    /// No URL of the form that is wanted.
    InvalidUrl = "invalid-url",
    /// An action that is none, or several.
    InvalidAction = "invalid-action",
    /// A rule that would edit what holds the message together.
    StructuralHeader = "structural-header",
    /// A rule names a partner that is not declared.
    UnknownPartner = "unknown-partner",
    /// A rule names a listener that is not declared.
    UnknownListener = "unknown-listener",
    /// A rule names a client that is not declared.
    UnknownClient = "unknown-client",
    /// Two clients that share an address or a network card.
    OverlappingClients = "overlapping-clients",
    /// No address of a network card.
    InvalidMac = "invalid-mac",
    /// A partner whose time is over.
    ExpiredPartner = "expired-partner",
    /// A partner that no rule mentions.
    UnusedPartner = "unused-partner",
    /// A rule that an earlier one leaves nothing to.
    UnreachableRule = "unreachable-rule",
    /// A value that does not fit the kind of identity it is said to be.
    InvalidIdentity = "invalid-identity",
    /// A value with a wrong check digit, of a kind where that happens.
    DoubtfulIdentity = "doubtful-identity",
    /// Keys of which only one may be there.
    ConflictingKeys = "conflicting-keys",
    /// An environment variable that is named and not set.
    MissingVariable = "missing-variable",
    /// A name that no network interface can have.
    InvalidInterface = "invalid-interface",
    /// Devices are led here, and no listener receives them.
    MissingListener = "missing-listener",
    /// A file with a secret that everybody may read.
    ExposedFile = "exposed-file",
    /// Users are configured, and a listener cannot ask for their passwords.
    UsersNotAsked = "users-not-asked",
    /// Anybody may see the live view.
    ExposedAdmin = "exposed-admin",
    /// Anybody may use the proxy.
    OpenProxy = "open-proxy",
}
