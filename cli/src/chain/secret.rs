//! Keys and passwords: from files, the environment or the terminal, never from the command line, in memory that is wiped.

use std::io::IsTerminal;
use std::path::Path;

use zeroize::Zeroizing;
use zkdx_client::Wallet;

use super::in_file;
use crate::args::WalletArgs;
use crate::error::{CliError, Context, Kind, Result};
use crate::files;

const PASSWORD: &str = "ZKDX_PASSWORD";
const PRIVATE_KEY: &str = "ZKDX_PRIVATE_KEY";
/// Shortest password of a new keystore, in characters.
const MIN_PASSWORD: usize = 12;

/// Opens the account.
pub(crate) fn wallet(args: &WalletArgs) -> Result<Wallet> {
    let Some(path) = &args.keystore else { return from_environment() };
    let keystore = files::read(path)?;
    let password = password(args.password_file.as_deref(), &format!("password of {}: ", path.display()))?;
    Wallet::from_keystore(&keystore, &password).map_err(|error| in_file(path, error))
}

fn from_environment() -> Result<Wallet> {
    match variable(PRIVATE_KEY)? {
        Some(key) => Ok(Wallet::from_hex(&key)?),
        None => Err(CliError::new(Kind::Usage, "there is no account to use").next(format!(
            "name its keystore with --keystore, or set {PRIVATE_KEY}; `zkdx account new` makes an account"
        ))),
    }
}

fn password(file: Option<&Path>, prompt: &str) -> Result<Zeroizing<String>> {
    match given(file)? {
        Some(password) => Ok(password),
        None => ask(prompt),
    }
}

/// The password of a keystore that is about to be made; typed twice where it is typed.
pub(crate) fn new_password(file: Option<&Path>) -> Result<Zeroizing<String>> {
    let password = match given(file)? {
        Some(password) => password,
        None => {
            let (first, second) = (ask("password of the new account: ")?, ask("the same again: ")?);
            if first != second {
                return Err(CliError::new(Kind::Usage, "the two passwords differ").next("run the command again"));
            }
            first
        }
    };
    if password.chars().count() < MIN_PASSWORD {
        let what = format!("the password has fewer than {MIN_PASSWORD} characters");
        return Err(CliError::new(Kind::Usage, what).next("choose a longer one: whoever has the file can try many"));
    }
    Ok(password)
}

/// From the file, or from the environment.
fn given(file: Option<&Path>) -> Result<Option<Zeroizing<String>>> {
    let Some(path) = file else { return variable(PASSWORD) };
    let bytes = files::read(path)?;
    let text = std::str::from_utf8(&bytes).or_fail(Kind::Input, format!("cannot use `{}`", path.display()))?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    Ok(Some(Zeroizing::new(line.strip_suffix('\r').unwrap_or(line).to_owned())))
}

fn ask(prompt: &str) -> Result<Zeroizing<String>> {
    let what = "cannot ask for the password";
    let next = format!("give it with --password-file, or in {PASSWORD}");
    if !std::io::stdin().is_terminal() {
        return Err(CliError::new(Kind::Usage, what).why("this is no terminal").next(next));
    }
    rpassword::prompt_password(prompt).map(Zeroizing::new).or_fail_with(Kind::Io, what, next)
}

fn variable(name: &str) -> Result<Option<Zeroizing<String>>> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(Zeroizing::new(value))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(_) => Err(CliError::new(Kind::Usage, format!("{name} is no text")).next("set it anew")),
    }
}
