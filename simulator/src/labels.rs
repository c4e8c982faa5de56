//! The words that the exporter uses as label values, and the report as keys.

/// Defines an enum whose variants are label values.
macro_rules! label_values {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every variant, in the order of [`Self::index`].
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The label value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The position in [`Self::ALL`].
            #[must_use]
            pub const fn index(self) -> usize {
                self as usize
            }
        }
    };
}

label_values! {
    /// Where the printed file is stored.
    Origin {
        /// On the host that drives the printer.
        Local = "local",
        /// On the printer's own card.
        SdCard = "sdcard",
        /// The sender does not say.
        Unknown = "unknown",
    }
}

label_values! {
    /// How a print ended.
    Outcome {
        /// It ran to its end.
        Completed = "completed",
        /// A person stopped it.
        Cancelled = "cancelled",
        /// An error ended it.
        Failed = "failed",
        /// No webhook reported its end.
        Unknown = "unknown",
    }
}
