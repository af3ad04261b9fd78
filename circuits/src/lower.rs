//! Lowers tensor relations to constraints.
