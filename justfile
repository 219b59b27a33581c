# Shortcuts for `just` (https://just.systems). Each is one or two commands, which also work without `just`.

# List the recipes
default:
    @just --list --unsorted

# Run all tests (about ten minutes)
test *ARGUMENTS:
    cargo test --workspace {{ARGUMENTS}}

# Run the unit tests, the tests of each crate, and a few promises between processes (below a minute after the build)
fast:
    cargo test --quiet --workspace --exclude listenfd-tests --exclude listenfd-benches --exclude listenfd-fuzz --lib --bins --tests
    cargo test --quiet --package listenfd-tests --test harness --test receiving --test handed_listeners --test systemfd --test frameworks --test drain --test tls

# Check format, spelling and lints, as the gate does
lint:
    cargo fmt --all --check
    .ci/typos
    cargo clippy --locked --workspace --all-targets --all-features -- -D warnings

# Run the whole gate, which also installs the tools that the tests need (about twenty minutes)
ci:
    .ci/run

# Run one measurement, such as `just bench loss`; `just bench --help` lists them
bench *ARGUMENTS:
    benches/run {{ARGUMENTS}}

# Feed random bytes to one parser, such as `just fuzz specs 600`
fuzz TARGET SECONDS="60":
    cargo run --package listenfd-fuzz --bin {{TARGET}} -- {{SECONDS}}

# Write the public API of each crate to api/, after a change that is meant
api:
    UPDATE_API=1 cargo test --package listenfd-tests --test public_api

# Build the documentation of all crates and open it
doc:
    cargo doc --workspace --no-deps --all-features --open
