//! The arithmetic of the engines, out of the program's own files.
#![allow(
    dead_code,
    unused_imports,
    reason = "the engines that use it are not built here"
)]

#[path = "../../src/compute"]
mod compute {
    pub mod kernels;
    pub mod layers;
    pub mod memory;
    pub mod packed;
    pub mod pool;
    pub mod product;
}

/// An emulated processor must have what it was asked for, or the tests would prove something else.
#[test]
fn the_best_kind_is_the_one_that_was_asked_for() {
    let found = format!("{:?}", compute::kernels::Isa::all());
    if let Ok(wanted) = std::env::var("MEKONG_KIND") {
        assert!(found.starts_with(&format!("[Isa({wanted})")), "{found}");
    }
}
