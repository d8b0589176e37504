//! Parts that several screens are made of.

pub mod chooser;
pub mod heights;
pub mod job;
pub mod languages;
pub mod length;
pub mod marked;
pub mod meters;
pub mod named;
pub mod path;
pub mod reason;
pub mod rendered;
pub mod rows;
pub mod script;
pub mod scroll;
pub mod secret;
pub mod speech_models;
pub mod steady;
pub mod told;
