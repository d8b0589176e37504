//! Mekong Interview: an interview is a recording plus rows in a store; worker threads fill in rows;
//! screens and exports read rows.

pub mod domain;
pub mod export;
pub mod store;
pub mod text;
