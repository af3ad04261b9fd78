//! `zkdx account`: makes and shows accounts.

use rand::rngs::OsRng;
use serde_json::json;
use zkdx_client::Wallet;
use zkdx_client::wallet::Cost;

use crate::args::AccountCommand;
use crate::chain;
use crate::error::Result;
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store;

/// Makes or shows an account.
pub(super) fn run(command: &AccountCommand, output: Output) -> Result<()> {
    match command {
        AccountCommand::Show { wallet } => {
            let address = chain::wallet(wallet)?.address();
            output.result(&json!({ "address": address }), || address.to_string());
        }
        AccountCommand::New { out, password_file, force } => {
            let overwrite = Overwrite::from(force);
            files::check_writable(out, overwrite)?;
            let password = chain::new_password(password_file.as_deref())?;
            let wallet = Wallet::random(&mut OsRng);
            let keystore = wallet.to_keystore(&password, Cost::Standard, &mut OsRng)?;
            store::write_secret(out, keystore.as_bytes(), overwrite)?;
            let address = wallet.address();
            output.result(&json!({ "address": address, "keystore": out }), || {
                format!(
                    "account {address}\nwrote {} (keep it and its password: nobody can restore them)",
                    out.display()
                )
            });
        }
    }
    Ok(())
}
