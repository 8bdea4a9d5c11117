//! What may depend on what, and what must not be there: the rules that keep the models apart and
//! runs repeatable, read from the manifests and the sources.

mod docs;
mod manifests;
mod modules;
mod rooms;
mod sources;
