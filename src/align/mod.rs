//! Which frames belong together. Pure logic: times and numbers in, decisions out.

pub mod pairing;
