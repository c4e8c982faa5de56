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

pub(super) const TOPICS: [(&str, Topic); 8] = [
    ("Print Started", Topic::Started),
    ("Print Done", Topic::Done),
    ("Print Failed", Topic::Failed),
    ("Print Paused", Topic::Paused),
    ("Print Progress", Topic::Progress),
    ("User Action Needed", Topic::Attention),
    ("Error", Topic::Error),
    ("Custom Event", Topic::Custom),
];

/// The most words of a topic.
const WORDS: usize = 3;

impl Topic {
    /// The topic of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = name.trim();
        TOPICS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, topic)| *topic)
    }

    /// The topic that a template writes alone, in any spelling, or within a sentence that has exactly one. "Error" can be any
    /// word of a sentence, so it counts at its beginning and at its end, where nothing else is named.
    pub(super) fn read(text: &str) -> Option<Self> {
        let words: Vec<&str> =
            text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let runs = (0..words.len()).flat_map(|start| (1..=WORDS).map(move |length| start..start + length));
        let mut topics = runs
            .filter_map(|run| lookup(&TOPICS, &words.get(run)?.concat()))
            .filter(|topic| *topic != Self::Error);
        let Some(topic) = topics.next() else {
            let is_error = |word: &&str| word.eq_ignore_ascii_case("error");
            let edges = [words.first(), words.last()];
            return edges.into_iter().flatten().any(is_error).then_some(Self::Error);
        };
        topics.all(|other| other == topic).then_some(topic)
    }
}

/// The value of this name in a table, as people spell it: `PrintResumed`, `print_resumed`, `Print Resumed!`.
pub(super) fn lookup<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| letters(known).eq(letters(name))).map(|(_, value)| *value)
}

/// The letters and digits of a name, in lower case.
fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|letter| letter.is_alphanumeric()).map(|letter| letter.to_ascii_lowercase())
}
