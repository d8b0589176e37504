//! Arithmetic for the engines that are our own: packed matrices, the inner loops over them for each
//! kind of processor, the threads that share them, and the layers that a transformer is made of.
//!
//! Recognition and translation stand on it; it knows nothing of sound or text, and of files only
//! where checkpoints keep their tensors.

pub mod checkpoint;
pub mod kernels;
pub mod layers;
pub mod memory;
pub mod packed;
pub mod pool;
pub mod product;
