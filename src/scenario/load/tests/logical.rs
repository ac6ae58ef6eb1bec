//! Publications and subscriptions.

use super::{good, wrong};

#[test]
fn what_can_never_arrive_is_refused() {
    let shown = wrong(
        "\
name: a
postgres: 15
nodes:
  publisher:
    conf: { wal_level: replica }
    publications:
      pub: { tables: [products] }
      nothing: {}
  other: { standby_of: publisher }
  subscriber:
    conf: { max_logical_replication_workers: 1 }
    subscriptions:
      first: { upstream: publisher, publications: [pubb], slot: same, failover: true }
      second: { upstream: publisher, publications: [], slot: same }
      third: { upstream: other, publications: [pub], streaming: parallel }
      fourth: { upstream: publishr, publications: [pub] }
data: [shopping]
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `wal_level` is `replica`, and `publisher` publishes
     --> a.yaml:5:24
      |
    5 |     conf: { wal_level: replica }
      |                        ^^^^^^^
      |
      = help: logical replication needs `logical`: write that, or leave it out

    error: `nothing` publishes no table
     --> a.yaml:8:7
      |
    8 |       nothing: {}
      |       ^^^^^^^
      |
      = help: write `tables: [products]`, `tables: all` or `schemas: [public]`

    error: `max_logical_replication_workers` is 1, and the subscriptions of `subscriber` need 4
      --> a.yaml:11:46
       |
    11 |     conf: { max_logical_replication_workers: 1 }
       |                                              ^
       |
       = help: write at least 4, or leave it out

    error: `publisher` has no publication `pubb`
      --> a.yaml:13:52
       |
    13 |       first: { upstream: publisher, publications: [pubb], slot: same, failover: true }
       |                                                    ^^^^
       |
       = help: did you mean `pub`?

    error: `subscriber` runs PostgreSQL 15, which does not know this `failover`
      --> a.yaml:13:71
       |
    13 |       first: { upstream: publisher, publications: [pubb], slot: same, failover: true }
       |                                                                       ^^^^^^^^
       |
       = help: leave it out, or run PostgreSQL 17 or later

    error: `second` subscribes to no publication
      --> a.yaml:14:52
       |
    14 |       second: { upstream: publisher, publications: [], slot: same }
       |                                                    ^
       |
       = help: the publications of `publisher` are `pub` and `nothing`

    error: `second` and the subscription `first` of `subscriber` both replicate through the slot `same`
      --> a.yaml:14:62
       |
    14 |       second: { upstream: publisher, publications: [], slot: same }
       |                                                              ^^^^
       |
       = help: one slot serves one of them at a time: write `slot:` with another name

    error: `other` is a standby and runs PostgreSQL 15: standbys publish from 16 on
      --> a.yaml:15:26
       |
    15 |       third: { upstream: other, publications: [pub], streaming: parallel }
       |                          ^^^^^
       |
       = help: subscribe to `publisher`

    error: `subscriber` runs PostgreSQL 15, which does not know this `streaming`
      --> a.yaml:15:54
       |
    15 |       third: { upstream: other, publications: [pub], streaming: parallel }
       |                                                      ^^^^^^^^^
       |
       = help: leave it out, or run PostgreSQL 16 or later

    error: `fourth` connects to `publishr`, which is no node
      --> a.yaml:16:27
       |
    16 |       fourth: { upstream: publishr, publications: [pub] }
       |                           ^^^^^^^^
       |
       = help: did you mean `publisher`?
    "#);
}

#[test]
fn two_nodes_that_subscribe_to_each_other_ask_for_what_has_no_origin() {
    let text = |origin: &str| {
        format!(
            "\
name: a
nodes:
  left:
    data: [jobs]
    publications: {{ jobs: {{ tables: all }} }}
    subscriptions: {{ from_right: {{ upstream: right, publications: [jobs], copy_data: false, {origin} }} }}
  right:
    publications: {{ jobs: {{ tables: all }} }}
    subscriptions: {{ from_left: {{ upstream: left, publications: [jobs], {origin} }} }}
"
        )
    };
    good(&text("origin: none"));
    let shown = wrong(&text("binary: true"));
    assert_eq!(
        shown.matches("takes back its own changes").count(),
        2,
        "{shown}"
    );
}

#[test]
fn what_is_published_is_there_and_can_be_kept_up_to_date() {
    let shown = wrong(
        "\
name: a
nodes:
  publisher:
    publications:
      pub:
        tables:
          - product
          - { name: products, where: price > 10 }
          - { name: orders, columns: [customer_id], where: orderid > 1 }
          - { name: customers, columns: [customer_id, customer_name] }
  subscriber:
    subscriptions: { sub: { upstream: publisher, publications: [pub] } }
data: [shopping]
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: the datasets of `publisher` make no table `product`
     --> a.yaml:7:13
      |
    7 |           - product
      |             ^^^^^^^
      |
      = help: did you mean `products`?

    error: updates and deletes are published, and the filter looks at `price`, which is not in the primary key
     --> a.yaml:8:38
      |
    8 |           - { name: products, where: price > 10 }
      |                                      ^^^^^^^^^^
      |
      = help: filter by `product_id`, or write `publish: [insert]`

    error: updates and deletes are published, and `order_id`, by which a row is found again, is not
     --> a.yaml:9:38
      |
    9 |           - { name: orders, columns: [customer_id], where: orderid > 1 }
      |                                      ^
      |
      = help: list the columns of the primary key too, or write `publish: [insert]`

    error: `orders` has no column `orderid`
     --> a.yaml:9:60
      |
    9 |           - { name: orders, columns: [customer_id], where: orderid > 1 }
      |                                                            ^^^^^^^^^^^
      |
      = help: did you mean `order_id`?

    error: a subscriber's `customers` takes no row without `email`, which is `NOT NULL` and has no default
      --> a.yaml:10:41
       |
    10 |           - { name: customers, columns: [customer_id, customer_name] }
       |                                         ^
       |
       = help: list that column too
    "#);
}

#[test]
fn a_node_is_restored_from_a_primary_and_copies_nothing_again() {
    let shown = wrong(
        "\
name: a
nodes:
  publisher:
    publications: { pub: { tables: all } }
  standby: { standby_of: publisher }
  again:
    restored_from: publisher
    data: [jobs]
    subscriptions: { sub: { upstream: publisher, publications: [pub] } }
  of_copy: { restored_from: again }
  of_none: { restored_from: publishr }
  both: { standby_of: publisher, restored_from: publisher }
data: [shopping]
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: `again` has the data of `publisher` already
     --> a.yaml:8:5
      |
    8 |     data: [jobs]
      |     ^^^^
      |
      = help: leave `data` out

    error: `again` has the rows of `publisher` already, and would copy them once more
     --> a.yaml:9:22
      |
    9 |     subscriptions: { sub: { upstream: publisher, publications: [pub] } }
      |                      ^^^
      |
      = help: write `copy_data: false`

    error: `again` is a copy itself
      --> a.yaml:10:29
       |
    10 |   of_copy: { restored_from: again }
       |                             ^^^^^
       |
       = help: name the primary that they come from

    error: `of_none` is restored from `publishr`, which is no other node
      --> a.yaml:11:29
       |
    11 |   of_none: { restored_from: publishr }
       |                             ^^^^^^^^
       |
       = help: did you mean `publisher`?

    error: `both` is a standby
      --> a.yaml:12:49
       |
    12 |   both: { standby_of: publisher, restored_from: publisher }
       |                                                 ^^^^^^^^^
       |
       = help: a standby begins with a base backup anyway: leave one of the two out
    "#);
}

#[test]
fn a_filter_is_one_expression() {
    let shown = wrong(
        "\
name: a
nodes:
  publisher:
    publications:
      pub:
        tables:
          - { name: employer, where: \"id > 0) ; DROP TABLE employer; --\" }
          - { name: job_seeker, where: \"name = 'x\" }
data: [jobs]
",
    );
    insta::assert_snapshot!(shown, @r#"
    error: this is not one expression of SQL: its `)` closes nothing
     --> a.yaml:7:38
      |
    7 |           - { name: employer, where: "id > 0) ; DROP TABLE employer; --" }
      |                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write what would stand after WHERE, such as `id > 0`

    error: this is not one expression of SQL: a string in it has no end
     --> a.yaml:8:40
      |
    8 |           - { name: job_seeker, where: "name = 'x" }
      |                                        ^^^^^^^^^^^
      |
      = help: write what would stand after WHERE, such as `id > 0`
    "#);
}
