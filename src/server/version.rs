//! The version of a server, on which its queries depend.

use std::fmt;

/// A major version of PostgreSQL: `17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32);

impl Version {
    /// The oldest version that this crate asks. A server that reports no number is asked like it.
    pub const OLDEST: Self = Self(13);

    /// Reads `server_version`, which a server reports to every new connection: `17.2 (Debian 17.2-1)`, `19rc1`.
    #[must_use]
    pub fn from_report(server_version: &str) -> Self {
        let digits = server_version.split(|letter: char| !letter.is_ascii_digit());
        let major = digits.map(str::parse).next().and_then(Result::ok);
        major.map_or(Self::OLDEST, Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_comes_first() {
        assert_eq!(
            Version::from_report("15.18 (Debian 15.18-0+deb12u1)"),
            Version(15)
        );
        assert_eq!(Version::from_report("19rc1"), Version(19));
        assert_eq!(Version::from_report("devel"), Version::OLDEST);
        assert!(Version(15) < Version(19));
    }
}
