//! Builds the program anew when a curated feed changes, also when a file of it comes or goes.

fn main() {
    println!("cargo:rerun-if-changed=indicators");
}
