//! The topics of the plugin and of its fork.

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// A print started.
    Started,
    /// A print completed.
    Done,
    /// A print failed or was cancelled.
    Failed,
    /// A print was paused.
    Paused,
    /// A print reports its progress.
    Progress,
    /// The printer asks for user attention.
    Attention,
    /// The printer reported an error.
    Error,
    /// The fork forwards an event of OctoPrint, which only the message that the user writes can name.
    Custom,
}

const TOPICS: [(&str, Topic); 8] = [
    ("Print Started", Topic::Started),
    ("Print Done", Topic::Done),
    ("Print Failed", Topic::Failed),
    ("Print Paused", Topic::Paused),
    ("Print Progress", Topic::Progress),
    ("User Action Needed", Topic::Attention),
    ("Error", Topic::Error),
    ("Custom Event", Topic::Custom),
];

impl Topic {
    /// The topic of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        lookup(&TOPICS, name)
    }
}

/// The value of this name in a table, in any case.
pub(super) fn lookup<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    let name = name.trim();
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}
