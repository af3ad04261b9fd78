//! The payer's purse: whether it holds what a request costs, and what the market may take out of it.

use alloy::primitives::{Address, U256};
use alloy::sol;

use super::RequestFile;
use crate::error::{ClientError, Result};
use crate::session::Session;
use crate::transaction::Call;

sol! {
    /// What is needed of a token (EIP-20).
    interface Token {
        function approve(address spender, uint256 amount) external returns (bool);
        function allowance(address owner, address spender) external view returns (uint256);
        function balanceOf(address account) external view returns (uint256);
    }
}

/// Fails unless the sender is the payer and has what the request costs, without gas.
pub async fn check_payer(session: Session<'_>, file: &RequestFile) -> Result<()> {
    let (request, account, needed) = (&file.request, session.wallet.address(), file.request.total()?);
    if account != request.payer {
        let what = format!("the request is of {}, the account that sends is {account}", request.payer);
        return Err(ClientError::Mismatch { what, next: "pay from the account that the request names" });
    }
    if request.token.is_zero() {
        let balance = session.node.balance(account).await?;
        return if balance < needed {
            Err(ClientError::InsufficientFunds { account, needed, balance })
        } else {
            Ok(())
        };
    }
    let balance = session.node.view(request.token, &Token::balanceOfCall { account }).await?;
    if balance >= needed {
        return Ok(());
    }
    let what = format!("{account} has {balance} units of the token {}, and the request costs {needed}", request.token);
    Err(ClientError::Mismatch { what, next: "send it more of the token; nothing was sent by this command" })
}

/// Lets the market take the amount. Some tokens change an allowance only from and to zero, so one that is too small is taken back first.
pub(super) async fn allow(session: Session<'_>, token: Address, spender: Address, amount: U256) -> Result<()> {
    let owner = session.wallet.address();
    let allowed = session.node.view(token, &Token::allowanceCall { owner, spender }).await?;
    if allowed >= amount {
        return Ok(());
    }
    let approve = |amount| Call::new(token, &Token::approveCall { spender, amount });
    if !allowed.is_zero() {
        session.send(&approve(U256::ZERO)).await?;
    }
    session.send(&approve(amount)).await.map(drop)
}
