//! Plain words for people: counts with their nouns, and what the operating system answers.

use std::io::{self, ErrorKind};

/// `1 line`, `2 lines`.
pub fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Why the system would not do something, in words without its numbers and without the names of
/// temporary files, which nobody knows.
pub fn reason(error: &io::Error) -> String {
    // The crate tempfile wraps the system's error and adds the name.
    let own = error.get_ref().map(ToString::to_string);
    match own.filter(|text| !text.contains(" at path \"")) {
        Some(words) => words,
        None => of_kind(error.kind()).map_or_else(|| without_number(error), str::to_owned),
    }
}

fn of_kind(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::NotFound => "there is no such file or folder",
        ErrorKind::PermissionDenied => "you have no permission",
        ErrorKind::AlreadyExists => "something of this name is already there",
        ErrorKind::StorageFull => "the disk is full",
        ErrorKind::QuotaExceeded => "your share of the disk is full",
        ErrorKind::FileTooLarge => "the file is too large for this disk",
        ErrorKind::ReadOnlyFilesystem => "the disk is write-protected",
        ErrorKind::NotADirectory => "a part of the path is a file, not a folder",
        ErrorKind::IsADirectory => "it is a folder, not a file",
        ErrorKind::DirectoryNotEmpty => "the folder is not empty",
        ErrorKind::InvalidFilename => "the name is too long or cannot be used on this disk",
        ErrorKind::BrokenPipe => "whoever was reading has gone",
        ErrorKind::UnexpectedEof => "it ends too early",
        ErrorKind::WriteZero => "nothing more can be written",
        ErrorKind::OutOfMemory => "the memory is full",
        ErrorKind::TimedOut => "it took too long",
        ErrorKind::ResourceBusy => "another program uses it",
        _ => return None,
    })
}

/// The system's own words; a person may look them up.
fn without_number(error: &io::Error) -> String {
    let words = error.to_string();
    let words = words.split(" at path \"").next().unwrap_or_default();
    match words.split_once(" (os error ") {
        Some((words, _)) => format!("the system says: {words}"),
        None => words.to_owned(),
    }
}

/// The step that helps against [`reason`].
pub fn next_step(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "Free some room on the disk, or name another disk, then try again."
        }
        ErrorKind::PermissionDenied => {
            "Ask whoever looks after this computer for the right to use it, or name another place."
        }
        ErrorKind::ReadOnlyFilesystem => {
            "Take the write protection off, or copy the whole folder to a disk that can be written."
        }
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            "Check the name and the folder, and that the drive is plugged in."
        }
        _ => "Check that the path is right, the disk has room and you may use it.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1, "damaged part"), "1 damaged part");
        assert_eq!(count(0, "line"), "0 lines");
    }

    #[test]
    fn the_system_is_put_in_plain_words() {
        for (kind, words) in [
            (ErrorKind::StorageFull, "disk is full"),
            (ErrorKind::PermissionDenied, "no permission"),
            (ErrorKind::ReadOnlyFilesystem, "write-protected"),
        ] {
            assert!(reason(&kind.into()).contains(words), "{kind}");
        }
        let own = io::Error::new(ErrorKind::NotFound, "the plan is not there");
        assert_eq!(reason(&own), "the plan is not there");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_number_of_the_system_is_left_out() {
        assert_eq!(
            reason(&io::Error::from_raw_os_error(28)),
            "the disk is full"
        );
        let failed = reason(&io::Error::from_raw_os_error(5));
        assert!(failed.starts_with("the system says: "), "{failed}");
        assert!(!failed.contains("os error"), "{failed}");
    }

    #[test]
    fn the_name_of_a_temporary_file_is_not_told() {
        let missing = tempfile::NamedTempFile::new_in("/nowhere/at/all").unwrap_err();
        assert_eq!(reason(&missing), "there is no such file or folder");
    }
}
