//! Folds constants.
