use super::*;

fn database() -> DatabaseName {
    DatabaseName::new("shopping").expect("a name")
}

fn name(text: &str) -> NodeName {
    NodeName::new(text).expect("a name")
}

fn md5() -> (AuthMethod, HostAuth) {
    (AuthMethod::Md5, HostAuth::Trust)
}

fn user() -> UserName {
    UserName::new("replication_user").expect("a name")
}

fn peers(names: &[&str]) -> Hosts {
    Hosts {
        peers: names.iter().map(|text| name(text)).collect(),
        ..Hosts::default()
    }
}

#[test]
fn each_peer_has_one_line_with_its_own_address_and_nothing_is_wider() {
    let rules = rules(
        &[],
        &user(),
        md5(),
        &peers(&["replica", "late"]),
        &database(),
        false,
    );
    let addresses = Addresses {
        gateway: Ipv4Addr::new(10, 213, 0, 1),
        nodes: [(name("replica"), Ipv4Addr::new(10, 213, 0, 3))].into(),
    };
    let text = render(&name("primary"), &rules, &addresses);
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        lines,
        [
            "local   all          all                                   trust          # this node's own socket",
            "local   replication  all                                   trust          # this node's own socket",
            "host    all          all               10.213.0.1/32       trust          # the host, through the network's gateway",
            "host    replication  replication_user  10.213.0.3/32       md5            # replica",
        ]
    );
}

#[test]
fn the_columns_are_as_wide_as_what_is_in_them() {
    let own = HbaLine {
        kind: ConnectionType::HostNoSsl,
        database: Database::Named(DatabaseName::new("reports_of_the_year").expect("a name")),
        user: None,
        address: Address::Node(name("replica")),
        method: Method::Reject,
    };
    let (user, auth) = (user(), AuthMethod::Md5);
    let rules = rules(
        &[own],
        &user,
        (auth, HostAuth::Trust),
        &Hosts::default(),
        &database(),
        false,
    );
    let text = outline(&name("primary"), &rules);
    let lines: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "# TYPE    DATABASE            USER              ADDRESS             METHOD",
            "local     all                 all                                   trust          # this node's own socket",
            "local     replication         all                                   trust          # this node's own socket",
            "host      all                 all               <gateway>/32        trust          # the host, through the network's gateway",
            "hostnossl reports_of_the_year all               <replica>/32        reject         # replica",
        ]
    );
}

#[test]
fn an_outline_says_whose_address_is_missing() {
    let text = outline(
        &name("primary"),
        &rules(
            &[],
            &user(),
            (AuthMethod::ScramSha256, HostAuth::Password),
            &peers(&["replica"]),
            &database(),
            false,
        ),
    );
    assert!(text.contains("<replica>/32"), "{text}");
    assert!(text.contains("<gateway>/32"), "{text}");
}

#[test]
fn a_scenario_s_own_lines_come_in_their_order_after_lab_s_and_before_replication_s() {
    let line = |database, address, method| HbaLine {
        kind: ConnectionType::HostSsl,
        database,
        user: UserName::new("app").ok(),
        address,
        method,
    };
    let network = Address::Network("10.0.0.0/8".parse().expect("a network"));
    let own = [
        line(
            Database::Replication,
            Address::Node(name("replica")),
            Method::Reject,
        ),
        line(Database::Named(database()), network, Method::Cert),
    ];
    let hosts = Hosts {
        services: vec![name("pgadmin")],
        ..peers(&["replica"])
    };
    let rules = rules(&own, &user(), md5(), &hosts, &database(), true);
    let text = outline(&name("primary"), &rules);
    let lines: Vec<_> = text.lines().skip(4).collect();
    assert_eq!(
        lines,
        [
            "host    all          all               <gateway>/32        trust          # the host, through the network's gateway",
            "host    all          postgres          <pgadmin>/32        trust          # pgadmin",
            "hostssl replication  app               <replica>/32        reject         # replica",
            "hostssl shopping     app               10.0.0.0/8          cert           # a network that the scenario names",
            "hostssl replication  replication_user  <replica>/32        md5            # replica",
        ]
    );
}

#[test]
fn a_line_of_replication_s_that_could_match_nothing_more_is_left_out() {
    let line = |kind, database, user: Option<UserName>| HbaLine {
        kind,
        database,
        user,
        address: Address::Node(name("replica")),
        method: Method::Cert,
    };
    let (ssl, other) = (ConnectionType::HostSsl, UserName::new("app").ok());
    let count = |line| {
        let hosts = Hosts {
            peers: vec![name("replica")],
            subscribers: vec![name("replica")],
            ..Hosts::default()
        };
        rules(&[line], &user(), md5(), &hosts, &database(), true).len()
    };
    // Three of lab's own, the line, replication and the database.
    assert_eq!(count(line(ssl, Database::Replication, Some(user()))), 5);
    assert_eq!(count(line(ssl, Database::Named(database()), None)), 5);
    assert_eq!(count(line(ConnectionType::Host, Database::All, None)), 5);
    assert_eq!(count(line(ssl, Database::All, other)), 6);
    let plain = ConnectionType::HostNoSsl;
    assert_eq!(count(line(plain, Database::Replication, None)), 6);
}
