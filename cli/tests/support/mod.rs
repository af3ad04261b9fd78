//! What the tests share: a temporary directory in which the real program runs, and what it answered.
#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod onnx;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_zkdx");

/// What a command answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub line: String,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// An empty directory in which commands run.
pub struct Place {
    directory: TempDir,
}

/// A file of the repository's `models/`.
pub fn bundled(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(name)
}

impl Place {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    /// With every file of the way from a bundled model to a proof.
    pub fn proven(model: &str, outcome: &str) -> Self {
        let place = Self::new();
        place.quantize(model);
        place.ok(&format!("compile model.zkdx --outcome {outcome}"));
        place.ok("setup circuit.zkdx");
        place.ok("register model.zkdx");
        place.ok("commit models/data/record.json");
        place.ok("prove");
        place
    }

    /// With a quantised bundled model.
    pub fn quantize(&self, model: &str) -> Answer {
        let card = format!("--card models/{model}/card.json");
        self.ok(&format!("quantize models/{model}/model.onnx {card} --calibrate models/data/calibration.csv"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A copy of the JSON file `from` with the value at `pointer` replaced.
    pub fn edit(&self, from: &str, to: &str, pointer: &str, value: Value) {
        let mut json = self.json(from);
        let place = json.pointer_mut(pointer).unwrap_or_else(|| panic!("{from} has no {pointer}"));
        assert_ne!(*place, value, "{pointer} is that already");
        *place = value;
        self.write(to, json.to_string());
    }

    pub fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}")).permissions().mode()
            & 0o777
    }

    /// Every entry of the directory with its content.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.directory.path()).expect("the directory can be listed");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("an entry").file_name().into_string().expect("UTF-8")
        };
        entries.map(name).map(|name| (name.clone(), std::fs::read(self.path(&name)).unwrap_or_default())).collect()
    }

    pub fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }

    /// Runs a command. Words starting with `models/` name bundled files.
    pub fn run(&self, line: &str) -> Answer {
        self.spawn(Command::new(PROGRAM).args(self.words(line)), line)
    }

    /// Runs a command behind `before` in a shell.
    pub fn run_in_shell(&self, before: &str, line: &str) -> Answer {
        let script = format!("{before}; exec \"$0\" \"$@\"");
        self.spawn(Command::new("sh").arg("-c").arg(script).arg(PROGRAM).args(self.words(line)), line)
    }

    /// Runs a command with variables in its environment. None of this process's that are meant for the program reaches it.
    pub fn run_with(&self, environment: &[(&str, &str)], line: &str) -> Answer {
        let mut command = Command::new(PROGRAM);
        let ours = std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("ZKDX_"));
        ours.for_each(|name| {
            command.env_remove(name);
        });
        self.spawn(command.args(self.words(line)).envs(environment.iter().copied()), line)
    }

    fn words(&self, line: &str) -> Vec<PathBuf> {
        let word = |word: &str| word.strip_prefix("models/").map_or_else(|| word.into(), bundled);
        line.split_whitespace().map(word).collect()
    }

    fn spawn(&self, command: &mut Command, line: &str) -> Answer {
        let output = command.current_dir(self.directory.path()).output().expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        let answer = Answer {
            line: line.into(),
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        };
        assert!(!answer.err.contains("panicked"), "a panic: {answer:#?}");
        answer
    }

    /// Runs a command that succeeds.
    pub fn ok(&self, line: &str) -> Answer {
        let answer = self.run(line);
        assert_eq!(answer.code, Some(0), "{answer:#?}");
        answer
    }

    /// Runs a command that fails with `code`, says every one of `says`, and writes nothing.
    pub fn refused(&self, line: &str, code: i32, says: &[&str]) -> Answer {
        let before = self.files();
        let answer = self.run(line);
        answer.assert_refused(code, says);
        assert_eq!(self.names(), before.keys().cloned().collect::<Vec<_>>(), "files after {answer:#?}");
        assert!(self.files() == before, "a file changed: {answer:#?}");
        answer
    }

    /// Runs a command with `--json`, which prints exactly one object.
    pub fn ok_json(&self, line: &str) -> Value {
        self.ok(&format!("{line} --json")).one_object()
    }
}

impl Answer {
    pub fn assert_refused(&self, code: i32, says: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(self.err.contains("error: "), "no error: {self:#?}");
        for text in says {
            assert!(self.err.contains(text), "does not say `{text}`: {self:#?}");
        }
    }

    /// Standard output as the one JSON object that it is.
    pub fn one_object(&self) -> Value {
        let value: Value = serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        assert!(value.is_object(), "{self:#?}");
        assert_eq!(self.out.trim_end().lines().count(), 1, "{self:#?}");
        value
    }
}
