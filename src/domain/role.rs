//! The usual speakers of an interview. Where several people have one part, the further ones are numbered:
//! `officer`, `officer 2`.

/// The stable words for who speaks.
pub const ROLES: [&str; 3] = ["officer", "interviewee", "interpreter"];

/// A speaker's part, and which of those who have it, where the name is a role's word or one of its numbered
/// ones.
///
/// ```
/// # use mekong_interview::domain::role;
/// assert_eq!(role("officer 2"), Some(("officer", 2)));
/// assert_eq!(role("interpreter"), Some(("interpreter", 1)));
/// assert_eq!(role("Sokha 2"), None);
/// ```
pub fn role(speaker: &str) -> Option<(&'static str, u16)> {
    let (word, number) = match speaker.split_once(' ') {
        Some((word, number)) => (word, number.parse().ok().filter(|n| *n > 1)?),
        None => (speaker, 1),
    };
    let own = ROLES.iter().find(|role| **role == word)?;
    Some((own, number))
}

/// Names for speakers in their order: of those who are called alike, each after the first gets a number.
pub fn told_apart<'a>(speakers: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen: Vec<&str> = Vec::new();
    let mut names = Vec::new();
    for speaker in speakers {
        seen.push(speaker);
        names.push(match seen.iter().filter(|s| **s == speaker).count() {
            1 => speaker.to_owned(),
            number => format!("{speaker} {number}"),
        });
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_of_one_part_are_told_apart() {
        let names = told_apart(["officer", "officer", "interviewee", "officer"].into_iter());
        assert_eq!(names, ["officer", "officer 2", "interviewee", "officer 3"]);
        assert_eq!(role(&names[3]), Some(("officer", 3)));
        for other in [
            "",
            "officer ",
            "officer x",
            "officer 1",
            "officers",
            "2",
            "សុខា 2",
        ] {
            assert_eq!(role(other), None, "{other}");
        }
    }
}
