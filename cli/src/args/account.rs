//! How accounts are written: 20 bytes of hexadecimal, in mixed case with a checksum (EIP-55), by which nearly every slip is found.

use zkdx_client::Address;

use super::hex_array;

/// An account as 20 bytes.
pub(crate) fn account(text: &str) -> Result<[u8; 20], String> {
    let bytes = hex_array::<20>(text)?;
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let in_cases =
        |lower: bool| digits.bytes().any(|digit| digit.is_ascii_lowercase() == lower && !digit.is_ascii_digit());
    let mixed = in_cases(true) && in_cases(false);
    if mixed && Address::from(bytes).to_checksum(None).get(2..) != Some(digits) {
        return Err(
            "its upper and lower case are not those of its checksum (EIP-55), so it is mistyped: copy it again".into(),
        );
    }
    Ok(bytes)
}

/// An account.
pub(crate) fn address(text: &str) -> Result<Address, String> {
    account(text).map(Address::from)
}

/// An account that somebody can have: what goes to the zero address is lost.
pub(crate) fn somebody(text: &str) -> Result<Address, String> {
    let address = address(text)?;
    if address.is_zero() { Err("the zero address is nobody's: name an account".into()) } else { Ok(address) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From EIP-55.
    const CHECKED: [&str; 4] = [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn a_slip_in_a_checked_account_is_found() {
        for text in CHECKED {
            let (lower, bare) = (text.to_lowercase(), &text[2..]);
            assert_eq!(address(text), address(&lower));
            assert_eq!(address(bare), address(&bare.to_uppercase()));
            for at in 2..text.len() {
                let mut typed = text.to_owned().into_bytes();
                typed[at] = if typed[at].is_ascii_digit() { typed[at] ^ 1 } else { typed[at] ^ 0x20 };
                let typed = String::from_utf8(typed).expect("digits");
                assert!(address(&typed).is_err(), "{typed}");
            }
        }
        assert!(["", "0x", "0x12", "market", &"0".repeat(64)].iter().all(|text| address(text).is_err()));
    }

    #[test]
    fn the_zero_address_is_nobodys() {
        let zero = Address::ZERO.to_string();
        assert!(somebody(&zero).is_err() && address(&zero).is_ok() && somebody(CHECKED[0]).is_ok());
    }
}
