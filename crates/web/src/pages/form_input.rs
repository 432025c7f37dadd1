//! From what was typed into the form to what a verb takes.

use domain::{GameChanges, GameDraft};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use look::FieldError;

use crate::input::Submitted;
use crate::local_time::{Caveat, resolve};

/// What a form says, or what is wrong with it.
#[derive(Debug)]
pub(crate) struct Reading<T> {
    pub(crate) result: Result<T, Vec<FieldError>>,
    /// About the start.
    pub(crate) caveat: Option<Caveat>,
}

/// Reads the form for a new game: what is left empty is the template's.
pub(crate) fn draft(values: &Submitted) -> Reading<GameDraft> {
    let mut reader = Reader { values, errors: Vec::new(), caveat: None };
    let zone = reader.zone();
    let draft = GameDraft {
        title: values.get("title").to_owned(),
        description: reader.text("description"),
        start: reader.start(&zone).unwrap_or_default(),
        zone: zone.iana_name().map(str::to_owned),
        minutes: reader.number("minutes"),
        seats: reader.number("seats"),
        reminders: reader.reminders(),
        place: reader.text("place"),
        instructions: reader.text("instructions"),
        signup: values.filled("signup").and_then(|method| method.parse().ok()),
        post_at: reader.moment("post_at", &zone),
    };
    reader.finish(draft)
}

/// Reads the form of a game that there is: what is left empty is cleared, except for numbers, which stay.
pub(crate) fn changes(values: &Submitted) -> Reading<GameChanges> {
    let mut reader = Reader { values, errors: Vec::new(), caveat: None };
    let zone = reader.zone();
    let cleared = |name: &str| Some(values.get(name).to_owned());
    let changes = GameChanges {
        title: cleared("title"),
        description: cleared("description"),
        start: reader.start(&zone),
        zone: zone.iana_name().map(str::to_owned),
        minutes: reader.number("minutes"),
        seats: reader.number("seats"),
        reminders: reader.reminders(),
        place: cleared("place"),
        instructions: cleared("instructions"),
    };
    reader.finish(changes)
}

/// What the domain says is wrong, beside the fields of the form.
pub(crate) fn beside_fields(errors: &[domain::FieldError]) -> Vec<FieldError> {
    errors.iter().map(|error| wrong(error.field, &error.message)).collect()
}

struct Reader<'a> {
    values: &'a Submitted,
    errors: Vec<FieldError>,
    caveat: Option<Caveat>,
}

impl Reader<'_> {
    fn finish<T>(mut self, value: T) -> Reading<T> {
        if self.values.filled("title").is_none() {
            self.refuse("title", "Give the game a title.");
        }
        let result = if self.errors.is_empty() { Ok(value) } else { Err(self.errors) };
        Reading { result, caveat: self.caveat }
    }

    fn refuse(&mut self, field: &str, message: &str) {
        self.errors.push(wrong(field, message));
    }

    fn text(&self, name: &str) -> Option<String> {
        self.values.filled(name).map(str::to_owned)
    }

    fn number(&mut self, name: &str) -> Option<u32> {
        let parsed = self.values.filled(name)?.parse();
        if parsed.is_err() {
            self.refuse(name, "This has to be a whole number.");
        }
        parsed.ok()
    }

    fn zone(&mut self) -> TimeZone {
        let found = TimeZone::get(self.values.filled("zone").unwrap_or("UTC"));
        if found.is_err() {
            self.refuse("zone", "No such time zone. It is named like Europe/Berlin.");
        }
        found.unwrap_or(TimeZone::UTC)
    }

    fn start(&mut self, zone: &TimeZone) -> Option<Timestamp> {
        if self.values.filled("start").is_none() {
            self.refuse("start", "Say when it starts.");
        }
        self.caveat =
            self.values.filled("start").and_then(|text| resolve(text, zone)).and_then(|it| it.caveat);
        self.moment("start", zone)
    }

    fn moment(&mut self, name: &str, zone: &TimeZone) -> Option<Timestamp> {
        let resolved = resolve(self.values.filled(name)?, zone);
        if resolved.is_none() {
            self.refuse(name, "This is no date with a time.");
        }
        resolved.map(|it| it.at)
    }

    /// A list of minutes; a dash says that there are none.
    fn reminders(&mut self) -> Option<Vec<u32>> {
        let text = self.values.filled("reminders")?;
        if text == "-" || text == "–" {
            return Some(Vec::new());
        }
        let parsed: Result<Vec<u32>, _> =
            text.split([',', ' ']).filter(|part| !part.is_empty()).map(str::parse).collect();
        if parsed.is_err() {
            self.refuse("reminders", "These have to be whole numbers with commas between.");
        }
        parsed.ok()
    }
}

fn wrong(field: &str, message: &str) -> FieldError {
    FieldError { field: field.to_owned(), text: format!("{}: {message}", label(field)) }
}

/// The field's name on the page.
fn label(field: &str) -> &str {
    match field {
        "title" => "Title",
        "description" => "Description",
        "start" => "Starts",
        "zone" => "Time zone",
        "minutes" => "Minutes",
        "seats" => "Seats",
        "reminders" => "Reminders",
        "place" => "Where",
        "instructions" => "Signup instructions",
        "post_at" => "Announce at",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Submitted {
        Submitted::parse(text.as_bytes())
    }

    #[test]
    fn what_is_empty_is_the_templates() {
        let read = draft(&form(
            "title=Heist&start=2026-07-01T19%3A00&zone=Europe%2FBerlin&seats=&reminders=60%2C15&minutes=",
        ));
        let draft = read.result.unwrap();
        assert_eq!(draft.start, "2026-07-01T17:00:00Z".parse().unwrap());
        assert_eq!((draft.seats, draft.minutes, draft.reminders), (None, None, Some(vec![60, 15])));
        assert_eq!(draft.description, None);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let read = draft(&form("title=+&start=soon&zone=Mars%2FBase&seats=many&reminders=an+hour"));
        let said: Vec<_> = read.result.unwrap_err().into_iter().map(|error| error.text).collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        Time zone: No such time zone. It is named like Europe/Berlin.
        Starts: This is no date with a time.
        Seats: This has to be a whole number.
        Reminders: These have to be whole numbers with commas between.
        Title: Give the game a title.
        ");
    }

    #[test]
    fn an_edit_clears_texts_and_keeps_numbers() {
        let read = changes(&form(
            "title=Heist&start=2026-03-29T02%3A30&zone=Europe%2FBerlin&seats=&description=&reminders=-",
        ));
        assert_eq!(read.caveat, Some(Caveat::Skipped));
        let changes = read.result.unwrap();
        assert_eq!((changes.description, changes.seats), (Some(String::new()), None));
        assert_eq!(changes.reminders, Some(Vec::new()));
    }
}
