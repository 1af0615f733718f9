//! Builds the program anew when a curated feed or a warning list changes, also when a file of them comes or goes.

fn main() {
    println!("cargo:rerun-if-changed=indicators");
    println!("cargo:rerun-if-changed=src/feed/guard/default");
}
