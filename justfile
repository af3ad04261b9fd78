# Everyday commands. The README's two commands need no `just`.

# The main job: model and record to a proof that a contract accepts.
demo:
    cargo run --release -- demo

# All tests, with what they need installed.
test:
    scripts/test

# Formatting, lints, licences.
lint:
    cargo fmt --all --check
    cargo clippy --release --workspace --all-targets -- -D warnings
    cargo deny check

# The book.
docs:
    mdbook build docs

# Regenerate the checked-in contract artifacts.
artifacts:
    cd contracts && npm ci && npm run artifacts

# A question to measure, such as `just bench prove --workload mlp --threads 1,2`; see docs/src/benchmarks.md.
bench *ARGS='questions':
    cargo run --release -p zkdx-benches --bin zkdx-bench -- {{ if ARGS == 'questions' { ARGS } else { 'run ' + ARGS } }}
