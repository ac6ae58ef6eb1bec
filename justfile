# Commands of every day. `just` lists them; CONTRIBUTING.md explains them.

# List the commands.
default:
    @just --list --unsorted

# Run the tests that need no Docker. Arguments filter by name: `just test hba`.
test *filter:
    cargo test --lib --bins --test cli --test phases --test scenario_files --test tutorial -- {{ filter }}

# Run everything that must hold before a change lands, with Docker.
ci:
    .ci/run

# Run scenarios on real servers, by file: `just run labs/cascade.yaml`.
run +labs:
    cargo run --quiet -- run {{ labs }}

# Run tests on real servers, filtered by name: `just docker scenarios cascade`.
docker test='scenarios' *filter:
    LAB_REQUIRE_DOCKER=1 cargo test --test {{ test }} -- {{ filter }}

# Write the generated files anew: the schema, the page about steps.
generate:
    UPDATE_SCHEMA=1 cargo test --quiet --lib checked_in

# Check formatting and lints.
lint:
    cargo fmt --check
    # `cargo fmt` does not find the files that a macro names.
    rustfmt --check --edition 2024 src/action/*.rs src/action/check/*.rs src/run/*.rs src/run/check/*.rs
    cargo clippy --all-targets -- -D warnings
    cargo clippy --lib --no-default-features -- -D warnings
    cargo run --quiet -- check labs/*.yaml

# Check licences, advisories, bans and sources of dependencies. Needs `cargo install cargo-deny`.
deny:
    cargo deny check

# Build with the oldest Rust that Cargo.toml promises. Needs rustup.
msrv:
    rustup run --install "$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)" cargo check --all-targets --locked

# Measure whole labs against a Compose file. Needs Docker and a quiet machine.
bench *arguments:
    cargo bench --bench compose -- {{ arguments }}

# Build the library's pages and test what README and docs/ show.
docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps
    cargo test --doc
    cargo test --test cli pages

# Build a static program for Linux. Needs `musl-tools` and `rustup target add x86_64-unknown-linux-musl`.
static target='x86_64-unknown-linux-musl':
    cargo build --release --locked --target {{ target }}
