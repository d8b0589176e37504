//! Which names reach recognition first.

use super::*;
use crate::app::people::Entry;

#[test]
fn names_of_the_case_come_before_a_long_list_of_no_case() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = crate::workspace::Workspace::at(dir.path()).unwrap();
    let app = App::at(workspace, None).unwrap();
    // By the alphabet all of the case stand last.
    for (case, kind, name) in [
        (None, FactKind::Name, "An"),
        (Some("K-1"), FactKind::Name, "张建国"),
        (Some("K-1"), FactKind::Place, "阿克苏"),
        (None, FactKind::Name, "王丽华"),
        (Some("K-1"), FactKind::Name, "王丽华"),
    ] {
        app.add_person(case, "Li", &[Entry::new(kind, name)])
            .unwrap();
    }
    let mut table = "id,zh,vi,case\na,麒麟公司,công ty Lân,K-1\n".to_owned();
    for n in 0..MOST_NAMES {
        table.push_str(&format!("t{n},丁公司{n},x,\n"));
    }
    std::fs::create_dir_all(dir.path().join("glossaries")).unwrap();
    std::fs::write(dir.path().join("glossaries/own.csv"), table).unwrap();
    let prefer = Prefer {
        languages: &[Lang::Zh],
        case: Some("K-1"),
    };
    let heard = app.names_to_hear(prefer).unwrap();
    assert_eq!(heard.len(), MOST_NAMES);
    let first = ["张建国", "王丽华", "阿克苏", "麒麟公司", "An"];
    assert_eq!(heard.get(..5).unwrap(), first);
    let none = Prefer {
        case: None,
        ..prefer
    };
    let heard = app.names_to_hear(none).unwrap();
    assert_eq!(heard.get(..2).unwrap(), ["An", "王丽华"]);
}
