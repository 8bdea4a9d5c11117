//! How anything of this program reaches a disk: files that are there whole or not at all, and
//! folders that are ours.
//!
//! A [`WholeFile`] is written beside its place, under a name that nobody can guess, and takes its own
//! name once all of it is durable. An [`OwnedFolder`] was empty when we began to write into it, and
//! a marker says so: whatever else lies in a folder is never touched. This is the only crate that
//! writes; it depends on no other of ours.
//!
//! - `failure`: whether a failed operation passes by itself, and what to do about it
//! - `folder`: folders and the names in them, made, changed and removed durably
//! - `unfinished`: files that must not outlive the process
//! - `target_lock`: one writer for each file that takes long to write
//! - `whole_file`: a file that is there whole or not at all
//! - `owned_folder`: the marker of a folder that is ours
//! - `scratch`: folders that go with the process
#![allow(
    clippy::disallowed_methods,
    reason = "clippy.toml forbids writes elsewhere, so that all of them are here"
)]

pub mod failure;
pub mod folder;
pub mod owned_folder;
pub mod scratch;
mod target_lock;
pub mod unfinished;
pub mod whole_file;

pub use owned_folder::{FolderError, Kind, OwnedFolder};
pub use scratch::ScratchFolder;
pub use whole_file::{WholeFile, write_whole};
