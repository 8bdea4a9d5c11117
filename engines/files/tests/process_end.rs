//! What a process leaves that ends without unwinding. It stands alone in its program, as it removes
//! the unfinished files of the whole process, those of other tests too.

use std::fs;

use files::WholeFile;
use files::unfinished::remove_unfinished;

#[test]
fn what_is_unfinished_goes_when_a_process_ends_without_unwinding() {
    let home = tempfile::tempdir().unwrap();
    let file = WholeFile::create_alone(&home.path().join("rows")).unwrap();
    let entries = || fs::read_dir(home.path()).unwrap().count();
    assert_eq!(entries(), 2, "the file and its lock");
    remove_unfinished();
    assert_eq!(entries(), 0);
    drop(file);
}
