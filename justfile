# The tasks of this repository. `just` lists them; each is one command that works without just.

_list:
    @just --list --unsorted

# Run the exporter on port 10064, with its state in data/.
run *args:
    cargo run --release -- {{ args }}

# Send to a running exporter what a farm of twelve printers would send.
simulate *args:
    cargo run --release --package printfarm_simulator -- {{ args }}

# Run the tests that need nothing but Rust and a C compiler.
test *args:
    cargo test --locked {{ args }}

# Install what all tests need, and run all of them.
test-all *args:
    scripts/test {{ args }}

# Run everything that a change must pass.
ci:
    .ci/run

# Format the code.
fmt:
    cargo fmt --all

# Run the linter as CI does.
lint:
    cargo clippy --locked --workspace --all-targets -- -D warnings
    cargo clippy --locked --test stack --test image -- -D warnings

# Build the documentation of the code and open it.
doc:
    cargo doc --no-deps --document-private-items --open

# Check licences, sources and known vulnerabilities of the dependencies.
dependencies:
    scripts/check-dependencies

# Measure the table of docs/PERFORMANCE.md. Some minutes; nothing else should run.
bench *args:
    cargo bench --bench load -- {{ args }}

# Fuzz each decoder for a number of seconds. Needs nightly Rust and cargo-fuzz.
fuzz seconds="60":
    scripts/fuzz {{ seconds }}

# Take pictures of the dashboards from a running Grafana.
screenshots url *args:
    scripts/screenshots {{ url }} {{ args }}

# Take pictures of the pages for people.
pictures:
    PAGES_PICTURES=docs/images cargo test --locked --test stack pages::pictures

# Build the container image.
image:
    docker build --build-arg PRINTFARM_REVISION="$(git rev-parse HEAD)" -t printfarm_exporter .

# Run the demo: a simulated farm, Prometheus, Alertmanager and Grafana.
demo:
    docker compose -p printfarm -f deploy/compose.yaml --profile demo up --build

# Build the archives of a release in target/dist.
release *targets:
    scripts/release {{ targets }}
