//! What pages are made of: small pieces that know how they look, each escaped by itself.

pub mod confidence;
pub mod frame;
pub mod kind;
pub mod list;
pub mod moment;
pub mod reference;
pub mod said;
pub mod tlp;
