//! Enums of the server's own words.
//!
//! A word that this crate does not know is kept as it is: a newer server may have more of them.

/// Declares an enum whose variants are words of the server's: read from text, shown and serialised as that text.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word that this crate does not know.
            Other(String),
        }

        impl $name {
            /// The server's word.
            #[must_use]
            pub fn word(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.word())
            }
        }
    };
}

pub(super) use words;

#[cfg(test)]
mod tests {
    words! {
        /// A word.
        Said {
            /// Yes.
            Yes = "yes",
        }
    }

    #[test]
    fn a_word_reads_back_and_an_unknown_one_is_kept() {
        assert_eq!(Said::from("yes"), Said::Yes);
        assert_eq!(Said::from("maybe").to_string(), "maybe");
        let json = serde_json::to_string(&[Said::Yes, Said::from("no")]);
        assert_eq!(json.expect("JSON"), r#"["yes","no"]"#);
    }
}
