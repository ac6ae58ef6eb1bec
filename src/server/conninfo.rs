//! Connection strings as libpq reads them (manual: "Connection Strings"). Pure.
//!
//! It knows the hosts of a string. What does not parse has none.

/// The keys of a connection string, each with its value; a later one replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conninfo(Vec<(String, String)>);

impl Conninfo {
    /// Reads `host=a port=5432 dbname='b'` or `postgresql://user@a:5432/b?key=value`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let schemes = ["postgresql://", "postgres://"];
        let uri = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
        Self(match uri {
            Some(uri) => of_uri(uri),
            None => of_pairs(text),
        })
    }

    /// The value of a key, unless it is empty.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        let mut pairs = self.0.iter().rev();
        let (_, value) = pairs.find(|(found, _)| found == key)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// The hosts in their order, of which libpq takes the first that answers. An address is taken before a name. No host is
    /// the server's own machine.
    #[must_use]
    pub fn hosts(&self) -> Vec<&str> {
        let hosts = self.value("hostaddr").or_else(|| self.value("host"));
        hosts.map_or_else(Vec::new, listed)
    }

    /// Where a connection leads that names its host so: to the address that stands beside the name, if there is one.
    #[must_use]
    pub fn reached<'a>(&'a self, host: &'a str) -> &'a str {
        let (Some(names), Some(addresses)) = (self.value("host"), self.value("hostaddr")) else {
            return host;
        };
        let mut pairs = listed(names).into_iter().zip(listed(addresses));
        let found = pairs.find(|(name, address)| *name == host && !address.is_empty());
        found.map_or(host, |(_, address)| address)
    }
}

fn listed(hosts: &str) -> Vec<&str> {
    hosts.split(',').map(str::trim).collect()
}

/// Whether a host means the machine of the server that connects to it.
#[must_use]
pub fn is_local(host: &str) -> bool {
    matches!(host, "" | "localhost" | "127.0.0.1" | "::1") || host.starts_with(['/', '@'])
}

fn of_pairs(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while let Some((key, value)) = rest.split_once('=') {
        let (value, after) = value_of(value.trim_start());
        pairs.push((key.trim().to_owned(), value));
        rest = after.trim_start();
    }
    pairs
}

/// A value, in quotes or up to a space, and what follows it. `\` takes the next character as it is.
fn value_of(text: &str) -> (String, &str) {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut chars = text.char_indices().skip(usize::from(quoted));
    while let Some((at, letter)) = chars.next() {
        match letter {
            '\\' => value.extend(chars.next().map(|(_, letter)| letter)),
            '\'' if quoted => return (value, &text[at + 1..]),
            letter if !quoted && letter.is_whitespace() => return (value, &text[at..]),
            letter => value.push(letter),
        }
    }
    (value, "")
}

fn of_uri(uri: &str) -> Vec<(String, String)> {
    let (main, query) = uri.split_once('?').unwrap_or((uri, ""));
    let (authority, database) = main.split_once('/').unwrap_or((main, ""));
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, it)| it);
    let hosts: Vec<String> = hosts.split(',').map(host).collect();
    let mut pairs = vec![
        ("host".to_owned(), hosts.join(",")),
        ("dbname".to_owned(), decoded(database)),
    ];
    let query = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.extend(query.map(|(key, value)| (decoded(key), decoded(value))));
    pairs
}

/// A host of a URI without its port.
fn host(with_port: &str) -> String {
    if let Some((address, _)) = with_port
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return address.to_owned();
    }
    decoded(with_port.split(':').next().unwrap_or_default())
}

/// `%2F` and the like, decoded.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = &after[if byte.is_some() { 2 } else { 0 }..];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Vec<String> {
        let parsed = Conninfo::parse(text);
        parsed.hosts().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn hosts_are_read_as_libpq_reads_them() {
        assert_eq!(hosts("host=pub dbname=shopping"), ["pub"]);
        assert_eq!(hosts("dbname=a host = 'pub' user=b"), ["pub"]);
        assert_eq!(hosts("port=1 host=a,b"), ["a", "b"]);
        assert_eq!(hosts("host=pub hostaddr=10.0.0.2"), ["10.0.0.2"]);
        // A value that holds the word is not the key.
        assert_eq!(hosts("password='host=x' host=y"), ["y"]);
        assert_eq!(hosts(r"password=a\ host=x host=y"), ["y"]);
        assert_eq!(hosts("host=a host=b"), ["b"]);
        assert!(hosts("dbname=other").is_empty());
    }

    #[test]
    fn a_connection_by_name_leads_to_the_address_beside_it() {
        let reached = |text: &str, host: &str| Conninfo::parse(text).reached(host).to_owned();
        assert_eq!(reached("host=pub hostaddr=10.0.0.2", "pub"), "10.0.0.2");
        let both = "host=a,b hostaddr=10.0.0.2,10.0.0.3";
        assert_eq!(reached(both, "b"), "10.0.0.3");
        assert_eq!(reached("host=a,b hostaddr=,10.0.0.3", "a"), "a");
        assert_eq!(reached("host=pub", "pub"), "pub");
        assert_eq!(reached("hostaddr=10.0.0.2", "10.0.0.2"), "10.0.0.2");
    }

    #[test]
    fn a_uri_has_the_same_parts() {
        assert_eq!(
            hosts("postgresql://me:p%40@pub:5432/shop?sslmode=disable"),
            ["pub"]
        );
        assert_eq!(hosts("postgres://a:1,b:2/x"), ["a", "b"]);
        assert_eq!(hosts("postgresql://[::1]:5432/x"), ["::1"]);
        assert_eq!(hosts("postgresql:///x?host=%2Ftmp"), ["/tmp"]);
        let uri = Conninfo::parse("postgresql://pub/my%20db");
        assert_eq!(uri.value("dbname"), Some("my db"));
        assert!(hosts("postgresql:///x").is_empty());
    }

    #[test]
    fn a_socket_and_the_loopback_are_the_servers_own() {
        assert!(is_local("/tmp") && is_local("localhost") && is_local("127.0.0.1"));
        assert!(!is_local("pub"));
    }
}
